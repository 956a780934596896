//! The commands, one module each.

pub(crate) mod account;
mod audit;
mod catalog;
mod check;
mod completions;
mod connect;
mod demo;
mod describe;
mod find;
mod get;
mod lake;
mod list;
mod man;
mod parse;
mod session;
mod shown;
mod submissions;
mod submit;
mod verify;
mod wishes;
mod words;

use clap::Subcommand;
use desk::home::Home;
use desk::session::Vault;

use crate::arguments::Global;
use crate::ending::{Ending, Halt};
use crate::output::{Data, Say};
use crate::stop::Stop;

/// What can be asked for.
#[derive(Subcommand)]
pub(crate) enum Command {
    Connect(connect::Connect),
    Profiles(connect::Profiles),
    SignIn(session::SignIn),
    SignOut(session::SignOut),
    Whoami(session::Whoami),
    Parse(parse::Parse),
    Check(check::Check),
    Describe(describe::Describe),
    Submit(submit::Submit),
    Submissions(submissions::Submissions),
    List(list::List),
    Get(get::Get),
    Catalog(catalog::Catalog),
    Trace(catalog::Trace),
    Errors(catalog::Errors),
    Find(find::Find),
    Restage(wishes::Restage),
    SetAside(wishes::SetAside),
    Redeliver(wishes::Redeliver),
    Verify(verify::Verify),
    Doctor(verify::Doctor),
    Audit(audit::Audit),
    Demo(demo::Demo),
    Lake(lake::Lake),
    Completions(completions::Completions),
    Man(man::Man),
}

/// What every command is given.
pub(crate) struct Context {
    /// Words for people.
    pub(crate) say: Say,
    /// Whether to stop.
    pub(crate) stop: Stop,
    global: Global,
}

impl Command {
    /// Does what was asked.
    pub(crate) async fn run(self, context: Context) -> Result<Ending, Halt> {
        match self {
            Command::Parse(parse) => offline(move || parse.run(&context)).await,
            Command::Check(check) => offline(move || check.run(&context)).await,
            Command::Describe(describe) => offline(move || describe.run(&context)).await,
            Command::Connect(connect) => connect.run(context).await,
            Command::Profiles(profiles) => profiles.run(&context).await,
            Command::SignIn(sign_in) => sign_in.run(context).await,
            Command::SignOut(sign_out) => sign_out.run(context).await,
            Command::Whoami(whoami) => whoami.run(context).await,
            Command::Submit(submit) => submit.run(context).await,
            Command::Submissions(submissions) => submissions.run(context).await,
            Command::List(list) => list.run(context).await,
            Command::Get(get) => get.run(context).await,
            Command::Catalog(catalog) => catalog.run(context).await,
            Command::Trace(trace) => trace.run(context).await,
            Command::Errors(errors) => errors.run(context).await,
            Command::Find(find) => find.run(context).await,
            Command::Restage(restage) => restage.run(context).await,
            Command::SetAside(set_aside) => set_aside.run(context).await,
            Command::Redeliver(redeliver) => redeliver.run(context).await,
            Command::Verify(verify) => verify.run(context).await,
            Command::Doctor(doctor) => doctor.run(context).await,
            Command::Audit(audit) => offline(move || audit.run(&context)).await,
            Command::Demo(demo) => demo.run(context).await,
            Command::Lake(lake) => lake.run(context).await,
            Command::Completions(completions) => offline(move || completions.run(&context)).await,
            Command::Man(man) => offline(move || man.run(&context)).await,
        }
    }
}

impl Context {
    pub(crate) fn new(global: Global, stop: Stop) -> Self {
        Self { say: Say::of(&global), stop, global }
    }

    /// The home folder: profiles, queue, audit trail.
    pub(crate) fn home(&self) -> Result<Home, Halt> {
        let named = self.global.home.clone().or_else(|| Home::default_path(|name| std::env::var_os(name)));
        let path =
            named.ok_or_else(|| Halt::Setup("there is no home folder; name one with --home".to_owned()))?;
        Home::open(&path).map_err(|problem| Halt::Setup(problem.to_string()))
    }

    /// Which profile was asked for by name.
    pub(crate) fn profile_name(&self) -> Option<&str> {
        self.global.profile.as_deref()
    }

    /// Whether somebody watches standard error.
    pub(crate) fn is_watched(&self) -> bool {
        std::io::IsTerminal::is_terminal(&std::io::stderr())
    }

    /// Where the sign-in is kept: the file that was named, else the keyring.
    pub(crate) fn vault(&self) -> Vault {
        match &self.global.session_file {
            Some(path) => Vault::File(path.clone()),
            None => Vault::Keyring,
        }
    }

    /// Standard output, as the options and the terminal ask for it.
    pub(crate) fn data(&self) -> Data {
        Data::of(&self.global)
    }
}

/// Work that waits for files, not for the network: on a thread of its own, so that signals are still heard.
async fn offline(work: impl FnOnce() -> Result<Ending, Halt> + Send + 'static) -> Result<Ending, Halt> {
    tokio::task::spawn_blocking(work).await?
}
