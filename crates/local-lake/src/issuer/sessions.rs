use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lake::Fault;

use super::{Issuer, fingerprint};

/// How long a browser stays signed in at the issuer, in seconds.
const LIFETIME: i64 = 15 * 60;
/// Most browsers at once; of more, the oldest give way.
const MOST: usize = 1024;

/// Who signed in with a browser, and when.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) subject: String,
    pub(super) auth_time: i64,
}

/// The browsers that are signed in, under the hash of their cookie.
#[derive(Default)]
pub(super) struct Sessions {
    sessions: HashMap<[u8; 32], Session>,
}

impl Issuer {
    /// The session that a browser's cookie stands for.
    pub(super) fn session_of(&self, headers: &HeaderMap) -> Option<Session> {
        let cookie = self.cookie_of(headers)?;
        let now = self.now();
        self.sessions(|known| {
            known.sessions.get(&cookie).filter(|session| now < session.auth_time + LIFETIME).cloned()
        })
    }

    /// Begins a session; answers the `Set-Cookie` header for it.
    pub(super) fn begin_session(&self, subject: &str) -> Result<String, Fault> {
        let secret = self.random_bytes::<32>()?;
        let now = self.now();
        let session = Session { subject: subject.to_owned(), auth_time: now };
        self.sessions(|known| {
            known.sessions.retain(|_, session| now < session.auth_time + LIFETIME);
            if known.sessions.len() >= MOST {
                let oldest =
                    known.sessions.iter().min_by_key(|(_, session)| session.auth_time).map(|(key, _)| *key);
                oldest.and_then(|key| known.sessions.remove(&key));
            }
            known.sessions.insert(fingerprint(&secret), session);
        });
        let value = URL_SAFE_NO_PAD.encode(secret);
        Ok(format!("{}={value}; Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Lax", self.cookie_name()))
    }

    /// Ends a browser's session; answers the `Set-Cookie` header that clears the cookie.
    pub(super) fn end_session(&self, headers: &HeaderMap) -> String {
        if let Some(cookie) = self.cookie_of(headers) {
            self.sessions(|known| known.sessions.remove(&cookie));
        }
        format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", self.cookie_name())
    }

    /// The hash of the cookie's value.
    fn cookie_of(&self, headers: &HeaderMap) -> Option<[u8; 32]> {
        let name = self.cookie_name();
        let value = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))?;
        Some(fingerprint(&URL_SAFE_NO_PAD.decode(value).ok()?))
    }

    /// Cookies know no ports: with the port in its name, two lakes on one computer do not end each other's sessions.
    fn cookie_name(&self) -> String {
        let port = self.issuer_url().rsplit(':').next().unwrap_or_default();
        let digits: String = port.chars().filter(char::is_ascii_digit).collect();
        format!("lake_session_{digits}")
    }
}
