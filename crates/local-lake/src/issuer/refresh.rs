use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lake::Fault;
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use super::fingerprint;
use super::scopes::Scopes;
use crate::credentials::Secret;
use crate::database::Database;

/// The table of refresh families: one sign-in each, whose refresh tokens follow one another. Of the tokens only hashes
/// are kept.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS refresh_families (
    family     BLOB NOT NULL PRIMARY KEY,
    origin     TEXT NOT NULL UNIQUE,
    subject    TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    auth_time  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    current    BLOB NOT NULL,
    previous   BLOB,
    salt       BLOB,
    rotated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refresh_families_of_subject ON refresh_families (subject, rotated_at);";

/// How long a sign-in can be refreshed, in seconds: 30 days, Cognito's default. Rotation does not prolong it.
const LIFETIME: i64 = 30 * 24 * 60 * 60;
/// How long the token before the last is still taken, in seconds: for an answer that got lost, and for two processes
/// of one user that refresh at once. Cognito's largest `RetryGracePeriodSeconds` is the same.
const GRACE: i64 = 60;
/// Most sign-ins of one user at once; of more, those refreshed longest ago end.
const FAMILIES: i64 = 32;

/// What a sign-in grants.
#[derive(Clone)]
pub(super) struct Family {
    /// The id that access tokens carry (`origin_jti`), so that they end with the family.
    pub(super) origin: String,
    pub(super) subject: String,
    pub(super) scopes: Scopes,
    pub(super) auth_time: i64,
}

/// What presenting a refresh token came to.
pub(super) enum Rotated {
    Granted(Family, Secret),
    /// Unknown, ended, or used again after the grace: then the whole family has ended.
    Refused,
    /// More was asked for than was granted at the sign-in.
    BeyondScope,
}

/// Begins a family; answers its first refresh token.
pub(super) async fn begin(
    database: &Database,
    family: Family,
    random: [u8; 48],
    now: i64,
) -> Result<Secret, Fault> {
    let random = Zeroizing::new(random);
    let token = Secret::new(URL_SAFE_NO_PAD.encode(random.as_slice()));
    let (lookup, current) = hashes(random.as_slice());
    database.write(move |connection| insert(connection, &family, &lookup, &current, now)).await?;
    Ok(token)
}

/// Takes a refresh token and answers the next. The next follows from the one presented and a salt, so that within the
/// grace the same next one can be answered again, although neither is kept.
pub(super) async fn rotate(
    database: &Database,
    token: &str,
    wanted: Option<Scopes>,
    salt: [u8; 32],
    now: i64,
) -> Result<Rotated, Fault> {
    let Some(presented) = read(token) else { return Ok(Rotated::Refused) };
    database
        .write(move |connection| turn(connection, presented.as_slice(), wanted.as_ref(), &salt, now))
        .await
}

/// Ends the family of a refresh token, if there is one.
pub(super) async fn revoke(database: &Database, token: &str) -> Result<(), Fault> {
    let Some(presented) = read(token) else { return Ok(()) };
    let (lookup, _) = hashes(presented.as_slice());
    database
        .write(move |connection| {
            connection.execute("DELETE FROM refresh_families WHERE family = ?1", params![lookup.as_slice()])
        })
        .await
        .map(drop)
}

/// Ends the family of this origin, if there is one.
pub(super) async fn revoke_origin(database: &Database, origin: String) -> Result<(), Fault> {
    database
        .write(move |connection| {
            connection.execute("DELETE FROM refresh_families WHERE origin = ?1", params![origin])
        })
        .await
        .map(drop)
}

/// Whether the sign-in that a token came from has neither ended nor been revoked.
pub(super) async fn lives(database: &Database, origin: String, now: i64) -> Result<bool, Fault> {
    database
        .read(move |connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM refresh_families WHERE origin = ?1 AND expires_at > ?2)",
                params![origin, now],
                |row| row.get(0),
            )
        })
        .await
}

/// A refresh token is 48 bytes: 16 that find the family, 32 that prove the turn.
fn read(token: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().map(Zeroizing::new)?;
    (bytes.len() == 48).then_some(bytes)
}

