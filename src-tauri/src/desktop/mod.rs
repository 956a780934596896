//! The desktop behind its window: one state, and what each command does with `desk`. Nothing here knows Tauri.

mod choosing;
mod keeping;
mod lakes;
mod reading;
mod signing;
mod submitting;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use desk::account::{Account, AccountProblem};
use desk::connect::Offer;
use desk::drops::Drops;
use desk::home::Home;
use desk::idle::IdleLock;
use desk::messages::MessageList;
use desk::session::{SessionProblem, Vault};
use desk::settings::Settings;
use desk::submitting::Submitting;
use desk::today::Today;
use jiff::Timestamp;
use local_lake::LocalLake;
use tokio::sync::Notify;

use crate::view::{Changed, Overview, Problem};
use crate::window::Window;
use lakes::Lake;
use signing::{SigningIn, Standing};

/// Open lists of messages that are kept; the oldest makes room.
const LISTS: usize = 8;
/// Lakes that were looked at and not accepted.
const OFFERS: usize = 8;

/// How the desktop was started.
pub(crate) struct Options {
    /// The home folder.
    pub(crate) home: Home,
    /// Where sessions are kept, because somebody named a file; else the keyring.
    pub(crate) session_file: Option<PathBuf>,
    /// The port of the lake on this computer.
    pub(crate) port: u16,
}

/// Everything that the window shows and does. One of it, shared by all commands.
pub(crate) struct Desktop {
    options: Options,
    window: Box<dyn Window>,
    submitting: Submitting,
    state: Mutex<State>,
    /// The lake on this computer, if this process runs it.
    local: tokio::sync::Mutex<Option<Box<LocalLake>>>,
    /// The time of the idle lock has changed.
    idle_changed: Notify,
}

struct State {
    lake: Option<Lake>,
    session: Standing,
    signing_in: Option<SigningIn>,
    /// A sign-out is under way: until its end nobody can sign in.
    signing_out: bool,
    settings: Settings,
    idle: IdleLock,
    notes: Vec<Problem>,
    drops: Arc<Drops>,
    /// Of them those that the web view has not been told of.
    untold: Vec<u32>,
    offers: BTreeMap<u32, Offer>,
    lists: BTreeMap<u32, Arc<tokio::sync::Mutex<MessageList>>>,
    /// The last count of Today, to count from.
    last_today: Option<Arc<Today>>,
    last_id: u32,
}

impl Desktop {
    /// Opens the home and goes on where the last run ended. Inside a Tokio run time. What does not work is told in the
    /// window; only a home that cannot be used at all is an error.
    pub(crate) fn open(options: Options, window: Box<dyn Window>) -> Result<Arc<Self>, Problem> {
        let (submitting, aside) = Submitting::open(&options.home)?;
        let mut notes = Vec::new();
        if let Some(aside) = aside {
            notes.push(Problem::new(
                "queue-damaged",
                "The list of earlier submissions was damaged",
                format!("It was kept aside as {}; an empty one takes its place.", aside.display()),
                "Submit again what you are not sure of: the lake tells duplicates.",
                crate::view::NextStep::Nothing,
            ));
        }
        let settings = match Settings::read(&options.home) {
            Ok(settings) => settings,
            Err(problem) => {
                notes.push(problem.into());
                Settings::default()
            }
        };
        // Before anybody else asks: a damaged file is kept aside, and told, once.
        let last = match options.home.profiles() {
            Ok(profiles) => profiles.last,
            Err(problem) => {
                notes.push(problem.into());
                None
            }
        };
        let state = State {
            lake: None,
            session: Standing::Looking,
            signing_in: None,
            signing_out: false,
            idle: IdleLock::open(settings.idle_lock_minutes, Timestamp::now()),
            settings,
            notes,
            drops: Arc::default(),
            untold: Vec::new(),
            offers: BTreeMap::new(),
            lists: BTreeMap::new(),
            last_today: None,
            last_id: 0,
        };
        let desktop = Arc::new(Self {
            options,
            window,
            submitting,
            state: Mutex::new(state),
            local: tokio::sync::Mutex::new(None),
            idle_changed: Notify::new(),
        });
        tokio::spawn(Arc::clone(&desktop).go_on(last));
        tokio::spawn(Arc::clone(&desktop).pass_on_changes());
        tokio::spawn(Arc::clone(&desktop).lock_when_idle());
        tokio::spawn(Arc::clone(&desktop).look_who_again());
        Ok(desktop)
    }

