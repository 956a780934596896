//! Which version of HL7 a message is read by.

/// A version of HL7 that the dictionary knows.
#[derive(Debug, PartialEq, Eq)]
pub struct Version {
    /// As "2.5.1".
    pub name: &'static str,
    pub(super) number: u8,
}

/// The version chosen for what MSH-12 says.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The version to read the message by.
    pub version: &'static Version,
    /// Is it the version that MSH-12 names? If not, it is only the nearest known one.
    pub exact: bool,
}

/// Oldest first; a test holds them against `dictionary.bin`.
static VERSIONS: [Version; 11] = [
    Version { name: "2.1", number: 0 },
    Version { name: "2.2", number: 1 },
    Version { name: "2.3", number: 2 },
    Version { name: "2.3.1", number: 3 },
    Version { name: "2.4", number: 4 },
    Version { name: "2.5", number: 5 },
    Version { name: "2.5.1", number: 6 },
    Version { name: "2.6", number: 7 },
    Version { name: "2.7", number: 8 },
    Version { name: "2.7.1", number: 9 },
    Version { name: "2.8", number: 10 },
];

/// All versions, oldest first.
#[must_use]
pub fn versions() -> &'static [Version] {
    &VERSIONS
}

/// The version for the value of MSH-12, whole or its first component; other components, blanks around it and
/// a leading `V` or `HL7` are passed over. The nearest version is, in this order:
/// 1. the one named;
/// 2. what two joined digits mean: `2.31` is 2.3.1;
/// 3. the newest known one that is not newer than the one named: `2.5.2` is read as 2.5.1, `2.9` as 2.8;
/// 4. the oldest, for what is older than it;
/// 5. 2.5.1, the most used, when nothing that looks like a version 2 is there.
#[must_use]
pub fn for_version(msh12: &[u8]) -> Choice {
    let bare = msh12.trim_ascii();
    let digits =
        bare.trim_prefix_ignoring_case(b"HL7").trim_ascii().trim_prefix_ignoring_case(b"V").trim_ascii();
    let length =
        digits.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(digits.len());
    let (number, rest) = digits.split_at_checked(length).unwrap_or((digits, b""));
    // What follows a whole value is a component separator; a letter, a blank or a hyphen is part of a
    // vendor's own version.
    let whole = rest
        .first()
        .is_none_or(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'-' | b'_' | b'/' | b'+'));
    if let Some(version) = VERSIONS.iter().find(|version| version.name.as_bytes() == number) {
        return Choice { version, exact: whole && digits.len() == bare.len() };
    }
    Choice { version: nearest(number), exact: false }
}

/// 2.5.1: what most messages in the field are.
pub(super) fn usual() -> &'static Version {
    let [.., version, _, _, _, _] = &VERSIONS;
    version
}

fn nearest(number: &[u8]) -> &'static Version {
    let wanted = match numbers(number) {
        Some([2, minor @ 10..=99, 0]) => [2, minor / 10, minor % 10],
        Some(wanted @ [2, ..]) if number.len() > 1 => wanted,
        _ => return usual(),
    };
    let oldest = VERSIONS.first();
    let found = VERSIONS
        .iter()
        .rev()
        .find(|version| numbers(version.name.as_bytes()).is_some_and(|known| known <= wanted));
    found.or(oldest).unwrap_or_else(usual)
}

/// Up to three numbers between full stops, absent ones 0.
fn numbers(text: &[u8]) -> Option<[u16; 3]> {
    let mut parts = text.split(|byte| *byte == b'.').map(|part| {
        part.iter().try_fold(0_u16, |sum, digit| {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            Some(sum.saturating_mul(10).saturating_add(u16::from(digit)))
        })
    });
    Some([parts.next()??, parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?])
}

trait TrimPrefix {
    fn trim_prefix_ignoring_case(&self, prefix: &[u8]) -> &Self;
}

impl TrimPrefix for [u8] {
    fn trim_prefix_ignoring_case(&self, prefix: &[u8]) -> &Self {
        match self.split_at_checked(prefix.len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::blob;
    use super::*;

    #[test]
    fn the_versions_are_those_of_the_data() {
        for version in versions() {
            assert_eq!(blob::version_name(version.number), Some(version.name), "the row of {}", version.name);
        }
        assert_eq!(blob::version_name(11), None, "no version in the data is left out");
    }
}
