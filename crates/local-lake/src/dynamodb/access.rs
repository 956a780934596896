//! What a request asks for, in the words of the access policy.

use lake::Source;
use lake::policy::{Context, Decision, Policy, Request};
use serde_json::{Map, Value};

use super::key_condition::{KeyCondition, NotAKeyCondition};
use crate::catalog::TABLE;

/// Where the table is, as ARNs have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) region: String,
    pub(super) account: String,
    pub(super) table: String,
}

impl Place {
    /// The ARN of the catalog's table.
    pub(super) fn table_arn(&self) -> String {
        self.arn_of(&self.table)
    }

    fn arn_of(&self, table: &str) -> String {
        format!("arn:aws:dynamodb:{}:{}:table/{table}", self.region, self.account)
    }
}

/// One request as the policy sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) action: String,
    pub(super) resource: String,
    /// The partition keys of all items that the request addresses; none when it does not say, or not in a form that
    /// is certain.
    leading_keys: Vec<String>,
}

impl Demand {
    /// Reads a request. A query's key condition is replaced by what was understood of it.
    pub(super) fn read(
        operation: &str,
        members: &mut Map<String, Value>,
        place: &Place,
    ) -> Result<Self, NotAKeyCondition> {
        let named = members.get("TableName").and_then(Value::as_str).map(str::to_owned);
        let table = named.as_deref().map_or("*", |name| table_name(name, place));
        if named.is_some() {
            members.insert("TableName".to_owned(), Value::String(table.to_owned()));
        }
        let is_catalog = table == place.table;
        let table_arn = place.arn_of(table);
        let index = members.get("IndexName").and_then(Value::as_str).map(str::to_owned);
        let (resource, leading_keys) = match operation {
            "GetItem" if is_catalog => (table_arn, item_partition(members)),
            "Query" => {
                let resource = match &index {
                    Some(index) => format!("{table_arn}/index/{index}"),
                    None => table_arn,
                };
                let hash = if is_catalog { hash_attribute(index.as_deref()) } else { None };
                (resource, query_partitions(members, hash.as_deref())?)
            }
            _ => (table_arn, Vec::new()),
        };
        Ok(Self { action: action(operation), resource, leading_keys })
    }

    /// Asks the policy for a steward who may read one institution's data, or none.
    pub(super) fn judge(&self, policy: &Policy, read: Option<&Source>, write: Option<&Source>) -> Decision {
        let mut context = Context::new().secure_transport("false");
        if let Some(source) = read {
            context = context.principal_tag("read", source.as_str());
        }
        if let Some(source) = write {
            context = context.principal_tag("write", source.as_str());
        }
        if !self.leading_keys.is_empty() {
            context = context.leading_keys(self.leading_keys.iter().cloned());
        }
        policy.allows(&Request { action: &self.action, resource: &self.resource, context: &context })
    }
}

/// The IAM action of an operation: its own name, but for PartiQL, whose statements have actions by what they do; a
/// reading one stands for all of them here.
fn action(operation: &str) -> String {
    match operation {
        "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction" => {
            "dynamodb:PartiQLSelect".to_owned()
        }
        "TransactGetItems" => "dynamodb:GetItem".to_owned(),
        "TransactWriteItems" => "dynamodb:PutItem".to_owned(),
        _ => format!("dynamodb:{operation}"),
    }
}

/// A table may be named by its ARN.
fn table_name<'a>(named: &'a str, place: &Place) -> &'a str {
    named.strip_prefix(place.arn_of("").as_str()).unwrap_or(named)
}

/// The partition attribute of the catalog's table or of one of its indexes.
fn hash_attribute(index: Option<&str>) -> Option<String> {
    let definition: Value = serde_json::from_str(TABLE).ok()?;
    let schema = match index {
        None => definition.get("KeySchema")?,
        Some(name) => {
            let indexes = definition.get("GlobalSecondaryIndexes")?.as_array()?;
            let found =
                indexes.iter().find(|index| index.get("IndexName").is_some_and(|found| found == name));
            found?.get("KeySchema")?
        }
    };
    let hash = schema.as_array()?.iter().find(|key| key.get("KeyType").is_some_and(|kind| kind == "HASH"));
    hash?.get("AttributeName")?.as_str().map(str::to_owned)
}

fn item_partition(members: &Map<String, Value>) -> Vec<String> {
    let hash = hash_attribute(None);
    let key = members.get("Key").and_then(Value::as_object);
    key.zip(hash).and_then(|(key, hash)| text_attribute(key.get(&hash)?)).into_iter().collect()
}

fn query_partitions(
    members: &mut Map<String, Value>,
    hash: Option<&str>,
) -> Result<Vec<String>, NotAKeyCondition> {
    match (members.get("KeyConditionExpression"), members.get("KeyConditions")) {
        (Some(Value::String(text)), None) => {
            let condition = KeyCondition::parse(text)?;
            let partitions = named_partitions(&condition, members, hash);
            members.insert("KeyConditionExpression".to_owned(), Value::String(condition.text()));
            Ok(partitions)
        }
        (None, Some(Value::Object(conditions))) => Ok(listed_partitions(conditions, hash)),
        _ => Ok(Vec::new()),
    }
}

