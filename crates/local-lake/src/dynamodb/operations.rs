use dynoxide::DynoxideError;
use dynoxide::actions::vector_lifecycle::VectorIndexLifecycle;
use dynoxide::actions::{
    batch_execute_statement, batch_get_item, batch_write_item, create_table, delete_item, delete_table,
    describe_table, describe_time_to_live, execute_statement, execute_transaction, get_item, list_tables,
    list_tags_of_resource, put_item, query, scan, tag_resource, transact_get_items, transact_write_items,
    untag_resource, update_item, update_table, update_time_to_live,
};
use dynoxide::storage::Storage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::access::Place;
use crate::catalog::at_once;

/// Declares the operations by DynamoDB's names, which are also those of the variants.
macro_rules! operations {
    ($($name:ident),+ $(,)?) => {
        /// An operation of DynamoDB that this endpoint has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Operation { $($name),+ }

        impl Operation {
            /// The operation of this name.
            pub(super) fn parse(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// Its name.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

operations!(
    BatchExecuteStatement,
    BatchGetItem,
    BatchWriteItem,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    ExecuteStatement,
    ExecuteTransaction,
    GetItem,
    ListTables,
    ListTagsOfResource,
    PutItem,
    Query,
    Scan,
    TagResource,
    TransactGetItems,
    TransactWriteItems,
    UntagResource,
    UpdateItem,
    UpdateTable,
    UpdateTimeToLive,
);

impl Operation {
    /// Whether it can run on a connection that cannot write, beside the writer. PartiQL may do either.
    pub(super) fn only_reads(self) -> bool {
        matches!(
            self,
            Self::BatchGetItem
                | Self::DescribeTable
                | Self::DescribeTimeToLive
                | Self::GetItem
                | Self::ListTables
                | Self::ListTagsOfResource
                | Self::Query
                | Self::Scan
        )
    }
}

/// Does an operation; the answer is the body of the response.
pub(super) fn execute(
    storage: &Storage,
    operation: Operation,
    request: Value,
    place: &Place,
) -> Result<Vec<u8>, DynoxideError> {
    // Vector indexes, which the catalog has none of, would remember here how far they are built.
    let vectors = VectorIndexLifecycle::default();
    macro_rules! run {
        ($action:ident) => {
            body(at_once($action::execute(storage, read(request)?))?)
        };
        ($action:ident, with vectors) => {
            body(at_once($action::execute(storage, read(request)?, &vectors))?)
        };
    }
    let answer = match operation {
        Operation::BatchExecuteStatement => run!(batch_execute_statement),
        Operation::BatchGetItem => run!(batch_get_item),
        Operation::BatchWriteItem => run!(batch_write_item),
        Operation::CreateTable => run!(create_table),
        Operation::DeleteItem => run!(delete_item),
        Operation::DeleteTable => run!(delete_table, with vectors),
        Operation::DescribeTable => run!(describe_table, with vectors),
        Operation::DescribeTimeToLive => run!(describe_time_to_live),
        Operation::ExecuteStatement => run!(execute_statement),
        Operation::ExecuteTransaction => run!(execute_transaction),
        Operation::GetItem => run!(get_item),
        Operation::ListTables => run!(list_tables),
        Operation::ListTagsOfResource => run!(list_tags_of_resource),
        Operation::PutItem => run!(put_item),
        Operation::Query => run!(query),
        Operation::Scan => run!(scan),
        Operation::TagResource => run!(tag_resource),
        Operation::TransactGetItems => run!(transact_get_items),
        Operation::TransactWriteItems => run!(transact_write_items),
        Operation::UntagResource => run!(untag_resource),
        Operation::UpdateItem => run!(update_item),
        Operation::UpdateTable => run!(update_table, with vectors),
        Operation::UpdateTimeToLive => run!(update_time_to_live),
    }?;
    Ok(match operation {
        Operation::CreateTable
        | Operation::DeleteTable
        | Operation::DescribeTable
        | Operation::UpdateTable => with_arns_of(place, answer),
        _ => answer,
    })
}

/// Reads a request as dynoxide does at its own front: a marker at the beginning of a message tells its kind.
fn read<T: DeserializeOwned>(request: Value) -> Result<T, DynoxideError> {
    serde_json::from_value(request).map_err(|error| {
        let message = error.to_string();
        let marked = |marker: &str| message.strip_prefix(marker).map(str::to_owned);
        if let Some(text) =
            ["VALIDATION:", "VALIDATION_REQUEST:", "VALIDATION_AS_READ:"].into_iter().find_map(marked)
        {
            return DynoxideError::ValidationException(text);
        }
        let serialization = ["SERIALIZATION:", "SERIALIZATION_AS_READ:"].into_iter().find_map(marked);
        match serialization {
            Some(text) => DynoxideError::SerializationException(text),
            None if message.contains("missing field") || message.contains("AttributeValue") => {
                DynoxideError::ValidationException(message)
            }
            None => DynoxideError::SerializationException(message),
        }
    })
}

fn body(answer: impl Serialize) -> Result<Vec<u8>, DynoxideError> {
    serde_json::to_vec(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Dynoxide describes tables in a region of its own; clients and policies know them by the lake's.
fn with_arns_of(place: &Place, answer: Vec<u8>) -> Vec<u8> {
    let ours = format!("arn:aws:dynamodb:{}:{}:", place.region, place.account);
    match String::from_utf8(answer) {
        Ok(text) => text.replace(DYNOXIDE_ARN, &ours).into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

const DYNOXIDE_ARN: &str = "arn:aws:dynamodb:dynoxide:000000000000:";
