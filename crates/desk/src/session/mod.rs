//! A steward's session with one lake: sign-in in the system's browser, renewal under a lock that every program of this
//! user shares, sign-out. Tokens are [`Secret`]s and leave this module only towards the lake.

mod oidc;
mod redirect;
mod vault;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lake::{Claims, Clock, Profile};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::home::Home;
use crate::secret::Secret;
pub use oidc::SignedIn;
use oidc::{Issuer, Renewed};
use redirect::Redirect;
use vault::KeptSession;
pub use vault::Vault;

/// How long a steward may take to sign in.
pub const SIGN_IN_LIMIT: Duration = Duration::from_secs(5 * 60);
/// A token that ends sooner is renewed first.
const RENEW_BEFORE: i64 = 120;
/// How long another program may hold the lock while it renews.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionProblem {
    /// Nobody is signed in.
    #[error("nobody is signed in to this lake. Sign in first (`steward sign-in`)")]
    SignedOut,
    /// The issuer will not renew.
    #[error("the sign-in has ended. Sign in again (`steward sign-in`)")]
    Ended,
    /// Every registered port is in use.
    #[error(
        "the ports that the browser could come back to are all in use ({ports}). Close the program that uses them, or another sign-in, and try again"
    )]
    PortsTaken {
        /// The ports.
        ports: String,
    },
    /// Nobody signed in in time.
    #[error("nobody signed in within {minutes} minutes. Try again")]
    TimedOut {
        /// How long was waited.
        minutes: u64,
    },
    /// The steward gave up.
    #[error("the sign-in was cancelled")]
    Cancelled,
    /// The issuer said no.
    #[error("the sign-in was refused ({reason}). Try again, or ask the lake's administrator")]
    Refused {
        /// The OAuth error code.
        reason: String,
    },
    /// No way to the issuer.
    #[error("the sign-in service {issuer} cannot be reached: {reason}")]
    IssuerUnreachable {
        /// Its address.
        issuer: String,
        /// What happened.
        reason: String,
    },
    /// The issuer's answer is not sound.
    #[error("the sign-in service's answer is not sound: {reason}")]
    IssuerAnswer {
        /// What is wrong with it.
        reason: String,
    },
    /// Time differs too much.
    #[error("this computer's clock is wrong: {off}. Set it, then sign in again")]
    Clock {
        /// By how much, in words.
        off: String,
    },
    /// No keyring.
    #[error("the system's keyring cannot be used: {reason}. Unlock it, or name a file with --session-file")]
    Keyring {
        /// What it said.
        reason: String,
    },
    /// No file.
    #[error("the session file {path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Could not be kept.
    #[error("the session cannot be kept: {reason}")]
    Vault {
        /// What is wrong.
        reason: String,
    },
    /// Somebody else signed in while something was being sent.
    #[error(
        "whoever is signed in now sends for {sends}, and this goes to {goes}. Sign in as somebody who sends for that (`steward sign-in`)"
    )]
    AnotherSender {
        /// For whom the sign-in sends.
        sends: String,
        /// For whom it was to be sent.
        goes: String,
    },
    /// Another program holds the lock.
    #[error("another program is renewing this sign-in and does not finish. Close it and try again")]
    Busy,
}

/// Whether the login page must be shown even to somebody whom the browser remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// As the issuer sees fit.
    IfNeeded,
    /// Always: after a sign-out and after the idle lock.
    Login,
}

/// A session with one lake. Cheap to share: all clones are one session.
pub struct Session<K>(Arc<Inner<K>>);

struct Inner<K> {
    profile: Profile,
    key: String,
    lock: PathBuf,
    vault: Vault,
    clock: K,
    issuer: OnceCell<Issuer>,
    current: Mutex<Option<SignedIn>>,
}

