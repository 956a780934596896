//! What is searched for in messages: a value, or a value at a place, named by its path or by what it means.

use er7::dictionary::{self, DescriptionKind};

/// What is searched for. Values are patient data: this type has no Debug or Display.
#[derive(Clone)]
pub struct Term {
    places: Vec<Place>,
    value: Wanted,
}

/// Why a term cannot be searched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTerm {
    /// Nothing to look for.
    #[error(
        "there is nothing to look for; give a value, or PATH=VALUE, as PID-5.1=DOE. `*` stands for any text"
    )]
    Empty,
    /// A place that HL7 does not have.
    #[error("{place:?} is neither a path, as PID-5.1, nor something that the HL7 dictionary knows")]
    UnknownPlace {
        /// What stands before `=`.
        place: String,
    },
}

/// A place: what is left out holds for all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    segment: String,
    field: u16,
    repetition: Option<u16>,
    component: Option<u16>,
    subcomponent: Option<u16>,
}

#[derive(Clone)]
struct Wanted {
    text: String,
    open_start: bool,
    open_end: bool,
}

impl Term {
    /// Reads `VALUE` or `PLACE=VALUE`. A place is a path (`PID-3`, `PID-5.1`, `PID-3[2].1`) or a meaning (`date of
    /// birth`); a value is compared whole, letters of either case alike, with `*` at its start or end for any text.
    pub fn parse(text: &str) -> Result<Self, BadTerm> {
        let text = text.trim();
        match text.split_once('=') {
            Some((place, value)) => Ok(Self { places: places(place.trim())?, value: Wanted::parse(value)? }),
            None => Ok(Self { places: Vec::new(), value: Wanted::parse(text)? }),
        }
    }

    /// The paths that are searched, for people; empty for all.
    pub fn paths(&self) -> Vec<String> {
        self.places.iter().map(Place::to_path).collect()
    }

    /// Whether a value of a staged message is searched for; `key` is its key, `PID-3[2].1`.
    pub fn holds(&self, key: &str, value: &str) -> bool {
        self.value.holds(value)
            && (self.places.is_empty()
                || Place::parse(key).is_some_and(|at| self.places.iter().any(|place| place.holds(&at))))
    }
}

fn places(text: &str) -> Result<Vec<Place>, BadTerm> {
    if let Some(place) = Place::parse(&text.to_ascii_uppercase()) {
        return Ok(vec![place]);
    }
    let described = dictionary::describe(text, None);
    let fields = described.iter().filter(|found| {
        matches!(found.kind, DescriptionKind::Field | DescriptionKind::Component) && found.path.contains('-')
    });
    let places: Vec<Place> = fields.filter_map(|found| Place::parse(&found.path)).collect();
    if places.is_empty() { Err(BadTerm::UnknownPlace { place: text.to_owned() }) } else { Ok(places) }
}

impl Place {
    fn parse(path: &str) -> Option<Self> {
        let (segment, rest) = path.split_once('-')?;
        let sound = segment.len() == 3 && segment.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !sound {
            return None;
        }
        let mut steps = rest.split('.');
        let field = steps.next()?;
        let (field, repetition) = match field.split_once('[') {
            Some((field, repetition)) => (field, Some(number(repetition.strip_suffix(']')?)?)),
            None => (field, None),
        };
        let component = steps.next().map(|step| number(step).ok_or(())).transpose().ok()?;
        let subcomponent = steps.next().map(|step| number(step).ok_or(())).transpose().ok()?;
        if steps.next().is_some() {
            return None;
        }
        Some(Self { segment: segment.to_owned(), field: number(field)?, repetition, component, subcomponent })
    }

    /// Whether a value's own place lies within this one. In a key, a missing repetition or subcomponent is the first.
    fn holds(&self, at: &Self) -> bool {
        let within = |wanted: Option<u16>, found: Option<u16>| {
            wanted.is_none_or(|wanted| wanted == found.unwrap_or(1))
        };
        self.segment == at.segment
            && self.field == at.field
            && within(self.repetition, at.repetition)
            && within(self.component, at.component)
            && within(self.subcomponent, at.subcomponent)
    }

    fn to_path(&self) -> String {
        let mut path = format!("{}-{}", self.segment, self.field);
        if let Some(repetition) = self.repetition {
            path.push_str(&format!("[{repetition}]"));
        }
        for step in [self.component, self.subcomponent].into_iter().flatten() {
            path.push_str(&format!(".{step}"));
        }
        path
    }
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|number| *number > 0)
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, BadTerm> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadTerm::Empty);
        }
        let (open_start, rest) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (open_end, rest) = match rest.strip_suffix('*') {
            Some(rest) => (true, rest),
            None => (open_start && rest.is_empty(), rest),
        };
        Ok(Self { text: rest.to_lowercase(), open_start, open_end })
    }

    fn holds(&self, value: &str) -> bool {
        // Most values are short ASCII: no copy for those that cannot match.
        if !self.open_start && !self.open_end && value.is_ascii() {
            return value.eq_ignore_ascii_case(&self.text);
        }
        let value = value.to_lowercase();
        match (self.open_start, self.open_end) {
            (false, false) => value == self.text,
            (true, false) => value.ends_with(&self.text),
            (false, true) => value.starts_with(&self.text),
            (true, true) => value.contains(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str) -> Term {
        Term::parse(text).unwrap_or_else(|error| panic!("{text} is a term: {error}"))
    }

    #[test]
    fn values_are_found_anywhere_or_at_their_place_only() {
        assert!(term("doe").holds("PID-5.1", "DOE"), "letters of either case");
        assert!(!term("doe").holds("PID-5.1", "DOES"), "a value is compared whole");
        assert!(
            term("doe*").holds("PID-5.1", "DOES") && term("*oe*").holds("PID-5.1", "DOES"),
            "`*` is any text"
        );
        assert!(term("PID-7=*").holds("PID-7.1", "1970"), "`*` alone: any value there");
        assert!(term("pid-5=doe").holds("PID-5[2].1", "DOE"), "a field holds all its repetitions and parts");
        assert!(term("PID-5.1=DOE").holds("PID-5.1.1", "DOE"), "a component holds its subcomponents");
        assert!(!term("PID-5.2=DOE").holds("PID-5.1", "DOE"), "but not another component");
        assert!(!term("PID-3[2]=99").holds("PID-3.1", "99"), "the first repetition is not the second");
        assert!(term("PID-3[2]=99").holds("PID-3[2].1", "99"), "the second is");
    }

    #[test]
    fn places_are_found_by_what_they_mean() {
        let birth = term("date of birth=19700101");
        assert!(birth.paths().iter().any(|path| path == "PID-7"), "searched are {:?}", birth.paths());
        assert!(birth.holds("PID-7.1", "19700101"), "the patient's date of birth");
        assert!(!birth.holds("MSH-7.1", "19700101"), "not the time of the message");
    }

    #[test]
    fn what_cannot_be_searched_for_is_refused() {
        assert_eq!(Term::parse("  ").err(), Some(BadTerm::Empty), "nothing");
        assert_eq!(Term::parse("PID-5=").err(), Some(BadTerm::Empty), "nothing at a place");
        assert!(
            matches!(Term::parse("xyzzy qwfp=1"), Err(BadTerm::UnknownPlace { .. })),
            "a place that nobody knows"
        );
    }
}
