//! One public suite a port: what every adapter does, whatever it stands on. An adapter's test opens the adapter and
//! calls the suite, or its checks one by one.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a check that fails is a panic with its reason"
)]

pub mod catalog;
pub mod hub;
pub mod ledger;
pub mod payloads;
mod samples;
pub mod store;