impl<K> Clone for Session<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clock> Session<K> {
    /// The session of this home with a lake; nothing is read or asked yet.
    pub fn new(home: &Home, profile: Profile, vault: Vault, clock: K) -> Self {
        // Two homes, or two lakes that had the same name at different times, never share a session.
        let key = format!("{} {} {}", profile.issuer, profile.client_id, home.path().display());
        let digest = er7::raw_digest(key.as_bytes()).to_string();
        let short = digest.get(..16).unwrap_or(&digest);
        let lock = home.join(&format!("session-{short}.lock"));
        let (issuer, current) = (OnceCell::new(), Mutex::new(None));
        Self(Arc::new(Inner { profile, key, lock, vault, clock, issuer, current }))
    }

    /// The lake.
    pub fn profile(&self) -> &Profile {
        &self.0.profile
    }

    /// Where the session is kept.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Signs in: `show` is given the address for the system's browser. Ends within [`SIGN_IN_LIMIT`]; dropping the
    /// future cancels and frees the port. After a sign-out and while [locked](Session::lock) the login page is always
    /// shown, and the answer must be of a fresh login. If the session cannot be kept
    /// ([`SessionProblem::Keyring`], [`SessionProblem::File`]) this fails, but the session holds in memory.
    pub async fn sign_in<E: std::fmt::Display>(
        &self,
        prompt: Prompt,
        show: impl FnOnce(&Url) -> Result<(), E>,
    ) -> Result<SignedIn, SessionProblem> {
        let this = &self.0;
        let issuer = this.issuer().await?;
        let redirect = Redirect::bind(&this.profile.redirect_uris).await?;
        let must_ask = this.signed_out_mark().exists() || this.locked_mark().exists();
        let prompt = if must_ask { Prompt::Login } else { prompt };
        let begun = issuer.begin(redirect.uri(), prompt);
        show(&begun.authorize_url)
            .map_err(|error| SessionProblem::Refused { reason: format!("no browser: {error}") })?;
        let code = redirect.answer(begun.state.secret(), &this.profile.issuer, SIGN_IN_LIMIT).await?;
        let signed_in = issuer.finish(begun, code, this.clock.now()).await?;
        let _held = this.hold().await?;
        // A sign-in that was not made to ask ends no lock that came meanwhile.
        if prompt == Prompt::Login {
            this.remove_mark(&this.signed_out_mark())?;
            this.remove_mark(&this.locked_mark())?;
        }
        *this.current.lock().await = Some(signed_in.clone());
        this.store(&signed_in).await?;
        Ok(signed_in)
    }

    /// An ID token that is good for at least two minutes, renewed if need be.
    pub async fn signed_in(&self) -> Result<SignedIn, SessionProblem> {
        if self.is_signed_out() {
            *self.0.current.lock().await = None;
            return Err(SessionProblem::SignedOut);
        }
        if let Some(current) = self.0.current.lock().await.as_ref().filter(|current| self.0.fresh(current)) {
            return Ok(current.clone());
        }
        self.renew(None).await
    }

    /// Renews although the token looks good: the lake has refused `stale`. If another program has renewed meanwhile,
    /// its token is taken.
    pub async fn renew_refused(&self, stale: &Secret) -> Result<SignedIn, SessionProblem> {
        self.renew(Some(stale.clone())).await
    }

    /// What the session may do, for people.
    pub async fn claims(&self) -> Result<Claims, SessionProblem> {
        Ok(self.signed_in().await?.claims)
    }

    /// Who is signed in, as the issuer numbers them; none if that cannot be told.
    pub async fn known_subject(&self) -> Option<String> {
        let current = self.0.current.lock().await.as_ref().map(|current| current.claims.subject.clone());
        match current {
            Some(subject) => Some(subject),
            None => self.signed_in().await.ok().map(|signed_in| signed_in.claims.subject),
        }
    }