/// The partitions that the values behind the placeholders name; none unless every one of them is certain.
fn named_partitions(
    condition: &KeyCondition,
    members: &Map<String, Value>,
    hash: Option<&str>,
) -> Vec<String> {
    let names = members.get("ExpressionAttributeNames");
    let is_hash = |attribute: &str| {
        let name = match attribute.starts_with('#') {
            true => names.and_then(|names| names.get(attribute)).and_then(Value::as_str),
            false => Some(attribute),
        };
        name.is_some() && name == hash
    };
    let values = members.get("ExpressionAttributeValues");
    let found = condition.equal_to(is_hash);
    found
        .into_iter()
        .map(|value| text_attribute(values?.get(value)?))
        .collect::<Option<_>>()
        .unwrap_or_default()
}

/// The same for the older `KeyConditions`.
fn listed_partitions(conditions: &Map<String, Value>, hash: Option<&str>) -> Vec<String> {
    let condition = hash.and_then(|hash| conditions.get(hash));
    let is_equal =
        |condition: &&Value| condition.get("ComparisonOperator").is_some_and(|found| found == "EQ");
    let values = condition.filter(is_equal).and_then(|condition| condition.get("AttributeValueList"));
    let values = values.and_then(Value::as_array);
    values
        .and_then(|values| values.iter().map(text_attribute).collect::<Option<Vec<_>>>())
        .unwrap_or_default()
}

/// The text of an attribute of type `S` and nothing else.
fn text_attribute(value: &Value) -> Option<String> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.get("S")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place() -> Place {
        Place {
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            table: "catalog".to_owned(),
        }
    }

    fn demand(operation: &str, request: Value) -> Demand {
        let Value::Object(mut members) = request else { panic!("a request is an object") };
        Demand::read(operation, &mut members, &place()).expect("a request that can be read")
    }

    fn query(expression: &str, index: Option<&str>) -> Demand {
        let mut request = json!({"TableName": "catalog", "KeyConditionExpression": expression,
            "ExpressionAttributeNames": {"#m": "source_message", "#d": "source_day"},
            "ExpressionAttributeValues": {":a": {"S": "a#1"}, ":b": {"S": "b#1"}, ":n": {"N": "1"}}});
        if let Some(index) = index {
            request["IndexName"] = json!(index);
        }
        demand("Query", request)
    }

    #[test]
    fn a_query_addresses_the_partitions_of_its_table_or_index() {
        assert_eq!(query("#m = :a", None).leading_keys, ["a#1"], "by a placeholder");
        assert_eq!(query("source_message = :a AND event = :b", None).leading_keys, ["a#1"], "by its name");
        assert_eq!(query("#d = :b", Some("by_day")).leading_keys, ["b#1"], "each index has its own");
        for (expression, index) in [
            ("#d = :a", None),
            ("#m = :a", Some("by_day")),
            ("#m = :a", Some("no_such_index")),
            ("#m = :n", None),
            ("#m = :missing", None),
            ("#m = :a AND #m = :n", None),
            ("begins_with(#m, :a)", None),
        ] {
            let found = query(expression, index).leading_keys;
            assert!(found.is_empty(), "{expression} on {index:?} addresses no certain partition: {found:?}");
        }
        let both = query("#m = :a AND #m = :b", None).leading_keys;
        assert_eq!(both, ["a#1", "b#1"], "both are judged");
    }

    #[test]
    fn the_older_form_of_a_query_is_understood() {
        let with = |condition: Value| {
            demand("Query", json!({"TableName": "catalog", "KeyConditions": {"source_message": condition}}))
        };
        let found = with(json!({"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a#1"}]}));
        assert_eq!(found.leading_keys, ["a#1"], "an equality names the partition");
        let found = with(json!({"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "a#1"}]}));
        assert!(found.leading_keys.is_empty(), "nothing else does");
        let both = demand(
            "Query",
            json!({"TableName": "catalog", "KeyConditionExpression": "source_message = :a",
            "ExpressionAttributeValues": {":a": {"S": "a#1"}},
            "KeyConditions": {"source_message": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "b#1"}]}}}),
        );
        assert!(both.leading_keys.is_empty(), "of two conditions neither is taken for the one that counts");
    }

    #[test]
    fn resources_are_those_of_the_request() {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/catalog";
        assert_eq!(query("#m = :a", None).resource, arn, "the table");
        assert_eq!(query("#d = :a", Some("by_day")).resource, format!("{arn}/index/by_day"), "the index");
        let key = json!({"source_message": {"S": "a#1"}, "event": {"S": "message"}});
        let by_arn = demand("GetItem", json!({"TableName": arn, "Key": key}));
        assert_eq!(
            (by_arn.resource.as_str(), by_arn.leading_keys.len()),
            (arn, 1),
            "a table named by its ARN"
        );
        let odd = demand("GetItem", json!({"TableName": "catalog/index/by_day", "Key": key}));
        assert!(odd.leading_keys.is_empty(), "a name that only looks like an index addresses nothing");
        let other = demand("GetItem", json!({"TableName": "other", "Key": key}));
        assert!(other.leading_keys.is_empty(), "keys of another table are not understood");
    }
}
