//! Which characters the bytes of a message are: strict UTF-8, then the set that MSH-18 names, then Windows-1252.
//! Sets whose second bytes look like delimiters are decoded before anything is split; never a replacement character.

use crate::cut;
use crate::form;
use crate::places::{Layer, Run};
use encoding_rs::{self as sets, DecoderResult, Encoding};
use memchr::memchr;
use std::borrow::Cow;
use std::ops::Range;

/// A decoded message.
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) charset: &'static str,
    /// What contradicts MSH-18, if anything.
    pub(crate) remark: Option<Remark>,
    pub(crate) layer: Layer,
}

/// Why the character set deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remark {
    /// MSH-18 is empty and the message holds more than ASCII.
    Absent,
    /// MSH-18 names a set that is not known here.
    Unknown,
    /// The bytes are not in the set that MSH-18 names.
    Contradicted,
}

impl Remark {
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Absent => "not-stated",
            Self::Unknown => "unknown",
            Self::Contradicted => "contradicted",
        }
    }
}

/// A character that is not ASCII, and the ASCII byte that stands for it while the text is split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Substitute {
    pub(crate) character: char,
    pub(crate) byte: u8,
}

/// MSH-18 as sent: where it lies in the segment, and the sets that it names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    pub(crate) range: Range<usize>,
    sets: Option<Set>,
    /// `utf-16` or `utf-32`: no set to decode with, as such bytes are transcoded before anything is read.
    wide: Option<&'static str>,
    is_unknown: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Set {
    Ascii,
    Utf8,
    Latin1,
    /// ISO 8859-9, which encoding_rs reads as Windows-1254.
    Latin5,
    Other(&'static Encoding),
}

/// Reads MSH-18 of the MSH segment that `bytes` start with, before anything is decoded.
pub(crate) fn declared(bytes: &[u8]) -> Declared {
    let Some(separator) = form::header_separator(bytes) else { return Declared::default() };
    let segment = cut(bytes, 0, memchr(b'\r', bytes).unwrap_or(bytes.len()));
    let mut start = 0;
    for _ in 0..17 {
        match memchr(separator, cut(segment, start, segment.len())) {
            Some(length) => start += length + 1,
            None => return Declared { range: segment.len()..segment.len(), ..Declared::default() },
        }
    }
    let rest = cut(segment, start, segment.len());
    let field = cut(rest, 0, memchr(separator, rest).unwrap_or(rest.len()));
    let mut declared = Declared { range: start..start + field.len(), ..Declared::default() };
    let repetition = segment.get(5).copied().unwrap_or(b'~');
    for name in
        field.split(|&byte| byte == repetition).map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
    {
        let wide = wide_named(name);
        declared.wide = declared.wide.or(wide);
        match named(name) {
            None if wide.is_some() => {}
            None => declared.is_unknown = true,
            Some(set) if matches!(declared.sets, None | Some(Set::Ascii)) => declared.sets = Some(set),
            Some(_) => {}
        }
    }
    declared
}

/// Decodes a message whose MSH-18 is `declared`; `transcoded` is what its bytes were where they were UTF-16 or UTF-32.
pub(crate) fn decode<'a>(bytes: &'a [u8], declared: Declared, transcoded: Option<&str>) -> Decoded<'a> {
    let unknown = declared.is_unknown.then_some(Remark::Unknown);
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Some(Set::Other(set)) = declared.sets
            && set == sets::ISO_2022_JP
            && memchr(0x1B, bytes).is_some()
            && let Some((text, layer)) = decode_tracked(bytes, Set::Other(set))
        {
            return Decoded {
                text: Cow::Owned(text),
                charset: name(Set::Other(set)),
                remark: unknown,
                layer,
            };
        }
        let remark = match declared.sets {
            _ if unknown.is_some() => unknown,
            Some(Set::Utf8) => None,
            _ if text.is_ascii() => None,
            _ if is_said_of(declared.wide, transcoded) => None,
            None if declared.wide.is_none() => Some(Remark::Absent),
            _ => Some(Remark::Contradicted),
        };
        return Decoded { text: Cow::Borrowed(text), charset: "utf-8", remark, layer: Layer::default() };
    }
    if let Some(set) = declared.sets
        && !matches!(set, Set::Ascii | Set::Utf8)
        && let Some((text, layer)) = decode_tracked(bytes, set)
    {
        return Decoded { text: Cow::Owned(text), charset: name(set), remark: unknown, layer };
    }
    let is_stated = declared.sets.is_some() || declared.wide.is_some();
    let remark = unknown.or(Some(if is_stated { Remark::Contradicted } else { Remark::Absent }));
    // Windows-1252 as encoding_rs has it gives its five holes as ISO-8859-1 does, so it takes any bytes.
    let set = Set::Other(sets::WINDOWS_1252);
    let (text, layer) = decode_tracked(bytes, set).unwrap_or_default();
    Decoded { text: Cow::Owned(text), charset: name(set), remark, layer }
}

