//! Staging: every code, what holds for any bytes, the corpus against its oracle, the peer, the kept fuzz inputs.

#[cfg(test)]
mod characters;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod common;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod form;
#[cfg(test)]
mod fuzz_corpus;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod properties;
