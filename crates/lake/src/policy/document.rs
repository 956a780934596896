use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::condition::Condition;
use super::pattern::{Actions, Pattern, Wildcards, parse_action};
use super::{Effect, Policy, Statement};

/// Why a policy document was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Not JSON, or not of the elements that are known here.
    #[error(
        "the policy document cannot be read: {reason}; use only elements of version 2012-10-17 that this lake knows"
    )]
    Document {
        /// What the reader said, with line and column.
        reason: String,
    },
    /// A statement that cannot be judged faithfully.
    #[error("policy statement {statement} cannot be judged: {reason}")]
    Statement {
        /// Its `Sid`, or its place from 1.
        statement: String,
        /// What is wrong or unknown.
        reason: String,
    },
}

/// Reads a document; `fill` is applied to every resource and condition value first.
pub(super) fn read(json: &str, fill: impl Fn(&str) -> Result<String, String>) -> Result<Policy, PolicyFault> {
    let document: Document =
        serde_json::from_str(json).map_err(|fault| PolicyFault::Document { reason: fault.to_string() })?;
    let mut statements = Vec::new();
    for (place, raw) in document.statements.0.into_iter().enumerate() {
        let name = raw.sid.clone().unwrap_or_else(|| (place + 1).to_string());
        let statement = raw
            .read(&name, &fill)
            .map_err(|reason| PolicyFault::Statement { statement: name.clone(), reason })?;
        statements.push(statement);
    }
    Ok(Policy { statements })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "Version")]
    _version: Version,
    #[serde(rename = "Id", default)]
    _id: Option<String>,
    #[serde(rename = "Statement")]
    statements: OneOrMany<RawStatement>,
}

/// Older versions know no variables: the same text would mean something else.
#[derive(Deserialize)]
enum Version {
    #[serde(rename = "2012-10-17")]
    Current,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStatement {
    #[serde(rename = "Sid", default)]
    sid: Option<String>,
    #[serde(rename = "Effect")]
    effect: RawEffect,
    #[serde(rename = "Action", default)]
    action: Option<OneOrMany<String>>,
    #[serde(rename = "NotAction", default)]
    not_action: Option<OneOrMany<String>>,
    #[serde(rename = "Resource")]
    resource: OneOrMany<String>,
    #[serde(rename = "Condition", default)]
    condition: Pairs<Pairs<OneOrMany<Scalar>>>,
}

#[derive(Deserialize)]
enum RawEffect {
    Allow,
    Deny,
}

impl RawStatement {
    fn read(self, name: &str, fill: impl Fn(&str) -> Result<String, String>) -> Result<Statement, String> {
        let patterns = |texts: OneOrMany<String>| {
            texts.0.iter().map(|text| parse_action(text)).collect::<Result<Vec<_>, _>>()
        };
        let actions = match (self.action, self.not_action) {
            (Some(these), None) => Actions::These(patterns(these)?),
            (None, Some(these)) => Actions::AllBut(patterns(these)?),
            _ => return Err("it needs either Action or NotAction".to_owned()),
        };
        let resources =
            self.resource.0.iter().map(|text| resource(&fill(text)?)).collect::<Result<_, _>>()?;
        let mut conditions = Vec::new();
        for (operator, keys) in self.condition.0 {
            for (key, values) in keys.0 {
                let values: Vec<String> =
                    values.0.iter().map(|value| fill(&value.0)).collect::<Result<_, _>>()?;
                conditions.push(Condition::parse(&operator, &key, &values)?);
            }
        }
        let effect = match self.effect {
            RawEffect::Allow => Effect::Allow,
            RawEffect::Deny => Effect::Deny,
        };
        Ok(Statement { name: name.to_owned(), effect, actions, resources, conditions })
    }
}

fn resource(text: &str) -> Result<Pattern, String> {
    // IAM refuses a resource that is no ARN when the policy is written: so would a slip in filling it in show here.
    if text != "*" && !(text.starts_with("arn:") && text.matches(':').count() >= 5) {
        return Err(format!("`{text}` is neither an ARN nor `*`"));
    }
    Pattern::parse(text, Wildcards::Match)
}

/// IAM writes a list of one as the one.
struct OneOrMany<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("one or a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                if values.is_empty() {
                    return Err(A::Error::custom("an empty list says nothing"));
                }
                Ok(OneOrMany(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(|one| OneOrMany(vec![one]))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(serde::de::value::StrDeserializer::new(text)).map(|one| OneOrMany(vec![one]))
            }
            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
                T::deserialize(serde::de::value::BoolDeserializer::new(value)).map(|one| OneOrMany(vec![one]))
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// A condition value: text, or `true` or `false`, which IAM takes as their text.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Scalar;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("text, true or false")
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// An object whose names are data. A name that stands twice is refused: JSON readers disagree on which one holds.
struct Pairs<T>(Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Pairs<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if pairs.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("`{name}` stands twice")));
                    }
                    pairs.push((name, value));
                }
                if pairs.is_empty() {
                    return Err(A::Error::custom("an empty object says nothing"));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
