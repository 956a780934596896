//! `steward describe TERM`.

use clap::Args;
use er7::dictionary::{self, Description};

use super::Context;
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Data, Table};

const COLUMNS: &[Column] = &[
    Column { heading: "path", width: 10 },
    Column { heading: "name", width: 34 },
    Column { heading: "type", width: 4 },
    Column { heading: "length", width: 6 },
    Column { heading: "remarks", width: 40 },
];

/// Look up a term of HL7: a path, an id, or what it means
///
/// Knows the segments, fields, components, data types and messages of HL7 2.1 to 2.8. A path or id is shown with its parts; a meaning finds
/// where HL7 keeps such a thing, likeliest first.
#[derive(Args)]
#[command(after_help = "Examples:
  steward describe PID-7
  steward describe \"date of birth\"
  steward describe XPN.2
  steward describe 'ADT^A01' --version 2.3")]
pub(crate) struct Describe {
    /// A path (PID-7), an id (PID, XPN, ADT^A01) or a meaning (date of birth)
    #[arg(required = true, value_name = "TERM")]
    term: Vec<String>,
    /// The version of HL7; else 2.5.1, or one that knows the term
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

impl Describe {
    pub(super) fn run(&self, context: &Context) -> Result<Ending, Halt> {
        if let Some(named) = &self.version {
            let choice = dictionary::for_version(named.as_bytes());
            if !choice.exact {
                let used = choice.version.name;
                context.say.note(&format!("version {named} is not known here; {used} is used, the nearest"));
            }
        }
        let term = self.term.join(" ");
        let found = dictionary::describe(&term, self.version.as_deref());
        if found.is_empty() {
            context.say.problem(&format!(
                "nothing in the dictionary for `{term}`; try other words, or a path as PID-7"
            ));
            return Ok(Ending::SomeFailed);
        }
        let mut data = context.data();
        match data.format() {
            Format::Json => found.iter().try_for_each(|description| data.object(description))?,
            Format::Table => table(&mut data, &found)?,
        }
        data.flush()?;
        Ok(Ending::AllWell)
    }
}

fn table(data: &mut Data, found: &[Description]) -> std::io::Result<()> {
    let mut table = Table::new(COLUMNS);
    for description in found {
        let Description { path, name, data_type, max_length, .. } = description;
        let length = max_length.map_or_else(String::new, |length| length.to_string());
        table.row(data, &[path, name, data_type.unwrap_or_default(), &length, &remarks(description)])?;
    }
    Ok(())
}

fn remarks(description: &Description) -> String {
    let mut remarks = Vec::new();
    remarks.extend(description.within.map(|within| format!("in {within}")));
    remarks.extend((description.required == Some(true)).then(|| "required".to_owned()));
    remarks.extend((description.repeats == Some(true)).then(|| "repeats".to_owned()));
    remarks.extend(description.table.map(|table| format!("table {table:04}")));
    remarks.push(format!("{} to {}", description.since, description.until));
    remarks.join(", ")
}
