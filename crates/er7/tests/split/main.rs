//! The splitter: what it finds, what holds for any bytes, the corpus against the oracle, and memory.

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod wide;
