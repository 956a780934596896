//! The key condition of a query, read so that the access policy can be asked about the partition it addresses.
//!
//! What is judged must be what is executed, so nobody else's reading of the text counts: the expression is taken apart
//! here and written anew from its parts, and only that is handed to the database.

use std::fmt::Write;

/// A key condition: clauses joined by `AND`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyCondition {
    clauses: Vec<Clause>,
}

/// One clause: an attribute (a name or a `#placeholder`), how it is compared, with which `:placeholders`.
#[derive(Debug, PartialEq, Eq)]
struct Clause {
    attribute: String,
    comparison: Comparison,
}

#[derive(Debug, PartialEq, Eq)]
enum Comparison {
    With(&'static str, String),
    Between(String, String),
    BeginsWith(String),
}

/// The expression is none that a key can be asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid KeyConditionExpression: Syntax error")]
pub(super) struct NotAKeyCondition;

impl KeyCondition {
    /// Reads an expression (*Amazon DynamoDB Developer Guide*, "Key condition expressions for query").
    pub(super) fn parse(expression: &str) -> Result<Self, NotAKeyCondition> {
        if expression.len() > LONGEST {
            return Err(NotAKeyCondition);
        }
        let tokens = tokens(expression)?;
        let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
        let mut clauses = Vec::new();
        reader.condition(&mut clauses)?;
        if reader.at == tokens.len() { Ok(Self { clauses }) } else { Err(NotAKeyCondition) }
    }

    /// The `:placeholders` that attributes with the name wanted must be equal to.
    pub(super) fn equal_to(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<&str> {
        let values = self.clauses.iter().filter(|clause| is_wanted(&clause.attribute));
        values
            .filter_map(|clause| match &clause.comparison {
                Comparison::With("=", value) => Some(value.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The expression written anew.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (number, Clause { attribute, comparison }) in self.clauses.iter().enumerate() {
            let and = if number == 0 { "" } else { " AND " };
            let written = match comparison {
                Comparison::With(operator, value) => write!(text, "{and}{attribute} {operator} {value}"),
                Comparison::Between(low, high) => {
                    write!(text, "{and}{attribute} BETWEEN {low} AND {high}")
                }
                Comparison::BeginsWith(value) => write!(text, "{and}begins_with({attribute}, {value})"),
            };
            debug_assert!(written.is_ok(), "writing into a text cannot fail");
        }
        text
    }
}

/// DynamoDB's limit for an expression, in bytes.
const LONGEST: usize = 4_096;
/// Deeper parentheses make no key condition that anyone writes.
const DEEPEST: usize = 16;

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    /// An attribute's name, `#placeholder`, or a word of the language.
    Word(&'a str),
    /// `:placeholder`.
    Value(&'a str),
    Sign(&'static str),
}

fn tokens(expression: &str) -> Result<Vec<Token<'_>>, NotAKeyCondition> {
    const SIGNS: [&str; 8] = ["<=", ">=", "=", "<", ">", "(", ")", ","];
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            sign.len()
        } else {
            let lead = usize::from(first == '#' || first == ':');
            let word = rest.get(lead..).unwrap_or_default();
            let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let length = lead + word.find(|character| !is_part(character)).unwrap_or(word.len());
            let text = rest.get(..length).filter(|_| length > lead).ok_or(NotAKeyCondition)?;
            if lead == 0 && first.is_ascii_digit() {
                return Err(NotAKeyCondition);
            }
            tokens.push(if first == ':' { Token::Value(text) } else { Token::Word(text) });
            length
        };
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn condition(&mut self, clauses: &mut Vec<Clause>) -> Result<(), NotAKeyCondition> {
        self.term(clauses)?;
        while self.take_word("AND") {
            self.term(clauses)?;
        }
        Ok(())
    }

    fn term(&mut self, clauses: &mut Vec<Clause>) -> Result<(), NotAKeyCondition> {
        if self.take_sign("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(NotAKeyCondition);
            }
            self.condition(clauses)?;
            self.depth -= 1;
            return self.expect_sign(")");
        }
        let attribute = self.word()?;
        if attribute == "begins_with" {
            self.expect_sign("(")?;
            let attribute = self.word()?.to_owned();
            self.expect_sign(",")?;
            let comparison = Comparison::BeginsWith(self.value()?);
            self.expect_sign(")")?;
            clauses.push(Clause { attribute, comparison });
            return Ok(());
        }
        let comparison = if self.take_word("BETWEEN") {
            let low = self.value()?;
            if !self.take_word("AND") {
                return Err(NotAKeyCondition);
            }
            Comparison::Between(low, self.value()?)
        } else {
            match self.next() {
                Some(Token::Sign(operator @ ("=" | "<" | "<=" | ">" | ">="))) => {
                    Comparison::With(operator, self.value()?)
                }
                _ => return Err(NotAKeyCondition),
            }
        };
        clauses.push(Clause { attribute: attribute.to_owned(), comparison });
        Ok(())
    }

    fn next(&mut self) -> Option<&'a Token<'a>> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn word(&mut self) -> Result<&'a str, NotAKeyCondition> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(NotAKeyCondition),
        }
    }

    fn value(&mut self) -> Result<String, NotAKeyCondition> {
        match self.next() {
            Some(Token::Value(value)) => Ok((*value).to_owned()),
            _ => Err(NotAKeyCondition),
        }
    }

    fn expect_sign(&mut self, sign: &'static str) -> Result<(), NotAKeyCondition> {
        if self.take_sign(sign) { Ok(()) } else { Err(NotAKeyCondition) }
    }

    fn take_sign(&mut self, sign: &'static str) -> bool {
        self.take_if(|token| *token == Token::Sign(sign))
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        self.take_if(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword)))
    }

