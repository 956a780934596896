//! The users of a local lake: the sample users, with the rights that their Cognito attributes would give them.

use std::sync::Arc;

use argon2::Argon2;
use aws_lc_rs::constant_time;
use lake::{Fault, Source};
use rusqlite::params;
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::database::Database;
use crate::randomness::{Randomness, random_bytes, random_uuid};

/// The table of users: who had which `sub`, so that it stays the same for as long as the data folder lives.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS users (
    username TEXT NOT NULL PRIMARY KEY,
    subject  TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;";

/// How sample users sign in.
#[derive(Clone, Debug)]
pub enum SampleUsers {
    /// There are none: nobody can sign in.
    None,
    /// By one click on the login page. They have no password that anybody knows.
    OneClick,
    /// With this password, the same for all of them.
    Password(Secret),
}

/// One user of the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name to sign in with, an e-mail address.
    pub username: String,
    /// The stable id, a UUID: Cognito's `sub`.
    pub subject: String,
    /// `custom:read`: the institution whose messages the user may read.
    pub read: Option<Source>,
    /// `custom:write`: the institution in whose name the user may send.
    pub write: Option<Source>,
}

/// The users of one lake.
#[derive(Clone)]
pub struct Users {
    users: Arc<[User]>,
    password: Option<Arc<PasswordHash>>,
}

impl Users {
    /// The users of this data folder; those met for the first time get their `sub` now. With a password given this
    /// takes some ten milliseconds: it is hashed, and only the hash is kept, in memory.
    pub async fn open(
        database: &Database,
        samples: SampleUsers,
        randomness: &dyn Randomness,
    ) -> Result<Self, Fault> {
        let password = match &samples {
            SampleUsers::None => return Ok(Self { users: Arc::from([]), password: None }),
            SampleUsers::OneClick => None,
            SampleUsers::Password(password) => {
                Some(Arc::new(PasswordHash::of(password, random_bytes(randomness)?)?))
            }
        };
        let mut users = Vec::new();
        for (username, read, write) in SAMPLES {
            let subject = subject_of(database, username, random_uuid(randomness)?).await?;
            let right = |name: &str| Source::parse(name).ok();
            users.push(User {
                username: username.to_owned(),
                subject,
                read: read.and_then(right),
                write: write.and_then(right),
            });
        }
        Ok(Self { users: users.into(), password })
    }

    /// All of them, in the order in which they are shown.
    pub fn all(&self) -> &[User] {
        &self.users
    }

    /// The user of this name; capitals do not matter, as in an e-mail address.
    pub fn named(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username.eq_ignore_ascii_case(username.trim()))
    }

    /// The user of this `sub`.
    pub fn of_subject(&self, subject: &str) -> Option<&User> {
        self.users.iter().find(|user| user.subject == subject)
    }

    /// The hash of the password to be asked for; `None` where one click signs in.
    pub(crate) fn password(&self) -> Option<Arc<PasswordHash>> {
        self.password.clone()
    }
}

/// The hash of a password: Argon2id, 19 MiB, two passes (RFC 9106; the OWASP password storage cheat sheet).
pub(crate) struct PasswordHash {
    salt: [u8; 16],
    hash: Zeroizing<[u8; 32]>,
}

impl PasswordHash {
    pub(crate) fn of(password: &Secret, salt: [u8; 16]) -> Result<Self, Fault> {
        Ok(Self { salt, hash: hash(password, &salt)? })
    }

    /// Whether this is the password. Slow on purpose: call it where blocking is allowed.
    pub(crate) fn matches(&self, password: &Secret) -> Result<bool, Fault> {
        let tried = hash(password, &self.salt)?;
        Ok(constant_time::verify_slices_are_equal(tried.as_slice(), self.hash.as_slice()).is_ok())
    }
}

fn hash(password: &Secret, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let mut hash = Zeroizing::new([0; 32]);
    Argon2::default()
        .hash_password_into(password.expose().as_bytes(), salt, hash.as_mut_slice())
        .map_err(|error| Fault::Refused { part: "the password hash", reason: error.to_string() })?;
    Ok(hash)
}

async fn subject_of(database: &Database, username: &'static str, fresh: String) -> Result<String, Fault> {
    database
        .write(move |connection| {
            connection.execute(
                "INSERT INTO users (username, subject) VALUES (?1, ?2) ON CONFLICT (username) DO NOTHING",
                params![username, fresh],
            )?;
            connection.query_row("SELECT subject FROM users WHERE username = ?1", params![username], |row| {
                row.get(0)
            })
        })
        .await
}

/// Name, `custom:read`, `custom:write`.
const SAMPLES: [(&str, Option<&str>, Option<&str>); 4] = [
    ("admin@example.com", Some("my_hospital_123"), Some("my_hospital_123")),
    ("reader@example.com", Some("my_hospital_123"), None),
    ("writer@example.com", None, Some("my_hospital_123")),
    ("other@example.com", Some("other_clinic_456"), Some("other_clinic_456")),
];

#[cfg(test)]
mod tests;
