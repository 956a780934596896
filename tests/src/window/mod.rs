//! The real window under test: a [`Computer`] with a display, a message bus, a keyring and a browser of its own, and on it
//! the desktop as it was built, driven from outside as a steward's hands and eyes would.
//!
//! What is on screen is found by role and accessible name ([`Page`]), files are dropped by the system's own protocol
//! ([`Drag`]), dialogs of the system are answered by keys ([`dialog`]). Everything that a computer starts ends with it,
//! also when the test is killed, and everything that it writes lies in one folder.
//!
//! For tests, pictures and benches: what goes wrong here ends them, by a panic that says what was expected.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is test code in a library"
)]

mod axe;
mod browser;
mod bus;
mod computer;
pub mod dialog;
mod display;
mod drag;
mod group;
mod journey;
mod lake;
mod page;
mod program;
pub mod tour;
mod wait;

pub use axe::Fault;
pub use browser::{Browsing, StewardsBrowser};
pub use bus::Keyring;
pub use computer::{Computer, Setup};
pub use display::{Display, Size};
pub use drag::Drag;
pub use group::Member;
pub use journey::{journey, pictures_folder};
pub use lake::LakeBeside;
pub use page::{Name, Page};
pub use program::Program;
pub use wait::{LIMIT, until};
