//! The one message that a splitter holds.

/// Bytes of a message as they come, up to a limit, and bytes after them that may turn out to be a gap.
pub(super) struct Store {
    limit: usize,
    sure: Vec<u8>,
    maybe: Vec<u8>,
    is_over: bool,
    /// Only with what may be a gap would the message be too large.
    maybe_is_over: bool,
    /// What the splitter holds besides, in bytes.
    queued: usize,
    peak: usize,
}

impl Store {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            sure: Vec::new(),
            maybe: Vec::new(),
            is_over: false,
            maybe_is_over: false,
            queued: 0,
            peak: 0,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_over {
            return;
        }
        if bytes.len() > self.limit.saturating_sub(self.sure.len()) {
            return self.give_up();
        }
        self.peak = self.peak.max(self.queued + grow(&mut self.sure, bytes.len()) + self.maybe.capacity());
        self.sure.extend_from_slice(bytes);
    }

    pub(super) fn push_maybe(&mut self, bytes: &[u8]) {
        if self.is_over || self.maybe_is_over {
            return;
        }
        if bytes.len() > self.limit.saturating_sub(self.sure.len() + self.maybe.len()) {
            self.maybe_is_over = true;
            self.maybe = Vec::new();
            return;
        }
        self.peak = self.peak.max(self.queued + grow(&mut self.maybe, bytes.len()) + self.sure.capacity());
        self.maybe.extend_from_slice(bytes);
    }

    /// What may have been a gap is part of the message.
    pub(super) fn keep_maybe(&mut self) {
        if self.maybe_is_over {
            return self.give_up();
        }
        let mut maybe = std::mem::take(&mut self.maybe);
        self.push(&maybe);
        if maybe.capacity() <= LARGE {
            maybe.clear();
            self.maybe = maybe;
        }
    }

    /// It was a gap.
    pub(super) fn forget_maybe(&mut self) {
        self.maybe_is_over = false;
        self.maybe.clear();
        if self.maybe.capacity() > LARGE {
            self.maybe = Vec::new();
        }
    }

    /// The message, unless it was over the limit; the store is empty then. What may be a gap stays.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let bytes = if self.sure.len() > LARGE {
            let mut bytes = std::mem::take(&mut self.sure);
            bytes.shrink_to_fit();
            bytes
        } else {
            // Most messages are small: one exact allocation each, and the buffer stays.
            let bytes = self.sure.as_slice().to_vec();
            self.sure.clear();
            bytes
        };
        (!std::mem::take(&mut self.is_over)).then_some(bytes)
    }

    pub(super) fn set_queued(&mut self, bytes: usize) {
        self.queued = bytes;
        self.peak = self.peak.max(bytes + self.sure.capacity() + self.maybe.capacity());
    }

    pub(super) fn peak_bytes(&self) -> usize {
        self.peak
    }

    fn give_up(&mut self) {
        self.is_over = true;
        self.sure = Vec::new();
        self.forget_maybe();
    }
}

/// A buffer larger than this is given away or back rather than kept.
const LARGE: usize = 64 * 1024;

/// Makes room for `more` bytes by half as much again; returns the bytes taken while old and new are both
/// there.
fn grow(bytes: &mut Vec<u8>, more: usize) -> usize {
    let old = bytes.capacity();
    if bytes.len() + more <= old {
        return old;
    }
    let wanted = (bytes.len() + more).max(old + old / 2).max(4096);
    bytes.reserve_exact(wanted - bytes.len());
    old + bytes.capacity()
}
