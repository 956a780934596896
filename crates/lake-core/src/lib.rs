//! Each hub event to store and catalog. Only this service writes either.
//!
//! Every event may come twice, late, and in any order: what is stored and recorded in the end is the same.

mod core;
mod reuse;
#[cfg(test)]
mod tests;

pub use self::core::Core;
