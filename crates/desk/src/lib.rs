//! What the desktop and the command line do, without a window: profiles, session, submission queue, browsing, tracing.

pub mod account;
pub mod audit;
pub mod browse;
pub mod connect;
pub mod diagnostics;
pub mod drops;
pub mod files;
pub mod front_door;
pub mod home;
pub mod idle;
pub mod messages;
pub mod queue;
pub mod reading;
pub mod samples;
pub mod secret;
pub mod session;
pub mod settings;
pub mod submitting;
pub mod today;

use url::{Host, Url};

/// Whether a URL names this computer itself.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
