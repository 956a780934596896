//! `steward connect` and `steward profiles`.

use clap::{Args, Subcommand};
use desk::account;
use desk::connect::{self, Change, ConnectProblem};
use lake::Profile;
use serde::Serialize;
use serde_json::json;

use super::Context;
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table, printable};

/// Connect to a lake and remember it
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
    /// Forget this lake and sign out there
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
        let offer = match connect::look(&home, &self.lake).await {
            Ok(offer) => offer,
            Err(ConnectProblem::Home(problem)) => return Err(problem.into()),
            Err(problem) => {
                context.say.problem(&problem.to_string());
                return Ok(ending_of(&problem));
            }
        };
        for Change { what, before, now } in &offer.changed {
            context.say.note(&format!(
                "Since it was saved, its {what} has changed from {} to {}.",
                printable(before),
                printable(now)
            ));
        }
        if let Some(given) = &self.name
            && let Some(before) = home.profiles()?.lakes.get(given)
            && offer.known_as.as_ref() != Some(given)
        {
            context.say.note(&format!(
                "{given} was another lake until now: {}, with sign-in at {}.",
                printable(&before.endpoints.front_door),
                printable(&before.issuer)
            ));
        }
        let name = connect::accept(&home, &offer, self.name.as_deref())?;
        let profile = &offer.profile;
        context.say.note(&format!(
            "Saved as {name}: {} at {}. Sign-in happens at {}; if you do not know that place, do not sign in.",
            printable(&profile.name),
            printable(&profile.endpoints.front_door),
            printable(&profile.issuer)
        ));
        let mut data = context.data();
        match data.format() {
            Format::Json => data.object(&Saved { saved_as: &name, profile })?,
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

const COLUMNS: &[Column] = &[
    Column { heading: "", width: 1 },
    Column { heading: "NAME", width: 20 },
    Column { heading: "LAKE", width: 28 },
    Column { heading: "ADDRESS", width: 40 },
];

impl Profiles {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, Halt> {
        let home = context.home()?;
        match self.what {
            Some(What::Use { name }) => home.use_profile(&name)?,
            Some(What::Forget { name }) => {
                if let Some(problem) = account::forget(&home, &name, context.vault()).await? {
                    context.say.note(&format!(
                        "{name} is forgotten. Its sign-in could not be ended everywhere: {problem}."
                    ));
                }
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
