//! Opening a file that may be anything by now.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

/// Opens a regular file; what is none is refused before anything could wait for it.
pub fn open(path: &Path) -> Result<File, String> {
    open_with_facts(path).map(|(file, _)| file)
}

/// As [`open`], with what the system says of the file.
pub fn open_with_facts(path: &Path) -> Result<(File, Metadata), String> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe that took the file's place since it was found must not be waited for.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path).map_err(|error| in_words(&error))?;
    let facts = file.metadata().map_err(|error| in_words(&error))?;
    if facts.is_file() { Ok((file, facts)) } else { Err(refusal(facts.file_type()).to_owned()) }
}

/// Why something that is neither file nor folder is not read.
pub(super) fn refusal(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "is a pipe, not a file; save what comes through it as a file and name that";
        }
        if kind.is_socket() {
            return "is a socket, not a file; passed over";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "is a device, not a file; passed over";
        }
    }
    if kind.is_dir() { "is a folder now, and was a file before" } else { "is no file; passed over" }
}

/// What the system says of a file, with what to do.
pub(super) fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            "is not there: it was moved or removed, or is a link that leads nowhere".into()
        }
        ErrorKind::PermissionDenied => "may not be read by you; ask whoever owns it".into(),
        _ => format!("cannot be read: {error}"),
    }
}
