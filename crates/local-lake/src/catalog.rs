//! The catalog on a dynoxide database (DynamoDB's semantics on SQLite): one writer thread with group commit, several
//! readers beside it. A call is answered after its transaction is durable.

mod file;
mod item;
mod readers;
mod writer;

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use dynoxide::actions::query;
use dynoxide::storage::Storage;
use dynoxide::{AttributeValue, DynoxideError};
use futures::FutureExt;
use lake::{Catalog, CatalogEvent, Fault, Head, MessageId, Source};
use serde_json::json;

pub use file::CatalogProblem;
pub use item::CatalogKeys;
use readers::Readers;
use writer::Writer;

/// The name of the catalog in faults.
const PART: &str = "the catalog";

/// The table's definition, in the shape of DynamoDB's `CreateTable` without the name; the CloudFormation template is
/// held to the same file.
pub const TABLE: &str = include_str!("../../../infra/catalog-table.json");

/// How a catalog is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogSettings {
    /// The table's name.
    pub table: String,
    /// Over how many shards a day's heads are spread (`catalog_shards` of the profile).
    pub shards: NonZeroU32,
}

/// The catalog of a local lake. Clones share it; the writer ends, with everything it was handed written, when the
/// last clone is dropped.
#[derive(Clone)]
pub struct LocalCatalog {
    settings: Arc<CatalogSettings>,
    readers: Readers,
    writer: Arc<Writer>,
}

impl LocalCatalog {
    /// Opens the database file at `path`, making it and the table if they are not there.
    pub fn open(path: &Path, settings: CatalogSettings) -> Result<Self, CatalogProblem> {
        let storage = file::open(path, &settings.table)?;
        let readers = Readers::open(path)?;
        let writer = Writer::start(storage, settings.clone())
            .map_err(|error| CatalogProblem::Unusable { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self { settings: Arc::new(settings), readers, writer: Arc::new(writer) })
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.settings.table
    }

    /// Runs a reading closure on a connection of its own, off the async threads.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Storage) -> T + Send + 'static,
    {
        self.readers.run(work).await
    }

    /// Runs a closure that may write, between the writer's batches; afterwards the readers learn of changed tables.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Storage) -> T + Send + 'static,
    {
        let done = self.writer.run(work).await;
        self.readers.renew();
        done
    }
}

impl Catalog for LocalCatalog {
    async fn record(&self, events: &[CatalogEvent]) -> Result<(), Fault> {
        self.writer.record(events.to_vec()).await
    }

    async fn head(&self, source: &Source, message_id: MessageId) -> Result<Option<Head>, Fault> {
        let settings = Arc::clone(&self.settings);
        let key = CatalogKeys::message(source, message_id);
        self.read(move |storage| stored_head(storage, &settings.table, &key)).await?
    }

    async fn by_control_id(
        &self,
        source: &Source,
        control_id: &str,
        limit: usize,
    ) -> Result<Vec<Head>, Fault> {
        let (Some(key), true) = (CatalogKeys::control(source, control_id), limit > 0) else {
            return Ok(Vec::new());
        };
        let table = self.settings.table.clone();
        self.read(move |storage| heads_by_control(storage, &table, &key, limit)).await?
    }
}

/// The head under a partition key, if there is one.
fn stored_head(storage: &Storage, table: &str, key: &str) -> Result<Option<Head>, Fault> {
    let stored = stored_item(storage, table, key, item::HEAD)?;
    stored.map(|text| item::head_from_text(&text).map_err(|error| damaged(key, &error))).transpose()
}

/// The item under these keys, as dynoxide keeps it: DynamoDB's JSON.
fn stored_item(storage: &Storage, table: &str, key: &str, event: &str) -> Result<Option<String>, Fault> {
    // dynoxide's rows are found by a text that tells the attribute's type too
    let text = |key: &str| AttributeValue::S(key.to_owned()).to_key_string().unwrap_or_default();
    storage.get_item(table, &text(key), &text(event)).map_err(|error| fault(&error))
}

fn heads_by_control(storage: &Storage, table: &str, key: &str, limit: usize) -> Result<Vec<Head>, Fault> {
    let mut heads = Vec::new();
    let mut start = None;
    // One answer holds at most 1 MiB, so a long list comes in pages.
    loop {
        let page = query_page(storage, table, key, limit - heads.len(), start)?;
        for item in page.items.unwrap_or_default() {
            heads.push(item::head_from_item(item).map_err(|error| damaged(key, &error))?);
        }
        start = page.last_evaluated_key;
        if start.is_none() || heads.len() >= limit {
            return Ok(heads);
        }
    }
}

fn query_page(
    storage: &Storage,
    table: &str,
    key: &str,
    limit: usize,
    start: Option<dynoxide::Item>,
) -> Result<query::QueryResponse, Fault> {
    let request = query::QueryRequest {
        table_name: table.to_owned(),
        index_name: Some("by_control".to_owned()),
        key_condition_expression: Some("source_control = :key".to_owned()),
        expression_attribute_values: Some([(":key".to_owned(), AttributeValue::S(key.to_owned()))].into()),
        scan_index_forward: true,
        limit: Some(limit),
        exclusive_start_key: start,
        ..query::QueryRequest::default()
    };
    at_once(query::execute(storage, request)).map_err(|error| fault(&error))
}

/// The outcome of one of dynoxide's native futures, which never wait: they are done when first asked.
pub(crate) fn at_once<T>(work: impl Future<Output = Result<T, DynoxideError>>) -> Result<T, DynoxideError> {
    work.now_or_never().unwrap_or_else(|| {
        Err(DynoxideError::InternalServerError("the catalog's database did not answer at once".to_owned()))
    })
}

/// The `CreateTable` request for a table of this name.
fn create_request(table: &str) -> Result<serde_json::Value, serde_json::Error> {
    let mut request: serde_json::Value = serde_json::from_str(TABLE)?;
    if let Some(members) = request.as_object_mut() {
        members.insert("TableName".to_owned(), json!(table));
        // An administrator's slip must not cost the whole history: taking it away asks for two calls.
        members.insert("DeletionProtectionEnabled".to_owned(), json!(true));
    }
    Ok(request)
}

/// What a failing database means to the caller; only SQLite's own words and error types, never values.
fn fault(error: &DynoxideError) -> Fault {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error {
        DynoxideError::SqliteError(error)
            if matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)) =>
        {
            Fault::Damaged { part: PART, what: "its database file".to_owned(), reason: error.to_string() }
        }
        DynoxideError::SqliteError(error) => Fault::Unavailable { part: PART, reason: error.to_string() },
        DynoxideError::InternalServerError(reason) => {
            Fault::Unavailable { part: PART, reason: reason.clone() }
        }
        other => Fault::Refused { part: PART, reason: other.short_error_code().to_owned() },
    }
}

fn damaged(key: &str, error: &serde_json::Error) -> Fault {
    // serde's message may quote a value, so only the place goes on
    let reason =
        format!("not a head as this version writes it ({:?} at byte {})", error.classify(), error.column());
    Fault::Damaged { part: PART, what: key.to_owned(), reason }
}

#[cfg(test)]
mod tests;
