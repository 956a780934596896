//! Ports that nobody else takes while a test has them: for a lake that is to be found at the same ones after a restart.
//!
//! For tests: what goes wrong here ends them, by a panic that says what was expected.

#![expect(clippy::expect_used, clippy::panic, reason = "this is test code in a library")]

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that systems hand out by themselves (Linux: from 32768, `ip_local_port_range`), so that no connection of
/// another test has one of them at its other end just when it is to be listened at again.
const FROM: u16 = 20_000;
/// How many places there are.
const PLACES: u16 = 750;
/// Ports at a place: three of a lake, the others of WebDriver.
const EACH: u16 = 16;
const OF_A_LAKE: u16 = 3;

/// Sixteen ports that follow each other, this test's until dropped.
#[derive(Debug)]
pub struct Ports {
    first: u16,
    drivers: AtomicU16,
    /// The turn of this place, among the tests that run at once.
    _held: File,
}

impl Ports {
    /// Takes some that are free.
    pub fn take() -> Self {
        let somewhere =
            u16::try_from(std::process::id() % u32::from(PLACES)).expect("less than there are places");
        let places = (0..PLACES).map(|step| (somewhere + step) % PLACES);
        let mut free = places.filter_map(|place| Self::at(FROM + place * EACH));
        free.next().expect("free ports that follow each other")
    }

    fn at(first: u16) -> Option<Self> {
        let path = std::env::temp_dir().join(format!("lake-steward-tests-port-{first}.lock"));
        let held = File::options().create(true).truncate(false).write(true).open(path).expect("a lock file");
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Error(error)) => panic!("a lock file: {error}"),
        }
        let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        (first..first + EACH).all(is_free).then_some(Self { first, drivers: AtomicU16::new(0), _held: held })
    }

    /// The first of the three ports of a lake.
    pub fn lake(&self) -> u16 {
        self.first
    }

    /// One for the next WebDriver: not the one before's, which may not be quite over.
    pub fn driver(&self) -> u16 {
        let number = self.drivers.fetch_add(1, Ordering::Relaxed) % (EACH - OF_A_LAKE);
        self.first + OF_A_LAKE + number
    }
}
