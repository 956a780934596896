//! The delimiters of a message, as MSH-1 and MSH-2 give them: honoured as sent, never completed.

use crate::charset::Substitute;

/// A character with a role. `byte` stands for it in the text that is split; it differs from `character` only where
/// that is not ASCII and was substituted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiter {
    pub(crate) character: char,
    pub(crate) byte: u8,
}

impl Delimiter {
    fn new(character: char) -> Self {
        Self { character, byte: u8::try_from(u32::from(character)).ok().filter(u8::is_ascii).unwrap_or(0) }
    }
}

/// MSH-1 and MSH-2. Of equal characters the first role holds: component, repetition, escape, subcomponent, truncation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delimiters {
    pub(crate) field: Delimiter,
    pub(crate) component: Delimiter,
    pub(crate) repetition: Option<Delimiter>,
    pub(crate) escape: Option<Delimiter>,
    pub(crate) subcomponent: Option<Delimiter>,
    pub(crate) truncation: Option<Delimiter>,
    /// What is unusual about them.
    pub(crate) remark: Option<Remark>,
}

/// What is unusual about MSH-1 and MSH-2; the gravest only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remark {
    Repeated,
    Short,
    Long,
    NotPunctuation,
    Unusual,
}

impl Remark {
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::Short => "short",
            Self::Long => "long",
            Self::NotPunctuation => "not-punctuation",
            Self::Unusual => "unusual",
        }
    }
}

/// Why they cannot be used: bytes `start..end` of the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusable {
    pub(crate) path: &'static str,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Delimiters {
    /// Reads them from a decoded MSH segment.
    pub(crate) fn read(segment: &str) -> Result<Self, Unusable> {
        let rest = segment.get(3..).unwrap_or_default();
        let separator = rest.chars().next().filter(|&character| can_separate(character));
        let field = separator.ok_or(Unusable { path: "MSH-1", start: 0, end: 3.min(segment.len()) })?;
        let start = 3 + field.len_utf8();
        let encoding = encoding_characters(segment, field);
        let roles: Vec<char> = encoding.chars().take(5).collect();
        let unusable = Unusable { path: "MSH-2", start, end: start + encoding.len() };
        let component = *roles.first().ok_or(unusable)?;
        if !can_separate(component) {
            return Err(unusable);
        }
        let role = |index: usize| {
            let character = *roles.get(index)?;
            let is_new = !roles.iter().take(index).any(|&earlier| earlier == character);
            is_new.then(|| Delimiter::new(character))
        };
        Ok(Self {
            field: Delimiter::new(field),
            component: Delimiter::new(component),
            repetition: role(1),
            escape: role(2),
            subcomponent: role(3),
            truncation: role(4),
            remark: remark(field, encoding, &roles),
        })
    }

    /// All that have a role and are not ASCII.
    pub(crate) fn beyond_ascii(&self) -> impl Iterator<Item = char> {
        let optional = [self.repetition, self.escape, self.subcomponent, self.truncation];
        [Some(self.field), Some(self.component)]
            .into_iter()
            .chain(optional)
            .flatten()
            .map(|delimiter| delimiter.character)
            .filter(|character| !character.is_ascii())
    }

    /// Lets ASCII bytes stand for the characters that are not ASCII.
    pub(crate) fn substitute(&mut self, substitutes: &[Substitute]) {
        let all = [Some(&mut self.field), Some(&mut self.component)];
        let optional = [&mut self.repetition, &mut self.escape, &mut self.subcomponent, &mut self.truncation];
        for delimiter in all.into_iter().flatten().chain(optional.into_iter().flatten()) {
            if let Some(substitute) = substitutes.iter().find(|known| known.character == delimiter.character)
            {
                delimiter.byte = substitute.byte;
            }
        }
    }
}

/// MSH-2 of a decoded MSH segment whose field separator is `field`.
pub(crate) fn encoding_characters(segment: &str, field: char) -> &str {
    let rest = segment.get(3 + field.len_utf8()..).unwrap_or_default();
    rest.split(field).next().unwrap_or_default()
}

fn can_separate(character: char) -> bool {
    !character.is_alphanumeric() && !character.is_whitespace()
}

fn remark(field: char, encoding: &str, roles: &[char]) -> Option<Remark> {
    let is_repeated =
        roles.iter().enumerate().any(|(index, role)| roles.iter().take(index).any(|other| other == role));
    let is_punctuation = |character: &char| character.is_ascii_punctuation();
    if is_repeated {
        Some(Remark::Repeated)
    } else if roles.len() < 4 {
        Some(Remark::Short)
    } else if encoding.chars().nth(5).is_some() {
        Some(Remark::Long)
    } else if !roles.iter().all(is_punctuation) {
        Some(Remark::NotPunctuation)
    } else {
        (field != '|' || !matches!(encoding, "^~\\&" | "^~\\&#")).then_some(Remark::Unusual)
    }
}
