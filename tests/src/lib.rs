//! What is tested across crates: [`contracts`], one suite a port, run on every adapter; integration and end to end in
//! `tests/`.

pub mod contracts;