fn name(set: Set) -> &'static str {
    match set {
        Set::Ascii | Set::Utf8 => "utf-8",
        Set::Latin1 => "iso-8859-1",
        Set::Latin5 => "iso-8859-9",
        Set::Other(encoding) => lower_name(encoding),
    }
}

/// Whether MSH-18 names the width that the submitted bytes had, in either order of bytes.
fn is_said_of(wide: Option<&str>, transcoded: Option<&str>) -> bool {
    wide.zip(transcoded).is_some_and(|(wide, transcoded)| transcoded.starts_with(wide))
}

/// `utf-16` or `utf-32` by their names in HL7 table 0211 and of the Internet (IANA).
fn wide_named(text: &[u8]) -> Option<&'static str> {
    match plain_name(text).as_slice() {
        b"UTF16" | b"UTF16LE" | b"UTF16BE" => Some("utf-16"),
        b"UTF32" | b"UTF32LE" | b"UTF32BE" => Some("utf-32"),
        _ => None,
    }
}

/// A set's name in capitals, without blanks and punctuation, and without the `UNICODE` before `UTF`.
fn plain_name(text: &[u8]) -> Vec<u8> {
    let mut name: Vec<u8> =
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect();
    if name.starts_with(b"UNICODEUTF") && name.len() > b"UNICODEUTF".len() {
        name.drain(..b"UNICODE".len());
    }
    name
}

/// The sets by the names of HL7 table 0211, of the Internet (IANA) and of DICOM, without blanks and punctuation.
fn named(text: &[u8]) -> Option<Set> {
    let name = plain_name(text);
    Some(match name.as_slice() {
        b"ASCII" | b"USASCII" | b"ISOIR6" | b"7BIT" => Set::Ascii,
        b"UTF8" | b"UNICODE" => Set::Utf8,
        b"88591" | b"ISO88591" | b"ISOIR100" | b"LATIN1" => Set::Latin1,
        b"88592" | b"ISO88592" | b"ISOIR101" => Set::Other(sets::ISO_8859_2),
        b"88593" | b"ISO88593" | b"ISOIR109" => Set::Other(sets::ISO_8859_3),
        b"88594" | b"ISO88594" | b"ISOIR110" => Set::Other(sets::ISO_8859_4),
        b"88595" | b"ISO88595" | b"ISOIR144" => Set::Other(sets::ISO_8859_5),
        b"88596" | b"ISO88596" | b"ISOIR127" => Set::Other(sets::ISO_8859_6),
        b"88597" | b"ISO88597" | b"ISOIR126" => Set::Other(sets::ISO_8859_7),
        b"88598" | b"ISO88598" | b"ISOIR138" => Set::Other(sets::ISO_8859_8),
        b"88599" | b"ISO88599" | b"ISOIR148" => Set::Latin5,
        b"885910" | b"ISO885910" => Set::Other(sets::ISO_8859_10),
        b"885913" | b"ISO885913" => Set::Other(sets::ISO_8859_13),
        b"885914" | b"ISO885914" => Set::Other(sets::ISO_8859_14),
        b"885915" | b"ISO885915" => Set::Other(sets::ISO_8859_15),
        b"885916" | b"ISO885916" => Set::Other(sets::ISO_8859_16),
        b"ISOIR14" | b"ISOIR87" | b"ISOIR159" | b"ISO2022JP" => Set::Other(sets::ISO_2022_JP),
        b"SHIFTJIS" | b"SJIS" | b"MS932" | b"CP932" | b"WINDOWS31J" => Set::Other(sets::SHIFT_JIS),
        b"EUCJP" => Set::Other(sets::EUC_JP),
        b"GB180302000" | b"GB18030" | b"GBK" | b"GB2312" => Set::Other(sets::GB18030),
        b"BIG5" => Set::Other(sets::BIG5),
        b"KSX1001" | b"EUCKR" | b"KSC5601" | b"ISOIR149" => Set::Other(sets::EUC_KR),
        b"WINDOWS1250" | b"CP1250" => Set::Other(sets::WINDOWS_1250),
        b"WINDOWS1251" | b"CP1251" => Set::Other(sets::WINDOWS_1251),
        b"WINDOWS1252" | b"CP1252" => Set::Other(sets::WINDOWS_1252),
        b"WINDOWS1253" | b"CP1253" => Set::Other(sets::WINDOWS_1253),
        b"WINDOWS1254" | b"CP1254" => Set::Other(sets::WINDOWS_1254),
        b"WINDOWS1255" | b"CP1255" => Set::Other(sets::WINDOWS_1255),
        b"WINDOWS1256" | b"CP1256" => Set::Other(sets::WINDOWS_1256),
        b"WINDOWS1257" | b"CP1257" => Set::Other(sets::WINDOWS_1257),
        b"WINDOWS1258" | b"CP1258" => Set::Other(sets::WINDOWS_1258),
        _ => return None,
    })
}

