//! The Python environment that the integration tests and the benches' peers use: boto3, the AWS CLI, other HL7 libraries.

use std::fs;
use std::path::PathBuf;

use crate::process::{Limit, Run};
use crate::workspace;

/// What goes into it, exactly.
const REQUIREMENTS: &str = include_str!("../python-requirements.txt");

/// The environment's `python`, made under `target/venv` if it is not there yet.
pub(crate) fn python() -> Result<PathBuf, String> {
    let folder = workspace::target_folder()?.join("venv");
    let python = if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") };
    let marker = folder.join("requirements.txt");
    if fs::read_to_string(&marker).is_ok_and(|made| made == REQUIREMENTS) && python.exists() {
        return Ok(python);
    }
    make(&folder)?;
    let file = workspace::root().join("xtask/python-requirements.txt");
    Run::new(&python)
        .arguments(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arguments([file])
        .shown()
        .map_err(|error| format!("{error}; is the Python package index within reach?"))?;
    fs::write(&marker, REQUIREMENTS).map_err(|error| format!("{}: {error}", marker.display()))?;
    Ok(python)
}

fn make(folder: &PathBuf) -> Result<(), String> {
    Run::new("python3")
        .arguments(["-m", "venv", "--clear"])
        .arguments([folder])
        .limit(Limit::minutes(3))
        .shown()
        .map_err(|error| format!("{error}; on Debian: apt-get install python3-venv"))
}
