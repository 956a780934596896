//! The pages that a browser shows: plain HTML without script. All values are escaped by the template language.

use std::sync::LazyLock;

use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::fingerprint;
use crate::users::User;

/// What the login page shows.
pub(super) struct Login<'a> {
    pub(super) lake_name: &'a str,
    pub(super) issuer_url: &'a str,
    pub(super) users: &'a [User],
    pub(super) password_needed: bool,
    pub(super) redirect_uri: &'a str,
    pub(super) hidden: &'a [(&'static str, String)],
    pub(super) username: &'a str,
    pub(super) notice: Option<Notice>,
}

/// Why the page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Name or password was left empty.
    Incomplete,
    /// Name or password is wrong; which of the two is not told.
    Wrong,
    /// One click, but by nobody of this lake.
    NoSuchUser,
    /// Too many wrong passwords.
    Paused {
        /// Until the next may be tried.
        seconds: i64,
    },
    /// The page was open for too long, or the lake was started anew since.
    Stale,
}

/// The login page, or the same page again with what went wrong.
pub(super) fn login(login: &Login<'_>) -> Response {
    let status = match login.notice {
        None => StatusCode::OK,
        Some(Notice::Paused { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let title = if login.notice.is_some() { "Error: sign in" } else { "Sign in" };
    let content = html! {
        h1 { "Sign in" }
        p.lead { "to " strong { (login.lake_name) } " at " span.code { (login.issuer_url) } }
        @if let Some(notice) = login.notice { (error_summary(notice, login.password_needed)) }
        @if login.users.is_empty() {
            p { "This lake has no users: it was started without the sample users. Start it again without "
                span.code { "--no-samples" } " to sign in." }
        }
        form method="post" action="/login" {
            @for (name, value) in login.hidden { input type="hidden" name=(name) value=(value); }
            @if login.password_needed { (password_fields(login)) } @else { (one_click(login.users)) }
            p.cancel { button.quiet type="submit" name="cancel" value="yes" formnovalidate { "Cancel and go back" } }
        }
        @if login.password_needed { (sample_list(login.users)) }
    };
    let mut response = respond(status, title, &content, Some(login.redirect_uri));
    if let Some(Notice::Paused { seconds }) = login.notice {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A page for what cannot go on.
pub(super) fn problem(status: StatusCode, heading: &str, reason: &str, next_step: &str) -> Response {
    respond(status, heading, &html! { h1 { (heading) } p { (reason) } p { (next_step) } }, None)
}

/// The lake cannot answer now.
pub(super) fn unavailable() -> Response {
    let mut response = problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "The lake cannot answer now",
        "It is busy, or its data folder cannot be written.",
        "Go back and try again in a moment.",
    );
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

/// Where sign-out ends.
pub(super) fn signed_out(lake_name: &str) -> Response {
    let content = html! {
        h1 { "You are signed out" }
        p { "This browser is no longer signed in to " strong { (lake_name) } "." }
        p { "You can close this window." }
    };
    respond(StatusCode::OK, "Signed out", &content, None)
}

/// Sends the browser elsewhere; nobody keeps the answer, for it may carry a code.
pub(super) fn redirect(status: StatusCode, uri: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(uri) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "This sign-in cannot go on",
            "The address to return to cannot be written.",
            "Close this window, and start again from the program that you want to sign in to.",
        );
    };
    let mut response = status.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    guard(response.headers_mut(), None);
    response
}

fn password_fields(login: &Login<'_>) -> Markup {
    let wrong = matches!(login.notice, Some(Notice::Wrong | Notice::Incomplete));
    let described = wrong.then_some("problem");
    html! {
        label for="username" { "E-mail address" }
        input #username name="username" type="text" inputmode="email" autocomplete="username" autocapitalize="none"
            spellcheck="false" required maxlength="254" value=(login.username) aria-invalid=[wrong.then_some("true")]
            aria-describedby=[described] autofocus[login.notice.is_none() && login.username.is_empty()];
        label for="password" { "Password" }
        input #password name="password" type="password" autocomplete="current-password" required
            aria-invalid=[wrong.then_some("true")] aria-describedby=[described]
            autofocus[login.notice.is_none() && !login.username.is_empty()];
        button.main type="submit" { "Sign in" }
    }
}

fn one_click(users: &[User]) -> Markup {
    html! {
        @if !users.is_empty() {
            fieldset {
                legend { "Choose a sample user" }
                p.hint { "This lake is for practice, on this computer only. One click signs you in, for the institution shown." }
                @for (place, user) in users.iter().enumerate() {
                    button.user type="submit" name="username" value=(user.username) autofocus[place == 0] {
                        (about(user))
                    }
                }
            }
        }
    }
}

fn sample_list(users: &[User]) -> Markup {
    html! {
        section aria-labelledby="samples" {
            h2 #samples { "Sample users of this lake" }
            p.hint { "With institution and rights. All have the password that the lake was started with." }
            ul { @for user in users { li { (about(user)) } } }
        }
    }
}

/// Name, institution and rights of a user, in plain words.
fn about(user: &User) -> Markup {
    let rights: &[_] = match (&user.read, &user.write) {
        (Some(read), Some(write)) if read == write => &[("reads and sends for ", Some(read))],
        (Some(read), Some(write)) => &[("reads for ", Some(read)), ("sends for ", Some(write))],
        (Some(read), None) => &[("only reads, for ", Some(read))],
        (None, Some(write)) => &[("only sends, for ", Some(write))],
        (None, None) => &[("has no rights", None)],
    };
    html! {
        span.name { (user.username) }
        @for (right, source) in rights {
            span.rights { (right) @if let Some(source) = source { span.code { (source.as_str()) } } }
        }
    }
}

fn error_summary(notice: Notice, password_needed: bool) -> Markup {
    let field = match notice {
        Notice::Incomplete | Notice::Wrong if password_needed => Some("#username"),
        _ => None,
    };
    let text = match notice {
        Notice::Incomplete => "Enter your e-mail address and your password.".to_owned(),
        Notice::Wrong => "The e-mail address or the password is not right.".to_owned(),
        Notice::NoSuchUser => "Choose one of the users below.".to_owned(),
        Notice::Paused { seconds } => {
            format!("Too many wrong passwords for this user. Wait {}, then try again.", in_words(seconds))
        }
        Notice::Stale => "This page was open for too long. Please sign in once more.".to_owned(),
    };
    html! {
        div.problem role="alert" tabindex="-1" autofocus aria-labelledby="problem-heading" {
            h2 #problem-heading { "There is a problem" }
            p #problem { @if let Some(field) = field { a href=(field) { (text) } } @else { (text) } }
        }
    }
}

fn in_words(seconds: i64) -> String {
    match (seconds, (seconds + 59) / 60) {
        (1, _) => "1 second".to_owned(),
        (..=90, _) => format!("{seconds} seconds"),
        (_, minutes) => format!("{minutes} minutes"),
    }
}

fn respond(status: StatusCode, title: &str, content: &Markup, returns_to: Option<&str>) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Lake Steward" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    p.brand { (mark()) "Lake Steward" }
                    (content)
                }
            }
        }
    };
    let mut response = (status, Html(page.into_string())).into_response();
    guard(response.headers_mut(), returns_to);
    response
}

/// Three waves.
fn mark() -> Markup {
    html! {
        svg width="28" height="28" viewBox="0 0 28 28" aria-hidden="true" focusable="false" {
            @for (class, top) in [("one", 8), ("two", 14), ("three", 20)] {
                path class=(class) d=(format!("M3 {top}c3.7-4 7.3-4 11 0s7.3 4 11 0")) {}
            }
        }
    }
}

/// What keeps the page to itself: no script, no frame, no cache, nothing from elsewhere.
fn guard(headers: &mut HeaderMap, returns_to: Option<&str>) {
    // Browsers hold redirects after a form to `form-action` too, so where the client listens must be named.
    let target = returns_to
        .and_then(|uri| url::Url::parse(uri).ok())
        .map(|uri| format!(" {}", uri.origin().ascii_serialization()))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'{target}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: browsers would then hide the form's origin from us as well.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

const STYLE: &str = include_str!("page.css");
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(fingerprint(STYLE.as_bytes())));
