//! What the lake would make of a message, worked out here: same code, no lake.

use er7::split::Piece;
use er7::{Correction, Digest, LakeStamp, Staged, StagingError};

/// What the front door takes at most, in bytes of ER7: the default of every lake.
pub(crate) const LIMIT_BYTES: usize = er7::split::MESSAGE_BYTES;

/// What would become of a message.
pub(crate) enum Fate {
    /// It would be ready to use.
    Ready(Digest, Box<Staged>, Vec<Correction>),
    /// It would be taken, and then need attention.
    Attention(Digest, StagingError),
    /// It is no text: its file is UTF-16 or UTF-32 and broken at this byte.
    Undecodable(u64),
    /// The front door would refuse it: too large.
    TooLarge,
}

impl Fate {
    /// Works it out and leaves the staged or the error JSON in `json`; nothing where the message could not be read whole.
    pub(crate) fn of(piece: &Piece, json: &mut Vec<u8>) -> Self {
        json.clear();
        match piece {
            Piece::Message(message) => Self::of_message(message.bytes(), json),
            Piece::Undecodable { at, .. } => Fate::Undecodable(*at),
            _ => Fate::TooLarge,
        }
    }

    fn of_message(bytes: &[u8], json: &mut Vec<u8>) -> Self {
        let digest = er7::digest(bytes);
        let stamp = stamp(digest);
        let staged = er7::prepare(bytes).and_then(|prepared| {
            let staged = er7::parse(&prepared, &stamp, json)?;
            Ok((staged, prepared.corrections().to_vec()))
        });
        match staged {
            Ok((staged, corrections)) => Fate::Ready(digest, Box::new(staged), corrections),
            Err(error) => {
                json.clear();
                error.write_json(&stamp, json);
                Fate::Attention(digest, error)
            }
        }
    }
}

/// No lake has taken the message, so it has no id, no institution and no date; attempt 0 is none.
fn stamp(digest: Digest) -> LakeStamp<'static> {
    LakeStamp {
        message_id: "",
        source: "",
        digest,
        received_at: "",
        attempt: 0,
        service_version: env!("CARGO_PKG_VERSION"),
    }
}
