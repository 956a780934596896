use std::collections::HashMap;
use std::num::NonZeroU32;

use dynoxide::{AttributeValue, Item};
use jiff::Timestamp;
use lake::{CatalogEvent, Head, MessageId, Source, day_of};
use serde::Serialize;
use serde_json::{Map, Number, Value};

/// The sort key of a head.
pub(super) const HEAD: &str = "message";

/// Longest control id that `by_control` lists, in bytes: a partition key of DynamoDB ends at 2,048 bytes.
const LONGEST_CONTROL_ID: usize = 1_024;

/// The keys of table and indexes, each beginning `{source}#` so that the access policy holds on all of them.
pub struct CatalogKeys;

impl CatalogKeys {
    /// Partition of one message: its head and events.
    pub fn message(source: &Source, message_id: MessageId) -> String {
        format!("{source}#{message_id}")
    }

    /// Partition that lists the days there are.
    pub fn days(source: &Source) -> String {
        format!("{source}#days")
    }

    /// Partition of the index `open`.
    pub fn open(source: &Source) -> String {
        format!("{source}#open")
    }

    /// Partition of the index `by_control`; `None` where no message can be listed under this control id.
    pub fn control(source: &Source, control_id: &str) -> Option<String> {
        let listed = !control_id.is_empty() && control_id.len() <= LONGEST_CONTROL_ID;
        listed.then(|| format!("{source}#{control_id}"))
    }

    /// Partition of the index `by_day`: one shard of one UTC day.
    pub fn day(source: &Source, received_at: Timestamp, message_id: MessageId, shards: NonZeroU32) -> String {
        format!("{source}#{}#{}", day_of(received_at), Self::shard(message_id, shards))
    }

    /// Sort key of all indexes. Milliseconds always, so that the text sorts as the time does.
    pub fn position(received_at: Timestamp, message_id: MessageId) -> String {
        format!("{received_at:.3}#{message_id}")
    }

    /// Which shard of its day a message is in: its last, random, bits.
    pub fn shard(message_id: MessageId, shards: NonZeroU32) -> u32 {
        let id = message_id.to_string();
        let random = id.get(id.len().saturating_sub(8)..).and_then(|last| u32::from_str_radix(last, 16).ok());
        random.unwrap_or(0) % shards
    }
}

/// A head as its item: its fields, the table's key and the keys of the indexes it is in.
pub(super) fn of_head(head: &Head, shards: NonZeroU32) -> Result<Item, serde_json::Error> {
    let mut item = attributes(head)?;
    let [source_day, open_source, source_control] = index_partitions(head, shards);
    let keys = [
        ("source_message", Some(CatalogKeys::message(&head.source, head.message_id))),
        ("event", Some(HEAD.to_owned())),
        ("position", Some(CatalogKeys::position(head.received_at, head.message_id))),
        ("source_day", source_day),
        ("open_source", open_source),
        ("source_control", source_control),
    ];
    add_keys(&mut item, keys);
    Ok(item)
}

/// The partitions of `by_day`, `open` and `by_control` that a head is listed in.
pub(super) fn index_partitions(head: &Head, shards: NonZeroU32) -> [Option<String>; 3] {
    [
        Some(CatalogKeys::day(&head.source, head.received_at, head.message_id, shards)),
        head.state.is_open().then(|| CatalogKeys::open(&head.source)),
        head.control_id.as_deref().and_then(|id| CatalogKeys::control(&head.source, id)),
    ]
}

/// An event as its item; without any key of an index, which list heads only.
pub(super) fn of_event(event: &CatalogEvent) -> Result<Item, serde_json::Error> {
    let mut item = attributes(event)?;
    let keys = [
        ("source_message", Some(CatalogKeys::message(&event.source, event.message_id))),
        ("event", Some(event.name())),
    ];
    add_keys(&mut item, keys);
    Ok(item)
}

/// The item that says: there are messages of this day.
pub(super) fn of_day(head: &Head) -> Item {
    let day = day_of(head.received_at).to_string();
    let mut item = Item::new();
    let keys = [
        ("source_message", Some(CatalogKeys::days(&head.source))),
        ("event", Some(day.clone())),
        ("source", Some(head.source.to_string())),
        ("day", Some(day)),
    ];
    add_keys(&mut item, keys);
    item
}

/// Reads a head from an item as stored.
pub(super) fn head_from_text(text: &str) -> Result<Head, serde_json::Error> {
    head_from_item(serde_json::from_str(text)?)
}

/// Reads a head from an item; keys of table and indexes are not part of it.
pub(super) fn head_from_item(item: Item) -> Result<Head, serde_json::Error> {
    serde_json::from_value(plain_map(item))
}

fn add_keys<const N: usize>(item: &mut Item, keys: [(&str, Option<String>); N]) {
    item.extend(
        keys.into_iter().filter_map(|(name, value)| Some((name.to_owned(), AttributeValue::S(value?)))),
    );
}

fn attributes(fields: &impl Serialize) -> Result<Item, serde_json::Error> {
    match serde_json::to_value(fields)? {
        Value::Object(members) => Ok(attribute_map(members)),
        _ => Ok(Item::new()), // heads and events are structs, so this is never an item that is written
    }
}

fn attribute_map(members: Map<String, Value>) -> HashMap<String, AttributeValue> {
    members.into_iter().filter_map(|(name, value)| Some((name, attribute(value)?))).collect()
}

/// A JSON value as an attribute; nothing for null and for empty texts.
fn attribute(value: Value) -> Option<AttributeValue> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(AttributeValue::BOOL(value)),
        Value::Number(value) => Some(AttributeValue::N(value.to_string())),
        Value::String(value) => (!value.is_empty()).then_some(AttributeValue::S(value)),
        Value::Array(values) => Some(AttributeValue::L(values.into_iter().filter_map(attribute).collect())),
        Value::Object(members) => Some(AttributeValue::M(attribute_map(members))),
    }
}

fn plain_map(item: HashMap<String, AttributeValue>) -> Value {
    Value::Object(item.into_iter().map(|(name, value)| (name, plain(value))).collect())
}

/// An attribute as a JSON value; of DynamoDB's types only those that [`attribute`] writes mean anything here.
fn plain(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(value) => Value::String(value),
        AttributeValue::N(value) => value.parse::<Number>().map_or(Value::Null, Value::Number),
        AttributeValue::BOOL(value) => Value::Bool(value),
        AttributeValue::L(values) => Value::Array(values.into_iter().map(plain).collect()),
        AttributeValue::SS(values) => Value::Array(values.into_iter().map(Value::String).collect()),
        AttributeValue::M(members) => plain_map(members),
        AttributeValue::NULL(_) | AttributeValue::B(_) | AttributeValue::BS(_) | AttributeValue::NS(_) => {
            Value::Null
        }
    }
}
