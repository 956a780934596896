use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lake::Fault;

use super::codes::Code;
use super::parameters::{Parameters, with_query};
use super::request::{AuthorizationRequest, Prompt};
use super::sessions::Session;
use super::{Issuer, fingerprint, page};

/// `GET /oauth2/authorize`: answers at once where the browser is signed in and nothing speaks against it, else sends
/// to the login page.
pub(super) async fn authorize(
    State(issuer): State<Issuer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let request = match AuthorizationRequest::read(&parameters, issuer.settings()) {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    let known = issuer.session_of(&headers).filter(|session| issuer.serves(session, &request));
    match (request.prompt, known) {
        (Prompt::IfNeeded | Prompt::Never, Some(session)) => match issuer.code_for(&request, &session) {
            Ok(uri) => page::redirect(StatusCode::FOUND, &uri),
            Err(_) => {
                page::redirect(StatusCode::FOUND, &request.error("server_error", "no code could be made"))
            }
        },
        (Prompt::Never, None) => {
            page::redirect(StatusCode::FOUND, &request.error("login_required", "the user must sign in"))
        }
        (Prompt::IfNeeded, None) | (Prompt::Always, _) => {
            page::redirect(StatusCode::FOUND, &login_address(&request))
        }
    }
}

/// The login page for a request.
pub(super) fn login_address(request: &AuthorizationRequest) -> String {
    let mut parameters = request.parameters();
    parameters.extend(request.login_hint.clone().map(|hint| ("login_hint", hint)));
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    with_query("/login", &parameters)
}

impl Issuer {
    /// Makes a code for a signed-in user; answers where it goes.
    pub(super) fn code_for(
        &self,
        request: &AuthorizationRequest,
        session: &Session,
    ) -> Result<String, Fault> {
        let secret = URL_SAFE_NO_PAD.encode(self.random_bytes::<32>()?);
        let code = Code {
            subject: session.subject.clone(),
            redirect_uri: request.redirect_uri.clone(),
            code_challenge: request.code_challenge.clone(),
            scopes: request.scopes.clone(),
            nonce: request.nonce.clone(),
            auth_time: session.auth_time,
            origin: self.random_uuid()?,
        };
        let now = self.now();
        self.codes(|codes| codes.add(fingerprint(secret.as_bytes()), code, now));
        Ok(request.answer(&secret))
    }

    /// Whether a session is recent enough for the request, and its user still one of this lake.
    fn serves(&self, session: &Session, request: &AuthorizationRequest) -> bool {
        let age = self.now() - session.auth_time;
        self.0.users.of_subject(&session.subject).is_some()
            && request.max_age.is_none_or(|longest| age <= longest && longest > 0)
    }
}
