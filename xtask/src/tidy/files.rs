//! The text files of the workspace: what is checked in, not what was built.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what was built or fetched, or that belong to tools.
const PASSED_OVER: &[&str] = &["target", "node_modules", "dist", "gen", ".git", "__pycache__"];

/// One text file.
pub(crate) struct TextFile {
    /// Its path, relative to the workspace.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) text: String,
}

impl TextFile {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    /// Whether its name ends in a dot and this.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|own| own == extension)
    }
}

/// Every file under `root` that is UTF-8 text, in the order of their paths. Links are not followed.
pub(crate) fn text_files(root: &Path) -> Result<Vec<TextFile>, String> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
            let kind = entry.file_type().map_err(|error| format!("{}: {error}", entry.path().display()))?;
            let passed_over = PASSED_OVER.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !passed_over {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.extend(text_file(root, entry.path()));
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// A file that vanished meanwhile or is no text is nothing to check.
fn text_file(root: &Path, path: PathBuf) -> Option<TextFile> {
    let text = String::from_utf8(fs::read(&path).ok()?).ok().filter(|text| !text.contains('\0'))?;
    Some(TextFile { path: path.strip_prefix(root).unwrap_or(&path).to_owned(), text })
}
