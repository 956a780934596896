//! May this sender write, is it new, publish, answer: the lake's REST service.
//!
//! [`router`] makes the HTTP service of a [`FrontDoor`], which is made of the lake's ports, an [`Authenticator`] and a source
//! of randomness. A message is claimed in the ledger, published at the hub, then settled in the ledger; only a settled
//! message is "ingested" to its sender and "duplicate" to the next. What a body holds is never logged.

mod admission;
mod answer;
mod batch;
mod body;
mod door;
pub mod jwt;
mod known;
mod messages;
mod router;
mod sender;
mod submission;
mod submit;
#[cfg(test)]
mod tests;

pub use admission::Room;
pub use door::{FrontDoor, Patience};
pub use router::router;
pub use sender::{Authenticator, Random, TokenProblem};
