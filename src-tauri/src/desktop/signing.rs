//! Signing in and out, and the idle lock.

use std::sync::Arc;
use std::time::Duration;

use desk::account::{Account, AccountProblem};
use desk::audit::Action;
use desk::idle;
use desk::session::{Prompt, SIGN_IN_LIMIT, SessionProblem, SignedIn, Vault};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Desktop, State};
use crate::view::{Kept, Problem, Rights, SessionView};

/// How often it is looked whether the screen is to be locked, at least.
const LOOK_AGAIN: Duration = Duration::from_secs(20);
/// How often a sign-in service that did not answer is asked again who is signed in.
const ASK_AGAIN: Duration = Duration::from_secs(15);

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) enum Standing {
    /// The keyring is being asked.
    Looking,
    /// Nobody, as far as can be told: whether a session goes on that is kept here is asked again while `unreached`.
    SignedOut { problem: Option<Problem>, unreached: bool },
    /// Somebody.
    SignedIn { user: String, rights: Rights, kept: Kept },
    /// Somebody, and the screen is locked.
    Locked { user: String, problem: Option<Problem> },
}

impl Standing {
    /// Nobody; why, if that is to be told.
    pub(super) fn signed_out(problem: Option<Problem>) -> Self {
        Self::SignedOut { problem, unreached: false }
    }
}

/// A sign-in that waits for the browser.
pub(super) struct SigningIn {
    until: Timestamp,
    /// Where to go, if no browser could be opened.
    address: Option<Url>,
    cancel: CancellationToken,
}

impl Desktop {
    /// Signs in, or unlocks.
    pub(crate) async fn sign_in(&self) -> Result<(), Problem> {
        self.sign_in_with(Prompt::IfNeeded).await
    }

    /// Signs in as somebody else: a browser that remembers who is signed in asks all the same.
    pub(crate) async fn sign_in_as_another(&self) -> Result<(), Problem> {
        self.sign_in_with(Prompt::Login).await
    }

    async fn sign_in_with(&self, prompt: Prompt) -> Result<(), Problem> {
        let (account, prompt, cancel) = self.begin_to_sign_in(prompt)?;
        self.tell_overview();
        let show = |address: &Url| {
            if let Err(reason) = self.window.browse(address) {
                tracing::info!(reason, "no browser could be opened");
                let mut state = self.state();
                if let Some(signing_in) = &mut state.signing_in {
                    signing_in.address = Some(address.clone());
                }
                drop(state);
                self.tell_overview();
            }
            Ok::<(), std::convert::Infallible>(())
        };
        let signed_in = tokio::select! {
            signed_in = account.session.sign_in(prompt, show) => signed_in,
            () = cancel.cancelled() => Err(SessionProblem::Cancelled),
        };
        self.state().signing_in = None;
        let ended = self.take_sign_in(&account, signed_in).await;
        self.tell_overview();
        if ended.is_ok() {
            self.window.come_forward();
        }
        ended
    }

    /// Gives up a sign-in that is under way.
    pub(crate) async fn cancel_sign_in(&self) -> Result<(), Problem> {
        if let Some(signing_in) = &self.state().signing_in {
            signing_in.cancel.cancel();
        }
        Ok(())
    }

    /// Signs out here, at the sign-in service and in the browser.
    pub(crate) async fn sign_out(&self) -> Result<(), Problem> {
        let account = self.any_account()?;
        // At once: whatever else takes long or fails, nothing of the lake is shown any more.
        {
            let mut state = self.state();
            state.forget_content();
            state.session = Standing::signed_out(None);
            state.signing_out = true;
        }
        self.tell_overview();
        let ended = self.end_session(&account).await;
        {
            let mut state = self.state();
            state.signing_out = false;
            // Another lake may have been chosen meanwhile.
            if let Err(problem) = &ended
                && state.lake.as_ref().is_some_and(|lake| lake.is_used_by(&account))
            {
                state.session = Standing::signed_out(Some(problem.clone()));
            }
        }
        self.tell_overview();
        Ok(())
    }

