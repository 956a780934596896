//! OpenID Connect with the lake's issuer: discovery, authorization code with PKCE S256, refresh, revocation.
//! Every ID token is verified: signature by the issuer's keys, issuer, audience, time, and at sign-in the nonce
//! (OpenID Connect Core 1.0, section 3.1.3.7).

mod call;
mod description;

use jiff::Timestamp;
use lake::{Claims, Profile};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
    CoreIdTokenVerifier, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
    CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClaimsVerificationError, Client, ClientId, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims,
    IdTokenFields, IssuerUrl, JsonWebKeySetUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use tokio::sync::RwLock;
use url::Url;

use super::{Prompt, SIGN_IN_LIMIT, SessionProblem};
use crate::secret::Secret;
use call::{Http, deepest};
use description::Description;

/// By how many seconds this computer's clock and the issuer's may differ: what AWS allows its callers.
const CLOCK_TOLERANCE: i64 = 5 * 60;

/// Cognito's custom attributes as claims of the ID token.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct LakeClaims {
    #[serde(rename = "custom:read", default, skip_serializing_if = "Option::is_none")]
    read: Option<String>,
    #[serde(rename = "custom:write", default, skip_serializing_if = "Option::is_none")]
    write: Option<String>,
}

impl AdditionalClaims for LakeClaims {}

type LakeIdToken =
    IdToken<LakeClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type LakeIdTokenClaims = IdTokenClaims<LakeClaims, CoreGenderClaim>;
type Fields = IdTokenFields<
    LakeClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type LakeClient = Client<
    LakeClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What a sign-in or a refresh yields.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The ID token: what the front door and the identity pool take.
    pub id_token: Secret,
    /// For renewing; some issuers hand out a new one each time.
    pub refresh_token: Option<Secret>,
    /// What the ID token says, verified.
    pub claims: Claims,
    /// A name for people: the e-mail address or user name, if the issuer tells.
    pub user: Option<String>,
}

/// What the issuer handed out for a refresh token.
pub(super) struct Renewed {
    /// What renews from now on, if that is another one; the one before then renews no more.
    pub(super) refresh_token: Option<Secret>,
    /// What was signed in to, if it is sound and of this time.
    pub(super) signed_in: Result<SignedIn, SessionProblem>,
}

/// The lake's issuer, discovered.
pub(super) struct Issuer {
    client: LakeClient,
    http: Http,
    scopes: Vec<Scope>,
    client_id: String,
    issuer: IssuerUrl,
    /// Where refresh tokens are revoked, if anywhere.
    revocation: Option<Url>,
    keys_at: JsonWebKeySetUrl,
    /// They change while a program runs: an unknown one has them read again.
    keys: RwLock<CoreJsonWebKeySet>,
}

/// A sign-in that has been begun: what must come back, and what it is answered with.
pub(super) struct Begun {
    /// Where the browser goes.
    pub(super) authorize_url: Url,
    /// What the redirect must carry.
    pub(super) state: CsrfToken,
    prompt: Prompt,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
}

/// What a verified token says.
struct Told {
    signed_in: SignedIn,
    issued_at: Timestamp,
    /// When the steward typed the password, if the issuer tells.
    logged_in_at: Option<Timestamp>,
}