    /// Signs out: clears what is kept, revokes at the issuer, and tells the logout page's address, so that the browser
    /// forgets too. An error means that not even this home knows of it, and that nothing has changed. Second: why the session may go on elsewhere, if it
    /// may: the issuer could not be reached, or what a locked keyring keeps could not be read.
    pub async fn sign_out(&self) -> Result<(Option<Url>, Result<(), SessionProblem>), SessionProblem> {
        let this = &self.0;
        // First: whatever else cannot be done, no program of this home goes on with it.
        this.leave_mark(&this.signed_out_mark())?;
        let _held = match this.hold().await {
            Ok(held) => held,
            // Who renews just now finds out by the mark; what they keep is cleared by the next sign-out.
            Err(problem) => {
                *this.current.lock().await = None;
                return Ok((this.logout_page(), Err(problem)));
            }
        };
        let (kept, unread) = match this.vault.load(&this.key).await {
            Ok(kept) => (kept, Ok(())),
            Err(problem) => (KeptSession::default(), Err(problem)),
        };
        let current = this.current.lock().await.take();
        let refresh_token = kept.refresh_token.or(current.and_then(|current| current.refresh_token));
        let cleared = this.vault.clear(&this.key).await;
        let ended = match refresh_token {
            // Once it is revoked, it does not matter what is still kept of it.
            Some(token) => match this.issuer().await {
                Ok(issuer) => issuer.revoke(&token).await,
                Err(problem) => Err(problem),
            },
            None => unread.and(cleared),
        };
        Ok((this.logout_page(), ended))
    }

    /// The idle lock: until the next [`Session::sign_in`], which then shows the login page, [`Session::is_locked`] says so
    /// to every program of this home, also after a restart. Tokens are renewed as before, so that handing messages over
    /// goes on; hiding the content is the window's task.
    pub fn lock(&self) -> Result<(), SessionProblem> {
        self.0.leave_mark(&self.0.locked_mark())
    }

    /// Whether somebody has signed out since the last sign-in, in this program or in another one of this home.
    pub fn is_signed_out(&self) -> bool {
        self.0.signed_out_mark().exists()
    }

    /// Whether the idle lock holds.
    pub fn is_locked(&self) -> bool {
        self.0.locked_mark().exists()
    }

    /// In a task of its own: an issuer that hands out a new refresh token takes the old one back, so that a renewal that
    /// was begun must be kept even if whoever wanted it has gone.
    async fn renew(&self, refused: Option<Secret>) -> Result<SignedIn, SessionProblem> {
        let this = Arc::clone(&self.0);
        let renewal = tokio::spawn(async move { this.renew(refused.as_ref()).await });
        renewal.await.map_err(|_| SessionProblem::Cancelled)?
    }
}