    /// What of it did not work is told where the steward then is.
    async fn end_session(&self, account: &Arc<Account>) -> Result<(), Problem> {
        // One that waits in the browser must not sign in again behind the steward's back.
        self.cancel_sign_in().await?;
        let stopped = self.submitting.use_account(None).await;
        let subject = account.session.known_subject().await;
        let signed_out = account.session.sign_out().await;
        let recorded = account.record_as(subject, Action::SignOut, String::new()).await;
        let (page, told) = signed_out?;
        if let Some(page) = page
            && let Err(reason) = self.window.browse(&page)
        {
            tracing::info!(reason, "the browser was not told of the sign-out");
        }
        told.map_err(|problem| not_told(&problem))?;
        stopped?;
        recorded.map_err(Problem::from)
    }

    /// Locks the screen.
    pub(crate) async fn lock(&self) -> Result<(), Problem> {
        let account = self.any_account()?;
        // The mark outlives the program: a start after a kill is locked too.
        account.session.lock()?;
        if let Err(problem) = self.lock_other_lakes(&account) {
            self.note(problem);
        }
        {
            let mut state = self.state();
            let Standing::SignedIn { user, .. } = &state.session else { return Ok(()) };
            state.session = Standing::Locked { user: user.clone(), problem: None };
            state.idle.lock();
            state.forget_content();
        }
        self.tell_overview();
        Ok(())
    }

    /// Nobody gets around the lock by way of another lake whose session is kept on this computer.
    fn lock_other_lakes(&self, locked: &Account) -> Result<(), Problem> {
        let others = self.options.home.lakes()?.into_iter().filter(|lake| lake.name != locked.name);
        for other in others {
            Account::open(&self.options.home, Some(&other.name), self.vault())?.session.lock()?;
        }
        Ok(())
    }

    /// The steward did something: the idle lock waits anew. If they come too late, it locks at the next look.
    pub(crate) async fn touched(&self) -> Result<(), Problem> {
        self.state().idle.touched(Timestamp::now());
        self.idle_changed.notify_one();
        Ok(())
    }