    /// What is always on screen.
    pub(crate) async fn overview(&self) -> Result<Overview, Problem> {
        let known = self.options.home.lakes().unwrap_or_else(|problem| {
            self.note(problem.into());
            Vec::new()
        });
        let (under_way, unfinished) = self.unfinished().await.unwrap_or_else(|problem| {
            self.note(problem);
            (None, 0)
        });
        let state = self.state();
        let current = state.lake.as_ref().map(|lake| lake.known.name.as_str());
        Ok(Overview {
            lakes: known.into_iter().map(|known| lakes::row(known, current)).collect(),
            lake: state.lake.as_ref().map(Lake::view),
            session: state.session_view(),
            under_way,
            unfinished,
            settings: keeping::view(&state.settings),
            notes: state.notes.clone(),
        })
    }

    /// Ends: sending stops cleanly, the lake on this computer comes to rest.
    pub(crate) async fn close(&self) {
        self.submitting.shut_down().await;
        let local = self.local.lock().await.take();
        if let Some(local) = local {
            local.stop().await;
        }
    }

    /// Another start of the program came: its files are taken over, and the window comes forward.
    pub(crate) fn started_again(&self, paths: Vec<PathBuf>) {
        self.window.come_forward();
        self.dropped(paths);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a problem that belongs to no command, once.
    fn note(&self, problem: Problem) {
        let mut state = self.state();
        if !state.notes.contains(&problem) {
            state.notes.push(problem);
        }
    }

    fn tell_overview(&self) {
        self.window.tell(Changed::Overview);
    }

    /// The account, for somebody who is signed in and has not locked the screen.
    fn account(&self) -> Result<Arc<Account>, Problem> {
        let state = self.state();
        match state.session {
            Standing::SignedIn { .. } => {}
            Standing::Locked { .. } => return Err(Problem::locked()),
            Standing::Looking | Standing::SignedOut { .. } => return Err(SessionProblem::SignedOut.into()),
        }
        let account =
            state.lake.as_ref().and_then(|lake| lake.account.clone()).ok_or_else(Problem::no_lake)?;
        drop(state);
        if account.session.is_signed_out() {
            // By another program of this home: what was read with that sign-in is not shown any more.
            return Err(self.failed(&account, SessionProblem::SignedOut.into()));
        }
        Ok(account)
    }

    /// What was read as this account may still be shown: nobody locked the screen, signed out or signed in meanwhile.
    fn is_still(&self, account: &Arc<Account>) -> Result<(), Problem> {
        if Arc::ptr_eq(&self.account()?, account) { Ok(()) } else { Err(Problem::gone("page")) }
    }

    /// Refuses what is not for whoever stands before a locked screen.
    fn unlocked(&self) -> Result<(), Problem> {
        match self.state().session {
            Standing::Locked { .. } => Err(Problem::locked()),
            _ => Ok(()),
        }
    }

    /// A problem with the account in words. A sign-in that has ended shows at once.
    fn failed(&self, account: &Arc<Account>, problem: AccountProblem) -> Problem {
        let has_ended = matches!(
            problem,
            AccountProblem::Session(SessionProblem::Ended | SessionProblem::SignedOut)
                | AccountProblem::Door { fault: desk::front_door::Fault::Unauthenticated, .. }
        );
        let problem = Problem::from(problem);
        if has_ended {
            {
                let mut state = self.state();
                // Another lake came into use meanwhile, or another sign-in: that one has not ended.
                if !state.lake.as_ref().is_some_and(|lake| lake.is_used_by(account)) {
                    return problem;
                }
                state.forget_content();
                state.session = Standing::signed_out(Some(problem.clone()));
            }
            self.tell_overview();
        }
        problem
    }

    fn vault(&self) -> Vault {
        match &self.options.session_file {
            Some(file) => Vault::File(file.clone()),
            None => Vault::Keyring,
        }
    }
}

impl State {
    /// Lets go of everything that was read from the lake.
    fn forget_content(&mut self) {
        self.lists.clear();
        self.last_today = None;
    }

    fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }
}

/// Adds to a bounded map; the oldest makes room.
fn keep<T>(kept: &mut BTreeMap<u32, T>, id: u32, value: T, most: usize) {
    kept.insert(id, value);
    while kept.len() > most {
        kept.pop_first();
    }
}
