//! Which lake: the one on this computer, or one somewhere else.

use std::sync::Arc;

use ::lake::Profile;
use desk::account::{self, Account};
use desk::connect::{self, ConnectProblem};
use desk::drops::DropId;
use desk::home::{KnownLake, LOCAL};
use desk::session::{SessionProblem, Vault};
use local_lake::users::SampleUsers;
use local_lake::{LocalLake, Started};
use url::Url;

use super::signing::{Standing, not_told};
use super::{Desktop, OFFERS, keep};
use crate::view::{LakeOffer, LakeRow, LakeStanding, LakeView, Problem};

/// The lake in use.
pub(super) struct Lake {
    pub(super) known: KnownLake,
    pub(super) standing: LakeStanding,
    pub(super) account: Option<Arc<Account>>,
    /// Why sessions cannot be kept on this computer.
    pub(super) keyring: Option<Problem>,
}

impl Desktop {
    /// Starts or joins the lake on this computer and uses it.
    pub(crate) async fn practise(&self) -> Result<(), Problem> {
        self.unlocked()?;
        self.open_local().await
    }

    async fn open_local(&self) -> Result<(), Problem> {
        let profile = self.start_local().await?;
        self.options.home.save_profile(LOCAL, profile)?;
        self.open_lake(LOCAL).await
    }

