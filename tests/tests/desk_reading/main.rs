//! What the desktop reads of a lake, and how it makes a lake's acquaintance: the real local lake, the built `steward`,
//! and servers that are not what they should be.

// By `cfg(test)` clippy knows that what helps the tests in here is test code too.
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod find;
#[cfg(test)]
mod first_screen;
#[cfg(test)]
mod home;
#[cfg(test)]
mod place;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod verify;