impl Issuer {
    /// Reads the issuer's discovery document and keys.
    pub(super) async fn discover(profile: &Profile) -> Result<Self, SessionProblem> {
        let Description { provider, revocation, http } = Description::read(profile).await?;
        let issuer = provider.issuer().clone();
        let keys_at = provider.jwks_uri().clone();
        let keys = RwLock::new(provider.jwks().clone());
        let client = Client::from_provider_metadata(provider, ClientId::new(profile.client_id.clone()), None);
        let scopes =
            profile.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new).collect();
        let client_id = profile.client_id.clone();
        Ok(Self { client, http, scopes, client_id, issuer, revocation, keys_at, keys })
    }

    /// Begins a sign-in: the address for the browser and the secrets to check what comes back.
    pub(super) fn begin(&self, redirect: &Url, prompt: Prompt) -> Begun {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let redirect = RedirectUrl::from_url(redirect.clone());
        let mut request = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_redirect_uri(std::borrow::Cow::Borrowed(&redirect))
            .set_pkce_challenge(challenge)
            .add_scopes(self.scopes.iter().cloned());
        if prompt == Prompt::Login {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        let (authorize_url, state, nonce) = request.url();
        Begun { authorize_url, state, prompt, nonce, verifier, redirect }
    }

    /// Exchanges the code that came back for tokens.
    pub(super) async fn finish(
        &self,
        begun: Begun,
        code: String,
        now: Timestamp,
    ) -> Result<SignedIn, SessionProblem> {
        let Begun { prompt, nonce, verifier, redirect, .. } = begun;
        let request = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| self.strange(&error.to_string()))?;
        let call = |request| self.http.clone().call(request);
        let tokens = request
            .set_redirect_uri(std::borrow::Cow::Owned(redirect))
            .set_pkce_verifier(verifier)
            .request_async(&call)
            .await
            .map_err(|error| self.refused(error))?;
        let ours = |told: Option<&Nonce>| {
            let same = told.is_some_and(|told| told.secret() == nonce.secret());
            if same { Ok(()) } else { Err("the answer belongs to another sign-in".to_owned()) }
        };
        let told = self.verified(&tokens, ours, now).await?;
        // Both times are the issuer's. One that passes the prompt over would let whoever sits there in by its own memory.
        let age = told.logged_in_at.map(|login| told.issued_at.duration_since(login).unsigned_abs());
        if prompt == Prompt::Login && age.is_some_and(|age| age > SIGN_IN_LIMIT) {
            return Err(self.strange("it did not ask for the password again, as it was told to"));
        }
        Ok(told.signed_in)
    }

    /// Renews by the refresh token. Whether the issuer refused it for good is told apart from being out of reach.
    pub(super) async fn refresh(
        &self,
        refresh_token: &Secret,
        now: Timestamp,
    ) -> Result<Renewed, SessionProblem> {
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let request =
            self.client.exchange_refresh_token(&token).map_err(|error| self.strange(&error.to_string()))?;
        let call = |request| self.http.clone().call(request);
        let tokens = request.request_async(&call).await.map_err(|error| self.refused(error))?;
        let refresh_token = tokens.refresh_token().map(|token| Secret::new(token.secret().clone()));
        let signed_in = self.verified(&tokens, any_nonce, now).await.map(|told| told.signed_in);
        Ok(Renewed { refresh_token, signed_in })
    }

    /// Revokes the refresh token (RFC 7009), where the issuer can.
    pub(super) async fn revoke(&self, refresh_token: &Secret) -> Result<(), SessionProblem> {
        let endpoint = self.revocation.clone().ok_or_else(|| {
            self.strange(
                "it offers no way to end a sign-in early, so that a copy of this one ends only with its time",
            )
        })?;
        let form = [("token", refresh_token.expose()), ("client_id", &self.client_id)];
        let status = self.http.post(endpoint, &form).await.map_err(|error| {
            SessionProblem::IssuerUnreachable { issuer: self.client_issuer(), reason: deepest(&error) }
        })?;
        if status.is_success() {
            Ok(())
        } else {
            Err(self.strange(&format!("it answered {status} to the sign-out")))
        }
    }

    /// An ID token that another program has kept, if it is sound and has not ended.
    pub(super) async fn known(&self, id_token: &Secret, refresh_token: Secret) -> Option<SignedIn> {
        let id_token = id_token.expose().parse::<LakeIdToken>().ok()?;
        self.read(&id_token, Some(refresh_token), any_nonce).await.ok().map(|told| told.signed_in)
    }

    /// What was issued just now, verified; its time must be this computer's.
    async fn verified<N>(&self, tokens: &Tokens, nonce: N, now: Timestamp) -> Result<Told, SessionProblem>
    where
        N: Fn(Option<&Nonce>) -> Result<(), String> + Copy,
    {
        let id_token = tokens.id_token().ok_or_else(|| self.strange("it gave no ID token"))?;
        let refresh_token = tokens.refresh_token().map(|token| Secret::new(token.secret().clone()));
        let told = self.read(id_token, refresh_token, nonce).await?;
        let ahead = now.as_second() - told.issued_at.as_second();
        if ahead.abs() > CLOCK_TOLERANCE || told.signed_in.claims.expires_at <= now {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            let off = format!("it is about {} minutes {side} the sign-in service's", ahead.abs() / 60);
            return Err(SessionProblem::Clock { off });
        }
        Ok(told)
    }

    /// Verifies a token and reads it.
    async fn read<N>(
        &self,
        id_token: &LakeIdToken,
        refresh_token: Option<Secret>,
        nonce: N,
    ) -> Result<Told, SessionProblem>
    where
        N: Fn(Option<&Nonce>) -> Result<(), String> + Copy,
    {
        let mut verified = self.claims_of(id_token, nonce).await;
        let unknown_key =
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey);
        if verified.as_ref().err() == Some(&unknown_key) {
            let call = |request| self.http.clone().call(request);
            let fresh = CoreJsonWebKeySet::fetch_async(&self.keys_at, &call).await;
            *self.keys.write().await = fresh.map_err(|error| self.strange(&deepest(&error)))?;
            verified = self.claims_of(id_token, nonce).await;
        }
        let claims = verified.map_err(|error| match error {
            ClaimsVerificationError::Expired(_) => {
                SessionProblem::Clock { off: "what was issued just now looks as if it had ended".to_owned() }
            }
            other => self.strange(&other.to_string()),
        })?;
        let time =
            |seconds| Timestamp::from_second(seconds).map_err(|error| self.strange(&error.to_string()));
        let expires_at = time(claims.expiration().timestamp())?;
        let issued_at = time(claims.issue_time().timestamp())?;
        let logged_in_at = claims.auth_time().map(|at| time(at.timestamp())).transpose()?;
        let lake = claims.additional_claims();
        let user = claims.email().map(|email| email.to_string());
        let user = user.or_else(|| claims.preferred_username().map(|name| name.to_string()));
        let signed_in = SignedIn {
            id_token: Secret::new(id_token.to_string()),
            refresh_token,
            claims: Claims {
                subject: claims.subject().to_string(),
                read: Claims::right(lake.read.as_deref()),
                write: Claims::right(lake.write.as_deref()),
                expires_at,
            },
            user,
        };
        Ok(Told { signed_in, issued_at, logged_in_at })
    }

    async fn claims_of<N>(
        &self,
        id_token: &LakeIdToken,
        nonce: N,
    ) -> Result<LakeIdTokenClaims, ClaimsVerificationError>
    where
        N: Fn(Option<&Nonce>) -> Result<(), String> + Copy,
    {
        let keys = self.keys.read().await.clone();
        let client_id = ClientId::new(self.client_id.clone());
        let verifier = CoreIdTokenVerifier::new_public_client(client_id, self.issuer.clone(), keys);
        id_token.claims(&verifier, nonce).cloned()
    }

    fn strange(&self, reason: &str) -> SessionProblem {
        SessionProblem::IssuerAnswer { reason: reason.to_owned() }
    }

    fn refused<E: std::error::Error + 'static>(
        &self,
        error: RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>,
    ) -> SessionProblem {
        match error {
            RequestTokenError::ServerResponse(answer) => match answer.error() {
                CoreErrorResponseType::InvalidGrant => SessionProblem::Ended,
                other => self.strange(&format!("it refused ({})", other.as_ref())),
            },
            RequestTokenError::Request(error) => {
                SessionProblem::IssuerUnreachable { issuer: self.client_issuer(), reason: deepest(&error) }
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                self.strange("its answer is not OAuth's")
            }
        }
    }

    fn client_issuer(&self) -> String {
        self.client.auth_uri().url().origin().ascii_serialization()
    }
}

/// At a renewal there is no nonce to compare (OpenID Connect Core 1.0, section 12.2).
fn any_nonce(_: Option<&Nonce>) -> Result<(), String> {
    Ok(())
}