/// The name in small letters, as the staged JSON has it.
fn lower_name(encoding: &'static Encoding) -> &'static str {
    const NAMES: &[&str] = &[
        "iso-8859-2",
        "iso-8859-3",
        "iso-8859-4",
        "iso-8859-5",
        "iso-8859-6",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-10",
        "iso-8859-13",
        "iso-8859-14",
        "iso-8859-15",
        "iso-8859-16",
        "iso-2022-jp",
        "shift_jis",
        "euc-jp",
        "gb18030",
        "big5",
        "euc-kr",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
    ];
    let name = encoding.name();
    NAMES.iter().copied().find(|known| known.eq_ignore_ascii_case(name)).unwrap_or(name)
}

/// Decodes and keeps the way back; none where the bytes are not in the set. Runs of ASCII are copied, the rest goes
/// byte by byte through the decoder, which alone knows where a character ends.
fn decode_tracked(bytes: &[u8], set: Set) -> Option<(String, Layer)> {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    let mut layer = Layer::default();
    let mut decoder = Characters::of(set);
    let mut at = 0;
    while at < bytes.len() {
        if decoder.is_ascii_compatible {
            let rest = cut(bytes, at, bytes.len());
            let ascii = cut(rest, 0, Encoding::ascii_valid_up_to(rest));
            if !ascii.is_empty() {
                layer.add(Run { out: text.len(), source: at, out_unit: 1, source_unit: 1 });
                text.push_str(std::str::from_utf8(ascii).ok()?);
                at += ascii.len();
                continue;
            }
        }
        let out = text.len();
        let width = decoder.next(cut(bytes, at, bytes.len()), &mut text)?;
        let out_unit = u8::try_from(text.len() - out).ok()?;
        if out_unit > 0 {
            layer.add(Run { out, source: at, out_unit, source_unit: u8::try_from(width).ok()? });
        }
        at += width;
    }
    Some((text, layer))
}

struct Characters {
    set: Set,
    decoder: Option<sets::Decoder>,
    is_ascii_compatible: bool,
}

impl Characters {
    fn of(set: Set) -> Self {
        let decoder = match set {
            Set::Other(encoding) => Some(encoding.new_decoder_without_bom_handling()),
            Set::Ascii | Set::Utf8 | Set::Latin1 | Set::Latin5 => None,
        };
        Self { set, decoder, is_ascii_compatible: set != Set::Other(sets::ISO_2022_JP) }
    }

    /// Appends what the first bytes of `rest` are, and says how many they are.
    fn next(&mut self, rest: &[u8], text: &mut String) -> Option<usize> {
        let Some(decoder) = &mut self.decoder else {
            text.push(latin(*rest.first()?, self.set));
            return Some(1);
        };
        let before = text.len();
        let mut buffer = [0; 16];
        for width in 1..=rest.len() {
            let is_last = width == rest.len();
            let byte = cut(rest, width - 1, width);
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(byte, &mut buffer, is_last);
            if result != DecoderResult::InputEmpty || read != byte.len() {
                return None;
            }
            text.push_str(std::str::from_utf8(buffer.get(..written)?).ok()?);
            if text.len() > before || is_last {
                return Some(width);
            }
        }
        None
    }
}

fn latin(byte: u8, set: Set) -> char {
    match (set, byte) {
        (Set::Latin5, 0xD0) => 'Ğ',
        (Set::Latin5, 0xDD) => 'İ',
        (Set::Latin5, 0xDE) => 'Ş',
        (Set::Latin5, 0xF0) => 'ğ',
        (Set::Latin5, 0xFD) => 'ı',
        (Set::Latin5, 0xFE) => 'ş',
        _ => char::from(byte),
    }
}
