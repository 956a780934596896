//! `steward verify`, after somebody changed the lake's own files behind its back: every mark, for one message and for a day.

use std::collections::BTreeSet;
use std::path::Path;

use lake::{MessageId, ObjectKey, Source};
use rusqlite::Connection;
use serde_json::Value;

use crate::place::{Place, result};

const ADMIN: &str = "admin@example.com";
const READER: &str = "reader@example.com";

/// What somebody does to one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meddling {
    Nothing,
    /// Other bytes of the same length in the object.
    ReceivedAltered,
    StagedRemoved,
    /// An object that no event names.
    StagedAdded,
    /// The event is gone, the object stays.
    EventRemoved,
    /// The head says otherwise than its events.
    HeadAltered,
    LedgerRemoved,
    /// The ledger knows the bytes as another message.
    LedgerAltered,
    /// Head and events are gone, the objects stay.
    CatalogRemoved,
    /// The object is another institution's.
    TagAltered,
}

impl Meddling {
    const ALL: [Self; 10] = [
        Self::Nothing,
        Self::ReceivedAltered,
        Self::StagedRemoved,
        Self::StagedAdded,
        Self::EventRemoved,
        Self::HeadAltered,
        Self::LedgerRemoved,
        Self::LedgerAltered,
        Self::CatalogRemoved,
        Self::TagAltered,
    ];

    /// What is not as recorded then: mark and part.
    fn expected(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Nothing => &[],
            Self::ReceivedAltered => &[("*", "ingestion")],
            Self::StagedRemoved => &[("-", "staging")],
            Self::StagedAdded => &[("+", "staging")],
            Self::EventRemoved => &[("*", "catalog"), ("+", "staging")],
            Self::HeadAltered => &[("*", "catalog")],
            Self::LedgerRemoved => &[("-", "ledger")],
            Self::LedgerAltered => &[("*", "ledger")],
            Self::CatalogRemoved => &[("+", "ingestion"), ("+", "staging")],
            Self::TagAltered => &[("?", "ingestion")],
        }
    }
}

/// The files of a lake that does not run.
struct Files {
    lake: Connection,
    catalog: Connection,
}

impl Files {
    fn open(folder: &Path) -> Self {
        let open = |name: &str| Connection::open(folder.join("lake").join(name)).expect("a database");
        Self { lake: open("lake.sqlite"), catalog: open("catalog.sqlite") }
    }

    /// Changes exactly one row.
    fn change(on: &Connection, sql: &str, parameters: impl rusqlite::Params) {
        assert_eq!(on.execute(sql, parameters).expect(sql), 1, "one row is meant: {sql}");
    }

    fn meddle(&self, what: Meddling, id: MessageId) {
        let source = Source::parse("my_hospital_123").expect("a name");
        let received = ObjectKey::ingestion(&source, received_at(id), id).to_string().into_bytes();
        let staged =
            |attempt| ObjectKey::staging(&source, received_at(id), id, attempt).to_string().into_bytes();
        let like = format!("%{id}%");
        let lake = &self.lake;
        match what {
            Meddling::Nothing => {}
            Meddling::ReceivedAltered => Self::change(
                lake,
                "UPDATE content SET body = zeroblob(length(body)) WHERE id = (SELECT content FROM object WHERE key = ?1)",
                [received],
            ),
            Meddling::StagedRemoved => Self::change(lake, "DELETE FROM object WHERE key = ?1", [staged(1)]),
            Meddling::StagedAdded => Self::change(
                lake,
                "INSERT INTO object SELECT bucket, ?2, version, modified_at, content, size, md5, sha256, content_type, metadata, tags
                 FROM object WHERE key = ?1",
                [staged(1), staged(7)],
            ),
            Meddling::EventRemoved => Self::change(
                &self.catalog,
                r#"DELETE FROM "lake-catalog" WHERE pk LIKE ?1 AND sk LIKE '%staged#1%'"#,
                [like],
            ),
            Meddling::HeadAltered => Self::change(
                &self.catalog,
                r#"UPDATE "lake-catalog" SET item_json = replace(item_json, '"ready"', '"attention"')
                   WHERE pk LIKE ?1 AND item_json LIKE '%"ready"%'"#,
                [like],
            ),
            Meddling::LedgerRemoved => {
                Self::change(lake, "DELETE FROM ledger WHERE message_id = ?1", [id.to_string()]);
            }
            Meddling::LedgerAltered => {
                let other = "01a20671-fc1e-75c9-b8a0-6f9a9cdb7266";
                Self::change(lake, "UPDATE ledger SET message_id = ?2 WHERE message_id = ?1", [&id.to_string(), other]);
            }
            Meddling::CatalogRemoved => self.forget(&like),
            Meddling::TagAltered => Self::change(
                lake,
                "UPDATE object SET tags = replace(tags, 'my_hospital_123', 'other_clinic_456') WHERE key = ?1",
                [received],
            ),
        }
    }

