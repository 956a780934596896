//! Standard input, read so that Ctrl-C is heard while nothing comes.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::stop::Stop;

/// How often a silent input is left to ask whether to stop.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Bytes read at a time; four such pieces wait at most.
const PIECE: usize = 64 * 1024;

/// A reader of standard input that fails with `Other` once the command is to stop: the end of the input it is not.
pub(super) struct Piped {
    pieces: Receiver<io::Result<Vec<u8>>>,
    rest: io::Cursor<Vec<u8>>,
    stop: Stop,
}

impl Piped {
    pub(super) fn open(stop: &Stop) -> Self {
        let (sender, pieces) = sync_channel(4);
        std::thread::spawn(move || send_pieces(&sender));
        Self { pieces, rest: io::Cursor::default(), stop: stop.clone() }
    }
}

impl Read for Piped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.rest.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.pieces.recv_timeout(ASK_EVERY) {
                Ok(piece) => self.rest = io::Cursor::new(piece?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.stop.is_asked() => {
                    return Err(io::Error::other("stopped"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Ends at the end of the input, at its first error, and when nobody listens any more.
fn send_pieces(sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut input = io::stdin().lock();
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match input.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                piece.truncate(count);
                sender.send(Ok(piece))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                drop(sender.send(Err(error)));
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}
