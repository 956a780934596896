//! Synthetic files to practise with, written for this project: together they show every kind of outcome.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::home::{Home, write_private};

/// A synthetic file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its file name.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        /// All samples, in the order in which they tell their story.
        pub const ALL: &[Sample] = &[$(Sample { name: $name, bytes: include_bytes!(concat!("../samples/", $name)) }),*];
    };
}

samples![
    "1 admission.hl7",
    "2 admission again.hl7",
    "3 lab result.hl7",
    "4 batch of five.hl7",
    "5 vaccination.hl7",
    "6 old system.hl7",
    "7 damaged header.hl7",
    "8 no header.hl7",
    "9 shopping list.txt",
];

/// The folder of the samples in a home.
const FOLDER: &str = "sample files";

/// Lays the samples out as files in the home, anew each time, and tells the folder.
pub fn unpack(home: &Home) -> io::Result<PathBuf> {
    let folder = home.join(FOLDER);
    fs::create_dir_all(&folder)?;
    for sample in ALL {
        let path = folder.join(sample.name);
        // One that is there as it should be keeps its time of change: a submission that is under way may read it.
        if fs::read(&path).is_ok_and(|bytes| bytes == sample.bytes) {
            continue;
        }
        write_private(&path, sample.bytes)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_laid_out_and_mended() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let folder = unpack(&home).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), ALL.len(), "one file a sample");
        let first = folder.join(ALL[0].name);
        fs::write(&first, "changed").unwrap();
        unpack(&home).unwrap();
        assert_eq!(fs::read(&first).unwrap(), ALL[0].bytes, "a changed sample is put right");
    }
}
