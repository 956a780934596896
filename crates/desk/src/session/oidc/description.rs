//! What an issuer says of itself (OpenID Connect Discovery 1.0), believed only as far as it cannot lead a code or a token
//! astray.

use lake::Profile;
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use serde::Deserialize;
use url::Url;

use super::call::{Http, deepest};
use crate::session::SessionProblem;

/// An issuer's own description, with its keys.
pub(super) struct Description {
    /// Endpoints and keys.
    pub(super) provider: CoreProviderMetadata,
    /// Where refresh tokens are revoked (RFC 8414, section 2), if anywhere.
    pub(super) revocation: Option<Url>,
    /// For further calls.
    pub(super) http: Http,
}

/// The field that Discovery itself does not know.
#[derive(Deserialize)]
struct Beyond {
    revocation_endpoint: Option<Url>,
}

impl Description {
    /// Reads it, and the keys that it names.
    pub(super) async fn read(profile: &Profile) -> Result<Self, SessionProblem> {
        let lost =
            |reason: String| SessionProblem::IssuerUnreachable { issuer: profile.issuer.clone(), reason };
        let address = address_of(profile).ok_or_else(|| strange("its address is none"))?;
        let http = Http::new(&address).map_err(|error| lost(deepest(&error)))?;
        let answer = http.get(address.as_str()).await.map_err(|error| lost(deepest(&error)))?;
        if !answer.status().is_success() {
            return Err(lost(format!("it answered {} where it should describe itself", answer.status())));
        }
        let unreadable = |_| strange("what it says of itself cannot be read");
        let provider: CoreProviderMetadata = serde_json::from_slice(answer.body()).map_err(unreadable)?;
        let beyond: Beyond = serde_json::from_slice(answer.body()).map_err(unreadable)?;
        if provider.issuer().as_str() != profile.issuer {
            return Err(strange(&format!("it calls itself {}", provider.issuer().as_str())));
        }
        let sound = |url: &Url| is_sound(url, &address);
        let token = provider.token_endpoint().map(|token| token.url());
        let urls = [Some(provider.authorization_endpoint().url()), token, Some(provider.jwks_uri().url())];
        if let Some(url) = urls.into_iter().flatten().find(|url| !sound(url)) {
            return Err(strange(&format!("{url} is not encrypted")));
        }
        let call = |request| http.clone().call(request);
        let keys = CoreJsonWebKeySet::fetch_async(provider.jwks_uri(), &call).await;
        let keys = keys.map_err(|error| lost(deepest(&error)))?;
        let revocation = beyond.revocation_endpoint.filter(sound);
        Ok(Self { provider: provider.set_jwks(keys), revocation, http })
    }
}

/// Where an issuer describes itself: at its own address, or under the same path where the lake's profile says that it is
/// played on this computer.
fn address_of(profile: &Profile) -> Option<Url> {
    let issuer = Url::parse(&profile.issuer).ok()?;
    let base = match &profile.endpoints.cognito_idp {
        Some(endpoint) => format!("{}{}", endpoint.trim_end_matches('/'), issuer.path()),
        None => profile.issuer.clone(),
    };
    Url::parse(&format!("{}/.well-known/openid-configuration", base.trim_end_matches('/'))).ok()
}

/// Where codes and tokens go must be encrypted, or on this computer as the description itself.
fn is_sound(url: &Url, described_at: &Url) -> bool {
    url.scheme() == "https" || (crate::is_loopback(described_at) && crate::is_loopback(url))
}

fn strange(reason: &str) -> SessionProblem {
    SessionProblem::IssuerAnswer { reason: reason.to_owned() }
}
