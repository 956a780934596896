use axum::http::StatusCode;
use axum::response::Response;

use super::parameters::{Parameters, Repeated, with_query};
use super::scopes::Scopes;
use super::{CLIENT_ID, Settings, page};

/// An authorization request that may be answered (RFC 6749, 4.1.1; RFC 7636, 4.3; OpenID Connect Core 1.0, 3.1.2.1).
pub(super) struct AuthorizationRequest {
    pub(super) redirect_uri: String,
    pub(super) scopes: Scopes,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: String,
    pub(super) prompt: Prompt,
    /// The longest time since the user gave a password, in seconds.
    pub(super) max_age: Option<i64>,
    pub(super) login_hint: Option<String>,
}

/// Whether the user must be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    /// If need be.
    IfNeeded,
    /// Yes, even with a session.
    Always,
    /// In no case.
    Never,
}

/// Why a request is not answered with a code.
pub(super) enum Refusal {
    /// It is not certain whom an answer would reach: the user is told, nobody is redirected to.
    Stay(&'static str),
    /// The client is told (RFC 6749, 4.1.2.1).
    Return(String),
}

/// Beyond these lengths a parameter is no honest one, in bytes.
const LONGEST_STATE: usize = 2048;
const LONGEST_NONCE: usize = 512;
const LONGEST_HINT: usize = 254;

impl AuthorizationRequest {
    /// Reads and checks a request, first those parts without which no answer may leave this host.
    pub(super) fn read(parameters: &Parameters, settings: &Settings) -> Result<Self, Refusal> {
        let client = parameters.one("client_id").map_err(|_| Refusal::Stay(TWICE))?;
        if client != Some(CLIENT_ID) {
            return Err(Refusal::Stay("The program that sent you here is not registered with this lake."));
        }
        let given = parameters.one("redirect_uri").map_err(|_| Refusal::Stay(TWICE))?;
        let redirect_uri = given
            .and_then(|given| settings.redirect_uris.iter().find(|registered| *registered == given))
            .ok_or(Refusal::Stay(
                "The address to return to after signing in is not registered with this lake.",
            ))?;
        let state = parameters.one("state").ok().flatten().filter(|state| state.len() <= LONGEST_STATE);
        Self::read_rest(parameters, redirect_uri, state)
            .map_err(|problem| Refusal::Return(problem.redirect(redirect_uri, state)))
    }

    fn read_rest(parameters: &Parameters, redirect_uri: &str, state: Option<&str>) -> Result<Self, Problem> {
        let one = |name| parameters.one(name).map_err(|Repeated| invalid("a parameter came more than once"));
        if state != one("state")? {
            return Err(invalid("state is too long"));
        }
        if one("request")?.is_some() {
            return Err(Problem("request_not_supported", "request objects are not supported"));
        }
        if one("request_uri")?.is_some() {
            return Err(Problem("request_uri_not_supported", "request objects are not supported"));
        }
        match one("response_type")? {
            Some("code") => {}
            Some(_) => return Err(Problem("unsupported_response_type", "response_type must be code")),
            None => return Err(invalid("response_type is missing; it must be code")),
        }
        if one("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(invalid("response_mode must be query"));
        }
        let scopes = match one("scope")? {
            None => Scopes::all(),
            Some(text) => Scopes::parse(text)
                .ok_or(Problem("invalid_scope", "scope must be of openid, email and profile"))?,
        };
        let code_challenge = one("code_challenge")?.ok_or(invalid("code_challenge is missing (PKCE)"))?;
        if one("code_challenge_method")? != Some("S256") {
            return Err(invalid("code_challenge_method must be S256"));
        }
        if !is_s256(code_challenge) {
            return Err(invalid("code_challenge is not a SHA-256 in base64url"));
        }
        let nonce = one("nonce")?;
        if nonce.is_some_and(|nonce| nonce.len() > LONGEST_NONCE) {
            return Err(invalid("nonce is too long"));
        }
        let max_age = match one("max_age")?.map(str::parse::<i64>) {
            None => None,
            Some(Ok(seconds)) if seconds >= 0 => Some(seconds),
            Some(_) => return Err(invalid("max_age must be a number of seconds")),
        };
        Ok(Self {
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            state: state.map(str::to_owned),
            nonce: nonce.map(str::to_owned),
            code_challenge: code_challenge.to_owned(),
            prompt: prompt(one("prompt")?)?,
            max_age,
            login_hint: one("login_hint")?.filter(|hint| hint.len() <= LONGEST_HINT).map(str::to_owned),
        })
    }

    /// The request as parameters again, for the login page and its form. What says when to ask is left out: by then
    /// the user is asked.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("client_id", CLIENT_ID.to_owned()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("scope", self.scopes.to_string()),
            ("code_challenge", self.code_challenge.clone()),
            ("code_challenge_method", "S256".to_owned()),
        ];
        parameters.extend(self.state.clone().map(|state| ("state", state)));
        parameters.extend(self.nonce.clone().map(|nonce| ("nonce", nonce)));
        parameters
    }

    /// Where the answer goes, with the code.
    pub(super) fn answer(&self, code: &str) -> String {
        let mut answer = vec![("code", code)];
        answer.extend(self.state.as_deref().map(|state| ("state", state)));
        with_query(&self.redirect_uri, &answer)
    }

    /// Where an error goes.
    pub(super) fn error(&self, code: &'static str, words: &'static str) -> String {
        Problem(code, words).redirect(&self.redirect_uri, self.state.as_deref())
    }
}

impl Refusal {
    pub(super) fn into_response(self) -> Response {
        match self {
            Self::Stay(reason) => page::problem(
                StatusCode::BAD_REQUEST,
                "This sign-in cannot go on",
                reason,
                "Close this window, and start again from the program that you want to sign in to.",
            ),
            Self::Return(uri) => page::redirect(StatusCode::FOUND, &uri),
        }
    }
}

/// An error code of RFC 6749 (4.1.2.1) or OpenID Connect Core 1.0 (3.1.2.6), and words for the developer.
struct Problem(&'static str, &'static str);

impl Problem {
    fn redirect(&self, redirect_uri: &str, state: Option<&str>) -> String {
        let mut answer = vec![("error", self.0), ("error_description", self.1)];
        answer.extend(state.map(|state| ("state", state)));
        with_query(redirect_uri, &answer)
    }
}

const TWICE: &str = "The address that brought you here names something twice.";

fn invalid(words: &'static str) -> Problem {
    Problem("invalid_request", words)
}

fn prompt(given: Option<&str>) -> Result<Prompt, Problem> {
    let mut prompt = Prompt::IfNeeded;
    let values: Vec<_> = given.unwrap_or_default().split(' ').filter(|value| !value.is_empty()).collect();
    for value in &values {
        prompt = match *value {
            "none" if values.len() == 1 => Prompt::Never,
            "none" => return Err(invalid("prompt none stands alone")),
            "login" | "select_account" => Prompt::Always,
            "consent" => prompt, // there is one client, the lake's own: nothing to consent to
            _ => return Err(invalid("prompt must be none or login")),
        };
    }
    Ok(prompt)
}

/// 32 bytes in base64url without padding are 43 characters (RFC 7636, 4.2).
fn is_s256(challenge: &str) -> bool {
    challenge.len() == 43
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
