//! The submission queue against servers that behave, that misbehave, and that are not there.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails, and says what it expected"
)]

mod bench;
mod durable;
mod honesty;
mod hostile;
mod server;
