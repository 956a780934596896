//! Prepare and parse each ingested ER7 message; stage it, or say why not.
//!
//! The two steps, [`prepare`] and [`parse`], are pure and are the same on a laptop, where [`Staging`] runs them one after
//! the other, and on AWS, where each is a task of a state machine. What is wrong with a message is a fact and is published;
//! only what is wrong with the lake is a fault, and the hub tries again.

mod answer;
mod staging;
mod steps;
#[cfg(test)]
mod tests;

pub use answer::{Answer, failed_run};
pub use staging::{Inline, Staging, Workers};
pub use steps::{Task, parse, prepare, stage};

/// The version that every result carries.
pub const SERVICE_VERSION: &str = env!("CARGO_PKG_VERSION");
