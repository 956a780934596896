//! The catalog as a steward may see it: every screen is a Query or a GetItem.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use jiff::civil::Date;
use lake::{CatalogEvent, Head, MessageId, Source};

use crate::clients::{ReadFault, fault};

const SERVICE: &str = "DynamoDB";

/// The catalog of one lake.
#[derive(Clone, Debug)]
pub struct CatalogReader {
    client: Client,
    table: String,
    shards: u32,
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq)]
pub struct PageToken(HashMap<String, AttributeValue>);

/// A page of heads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadPage {
    /// The heads.
    pub heads: Vec<Head>,
    /// Where the next page begins, if there is one.
    pub next: Option<PageToken>,
}

/// Everything known of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its head.
    pub head: Head,
    /// Its events, oldest first.
    pub events: Vec<CatalogEvent>,
}

/// Which heads of an index.
struct Index {
    name: &'static str,
    attribute: &'static str,
    value: String,
    newest_first: bool,
}

impl CatalogReader {
    pub(crate) fn new(client: Client, table: String, shards: u32) -> Self {
        Self { client, table, shards }
    }

    /// Over how many shards a day's heads are spread.
    pub fn shards(&self) -> u32 {
        self.shards
    }

    /// The days that have messages of this institution, oldest first.
    pub async fn days(&self, source: &Source) -> Result<Vec<Date>, ReadFault> {
        let mut days = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#key = :key")
                .expression_attribute_names("#key", "source_message")
                .expression_attribute_values(":key", AttributeValue::S(format!("{source}#days")))
                .set_exclusive_start_key(start.take())
                .send()
                .await
                .map_err(|error| fault(SERVICE, "the list of days", error))?;
            let found = answer.items().iter().filter_map(|item| item.get("event")?.as_s().ok());
            days.extend(found.filter_map(|day| day.parse::<Date>().ok()));
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(days);
            }
        }
    }

    /// A page of one shard of one day's heads, newest first.
    pub async fn day(
        &self,
        source: &Source,
        day: Date,
        shard: u32,
        next: Option<PageToken>,
        limit: u16,
    ) -> Result<HeadPage, ReadFault> {
        let value = format!("{source}#{day}#{shard}");
        self.heads(Index { name: "by_day", attribute: "source_day", value, newest_first: true }, next, limit)
            .await
    }

    /// A page of the heads with something left to do (attention, stuck), newest first.
    pub async fn open(
        &self,
        source: &Source,
        next: Option<PageToken>,
        limit: u16,
    ) -> Result<HeadPage, ReadFault> {
        let value = format!("{source}#open");
        self.heads(Index { name: "open", attribute: "open_source", value, newest_first: true }, next, limit)
            .await
    }

    /// A page of the heads with this MSH-10, newest first.
    pub async fn by_control_id(
        &self,
        source: &Source,
        control_id: &str,
        next: Option<PageToken>,
        limit: u16,
    ) -> Result<HeadPage, ReadFault> {
        let value = format!("{source}#{control_id}");
        self.heads(
            Index { name: "by_control", attribute: "source_control", value, newest_first: true },
            next,
            limit,
        )
        .await
    }

    /// How many heads one shard of a day has.
    pub async fn count_day(&self, source: &Source, day: Date, shard: u32) -> Result<u64, ReadFault> {
        let mut counted = 0;
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("by_day")
                .select(Select::Count)
                .key_condition_expression("#key = :key")
                .expression_attribute_names("#key", "source_day")
                .expression_attribute_values(":key", AttributeValue::S(format!("{source}#{day}#{shard}")))
                .set_exclusive_start_key(start.take())
                .send()
                .await
                .map_err(|error| fault(SERVICE, "the count of a day", error))?;
            counted += u64::try_from(answer.count()).unwrap_or_default();
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(counted);
            }
        }
    }

    /// The head of one message, read consistently.
    pub async fn head(&self, source: &Source, message_id: MessageId) -> Result<Option<Head>, ReadFault> {
        let what = format!("message {message_id}");
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("source_message", AttributeValue::S(format!("{source}#{message_id}")))
            .key("event", AttributeValue::S("message".to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault(SERVICE, &what, error))?;
        answer.item.map(|item| read(&what, item)).transpose()
    }

    /// Everything known of one message.
    pub async fn entry(&self, source: &Source, message_id: MessageId) -> Result<Option<Entry>, ReadFault> {
        let what = format!("message {message_id}");
        let (mut head, mut events) = (None, Vec::new());
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#key = :key")
                .expression_attribute_names("#key", "source_message")
                .expression_attribute_values(":key", AttributeValue::S(format!("{source}#{message_id}")))
                .consistent_read(true)
                .set_exclusive_start_key(start.take())
                .send()
                .await
                .map_err(|error| fault(SERVICE, &what, error))?;
            for item in answer.items.unwrap_or_default() {
                let is_head =
                    item.get("event").and_then(|name| name.as_s().ok()).is_some_and(|name| name == "message");
                if is_head {
                    head = Some(read::<Head>(&what, item)?);
                } else {
                    events.push(read::<CatalogEvent>(&what, item)?);
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        events.sort_by_key(|event| (event.recorded_at, event.attempt));
        Ok(head.map(|head| Entry { head, events }))
    }

    /// For `doctor`: one call that a steward must be refused.
    pub async fn try_to_scan(&self) -> Result<(), ReadFault> {
        let scan = self.client.scan().table_name(&self.table).limit(1).send().await;
        scan.map(|_| ()).map_err(|error| fault(SERVICE, "the whole catalog", error))
    }

    /// For `doctor`: one write that a steward must be refused; conditional, so that it could change nothing.
    pub async fn try_to_write(&self, source: &Source) -> Result<(), ReadFault> {
        let put = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("source_message", AttributeValue::S(format!("{source}#doctor")))
            .key("event", AttributeValue::S("probe".to_owned()));
        put.send().await.map(|_| ()).map_err(|error| fault(SERVICE, "a write", error))
    }

    async fn heads(&self, index: Index, next: Option<PageToken>, limit: u16) -> Result<HeadPage, ReadFault> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index.name)
            .key_condition_expression("#key = :key")
            .expression_attribute_names("#key", index.attribute)
            .expression_attribute_values(":key", AttributeValue::S(index.value))
            .scan_index_forward(!index.newest_first)
            .limit(i32::from(limit))
            .set_exclusive_start_key(next.map(|token| token.0))
            .send()
            .await
            .map_err(|error| fault(SERVICE, "messages", error))?;
        let heads = answer.items.unwrap_or_default().into_iter().map(|item| read("a message", item));
        Ok(HeadPage {
            heads: heads.collect::<Result<_, _>>()?,
            next: answer.last_evaluated_key.map(PageToken),
        })
    }
}

fn read<T: for<'a> serde::Deserialize<'a>>(
    what: &str,
    item: HashMap<String, AttributeValue>,
) -> Result<T, ReadFault> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
        .map_err(|error| ReadFault::Damaged { what: what.to_owned(), reason: error.to_string() })
}
