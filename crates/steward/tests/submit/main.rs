//! `steward submit` and `steward submissions` as a user runs them: the built binary against a real local lake.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails, and says what it expected"
)]

mod beside;
#[cfg(target_os = "linux")]
mod full;
mod kill;
mod lake;
mod outcomes;
