use std::time::Duration;

use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lake::Fault;

use super::Issuer;
use super::attempts::Paused;
use super::page::{self, Notice};
use super::parameters::Parameters;
use super::request::AuthorizationRequest;
use super::sessions::Session;
use crate::credentials::Secret;
use crate::users::User;

/// How long a login page may stay open before its form is sent, in seconds.
const FORM_LIFETIME: i64 = 60 * 60;
/// How long a sign-in waits for its turn to have a password checked.
const HASHING_LIMIT: Duration = Duration::from_secs(10);
/// No password is longer, in bytes.
const LONGEST_PASSWORD: usize = 1024;

/// `GET /login`: the page, for the authorization request in the query.
pub(super) async fn show(State(issuer): State<Issuer>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    match AuthorizationRequest::read(&parameters, issuer.settings()) {
        Ok(request) => issuer.login_page(&request, request.login_hint.as_deref(), None),
        Err(refusal) => refusal.into_response(),
    }
}

/// `POST /login`: the form sent back.
pub(super) async fn sign_in(State(issuer): State<Issuer>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Parameters::parse(&body);
    let request = match AuthorizationRequest::read(&form, issuer.settings()) {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    if !issuer.is_own_page(&headers) {
        return page::problem(
            StatusCode::FORBIDDEN,
            "This sign-in was refused",
            "It was sent from another web page, not from this lake's login page.",
            "Close this window, and start again from the program that you want to sign in to.",
        );
    }
    let username = form.only("username").unwrap_or_default();
    if !issuer.is_own_form(&request, form.only("csrf").unwrap_or_default()) {
        return issuer.login_page(&request, Some(username), Some(Notice::Stale));
    }
    if form.only("cancel").is_some() {
        return page::redirect(StatusCode::SEE_OTHER, &request.error("access_denied", "the user cancelled"));
    }
    let password = Secret::new(form.only("password").unwrap_or_default().to_owned());
    match issuer.authenticate(username, password).await {
        Ok(Ok(user)) => issuer.signed_in(&request, &user).unwrap_or_else(|_| page::unavailable()),
        Ok(Err(notice)) => issuer.login_page(&request, Some(username), Some(notice)),
        Err(_) => page::unavailable(),
    }
}

impl Issuer {
    fn login_page(
        &self,
        request: &AuthorizationRequest,
        username: Option<&str>,
        notice: Option<Notice>,
    ) -> Response {
        let mut hidden = request.parameters();
        hidden.push(("csrf", self.form_seal(request, self.now() + FORM_LIFETIME)));
        page::login(&page::Login {
            lake_name: &self.0.settings.lake_name,
            issuer_url: self.issuer_url(),
            users: self.0.users.all(),
            password_needed: self.0.users.password().is_some(),
            redirect_uri: &request.redirect_uri,
            hidden: &hidden,
            username: username.unwrap_or_default(),
            notice,
        })
    }

    /// Begins the browser's session and returns to the client with a code.
    fn signed_in(&self, request: &AuthorizationRequest, user: &User) -> Result<Response, Fault> {
        let session = Session { subject: user.subject.clone(), auth_time: self.now() };
        let uri = self.code_for(request, &session)?;
        let cookie = self.begin_session(&user.subject)?;
        // 303, so that no browser sends the password on (RFC 9700, 4.12).
        let mut response = page::redirect(StatusCode::SEE_OTHER, &uri);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// The user, if this is one, with the right password where one is needed; else what to tell on the page.
    async fn authenticate(&self, username: &str, password: Secret) -> Result<Result<User, Notice>, Fault> {
        let user = self.0.users.named(username).cloned();
        let Some(hash) = self.0.users.password() else {
            return Ok(user.ok_or(Notice::NoSuchUser));
        };
        if username.trim().is_empty() || password.expose().is_empty() {
            return Ok(Err(Notice::Incomplete));
        }
        if password.expose().len() > LONGEST_PASSWORD {
            return Ok(Err(Notice::Wrong));
        }
        let counted = user.as_ref().map(|user| user.username.clone()).unwrap_or_default();
        let now = self.now();
        if let Err(Paused { seconds }) = self.attempts(|attempts| attempts.begin(&counted, now)) {
            return Ok(Err(Notice::Paused { seconds }));
        }
        let busy =
            || Fault::Unavailable { part: "the login page", reason: "too many sign-ins at once".to_owned() };
        let turn = tokio::time::timeout(HASHING_LIMIT, self.0.hashing.acquire()).await.map_err(|_| busy())?;
        // An unknown user costs the same time as a wrong password: names cannot be probed by the clock.
        let checked = tokio::task::spawn_blocking(move || hash.matches(&password)).await;
        drop(turn);
        match (checked.map_err(|_| busy())??, user) {
            (true, Some(user)) => {
                self.attempts(|attempts| attempts.succeeded(&counted));
                Ok(Ok(user))
            }
            _ => Ok(Err(Notice::Wrong)),
        }
    }

    /// What ties a form to this lake, its request and a time. A web page elsewhere can neither read it from the login
    /// page nor make it, so it cannot sign a browser in unseen; and unlike a cookie it asks nothing of plain clients.
    fn form_seal(&self, request: &AuthorizationRequest, ends: i64) -> String {
        let mut sealed = ends.to_be_bytes().to_vec();
        sealed.extend_from_slice(hmac::sign(&self.0.forms, &form_text(request, ends)).as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    fn is_own_form(&self, request: &AuthorizationRequest, seal: &str) -> bool {
        let Ok(sealed) = URL_SAFE_NO_PAD.decode(seal) else { return false };
        let Some((ends, tag)) = sealed.split_first_chunk::<8>() else { return false };
        let ends = i64::from_be_bytes(*ends);
        self.now() < ends && hmac::verify(&self.0.forms, &form_text(request, ends), tag).is_ok()
    }

    /// Whether the browser, where it says so, sends the form from this issuer's own page (Fetch standard, `Origin` and
    /// `Sec-Fetch-Site`).
    fn is_own_page(&self, headers: &HeaderMap) -> bool {
        let is = |name: &str, wanted: &str| headers.get(name).is_none_or(|value| value == wanted);
        is("origin", self.issuer_url()) && is("sec-fetch-site", "same-origin")
    }
}

/// The request with each part's length before it, so that no two requests read the same.
fn form_text(request: &AuthorizationRequest, ends: i64) -> Vec<u8> {
    let mut text = ends.to_be_bytes().to_vec();
    for (name, value) in request.parameters() {
        for part in [name, value.as_str()] {
            text.extend_from_slice(&part.len().to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
    }
    text
}
