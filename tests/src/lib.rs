//! What is tested across crates: [`contracts`], one suite a port, run on every adapter; integration and end to end in
//! `tests/`, with [`running`] lakes, a [`robot`] that signs in, and the real [`window`] of the desktop.

pub mod contracts;
pub mod ports;
pub mod robot;
pub mod running;
#[cfg(target_os = "linux")]
pub mod window;