    /// Takes a message out of the catalog's table and all its indexes.
    fn forget(&self, like: &str) {
        let mut tables = self
            .catalog
            .prepare("SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.name IN ('pk', 'table_pk')")
            .expect("a list of tables");
        let tables: Vec<(String, String)> = tables
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("tables")
            .collect::<Result<_, _>>()
            .expect("names");
        let gone: usize = tables
            .iter()
            .map(|(table, column)| {
                let sql = format!(r#"DELETE FROM "{table}" WHERE "{column}" LIKE ?1"#);
                self.catalog.execute(&sql, [like]).expect("removed")
            })
            .sum();
        assert!(gone >= 4, "head, events and the day's index: {gone}");
    }
}

/// An id of version 7 holds when it was minted: the time of receipt.
fn received_at(id: MessageId) -> jiff::Timestamp {
    let hex: String = id.to_string().chars().filter(|character| *character != '-').take(12).collect();
    jiff::Timestamp::from_millisecond(i64::from_str_radix(&hex, 16).expect("hex digits")).expect("a time")
}

/// Runs `steward verify`: exit code, lines, words.
async fn verify(place: &Place, user: &str, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let arguments = [&["verify"], arguments].concat();
    let ran = place.steward(user, &arguments).output().await.expect("steward runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let lines = String::from_utf8_lossy(&ran.stdout).into_owned();
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    (ran.status.code(), lines, said)
}

/// Mark and part of what is not as recorded, of one message.
fn amiss(lines: &[Value], id: MessageId) -> BTreeSet<(String, String)> {
    let of = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let mine = lines.iter().filter(|line| of(line, "message_id") == id.to_string());
    mine.map(|line| (of(line, "mark"), of(line, "what"))).filter(|(mark, _)| mark != "=").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_behind_the_lakes_back_is_told_by_its_mark() {
    let mut place = Place::start().await;
    let account = place.account(ADMIN).await;
    let mut messages = Vec::new();
    for (number, what) in Meddling::ALL.into_iter().enumerate() {
        messages.push((place.submit(&account, &result("LAB", &format!("V{number}"))).await, what));
    }
    place.lake.settled_heads(ADMIN, messages.len()).await;
    let first = messages.first().expect("there are some").0;
    let day = received_at(first).to_zoned(jiff::tz::TimeZone::UTC).date();
    let last = messages.last().expect("there are some").0;
    let days: BTreeSet<String> = [first, last]
        .map(|id| received_at(id).to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
        .into_iter()
        .collect();
    let (code, lines, said) = verify(&place, ADMIN, &["--date", &day.to_string()]).await;
    assert_eq!(code, Some(0), "nothing was changed yet: {said}");
    assert!(lines.iter().all(|line| line["mark"] == "="), "all is as recorded: {lines:?}");

    place.lake.stop_by_term().await;
    let files = Files::open(place.lake.folder());
    messages.iter().for_each(|(id, what)| files.meddle(*what, *id));
    drop(files);
    place.lake.start_again().await;
    place.home.save_profile("here", place.lake.profile.clone()).expect("its new ports are known");
    place.account(ADMIN).await;

    let mut of_days = Vec::new();
    for day in &days {
        let (code, lines, said) = verify(&place, ADMIN, &["--date", day]).await;
        assert_eq!(code, Some(1), "something is amiss that day: {said}");
        of_days.extend(lines);
    }
    for (id, what) in &messages {
        let expected: BTreeSet<(String, String)> =
            what.expected().iter().map(|(mark, part)| ((*mark).to_owned(), (*part).to_owned())).collect();
        assert_eq!(amiss(&of_days, *id), expected, "{what:?}, by its day");
        let (code, lines, said) = verify(&place, ADMIN, &[&id.to_string()]).await;
        if *what == Meddling::CatalogRemoved {
            assert_eq!((code, lines.len()), (Some(1), 0), "the catalog knows of no such message: {said}");
            assert!(said.contains("has no message"), "and that is said: {said}");
            continue;
        }
        assert_eq!(amiss(&lines, *id), expected, "{what:?}, by its id");
        let is_wrong = expected.iter().any(|(mark, _)| mark != "?");
        assert_eq!(code, Some(i32::from(is_wrong)), "{what:?}: {said}");
        let words = lines.iter().filter(|line| line["mark"] != "=");
        assert!(words.clone().all(|line| line["reason"] != ""), "{what:?}: each says why: {lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_may_not_ask_is_not_visible_and_no_failure() {
    let place = Place::start().await;
    let admin = place.account(ADMIN).await;
    let id = place.submit(&admin, &result("LAB", "V1")).await;
    place.lake.settled_heads(ADMIN, 1).await;
    place.account(READER).await;
    let (code, lines, said) = verify(&place, READER, &[&id.to_string()]).await;
    assert_eq!(code, Some(0), "who only reads cannot ask the ledger, which is no fault of the lake: {said}");
    let expected = BTreeSet::from([("?".to_owned(), "ledger".to_owned())]);
    assert_eq!(amiss(&lines, id), expected, "{lines:?}");
    assert!(said.contains("3 as recorded, 0 not, 1 not visible to you"), "and counted: {said}");
}
