//! Names and questions as words, and how well they fit.

/// Words that carry no meaning in a name.
const IDLE: &[&str] = &[
    "a", "an", "and", "any", "for", "in", "is", "my", "of", "on", "or", "s", "the", "to", "what", "where",
    "which",
];

/// The words of a text: lower case, without plural endings and idle words, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let all = lower.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    all.filter(|word| !IDLE.contains(word)).map(|word| singular(word).to_owned()).collect()
}

/// Without the ending of an English plural; the same for a name and a question, so it need not be right, only
/// equal.
fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if word.len() > 3 && !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => word,
    }
}

/// Do the two hold the same words, in any order?
pub(super) fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && holds(one, other)
}

/// Does `all` hold each of `some`?
pub(super) fn holds(all: &[String], some: &[String]) -> bool {
    some.iter().all(|word| all.contains(word))
}

/// How well a name answers a question: 0 when a word of the question is missing altogether, 1000 when they
/// are equal.
pub(super) fn fit(question: &[String], name: &[String]) -> u32 {
    let mut sum = 0;
    for word in question {
        match name.iter().map(|other| likeness(word, other)).max() {
            Some(likeness @ 1..) => sum += likeness,
            _ => return 0,
        }
    }
    let asked = u32::try_from(question.len()).unwrap_or(u32::MAX).max(1);
    let named = u32::try_from(name.len()).unwrap_or(u32::MAX).max(1);
    // Mostly how well each word is met, a little how much of the name was not asked for.
    (sum / asked) * 7 / 10 + (sum / named.max(asked)) * 3 / 10
}

/// 1000 for the same word, less for a beginning of it or one slip of the pen (not in the first letter), else
/// 0.
fn likeness(word: &str, other: &str) -> u32 {
    if word == other {
        return 1000;
    }
    if word.chars().next() != other.chars().next() {
        return 0;
    }
    let (length, other_length) = (word.chars().count(), other.chars().count());
    let shorter = length.min(other_length);
    if shorter >= 4 && (other.starts_with(word) || word.starts_with(other)) {
        return 700;
    }
    if shorter >= 5 && length.abs_diff(other_length) <= 1 && is_one_slip(word, other) { 500 } else { 0 }
}

/// One letter changed, added, left out, or two neighbours swapped.
fn is_one_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(start..).unwrap_or_default(), other.get(start..).unwrap_or_default());
    match (one, other) {
        ([a, b, rest @ ..], [c, d, others @ ..]) if a == d && b == c && rest == others => true,
        ([_, rest @ ..], [_, others @ ..]) if rest == others => true,
        ([_, rest @ ..], others) if rest == others => true,
        (rest, [_, others @ ..]) => rest == others,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain() {
        assert_eq!(words("Date/Time of Birth"), ["date", "time", "birth"], "idle words go");
        assert_eq!(words("Mother's Identifiers"), ["mother", "identifier"], "plurals and genitives go");
        assert_eq!(words("status address"), ["status", "address"], "not every s is a plural");
    }

    #[test]
    fn a_question_may_be_inexact() {
        let name = words("Attending Doctor");
        for (question, fits) in [
            ("attending doctor", 1000),
            ("doctor attending", 1000),
            ("doctor", 850),
            ("atending docter", 500),
        ] {
            assert_eq!(fit(&words(question), &name), fits, "{question}");
        }
        assert_eq!(fit(&words("attending nurse"), &name), 0, "a word that is missing");
    }
}
