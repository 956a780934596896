//! Checks of single values: dates and times (HL7 v2 chapter 2A), base64 (RFC 4648), HTML entities.

use crate::digest::hex_digit;
use crate::schema::Time;
use jiff::civil;

/// What is wrong with a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OddTime {
    /// No such day or time of day.
    Impossible,
    /// Not one of the lengths that HL7 allows, or not only digits.
    Precision,
    /// A time of day without a zone.
    NoZone,
}

impl OddTime {
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Impossible => "impossible",
            Self::Precision => "odd-precision",
            Self::NoZone => "no-zone",
        }
    }
}

/// Looks at a value of a date or time type.
pub(crate) fn odd_time(kind: Time, value: &[u8]) -> Option<OddTime> {
    let (value, zone) = match value.iter().position(|byte| matches!(byte, b'+' | b'-')) {
        Some(at) => value.split_at_checked(at).map_or((value, None), |(time, zone)| (time, Some(zone))),
        None => (value, None),
    };
    let digits = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
    let (digits, fraction) = value.split_at_checked(digits)?;
    let (date, time) = match kind {
        Time::No => return None,
        Time::OfDay => (None, digits),
        Time::Date | Time::Moment => match digits.split_at_checked(8) {
            Some((date, time)) => (Some(date), time),
            None => (Some(digits), &[][..]),
        },
    };
    let is_length_sound = match kind {
        Time::Date => matches!(digits.len(), 4 | 6 | 8) && zone.is_none(),
        _ => date.is_none_or(|date| matches!(date.len(), 4 | 6 | 8)) && matches!(time.len(), 0 | 2 | 4 | 6),
    };
    let is_fraction_sound = match fraction {
        [] => true,
        [b'.', rest @ ..] => {
            time.len() == 6 && matches!(rest.len(), 1..=4) && rest.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    let is_zone_sound =
        zone.is_none_or(|zone| zone.len() == 5 && zone.iter().skip(1).all(u8::is_ascii_digit));
    if digits.is_empty() || !is_length_sound || !is_fraction_sound || !is_zone_sound {
        return Some(OddTime::Precision);
    }
    let is_possible = date.is_none_or(is_date)
        && is_time(time)
        && zone.is_none_or(|zone| is_zone(zone.get(1..).unwrap_or_default()));
    match (is_possible, zone) {
        (false, _) => Some(OddTime::Impossible),
        (true, None) if !time.is_empty() => Some(OddTime::NoZone),
        _ => None,
    }
}

/// Whether the date or time names its zone: a sign and four digits at the end, behind digits and perhaps a fraction.
pub(crate) fn has_zone(value: &str) -> bool {
    let Some((time, [b'+' | b'-', zone @ ..])) =
        value.len().checked_sub(5).and_then(|at| value.as_bytes().split_at_checked(at))
    else {
        return false;
    };
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let mut parts = time.splitn(2, |&byte| byte == b'.');
    is_number(zone) && parts.all(is_number)
}

fn is_date(digits: &[u8]) -> bool {
    let year = i16::try_from(number(digits.get(..4).unwrap_or_default())).unwrap_or_default();
    let part = |from: usize| match digits.get(from..from + 2) {
        Some(part) => i8::try_from(number(part)).unwrap_or_default(),
        None => 1,
    };
    year > 0 && civil::Date::new(year, part(4), part(6)).is_ok()
}

fn is_time(digits: &[u8]) -> bool {
    let mut parts = digits.chunks(2).map(number);
    parts.next().unwrap_or(0) < 24 && parts.all(|part| part < 60)
}

fn is_zone(digits: &[u8]) -> bool {
    let mut parts = digits.chunks(2).map(number);
    parts.next().unwrap_or(0) <= 14 && parts.next().unwrap_or(0) < 60
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')))
}

/// Whether `value` decodes as base64: whole groups of four, padded at the end; white space and line-break escapes
/// (`\.br\`, `\X0D\`, `\X0A\`, `\X0D0A\`) may stand between.
pub(crate) fn is_base64(value: &[u8], escape: Option<u8>) -> bool {
    let mut digits = 0_usize;
    let mut padding = 0_usize;
    let mut rest = value;
    loop {
        let run = rest.iter().position(|&byte| !is_base64_digit(byte)).unwrap_or(rest.len());
        if run > 0 && padding > 0 {
            return false;
        }
        digits += run;
        let Some((&byte, after)) = rest.get(run..).and_then(<[u8]>::split_first) else { break };
        rest = after;
        match byte {
            b'=' => padding += 1,
            b' ' | b'\t' | b'\n' => {}
            _ if Some(byte) == escape => match line_break_length(after, byte) {
                Some(length) => rest = after.get(length..).unwrap_or_default(),
                None => return false,
            },
            _ => return false,
        }
    }
    padding <= 2 && (digits + padding).is_multiple_of(4) && !(digits == 0 && padding > 0)
}

fn line_break_length(after: &[u8], escape: u8) -> Option<usize> {
    let breaks: [&[u8]; 4] = [b".br", b"X0D", b"X0A", b"X0D0A"];
    let length = after.iter().take(8).position(|&byte| byte == escape)?;
    let sequence = after.get(..length)?;
    breaks.iter().any(|known| known.eq_ignore_ascii_case(sequence)).then_some(length + 1)
}

#[inline]
fn is_base64_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// Whether the text behind an ampersand makes it an HTML entity.
pub(crate) fn is_entity(after: &[u8]) -> bool {
    let start = after.get(..after.len().min(10)).unwrap_or_default();
    let Some(length) = start.iter().position(|&byte| byte == b';') else { return false };
    match start.get(..length).unwrap_or_default() {
        b"amp" | b"lt" | b"gt" | b"quot" | b"apos" | b"nbsp" => true,
        [b'#', b'x' | b'X', digits @ ..] => {
            !digits.is_empty() && digits.iter().all(|&digit| hex_digit(digit).is_some())
        }
        [b'#', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
