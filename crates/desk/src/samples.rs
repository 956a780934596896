//! Synthetic files to practise with, written for this project: together they show every kind of outcome.

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
