use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The institution whose data a message is: 1 to 64 of `[A-Za-z0-9_.-]`, from the Cognito attribute
/// `custom:write` (or `custom:read`) of the sender. Never taken from a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Source(String);

/// A text that names no institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an institution is 1 to 64 letters, digits, `_`, `.` or `-`")]
pub struct NotASource;

impl Source {
    /// Reads an institution's name; anything but 1 to 64 of `[A-Za-z0-9_.-]` is refused.
    pub fn parse(text: &str) -> Result<Self, NotASource> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(sound) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotASource)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for Source {
    type Err = NotASource;
    fn from_str(text: &str) -> Result<Self, NotASource> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Source {
    type Error = NotASource;
    fn try_from(text: String) -> Result<Self, NotASource> {
        Self::parse(&text)
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_of_1_to_64_allowed_characters() {
        for name in ["a", "my_hospital_123", "A.b-c_9", &"x".repeat(64)] {
            assert!(Source::parse(name).is_ok(), "{name} has only allowed characters and length");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for name in ["", " ", "a b", "a/b", "a#b", "a*", "ä", "a=b", "a\n", &"x".repeat(65)] {
            assert_eq!(Source::parse(name), Err(NotASource), "{name:?} must not become an institution");
        }
    }
}
