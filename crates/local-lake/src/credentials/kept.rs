//! Secrets and names that are made once for a data folder and kept in its database (the folder is private, 0700).

use lake::Fault;
use rusqlite::{OptionalExtension, params};
use zeroize::Zeroizing;

use crate::database::Database;

/// The table of what is made once.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS kept (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;";

/// What is kept under `name`, if anything is.
pub(crate) async fn kept(
    database: &Database,
    name: &'static str,
) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    database
        .read(move |connection| {
            connection
                .query_row("SELECT value FROM kept WHERE name = ?1", params![name], |row| {
                    row.get(0).map(Zeroizing::new)
                })
                .optional()
        })
        .await
}

/// Keeps `value` under `name` unless something is kept there already; answers what is kept.
pub(crate) async fn keep(
    database: &Database,
    name: &'static str,
    value: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    database
        .write(move |connection| {
            connection.execute(
                "INSERT INTO kept (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
                params![name, value.as_slice()],
            )?;
            connection.query_row("SELECT value FROM kept WHERE name = ?1", params![name], |row| {
                row.get(0).map(Zeroizing::new)
            })
        })
        .await
}

/// The `N` random bytes kept under `name`, made at the first call.
pub(crate) async fn kept_random<const N: usize>(
    database: &Database,
    name: &'static str,
    randomness: &dyn crate::randomness::Randomness,
) -> Result<[u8; N], Fault> {
    let value = match kept(database, name).await? {
        Some(value) => value,
        None => {
            let fresh = Zeroizing::new(crate::randomness::random_bytes::<N>(randomness)?);
            keep(database, name, Zeroizing::new(fresh.to_vec())).await?
        }
    };
    <[u8; N]>::try_from(value.as_slice()).map_err(|_| Fault::Damaged {
        part: "the lake's database",
        what: format!("kept.{name}"),
        reason: format!("it should be {N} bytes"),
    })
}