    fn take_if(&mut self, is_it: impl FnOnce(&Token<'a>) -> bool) -> bool {
        let taken = self.tokens.get(self.at).is_some_and(is_it);
        self.at += usize::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal_to(expression: &str, name: &str) -> Vec<String> {
        let condition = KeyCondition::parse(expression).expect("a key condition");
        condition.equal_to(|attribute| attribute == name).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_partition_is_found_wherever_it_stands() {
        for expression in [
            "pk = :p",
            "(pk=:p)",
            " ( ( pk = :p ) and ( sk BETWEEN :a AND :b ) ) ",
            "begins_with(sk, :a) AND pk = :p",
            "(sk >= :a AND pk = :p)",
        ] {
            assert_eq!(equal_to(expression, "pk"), [":p"], "in {expression}");
        }
        assert_eq!(equal_to("#n = :p AND sk = :s", "#n"), [":p"], "placeholders are names too");
        assert_eq!(equal_to("pk = :mine AND pk = :theirs", "pk"), [":mine", ":theirs"], "none is hidden");
        assert!(equal_to("pk > :p", "pk").is_empty(), "only equality names a partition");
        assert!(equal_to("begins_with(pk, :p)", "pk").is_empty(), "a beginning names many");
    }

    #[test]
    fn it_is_written_anew_with_the_same_meaning() {
        let written = |text| KeyCondition::parse(text).expect("a key condition").text();
        assert_eq!(written("((#a=:a)and(#b between :c and :d))"), "#a = :a AND #b BETWEEN :c AND :d");
        assert_eq!(written("begins_with( b ,:c)AND a=:a"), "begins_with(b, :c) AND a = :a");
        let again = written("a = :a AND b <= :b");
        assert_eq!(written(&again), again, "writing is stable");
    }

    #[test]
    fn what_is_no_key_condition_is_refused() {
        for expression in [
            "",
            "pk",
            "pk =",
            "pk = p",
            ":p = pk",
            "pk = :p OR pk = :q",
            "NOT pk = :p",
            "pk = :p AND",
            "pk <> :p",
            "(pk = :p",
            "pk = :p)",
            "pk = :p sk = :s",
            "a.b = :p",
            "a[0] = :p",
            "pk IN (:a, :b)",
            "pk = :p -- x",
            "pk = :p\u{0}",
            "1k = :p",
            "# = :p",
            "pk = :",
            "begins_with(pk :p)",
        ] {
            assert_eq!(KeyCondition::parse(expression), Err(NotAKeyCondition), "{expression:?}");
        }
        let deep = "(".repeat(1_000) + "pk = :p" + &")".repeat(1_000);
        assert_eq!(KeyCondition::parse(&deep), Err(NotAKeyCondition), "depth is limited");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[#:a-cA-Z=<>(), _\\.]{0,40}|\\PC{0,40}") {
            if let Ok(condition) = KeyCondition::parse(&text) {
                let again = KeyCondition::parse(&condition.text());
                proptest::prop_assert_eq!(again, Ok(condition), "what was read can be written and read again");
            }
        }
    }
}