    /// Looks at the lake at an address.
    pub(crate) async fn look_at_lake(&self, given: String) -> Result<LakeOffer, Problem> {
        self.unlocked()?;
        let given = given.trim();
        // A file is read only when the steward dropped or chose it: paths do not come from the web view.
        if !Url::parse(given).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(ConnectProblem::NotAnAddress { given: given.to_owned() }.into());
        }
        self.look_at(given).await
    }

    async fn look_at(&self, given: &str) -> Result<LakeOffer, Problem> {
        let offer = connect::look(&self.options.home, given).await?;
        let mut state = self.state();
        let id = state.next_id();
        let view = LakeOffer {
            id,
            title: offer.profile.name.clone(),
            host: offer.host.clone(),
            sign_in_host: offer.issuer_host.clone(),
            practice: offer.practice,
            changes: offer.changed.iter().map(in_words).collect(),
            known: offer.known_as.is_some(),
        };
        keep(&mut state.offers, id, offer, OFFERS);
        Ok(view)
    }

    /// Looks at the lake that a dropped or chosen file describes.
    pub(crate) async fn look_at_dropped_lake(&self, chosen: u32) -> Result<LakeOffer, Problem> {
        self.unlocked()?;
        let Some(path) = self.state().drops.only_file(DropId(chosen)) else {
            return Err(Problem::new(
                "not-one-file",
                "One file describes a lake",
                "More than one was given, or it was left for too long.",
                "Drop the one stack outputs file that the lake's administrator gave you.",
                crate::view::NextStep::Nothing,
            ));
        };
        self.look_at(&path.display().to_string()).await
    }

    /// Accepts a lake that was looked at, and uses it.
    pub(crate) async fn accept_lake(&self, offer: u32) -> Result<(), Problem> {
        self.unlocked()?;
        let accepted = self.state().offers.get(&offer).cloned();
        let accepted = accepted.ok_or_else(|| Problem::gone("lake's description"))?;
        let name = connect::accept(&self.options.home, &accepted, None)?;
        self.open_lake(&name).await?;
        // Not before: what failed can be tried again.
        self.state().offers.remove(&offer);
        Ok(())
    }

    /// Uses a known lake.
    pub(crate) async fn use_lake(&self, name: String) -> Result<(), Problem> {
        self.unlocked()?;
        self.go_to(&name).await
    }

    async fn go_to(&self, name: &str) -> Result<(), Problem> {
        if name == LOCAL { self.open_local().await } else { self.open_lake(name).await }
    }

    /// Forgets a lake, and ends the session with it.
    pub(crate) async fn forget_lake(&self, name: String) -> Result<(), Problem> {
        self.unlocked()?;
        let is_in_use = self.state().lake.as_ref().is_some_and(|lake| lake.known.name == name);
        if is_in_use {
            self.leave_lake().await?;
            self.state().session = Standing::signed_out(None);
        }
        let forgotten = account::forget(&self.options.home, &name, self.vault()).await;
        self.tell_overview();
        match forgotten? {
            None => {}
            // What a locked one keeps is still there.
            Some(problem @ SessionProblem::Keyring { .. }) => self.note(problem.into()),
            Some(problem) => self.note(not_told(&problem)),
        }
        Ok(())
    }

    /// Tries again to start or reach the lake in use.
    pub(crate) async fn start_lake_again(&self) -> Result<(), Problem> {
        let name =
            self.state().lake.as_ref().map(|lake| lake.known.name.clone()).ok_or_else(Problem::no_lake)?;
        self.go_to(&name).await
    }

    /// At the start: the lake used last, if there is one.
    pub(super) async fn go_on(self: Arc<Self>, last: Option<String>) {
        let ended = match last {
            Some(name) => self.use_lake_at_start(&name).await,
            None => {
                self.state().session = Standing::signed_out(None);
                Ok(())
            }
        };
        if let Err(problem) = ended {
            let mut state = self.state();
            state.session = Standing::signed_out(None);
            match &mut state.lake {
                Some(lake) => lake.standing = LakeStanding::Failed { problem },
                None => state.notes.push(problem),
            }
        }
        self.tell_overview();
    }

    async fn use_lake_at_start(&self, name: &str) -> Result<(), Problem> {
        let standing = if name == LOCAL { LakeStanding::Starting } else { LakeStanding::Ready };
        let known = self.known(name)?;
        self.state().lake = Some(Lake { known, standing, account: None, keyring: None });
        self.tell_overview();
        self.go_to(name).await
    }

    /// Makes a saved lake the one in use and finds out who is signed in there.
    async fn open_lake(&self, name: &str) -> Result<(), Problem> {
        let home = &self.options.home;
        // First what may be refused: who names a lake that is not known stays where they are.
        home.use_profile(name)?;
        let account = Arc::new(Account::open(home, Some(name), self.vault()).map_err(Problem::from)?);
        // What takes long is asked while the lake before is still in use: no moment shows a window without any.
        let keyring = match account.session.vault() {
            Vault::Keyring => Vault::probe_keyring().await.err().map(Problem::from),
            _ => None,
        };
        let known = self.known(name)?;
        self.leave_lake().await?;
        let standing = LakeStanding::Ready;
        self.state().lake = Some(Lake { known, standing, account: Some(Arc::clone(&account)), keyring });
        self.tell_overview();
        self.look_who(&account).await?;
        self.tell_overview();
        Ok(())
    }

    fn known(&self, name: &str) -> Result<KnownLake, Problem> {
        let known = self.options.home.lakes()?.into_iter().find(|known| known.name == name);
        known.ok_or_else(Problem::no_lake)
    }

    /// Stops working with the lake in use; nobody is signed out.
    async fn leave_lake(&self) -> Result<(), Problem> {
        self.cancel_sign_in().await?;
        self.submitting.use_account(None).await?;
        let mut state = self.state();
        state.forget_content();
        state.lake = None;
        state.session = Standing::Looking;
        Ok(())
    }

    /// The lake on this computer, run by this process unless another one does.
    async fn start_local(&self) -> Result<Profile, Problem> {
        let mut local = self.local.lock().await;
        if let Some(running) = local.as_ref() {
            return Ok(running.profile().clone());
        }
        let options = |port| local_lake::Options {
            data: self.options.home.join("lake"),
            port,
            samples: SampleUsers::OneClick,
        };
        let started = match LocalLake::start(options(self.options.port)).await {
            // Another program has the usual ports: any free ones will do.
            Err(local_lake::StartProblem::Port(_)) => LocalLake::start(options(0)).await,
            other => other,
        };
        match started? {
            Started::Ours(lake) => {
                let profile = lake.profile().clone();
                *local = Some(lake);
                Ok(profile)
            }
            Started::Joined(there) => Ok(connect::connect(&there.lake).await?),
        }
    }
}

impl Lake {
    /// Whether this account is the one in use.
    pub(super) fn is_used_by(&self, account: &Arc<Account>) -> bool {
        self.account.as_ref().is_some_and(|used| Arc::ptr_eq(used, account))
    }

    pub(super) fn view(&self) -> LakeView {
        let KnownLake { name, lake, host, issuer_host, is_practice, .. } = self.known.clone();
        let standing = self.standing.clone();
        LakeView { name, title: lake, practice: is_practice, host, sign_in_host: issuer_host, standing }
    }
}

pub(super) fn row(known: KnownLake, current: Option<&str>) -> LakeRow {
    let current = current == Some(known.name.as_str());
    LakeRow { name: known.name, title: known.lake, practice: known.is_practice, host: known.host, current }
}

fn in_words(change: &connect::Change) -> String {
    let told = |value: &str| if value.is_empty() { "nothing".to_owned() } else { value.to_owned() };
    format!("{}: was {}, is now {}", change.what, told(&change.before), told(&change.now))
}
