//! Signing in, staying signed in and signing out, and what the command line does with it: the real local lake, issuers
//! that somebody else wrote, issuers that lie.

// By `cfg(test)` clippy knows that what helps the tests in here is test code too.
#[cfg(test)]
mod commands;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod liar;
#[cfg(test)]
mod local;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod redirect;
#[cfg(test)]
mod robot;
