//! Signing in, staying signed in and signing out, and what the command line does with it: the real local lake, issuers
//! that somebody else wrote, issuers that lie.

/// Says that a test cannot run here, and why. In CI everything runs.
#[cfg(test)]
fn not_run(reason: &str) {
    eprintln!("not run: {reason}");
    assert!(std::env::var_os("CI").is_none(), "this must run in CI: {reason}");
}

// By `cfg(test)` clippy knows that what helps the tests in here is test code too.
#[cfg(test)]
mod commands;
#[cfg(test)]
mod ended;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod liar;
#[cfg(test)]
mod local;
#[cfg(test)]
mod ministack;
#[cfg(test)]
mod no_rights;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod redirect;
#[cfg(test)]
use lake_tests::robot;