impl<K: Clock> Inner<K> {
    fn logout_page(&self) -> Option<Url> {
        let mut url = Url::parse(&self.profile.logout_url).ok()?;
        let back = self.profile.logout_uris.first()?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.profile.client_id)
            .append_pair("logout_uri", back);
        Some(url)
    }

    async fn renew(&self, refused: Option<&Secret>) -> Result<SignedIn, SessionProblem> {
        let _held = self.hold().await?;
        let usable = |signed_in: &SignedIn| {
            self.fresh(signed_in)
                && refused.is_none_or(|refused| refused.expose() != signed_in.id_token.expose())
        };
        let mut memory = self.current.lock().await;
        if let Some(current) = memory.as_ref().filter(|current| usable(current)) {
            return Ok(current.clone()); // renewed by another task while this one waited
        }
        let remembered = || memory.as_ref().and_then(|current| current.refresh_token.clone());
        let kept = match self.vault.load(&self.key).await {
            Ok(kept) if self.vault.lasts() => kept,
            Ok(_) => KeptSession { refresh_token: remembered(), id_token: None },
            // A keyring that has locked itself meanwhile does not end a session that is in memory.
            Err(problem) => match remembered() {
                Some(token) => KeptSession { refresh_token: Some(token), id_token: None },
                None => return Err(problem),
            },
        };
        let Some(old) = kept.refresh_token else {
            *memory = None; // another program has signed out
            return Err(SessionProblem::SignedOut);
        };
        let issuer = self.issuer().await?;
        if let Some(id_token) = &kept.id_token
            && let Some(found) = issuer.known(id_token, old.clone()).await.filter(usable)
        {
            return Ok(memory.insert(found).clone());
        }
        let Renewed { refresh_token, signed_in } = match issuer.refresh(&old, self.clock.now()).await {
            Err(SessionProblem::Ended) => {
                *memory = None;
                self.vault.clear(&self.key).await?;
                return Err(SessionProblem::Ended);
            }
            other => other?,
        };
        let refresh_token = refresh_token.unwrap_or(old);
        let mut signed_in = match signed_in {
            Ok(signed_in) => signed_in,
            // A clock that is wrong for a moment must not cost the session: the issuer takes the old token no more.
            Err(problem) => {
                if let Some(current) = memory.as_mut() {
                    current.refresh_token = Some(refresh_token.clone());
                }
                let kept = KeptSession { refresh_token: Some(refresh_token), id_token: None };
                self.vault.store(&self.key, &kept).await?;
                return Err(problem);
            }
        };
        signed_in.refresh_token = Some(refresh_token);
        *memory = Some(signed_in.clone());
        drop(memory);
        if let Err(problem) = self.store(&signed_in).await {
            tracing::warn!(%problem, "the renewed sign-in holds in this program only");
        }
        Ok(signed_in)
    }

    async fn store(&self, signed_in: &SignedIn) -> Result<(), SessionProblem> {
        let kept = KeptSession {
            refresh_token: signed_in.refresh_token.clone(),
            id_token: Some(signed_in.id_token.clone()),
        };
        self.vault.store(&self.key, &kept).await
    }

    /// There while signed out on purpose: the browser may still know the steward, so that the next sign-in must ask. Of each
    /// place where sessions are kept its own: files by name are for several users of one home.
    fn signed_out_mark(&self) -> PathBuf {
        let Vault::File(file) = &self.vault else { return self.lock.with_extension("signed-out") };
        let digest = er7::raw_digest(file.as_os_str().as_encoded_bytes()).to_string();
        self.lock.with_extension(format!("signed-out-{}", digest.get(..16).unwrap_or(&digest)))
    }

    /// There while the idle lock holds.
    fn locked_mark(&self) -> PathBuf {
        self.lock.with_extension("locked")
    }

    fn leave_mark(&self, mark: &Path) -> Result<(), SessionProblem> {
        crate::home::write_private(mark, b"").map_err(|error| lost_mark(mark, &error))
    }

    fn remove_mark(&self, mark: &Path) -> Result<(), SessionProblem> {
        match std::fs::remove_file(mark) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(lost_mark(mark, &error)),
            _ => Ok(()),
        }
    }

    fn fresh(&self, signed_in: &SignedIn) -> bool {
        signed_in.claims.expires_at.as_second() - self.clock.now().as_second() > RENEW_BEFORE
    }

    async fn issuer(&self) -> Result<&Issuer, SessionProblem> {
        self.issuer.get_or_try_init(|| Issuer::discover(&self.profile)).await
    }

    /// Takes the lock that all programs of this home share for this lake; let go when dropped.
    async fn hold(&self) -> Result<File, SessionProblem> {
        let path = self.lock.clone();
        let failed = |error: std::io::Error| SessionProblem::Vault {
            reason: format!("{}: {error}", self.lock.display()),
        };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let waiting = tokio::time::timeout(LOCK_LIMIT, async {
            let mut pause = Duration::from_millis(5);
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
                    Err(std::fs::TryLockError::Error(error)) => return Err(error),
                }
                pause = (pause * 2).min(Duration::from_millis(250));
            }
        });
        match waiting.await {
            Ok(taken) => taken.map_err(failed).map(|()| file),
            Err(_) => Err(SessionProblem::Busy),
        }
    }
}

fn lost_mark(mark: &Path, error: &std::io::Error) -> SessionProblem {
    SessionProblem::Vault { reason: format!("{}: {error}", mark.display()) }
}

/// The time as the system tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
