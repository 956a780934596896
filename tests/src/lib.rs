//! What is tested across crates: [`contracts`], one suite a port, run on every adapter; integration and end to end in
//! `tests/`, with [`running`] lakes.

pub mod contracts;
pub mod running;
