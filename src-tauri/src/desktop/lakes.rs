//! Which lake: the one on this computer, or one somewhere else.

use std::sync::Arc;

use ::lake::Profile;
use desk::account::Account;
use desk::connect;
use desk::home::Profiles;
use desk::is_loopback;
use desk::session::Vault;
use local_lake::users::SampleUsers;
use local_lake::{LocalLake, Started};
use url::Url;

use super::signing::Standing;
use super::{Desktop, OFFERS, keep};
use crate::view::{LakeOffer, LakeRow, LakeStanding, LakeView, Problem};

/// The name under which the lake on this computer is saved, here and by the command line.
const LOCAL: &str = "local";

/// The lake in use.
pub(super) struct Lake {
    pub(super) name: String,
    pub(super) profile: Profile,
    pub(super) standing: LakeStanding,
    pub(super) account: Option<Arc<Account>>,
    /// Why sessions cannot be kept on this computer.
    pub(super) keyring: Option<Problem>,
}

impl Desktop {
    /// Starts or joins the lake on this computer and uses it.
    pub(crate) async fn practise(&self) -> Result<(), Problem> {
        let profile = self.start_local().await?;
        self.options.home.save_profile(LOCAL, profile)?;
        self.open_lake(LOCAL).await
    }

    /// Looks at the lake at an address.
    pub(crate) async fn look_at_lake(&self, given: String) -> Result<LakeOffer, Problem> {
        let offer = connect::look(&self.options.home, given.trim()).await?;
        let mut state = self.state();
        let id = state.next_id();
        let view = LakeOffer {
            id,
            title: offer.profile.name.clone(),
            host: offer.host.clone(),
            sign_in_host: offer.issuer_host.clone(),
            practice: offer.practice,
            changes: offer.changes.clone(),
            known: offer.known,
        };
        keep(&mut state.offers, id, offer, OFFERS);
        Ok(view)
    }

    /// Looks at the lake that a dropped or chosen file describes.
    pub(crate) async fn look_at_dropped_lake(&self, chosen: u32) -> Result<LakeOffer, Problem> {
        let paths = self.state().drops.take(chosen).ok_or_else(|| Problem::gone("file"))?;
        let Some(path) = paths.first().filter(|_| paths.len() == 1) else {
            return Err(Problem::new(
                "not-one-file",
                "One file describes a lake",
                format!("{} files were given.", paths.len()),
                "Drop the one stack outputs file that the lake's administrator gave you.",
                crate::view::NextStep::Nothing,
            ));
        };
        self.look_at_lake(path.display().to_string()).await
    }

    /// Accepts a lake that was looked at, and uses it.
    pub(crate) async fn accept_lake(&self, offer: u32) -> Result<(), Problem> {
        let offer = self.state().offers.remove(&offer).ok_or_else(|| Problem::gone("lake's description"))?;
        let name = connect::accept(&self.options.home, offer)?;
        self.open_lake(&name).await
    }

    /// Uses a known lake.
    pub(crate) async fn use_lake(&self, name: String) -> Result<(), Problem> {
        if name == LOCAL { self.practise().await } else { self.open_lake(&name).await }
    }

    /// Forgets a lake.
    pub(crate) async fn forget_lake(&self, name: String) -> Result<(), Problem> {
        self.options.home.forget_profile(&name)?;
        let is_in_use = self.state().lake.as_ref().is_some_and(|lake| lake.name == name);
        if is_in_use {
            self.leave_lake().await?;
        }
        self.tell_overview();
        Ok(())
    }

    /// Tries again to start or reach the lake in use.
    pub(crate) async fn start_lake_again(&self) -> Result<(), Problem> {
        let name = self.state().lake.as_ref().map(|lake| lake.name.clone()).ok_or_else(Problem::no_lake)?;
        self.use_lake(name).await
    }

    /// At the start: the lake used last, if there is one.
    pub(super) async fn go_on(self: Arc<Self>) {
        let last = self.options.home.profiles().ok().and_then(|profiles| profiles.last);
        let ended = match last {
            Some(name) => self.use_lake_at_start(&name).await,
            None => {
                self.state().session = Standing::SignedOut { problem: None };
                Ok(())
            }
        };
        if let Err(problem) = ended {
            let mut state = self.state();
            state.session = Standing::SignedOut { problem: None };
            match &mut state.lake {
                Some(lake) => lake.standing = LakeStanding::Failed { problem },
                None => state.notes.push(problem),
            }
        }
        self.tell_overview();
    }

    async fn use_lake_at_start(&self, name: &str) -> Result<(), Problem> {
        let (name, profile) = self.options.home.profile(Some(name))?;
        let is_local = name == LOCAL;
        self.state().lake = Some(Lake {
            name: name.clone(),
            profile,
            standing: if is_local { LakeStanding::Starting } else { LakeStanding::Ready },
            account: None,
            keyring: None,
        });
        self.tell_overview();
        self.use_lake(name).await
    }

    /// Makes a saved lake the one in use and finds out who is signed in there.
    async fn open_lake(&self, name: &str) -> Result<(), Problem> {
        self.leave_lake().await?;
        let home = &self.options.home;
        home.use_profile(name)?;
        let account = Arc::new(Account::open(home, Some(name), self.vault()).map_err(Problem::from)?);
        let keyring = match account.session.vault() {
            Vault::Keyring => Vault::probe_keyring().await.err().map(Problem::from),
            _ => None,
        };
        self.state().lake = Some(Lake {
            name: name.to_owned(),
            profile: account.profile().clone(),
            standing: LakeStanding::Ready,
            account: Some(Arc::clone(&account)),
            keyring,
        });
        self.tell_overview();
        self.look_who(&account).await?;
        self.tell_overview();
        Ok(())
    }

    /// Stops working with the lake in use; nobody is signed out.
    async fn leave_lake(&self) -> Result<(), Problem> {
        self.cancel_sign_in().await?;
        self.submitting.use_account(None).await?;
        let mut state = self.state();
        state.lists.clear();
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
    pub(super) fn view(&self) -> LakeView {
        LakeView {
            name: self.name.clone(),
            title: self.profile.name.clone(),
            practice: is_practice(&self.profile),
            host: host(&self.profile.endpoints.front_door),
            sign_in_host: host(&self.profile.issuer),
            standing: self.standing.clone(),
        }
    }
}

pub(super) fn rows(profiles: &Profiles, current: Option<&str>) -> Vec<LakeRow> {
    let row = |(name, profile): (&String, &Profile)| LakeRow {
        name: name.clone(),
        title: profile.name.clone(),
        practice: is_practice(profile),
        host: host(&profile.endpoints.front_door),
        current: current == Some(name),
    };
    profiles.lakes.iter().map(row).collect()
}

/// A lake on this computer is for practice: nobody else can send to it.
fn is_practice(profile: &Profile) -> bool {
    Url::parse(&profile.endpoints.front_door).is_ok_and(|url| is_loopback(&url))
}

fn host(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return address.to_owned() };
    let host = url.host_str().unwrap_or(address);
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
