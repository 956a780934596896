//! From text back to the file.

/// Where the bytes of a stretch of text stand in the file: every `text_width` bytes of text are `file_width`
/// bytes there.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) start: u64,
    pub(super) text_width: u64,
    pub(super) file_width: u64,
}

impl Places {
    /// The text is the file.
    pub(super) fn same(start: u64) -> Self {
        Self { start, text_width: 1, file_width: 1 }
    }

    /// Can characters of these widths follow each other in one stretch?
    pub(super) fn continues(&self, before: &Self) -> bool {
        (self.text_width, self.file_width) == (before.text_width, before.file_width)
    }

    /// Where the character with this byte of text starts in the file.
    pub(super) fn start_of(&self, byte: usize) -> u64 {
        self.start + byte as u64 / self.text_width * self.file_width
    }

    /// Where the character before this byte of text ends in the file.
    pub(super) fn end_before(&self, byte: usize) -> u64 {
        self.start + (byte as u64).div_ceil(self.text_width) * self.file_width
    }
}