    /// Locks the screen when nobody did anything for as long as the settings say. Runs as long as the desktop.
    pub(super) async fn lock_when_idle(self: Arc<Self>) {
        loop {
            let now = Timestamp::now();
            let (is_over, deadline) = {
                let mut state = self.state();
                match state.session {
                    Standing::SignedIn { .. } => {
                        // Not only `JustLocked`: that is told once, and it may have been a touch that came too late.
                        (state.idle.look(now) != idle::Standing::Open, state.idle.deadline())
                    }
                    _ => (false, None),
                }
            };
            if !is_over {
                let left = deadline.map(|deadline| deadline.duration_since(now).unsigned_abs());
                // A computer that sleeps does not count time: it is looked again at least so often.
                let pause = left.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.idle_changed.notified() => {}
                }
                continue;
            }
            if let Err(problem) = self.lock().await {
                // Rather nobody signed in than content on an unwatched screen.
                {
                    let mut state = self.state();
                    state.forget_content();
                    state.session = Standing::signed_out(Some(problem));
                }
                self.tell_overview();
            }
        }
    }

    /// Finds out who is signed in with this account, without asking anybody for anything.
    pub(super) async fn look_who(&self, account: &Arc<Account>) -> Result<(), Problem> {
        let kept = kept(account).await;
        let found = account.signed_in().await;
        let is_locked = account.session.is_locked();
        let standing = match found {
            Ok(signed_in) if is_locked => Standing::Locked { user: name(&signed_in), problem: None },
            Ok(signed_in) => signed_in_as(&signed_in, kept),
            // What a keyring that cannot be used means is told beside it.
            Err(AccountProblem::Session(SessionProblem::SignedOut | SessionProblem::Keyring { .. })) => {
                Standing::signed_out(None)
            }
            Err(problem) => {
                let unreached = matches!(
                    problem,
                    AccountProblem::Session(
                        SessionProblem::IssuerUnreachable { .. }
                            | SessionProblem::Busy
                            | SessionProblem::Clock { .. }
                    )
                );
                Standing::SignedOut { problem: Some(problem.into()), unreached }
            }
        };
        let sends = matches!(standing, Standing::SignedIn { .. } | Standing::Locked { .. });
        {
            let mut state = self.state();
            // Another lake came into use meanwhile, or somebody signed in: that is the newer word.
            let is_newest = state.lake.as_ref().is_some_and(|lake| lake.is_used_by(account))
                && matches!(state.session, Standing::Looking | Standing::SignedOut { unreached: true, .. })
                && state.signing_in.is_none();
            if !is_newest {
                return Ok(());
            }
            state.session = standing;
            if is_locked {
                state.idle.lock();
            } else {
                state.idle.unlock(Timestamp::now());
            }
        }
        self.idle_changed.notify_one();
        self.submitting.use_account(sends.then(|| Arc::clone(account))).await?;
        Ok(())
    }

    /// While it cannot be told whether a session that is kept here goes on, because nobody answers: asks again. Runs as long
    /// as the desktop.
    pub(super) async fn look_who_again(self: Arc<Self>) {
        loop {
            tokio::time::sleep(ASK_AGAIN).await;
            let account = {
                let state = self.state();
                let is_open = matches!(state.session, Standing::SignedOut { unreached: true, .. });
                state.lake.as_ref().and_then(|lake| lake.account.clone()).filter(|_| is_open)
            };
            let Some(account) = account else { continue };
            if let Err(problem) = self.look_who(&account).await {
                self.note(problem);
            }
            self.tell_overview();
        }
    }

    /// The account, whoever is or is not signed in.
    pub(super) fn any_account(&self) -> Result<Arc<Account>, Problem> {
        let account = self.state().lake.as_ref().and_then(|lake| lake.account.clone());
        account.ok_or_else(Problem::no_lake)
    }

    fn begin_to_sign_in(&self, prompt: Prompt) -> Result<(Arc<Account>, Prompt, CancellationToken), Problem> {
        let account = self.any_account()?;
        let mut state = self.state();
        if state.signing_out {
            return Err(Problem::new(
                "signing-out",
                "The sign-out is not finished",
                "What is being sent is brought to a stop first.",
                "Try again in a moment.",
                crate::view::NextStep::SignIn,
            ));
        }
        if state.signing_in.is_some() {
            return Err(Problem::new(
                "signing-in",
                "A sign-in is under way",
                "The browser shows the sign-in page.",
                "Finish it there, or cancel it here.",
                crate::view::NextStep::Nothing,
            ));
        }
        let until = Timestamp::now().saturating_add(SIGN_IN_LIMIT).unwrap_or(Timestamp::MAX);
        let cancel = CancellationToken::new();
        state.signing_in = Some(SigningIn { until, address: None, cancel: cancel.clone() });
        let is_locked = matches!(state.session, Standing::Locked { .. });
        let prompt = if is_locked { Prompt::Login } else { prompt };
        Ok((account, prompt, cancel))
    }

    async fn take_sign_in(
        &self,
        account: &Arc<Account>,
        signed_in: Result<SignedIn, SessionProblem>,
    ) -> Result<(), Problem> {
        let (signed_in, kept) = match signed_in {
            Ok(signed_in) => (signed_in, kept(account).await),
            // Not kept, but it holds in memory.
            Err(
                problem @ (SessionProblem::Keyring { .. }
                | SessionProblem::File { .. }
                | SessionProblem::Vault { .. }),
            ) => match account.session.signed_in().await {
                Ok(signed_in) => (signed_in, Kept::Memory { problem: problem.into() }),
                Err(_) => return Err(self.sign_in_failed(account, problem)),
            },
            Err(problem) => return Err(self.sign_in_failed(account, problem)),
        };
        account.record(Action::SignIn, String::new()).await.map_err(Problem::from)?;
        // Its readers must not go on with the credentials of whoever was signed in before.
        let fresh = Arc::new(account.anew());
        {
            let mut state = self.state();
            let lake = state.lake.as_mut().filter(|lake| lake.is_used_by(account));
            // Another lake came into use meanwhile: whoever is signed in there is somebody else.
            let Some(lake) = lake else { return Err(SessionProblem::Cancelled.into()) };
            lake.account = Some(Arc::clone(&fresh));
            // What somebody else may have read is not for whoever signed in now.
            state.forget_content();
            if account.session.is_locked() {
                // It was begun before the screen was locked, and may have asked nobody.
                state.session = Standing::Locked { user: name(&signed_in), problem: None };
                state.idle.lock();
            } else {
                state.session = signed_in_as(&signed_in, kept);
                state.idle.unlock(Timestamp::now());
            }
        }
        self.idle_changed.notify_one();
        self.submitting.use_account(Some(fresh)).await?;
        Ok(())
    }

    fn sign_in_failed(&self, account: &Arc<Account>, problem: SessionProblem) -> Problem {
        let cancelled = matches!(problem, SessionProblem::Cancelled);
        let problem = Problem::from(problem);
        let told = Some(problem.clone()).filter(|_| !cancelled);
        let mut state = self.state();
        if !state.lake.as_ref().is_some_and(|lake| lake.is_used_by(account)) {
            return problem;
        }
        match &mut state.session {
            Standing::Locked { problem, .. } | Standing::SignedOut { problem, .. } => *problem = told,
            Standing::Looking => state.session = Standing::signed_out(told),
            Standing::SignedIn { .. } => {}
        }
        problem
    }
}

