//! The desktop as a steward uses it: the program as it was built, in a real window, with a real keyring and a real lake.
//!
//! The main journeys run with all tests; those marked `ignore` take longer and run by `cargo xtask prove window`.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod dropping;
mod large;
mod lock;
mod main_path;
mod rights;
mod sending;
mod session;
mod starts;
mod steps;
