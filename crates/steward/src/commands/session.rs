//! `steward sign-in`, `sign-out` and `whoami`.

use clap::Args;
use desk::account::Account;
use desk::audit::Action;
use desk::session::{Prompt, SignedIn, Vault};
use serde_json::json;

use super::{Context, account, words};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};

/// Sign in to the lake in the system's browser
///
/// The sign-in is kept in the system's keyring, or in a file if you name one with --session-file, and renews itself.
#[derive(Args)]
#[command(after_help = "Examples:
  steward sign-in
  steward sign-in --no-browser                      prints the address to open, and waits
  steward sign-in --session-file ~/.steward-session where there is no keyring")]
pub(crate) struct SignIn {
    /// Print {"authorize_url":…} instead of opening a browser, and wait for the sign-in
    #[arg(long)]
    no_browser: bool,
}

/// Sign out: here, at the sign-in service and in the browser
///
/// The sign-in is revoked and forgotten; the next one shows the login page again.
#[derive(Args)]
#[command(after_help = "Examples:
  steward sign-out
  steward sign-out --no-browser     the logout page's address is shown, not opened")]
pub(crate) struct SignOut {
    /// Print the logout page's address instead of opening it
    #[arg(long)]
    no_browser: bool,
}

/// Show who is signed in, and what they may read and write
#[derive(Args)]
#[command(after_help = "Example:
  steward whoami --output json")]
pub(crate) struct Whoami {}

impl SignIn {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        let account = account::open(&context)?;
        // Said before anybody types a password, not after.
        if *account.session.vault() == Vault::Keyring {
            Vault::probe_keyring().await?;
        }
        let mut data = context.data();
        let show = |address: &url::Url| {
            if self.no_browser {
                data.object(&json!({ "authorize_url": address }))?;
                data.flush()?;
                context.say.note("Open this address in a browser on this computer, and sign in there.");
            } else {
                context
                    .say
                    .note(&format!("Sign in in the browser. If none opens, open this address:\n{address}"));
                if let Err(error) = open::that_detached(address.as_str()) {
                    context.say.detail(&format!("no browser: {error}"));
                }
            }
            Ok::<(), std::io::Error>(())
        };
        let signing_in = account.session.sign_in(Prompt::IfNeeded, show);
        let signed_in = tokio::select! {
            signed_in = signing_in => signed_in?,
            () = context.stop.asked() => return Ok(Ending::Stopped),
        };
        account.record(Action::SignIn, String::new()).await?;
        tell(&context, &account, &signed_in)?;
        Ok(Ending::AllWell)
    }
}

impl SignOut {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        let account = account::open(&context)?;
        let subject = account.session.known_subject().await;
        let (logout_page, revoked) = account.session.sign_out().await?;
        // Afterwards: nobody stays signed in because this cannot be written.
        let recorded = account.record_as(subject, Action::SignOut, String::new()).await;
        if let Err(problem) = &revoked {
            context.say.problem(&format!(
                "you are signed out here, but the sign-in service was not told: {problem}"
            ));
        }
        if let Some(page) = logout_page.as_ref().filter(|_| !self.no_browser)
            && let Err(error) = open::that_detached(page.as_str())
        {
            context.say.detail(&format!("no browser: {error}"));
        }
        let mut data = context.data();
        match data.format() {
            Format::Json => data.object(&json!({
                "signed_out": true, "revoked": revoked.is_ok(), "logout_url": logout_page,
            }))?,
            Format::Table => data.line(&format!("Signed out of {}.", account.name))?,
        }
        data.flush()?;
        recorded?;
        Ok(if revoked.is_ok() { Ending::AllWell } else { Ending::SomeFailed })
    }
}

impl Whoami {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        let account = account::open(&context)?;
        let signed_in = account.signed_in().await?;
        tell(&context, &account, &signed_in)?;
        Ok(Ending::AllWell)
    }
}

fn tell(context: &Context, account: &Account, signed_in: &SignedIn) -> Result<(), Halt> {
    let claims = &signed_in.claims;
    let user = signed_in.user.as_ref().unwrap_or(&claims.subject);
    let mut data = context.data();
    match data.format() {
        Format::Json => data.object(&json!({
            "user": user, "read": claims.read, "write": claims.write, "expires_at": claims.expires_at,
        }))?,
        Format::Table => {
            let right = |source: &Option<lake::Source>| {
                source.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
            };
            data.line(&format!("{user}, at {} ({})", account.profile().name, account.name))?;
            data.line(&format!("  reads   {}", right(&claims.read)))?;
            data.line(&format!("  writes  {}", right(&claims.write)))?;
            data.line(&format!("  until   {}, then renewed by itself", words::local(claims.expires_at)))?;
        }
    }
    data.flush()?;
    Ok(())
}
