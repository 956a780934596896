//! Random bytes, passed in as the time is, so that tests can repeat.

use lake::Fault;

/// A source of random bytes that nobody can guess.
pub trait Randomness: Send + Sync + 'static {
    /// Fills `bytes`; a fault means that nothing secret may be made now.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault>;
}

/// The system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| Fault::Unavailable {
            part: "the system's random number generator",
            reason: "it gave no bytes".to_owned(),
        })
    }
}

/// `N` fresh random bytes.
pub fn random_bytes<const N: usize>(randomness: &dyn Randomness) -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    randomness.fill(&mut bytes)?;
    Ok(bytes)
}

/// A fresh random UUID (version 4, RFC 9562).
pub(crate) fn random_uuid(randomness: &dyn Randomness) -> Result<String, Fault> {
    Ok(uuid::Builder::from_random_bytes(random_bytes(randomness)?).into_uuid().to_string())
}