/// The session has ended here, and its sign-in service does not know.
pub(super) fn not_told(problem: &SessionProblem) -> Problem {
    Problem::new(
        "not-revoked",
        "You are signed out on this computer only",
        format!("The sign-in service was not told: {problem}."),
        "When it can be reached again, sign in and out once more, or tell the lake's administrator.",
        crate::view::NextStep::SignIn,
    )
}

impl State {
    pub(super) fn session_view(&self) -> SessionView {
        let until = self.signing_in.as_ref().map(|signing_in| signing_in.until.to_string());
        let address = self.signing_in.as_ref().and_then(|signing_in| signing_in.address.as_ref());
        let address = address.map(Url::to_string);
        match (&self.session, until) {
            (Standing::Locked { user, problem }, until) => {
                SessionView::Locked { user: user.clone(), problem: problem.clone(), until, address }
            }
            (_, Some(until)) => SessionView::SigningIn { until, address },
            (Standing::Looking, None) => SessionView::Looking,
            (Standing::SignedOut { problem, unreached }, None) => SessionView::SignedOut {
                problem: problem.clone(),
                unreached: *unreached,
                keyring: self.lake.as_ref().and_then(|lake| lake.keyring.clone()),
            },
            (Standing::SignedIn { user, rights, kept }, None) => {
                SessionView::SignedIn { user: user.clone(), rights: rights.clone(), kept: kept.clone() }
            }
        }
    }
}

/// Where this account's session is kept.
async fn kept(account: &Account) -> Kept {
    match account.session.vault() {
        Vault::Keyring => match Vault::probe_keyring().await {
            Ok(()) => Kept::Keyring,
            Err(problem) => Kept::Memory { problem: problem.into() },
        },
        Vault::File(_) => Kept::Keyring,
        Vault::Memory => Kept::Memory {
            problem: SessionProblem::Vault { reason: "it is held in memory only".to_owned() }.into(),
        },
    }
}

fn signed_in_as(signed_in: &SignedIn, kept: Kept) -> Standing {
    let right = |source: &Option<lake::Source>| source.as_ref().map(ToString::to_string);
    let rights = Rights { reads: right(&signed_in.claims.read), writes: right(&signed_in.claims.write) };
    Standing::SignedIn { user: name(signed_in), rights, kept }
}

fn name(signed_in: &SignedIn) -> String {
    signed_in.user.clone().unwrap_or_else(|| signed_in.claims.subject.clone())
}