fn hashes(token: &[u8]) -> ([u8; 32], [u8; 32]) {
    let (family, secret) = token.split_at_checked(16).unwrap_or((token, &[]));
    (fingerprint(family), fingerprint(secret))
}

fn insert(
    connection: &Connection,
    family: &Family,
    lookup: &[u8; 32],
    current: &[u8; 32],
    now: i64,
) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM refresh_families WHERE expires_at <= ?1", params![now])?;
    connection.execute(
        "DELETE FROM refresh_families WHERE family IN (
            SELECT family FROM refresh_families WHERE subject = ?1 ORDER BY rotated_at DESC LIMIT -1 OFFSET ?2)",
        params![family.subject, FAMILIES - 1],
    )?;
    connection.execute(
        "INSERT INTO refresh_families (family, origin, subject, scopes, auth_time, expires_at, current, rotated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (family) DO NOTHING",
        params![
            lookup.as_slice(),
            family.origin,
            family.subject,
            family.scopes.to_string(),
            family.auth_time,
            now + LIFETIME,
            current.as_slice(),
            now
        ],
    )?;
    Ok(())
}

fn turn(
    connection: &Connection,
    presented: &[u8],
    wanted: Option<&Scopes>,
    salt: &[u8; 32],
    now: i64,
) -> rusqlite::Result<Rotated> {
    let (lookup, hash) = hashes(presented);
    let found = connection
        .query_row(
            "SELECT origin, subject, scopes, auth_time, current, previous, salt, rotated_at
             FROM refresh_families WHERE family = ?1 AND expires_at > ?2",
            params![lookup.as_slice(), now],
            Row::read,
        )
        .optional()?;
    let Some(row) = found else { return Ok(Rotated::Refused) };
    let same = |kept: &[u8]| constant_time::verify_slices_are_equal(kept, &hash).is_ok();
    let is_current = same(&row.current);
    let in_grace = row.previous.as_deref().is_some_and(same) && now - row.rotated_at <= GRACE;
    if !is_current && !in_grace {
        // Somebody holds a token that its owner has long replaced: neither can be told from a thief (RFC 9700, 4.14.2).
        connection.execute("DELETE FROM refresh_families WHERE family = ?1", params![lookup.as_slice()])?;
        return Ok(Rotated::Refused);
    }
    let Some(family) = row.family else { return Ok(Rotated::Refused) };
    if wanted.is_some_and(|wanted| !wanted.within(&family.scopes)) {
        return Ok(Rotated::BeyondScope);
    }
    let salt = if is_current { salt.as_slice() } else { row.salt.as_slice() };
    let next = following(presented, salt);
    if is_current {
        let (_, next_hash) = hashes(&next);
        connection.execute(
            "UPDATE refresh_families SET previous = current, current = ?2, salt = ?3, rotated_at = ?4
             WHERE family = ?1",
            params![lookup.as_slice(), next_hash.as_slice(), salt, now],
        )?;
    }
    Ok(Rotated::Granted(family, Secret::new(URL_SAFE_NO_PAD.encode(next.as_slice()))))
}

/// The token after the one presented: the same family, and a secret that only the presented one and the salt give.
fn following(presented: &[u8], salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let (family, secret) = presented.split_at_checked(16).unwrap_or((presented, &[]));
    let next = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret);
    Zeroizing::new([family, next.as_ref()].concat())
}

struct Row {
    family: Option<Family>,
    current: Vec<u8>,
    previous: Option<Vec<u8>>,
    salt: Vec<u8>,
    rotated_at: i64,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let scopes: String = row.get("scopes")?;
        let (origin, subject, auth_time) = (row.get("origin")?, row.get("subject")?, row.get("auth_time")?);
        let family = Scopes::parse(&scopes).map(|scopes| Family { origin, subject, scopes, auth_time });
        Ok(Self {
            family,
            current: row.get("current")?,
            previous: row.get("previous")?,
            salt: row.get::<_, Option<Vec<u8>>>("salt")?.unwrap_or_default(),
            rotated_at: row.get("rotated_at")?,
        })
    }
}
