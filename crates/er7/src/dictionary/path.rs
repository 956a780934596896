//! Names for a path, to annotate a tree: `PID-3[2].1`.

use super::{DataType, Field, Segment, Version};
use std::fmt;

/// What the steps of a path are called; a step that the path does not have, or the version does not know, is
/// absent. Displays as `Patient Identifier List, ID Number`.
#[derive(Clone, Copy, Debug)]
pub struct PathName {
    /// The segment that the path starts with.
    pub segment: Option<Segment>,
    /// The data type, for a path that starts with one (`XPN.2`).
    pub data_type: Option<DataType>,
    /// The field.
    pub field: Option<Field>,
    /// The component of the field's data type.
    pub component: Option<Field>,
    /// The subcomponent: a component of the component's data type.
    pub subcomponent: Option<Field>,
}

impl PathName {
    /// The name of the last step known, as "Family Name" for `PID-5.1`.
    #[must_use]
    pub fn last(&self) -> Option<&'static str> {
        let fields = self.subcomponent.or(self.component).or(self.field).map(|field| field.name);
        fields
            .or_else(|| self.segment.map(|segment| segment.name()))
            .or_else(|| self.data_type.map(|found| found.name()))
    }
}

impl fmt::Display for PathName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names =
            [self.field, self.component, self.subcomponent].into_iter().flatten().map(|field| field.name);
        match names.next() {
            Some(first) => formatter.write_str(first)?,
            None => return formatter.write_str(self.last().unwrap_or_default()),
        }
        names.try_for_each(|name| write!(formatter, ", {name}"))
    }
}

/// The names along `SEG-field[repetition].component.subcomponent`, or `TYPE.component.subcomponent`;
/// repetitions may be written and name nothing. None when the path is ill-formed or its segment or data type
/// is unknown. A component of 1 of a simple type is the field itself and has no name of its own; OBX-5 has
/// the type that OBX-2 names, so its components have none either: look those up by that type.
#[must_use]
pub fn name_of_path(path: &str, version: &Version) -> Option<PathName> {
    let steps = Steps::read(path)?;
    let mut name =
        PathName { segment: None, data_type: None, field: None, component: None, subcomponent: None };
    let whole = if steps.id.len() == 3 { version.segment(steps.id.as_bytes()) } else { None };
    let [first, second, third] = steps.numbers;
    match whole.filter(|_| !steps.dotted) {
        Some(segment) => {
            name.segment = Some(segment);
            name.field = first.and_then(|number| segment.field(number));
            let of_field = name.field.and_then(|field| version.data_type(field.data_type));
            name.component = second.and_then(|number| of_field?.component(number));
            let of_component = name.component.and_then(|component| version.data_type(component.data_type));
            name.subcomponent = third.and_then(|number| of_component?.component(number));
        }
        None if steps.hyphened => return None,
        None => {
            let data_type = version.data_type(steps.id)?;
            name.data_type = Some(data_type);
            name.component = first.and_then(|number| data_type.component(number));
            let of_component = name.component.and_then(|component| version.data_type(component.data_type));
            name.subcomponent = second.and_then(|number| of_component?.component(number));
        }
    }
    Some(name)
}

/// A path taken apart.
pub(super) struct Steps<'a> {
    pub(super) id: &'a str,
    pub(super) numbers: [Option<u16>; 3],
    /// The id is followed by a field number after a hyphen: a segment.
    pub(super) hyphened: bool,
    /// The id is followed by a component number after a full stop: a data type.
    pub(super) dotted: bool,
}

impl<'a> Steps<'a> {
    pub(super) fn read(path: &'a str) -> Option<Self> {
        let end = path.find(['-', '.', '[']).unwrap_or(path.len());
        let (id, rest) = path.split_at_checked(end)?;
        // An occurrence of the segment, as in `OBX[3]-5`.
        let rest = without_occurrence(rest)?;
        let (hyphened, dotted) = (rest.starts_with('-'), rest.starts_with('.'));
        let mut numbers = [None; 3];
        let mut parts = rest.strip_prefix(['-', '.']).map(|rest| rest.split('.')).into_iter().flatten();
        for number in &mut numbers {
            let Some(part) = parts.next() else { break };
            let end = part.find('[').unwrap_or(part.len());
            let (digits, occurrence) = part.split_at_checked(end)?;
            if !without_occurrence(occurrence)?.is_empty() {
                return None;
            }
            *number = Some(digits.parse().ok().filter(|number| *number > 0)?);
        }
        let complete = parts.next().is_none() && (hyphened || dotted || rest.is_empty());
        (complete && !id.is_empty()).then_some(Self { id, numbers, hyphened, dotted })
    }
}

fn without_occurrence(text: &str) -> Option<&str> {
    match text.strip_prefix('[') {
        None => Some(text),
        Some(inside) => {
            let (digits, rest) = inside.split_once(']')?;
            (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(rest)
        }
    }
}
