//! `steward connect` and `steward profiles`.

use clap::{Args, Subcommand};
use desk::connect::{self, ConnectProblem};
use lake::Profile;
use serde::Serialize;
use serde_json::json;

use super::Context;
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table};

/// Make a lake's acquaintance and remember it
///
/// Reads how to reach the lake from its address, or from the file of outputs that CloudFormation printed when it was set
/// up, checks that it cannot lead a sign-in astray, and saves it. No secrets are kept in it.
#[derive(Args)]
#[command(after_help = "Examples:
  steward connect https://lake.example.org
  steward connect outputs.json --name test-lake")]
pub(crate) struct Connect {
    /// The lake's address (https://…) or a stack outputs file (….json)
    #[arg(value_name = "URL|OUTPUTS.json")]
    lake: String,
    /// Its name here; else its own
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Show the lakes known here, choose or forget one
#[derive(Args)]
#[command(after_help = "Examples:
  steward profiles
  steward profiles use test-lake
  steward profiles forget test-lake")]
pub(crate) struct Profiles {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Use this lake from now on
    Use {
        /// Its name here
        name: String,
    },
    /// Forget this lake
    Forget {
        /// Its name here
        name: String,
    },
}

#[derive(Serialize)]
struct Saved<'a> {
    saved_as: &'a str,
    #[serde(flatten)]
    profile: &'a Profile,
}

impl Connect {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        let home = context.home()?;
        let profile = match connect::connect(&self.lake).await {
            Ok(profile) => profile,
            Err(problem) => {
                context.say.problem(&problem.to_string());
                return Ok(ending_of(&problem));
            }
        };
        let name = self.name.unwrap_or_else(|| name_from(&profile.name));
        let before = home.profiles()?.lakes.remove(&name);
        if let Some(before) = before.filter(|before| is_elsewhere(before, &profile)) {
            context.say.note(&format!(
                "{name} was another lake until now: {}, with sign-in at {}.",
                before.endpoints.front_door, before.issuer
            ));
        }
        home.save_profile(&name, profile.clone())?;
        context.say.note(&format!(
            "Saved as {name}: {} at {}. Sign-in happens at {}; if you do not know that place, do not sign in.",
            profile.name, profile.endpoints.front_door, profile.issuer
        ));
        let mut data = context.data();
        match data.format() {
            Format::Json => data.object(&Saved { saved_as: &name, profile: &profile })?,
            Format::Table => data.line(&format!("Next: steward sign-in --profile {name}"))?,
        }
        data.flush()?;
        Ok(Ending::AllWell)
    }
}

fn ending_of(problem: &ConnectProblem) -> Ending {
    match problem {
        ConnectProblem::Home(_)
        | ConnectProblem::NotAnAddress { .. }
        | ConnectProblem::NotEncrypted { .. }
        | ConnectProblem::Unreadable { .. }
        | ConnectProblem::NotOutputs { .. } => Ending::WrongUse,
        ConnectProblem::NoLake { .. } | ConnectProblem::NotSafe { .. } => Ending::OutOfReach,
        ConnectProblem::OtherVersion { .. } => Ending::SomeFailed,
        ConnectProblem::NotTrusted { .. } => Ending::NotAllowed,
    }
}

fn is_elsewhere(before: &Profile, now: &Profile) -> bool {
    before.endpoints.front_door != now.endpoints.front_door || before.issuer != now.issuer
}

/// A lake's own name made into one for the command line.
fn name_from(own: &str) -> String {
    let words: Vec<String> = own
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let name: String = words.join("-").chars().take(64).collect();
    if name.is_empty() { "lake".to_owned() } else { name }
}

const COLUMNS: &[Column] = &[
    Column { heading: "", width: 1 },
    Column { heading: "NAME", width: 20 },
    Column { heading: "LAKE", width: 28 },
    Column { heading: "ADDRESS", width: 40 },
];

impl Profiles {
    pub(super) fn run(self, context: &Context) -> Result<Ending, Halt> {
        let home = context.home()?;
        match self.what {
            Some(What::Use { name }) => home.use_profile(&name)?,
            Some(What::Forget { name }) => {
                home.profile(Some(&name))?;
                home.forget_profile(&name)?;
            }
            None => {}
        }
        let profiles = home.profiles()?;
        if profiles.lakes.is_empty() {
            context.say.note("No lake is known yet: `steward lake start`, or `steward connect URL`.");
        }
        let mut data = context.data();
        let mut table = Table::new(COLUMNS);
        for (name, profile) in &profiles.lakes {
            let is_last = profiles.last.as_ref() == Some(name);
            let address = &profile.endpoints.front_door;
            match data.format() {
                Format::Json => data.object(&json!({
                    "name": name, "lake": profile.name, "front_door": address, "issuer": profile.issuer,
                    "region": profile.region, "last": is_last,
                }))?,
                Format::Table => {
                    table.row(&mut data, &[if is_last { "*" } else { "" }, name, &profile.name, address])?;
                }
            }
        }
        data.flush()?;
        Ok(Ending::AllWell)
    }
}

#[cfg(test)]
mod tests {
    use super::name_from;

    #[test]
    fn a_lakes_own_name_becomes_one_for_the_command_line() {
        assert_eq!(name_from("Lake of North, Ltd."), "lake-of-north-ltd", "words and hyphens");
        assert_eq!(name_from("…"), "lake", "never empty");
    }
}
