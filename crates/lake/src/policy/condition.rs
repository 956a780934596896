use super::context::{Arity, Context, Key};
use super::pattern::{Pattern, Wildcards};

/// One key under one operator of a `Condition`; its values are alternatives, conditions of a statement must all hold.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    key: Key,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    /// `StringEquals`, `StringLike`: the key has a value and one of these matches it.
    Value(Vec<Pattern>),
    /// `ForAllValues:StringLike`: each value of the key is matched by one of these. It holds for a key without values too,
    /// which is why a guard `Null: false` belongs beside it.
    AllValues(Vec<Pattern>),
    /// `Null: true`: the key has no value.
    Absent,
    /// `Null: false`: it has one.
    Present,
    /// `Bool`: the key's value, as text.
    Truth(&'static str),
}

impl Condition {
    /// Reads a condition; the error says what is wrong with it.
    pub(super) fn parse(operator: &str, key: &str, values: &[String]) -> Result<Self, String> {
        let name = key;
        let key = Key::parse(key)
            .ok_or_else(|| format!("condition key `{key}` is not known here (mind its case)"))?;
        let patterns = |wildcards| {
            values.iter().map(|value| Pattern::parse(value, wildcards)).collect::<Result<Vec<_>, _>>()
        };
        if values.is_empty() {
            return Err(format!("`{operator}` of `{name}` has no values"));
        }
        let (test, arity) = match operator {
            "StringEquals" => (Test::Value(patterns(Wildcards::AreText)?), Some(Arity::One)),
            "StringLike" => (Test::Value(patterns(Wildcards::Match)?), Some(Arity::One)),
            "ForAllValues:StringLike" => (Test::AllValues(patterns(Wildcards::Match)?), Some(Arity::Many)),
            "Null" => match truth(values)? {
                "true" => (Test::Absent, None),
                _ => (Test::Present, None),
            },
            "Bool" => (Test::Truth(truth(values)?), Some(Arity::One)),
            other => return Err(format!("condition operator `{other}` is not known here")),
        };
        // What AWS does with an operator for one value on a key of many is not documented: not guessed at.
        if arity.is_some_and(|arity| arity != key.arity()) {
            return Err(format!(
                "`{operator}` does not go with `{name}`: one is for a single value, one for many"
            ));
        }
        Ok(Self { key, test })
    }

    pub(super) fn holds(&self, context: &Context) -> bool {
        let among =
            |patterns: &[Pattern], value: &str| patterns.iter().any(|one| one.matches(value, context));
        match &self.test {
            Test::Value(patterns) => context.value(&self.key).is_some_and(|value| among(patterns, value)),
            Test::AllValues(patterns) => context.values(&self.key).iter().all(|value| among(patterns, value)),
            Test::Absent => context.values(&self.key).is_empty(),
            Test::Present => !context.values(&self.key).is_empty(),
            Test::Truth(wanted) => context.value(&self.key) == Some(*wanted),
        }
    }
}

fn truth(values: &[String]) -> Result<&'static str, String> {
    match values {
        [value] if value == "true" => Ok("true"),
        [value] if value == "false" => Ok("false"),
        _ => Err("this operator takes one value, `true` or `false`".to_owned()),
    }
}
