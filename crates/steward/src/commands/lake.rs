//! `steward lake start`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use desk::connect;
use desk::home::{Home, LOCAL};
use local_lake::credentials::Secret;
use local_lake::users::SampleUsers;
use local_lake::{Announcement, DEFAULT_PORT, LocalLake, Options, Started};
use serde_json::json;

use super::Context;
use crate::ending::{Ending, Halt};

/// Run a lake on this computer
#[derive(Args)]
pub(crate) struct Lake {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Start(Start),
}

/// Run the lake in the foreground until Ctrl-C
///
/// The whole lake in this one process, for this computer only: nothing else to install, no account. Its first line says
/// when it is ready and where. If another process already runs the lake of this folder, it is used instead.
#[derive(Args)]
#[command(after_help = "Examples:
  steward lake start                                the lake in the usual folder, ports 47100 to 47102
  steward lake start --data /tmp/try --port 0       a lake to throw away, on any free ports")]
pub(crate) struct Start {
    /// Where everything is kept; else `lake` in the home folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The front door's port; S3 and DynamoDB take the two after it; 0 takes any free ones
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PORT, value_parser = clap::value_parser!(u16).range(..=65533))]
    port: u16,
    /// Sample users sign in with this password; without it, by one click
    #[arg(long, value_name = "PW", conflicts_with = "no_samples", value_parser = NonEmptyStringValueParser::new())]
    sample_password: Option<String>,
    /// No sample users: nobody can sign in
    #[arg(long)]
    no_samples: bool,
}

impl Lake {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        match self.what {
            What::Start(start) => start.run(context).await,
        }
    }
}

impl Start {
    async fn run(self, context: Context) -> Result<Ending, Halt> {
        let home = context.home()?;
        let data = self.data.unwrap_or_else(|| home.join("lake"));
        let samples = match self.sample_password {
            _ if self.no_samples => SampleUsers::None,
            Some(password) => SampleUsers::Password(Secret::new(password)),
            None => SampleUsers::OneClick,
        };
        let started = LocalLake::start(Options { data: data.clone(), port: self.port, samples }).await;
        match started.map_err(|problem| Halt::Setup(problem.to_string()))? {
            Started::Ours(lake) => {
                let saved = home.save_profile(LOCAL, lake.profile().clone());
                if let Err(problem) = saved {
                    lake.stop().await;
                    return Err(Halt::Setup(problem.to_string()));
                }
                let url = lake.profile().endpoints.front_door.clone();
                let told =
                    ready(&context, &json!({ "ready": true, "lake": url, "profile": LOCAL, "data": data }));
                if told.is_ok() {
                    context.say.note(&format!("The lake runs at {url}. Ctrl-C stops it."));
                    context.stop.asked().await;
                    context
                        .say
                        .note("Stopping: what was answered is kept, the rest goes on at the next start.");
                }
                lake.stop().await;
                told.map(|()| Ending::AllWell)
            }
            Started::Joined(announcement) => join(&context, &home, &announcement, &data).await,
        }
    }
}

/// Uses the lake that another process runs, for as long as it runs.
async fn join(
    context: &Context,
    home: &Home,
    there: &Announcement,
    data: &std::path::Path,
) -> Result<Ending, Halt> {
    let profile = connect::connect(&there.lake).await.map_err(|problem| Halt::Setup(problem.to_string()))?;
    home.save_profile(LOCAL, profile).map_err(|problem| Halt::Setup(problem.to_string()))?;
    let line =
        json!({ "ready": true, "lake": there.lake, "profile": LOCAL, "data": data, "joined": there.pid });
    ready(context, &line)?;
    context.say.note(&format!(
        "Process {} already runs this lake at {}. Ctrl-C leaves it running.",
        there.pid, there.lake
    ));
    loop {
        tokio::select! {
            () = context.stop.asked() => return Ok(Ending::AllWell),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        if connect::connect(&there.lake).await.is_err() {
            context.say.note("The lake was stopped by the process that ran it.");
            return Ok(Ending::AllWell);
        }
    }
}

fn ready(context: &Context, line: &serde_json::Value) -> Result<(), Halt> {
    let mut data = context.data();
    data.object(line)?;
    Ok(data.flush()?)
}
