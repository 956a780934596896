//! `steward demo`: a fresh lake in a temporary folder, four users, and what becomes of their messages.

mod plan;
mod story;

use clap::Args;
use local_lake::users::SampleUsers;
use local_lake::{LocalLake, Options, Started};

use super::Context;
use crate::ending::{Ending, Halt};

/// Show what a lake does, on synthetic messages
///
/// Starts a fresh lake in a temporary folder, lets four sample users submit synthetic messages, and tells what became of
/// each and why. Needs no account, display, keyring or network, and leaves nothing behind. Exits 0 if all came out as told.
#[derive(Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        let folder = tempfile::Builder::new().prefix("lake-steward-demo-").tempdir()?;
        let options = Options { data: folder.path().join("lake"), port: 0, samples: SampleUsers::OneClick };
        let started = LocalLake::start(options).await.map_err(|problem| Halt::Setup(problem.to_string()))?;
        let Started::Ours(lake) = started else {
            return Err(Halt::Setup("the demonstration's own folder is in use".to_owned()));
        };
        let told = story::tell(&context, &lake).await;
        lake.stop().await;
        folder.close()?;
        told
    }
}
