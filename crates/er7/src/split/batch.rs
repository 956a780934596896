//! Do the trailers of a batch file count as we do?

use super::piece::WrapperKind;

/// BTS-1 and FTS-1 are within these bytes of their lines, if they are numbers at all.
pub(super) const WRAPPER_HEAD: usize = 64;

/// Messages since the batch began, batches since the file began.
#[derive(Default)]
pub(super) struct Batches {
    messages: u64,
    batches: u64,
    /// After a BHS, before its BTS.
    is_open: bool,
}

impl Batches {
    pub(super) fn message(&mut self) {
        self.messages += 1;
    }

    /// A wrapper with the start of its line; returns the count that it declares, if any, and the true one.
    pub(super) fn wrapper(&mut self, kind: WrapperKind, head: &[u8]) -> (Option<u64>, u64) {
        match kind {
            WrapperKind::FileHeader => {
                *self = Self::default();
                (None, 0)
            }
            WrapperKind::BatchHeader => {
                *self = Self { messages: 0, batches: self.batches + 1, is_open: true };
                (None, 0)
            }
            WrapperKind::BatchTrailer => {
                // A trailer without a header ends a batch all the same.
                self.batches += u64::from(!self.is_open);
                self.is_open = false;
                (first_number(head), std::mem::take(&mut self.messages))
            }
            WrapperKind::FileTrailer => {
                // Messages without any batch segments are one batch.
                let unnamed = u64::from(self.batches == 0 && self.messages > 0);
                let batches = std::mem::take(self).batches;
                (first_number(head), batches + unnamed)
            }
        }
    }
}

/// The first field of a wrapper's line.
fn first_number(head: &[u8]) -> Option<u64> {
    let separator = head.get(3)?;
    let field = head.get(4..)?.split(|byte| byte == separator || matches!(byte, b'\r' | b'\n')).next()?;
    std::str::from_utf8(field).ok()?.trim().parse().ok()
}
