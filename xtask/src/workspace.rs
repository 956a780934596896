//! Where the workspace lies, and what `cargo metadata` says of its packages.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::process::{Limit, Run};

/// The folder that holds the workspace's manifest.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// The part of `cargo metadata --no-deps` that these commands read.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    /// The members of the workspace.
    pub(crate) packages: Vec<Package>,
    /// Where cargo builds.
    pub(crate) target_directory: PathBuf,
}

/// One member of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    /// The crate's name.
    pub(crate) name: String,
    /// Its manifest.
    pub(crate) manifest_path: PathBuf,
    /// What it depends on, by its own manifest.
    pub(crate) dependencies: Vec<Dependency>,
    /// What it builds.
    pub(crate) targets: Vec<Target>,
}

/// One line of a manifest's dependency tables.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    /// The crate's name, also where it was renamed.
    pub(crate) name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// One thing that a package builds.
#[derive(Deserialize)]
pub(crate) struct Target {
    /// `lib`, `bin`, `test`, `bench`, …
    pub(crate) kind: Vec<String>,
    /// Its name.
    pub(crate) name: String,
    /// Its root file.
    pub(crate) src_path: PathBuf,
}

/// Asks cargo for the members of the workspace.
pub(crate) fn metadata() -> Result<Metadata, String> {
    let text = Run::new("cargo")
        .arguments(["metadata", "--format-version", "1", "--no-deps"])
        .limit(Limit::minutes(3))
        .output()?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata wrote what is not its JSON: {error}"))
}

/// Where cargo builds: `CARGO_TARGET_DIR`, a configured folder, or `target`.
pub(crate) fn target_folder() -> Result<PathBuf, String> {
    metadata().map(|metadata| metadata.target_directory)
}
