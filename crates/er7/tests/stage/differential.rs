//! Against hl7-parser, on the corpus and on generated messages: every disagreement has a known reason, or the test fails.

use crate::common::{Place, leaves, oracle, scratch, stage};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Why the two disagree; each is decided from the text alone, before the leaves are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// MSH-2 has another number of characters than four, or one twice: the peer takes five characters from MSH-1 on
    /// as its separators, so that every MSH field moves by one, or equal ones split where they should not.
    EncodingCharacters,
    /// At a line that does not read as name and separator (a name alone, small letters aside) the peer stops and
    /// answers with what it had.
    StopsAtOddLine,
    /// The peer resolves `\.br\` too, pairs escape characters in another way, and panics before what is not ASCII.
    Escape,
    /// The peer keeps a name of small letters; we write it in capitals and say so.
    SmallLetters,
    /// A line feed in a text ends a field for the peer.
    LineFeed,
}

#[derive(Default)]
struct Tally {
    agreed: u64,
    reasons: BTreeMap<Reason, u64>,
    unexplained: Vec<String>,
    list: String,
}

#[test]
fn disagreements_on_the_corpus_are_explained() {
    let Some(messages) = oracle() else { return };
    let mut tally = Tally::default();
    for message in messages {
        tally.compare(&format!("{} {}", message.file, message.number), &message.text);
    }
    tally.finish("corpus", messages.len() as u64);
}

#[test]
fn disagreements_on_generated_messages_are_explained() {
    let mut tally = Tally::default();
    let mut runner = TestRunner::deterministic();
    let count = 1200;
    for number in 0..count {
        let tree = messages().new_tree(&mut runner).expect("a message can be generated");
        tally.compare(&format!("generated {number}"), &tree.current());
    }
    tally.finish("generated", count);
}

impl Tally {
    fn compare(&mut self, name: &str, text: &str) {
        let Ok((_, json)) = stage(text.as_bytes()) else {
            self.unexplained.push(format!("{name}: we refuse it"));
            return;
        };
        let prepared = er7::prepare(text.as_bytes()).expect("just staged");
        let text = std::str::from_utf8(prepared.bytes()).expect("UTF-8 in, UTF-8 out");
        let ours: BTreeMap<Place, String> =
            leaves(&json).into_iter().filter(|(place, _)| !is_delimiters(place)).collect();
        let theirs = hl7_parser::Message::parse(text).map(|message| peer_leaves(&message));
        let is_equal = theirs.as_ref().is_ok_and(|theirs| *theirs == ours);
        if is_equal {
            self.agreed += 1;
            return;
        }
        match explain(text, &ours, theirs.as_ref().ok()) {
            Ok(reasons) => {
                writeln!(self.list, "{name}: {reasons:?}").expect("a string takes text");
                for reason in reasons {
                    *self.reasons.entry(reason).or_default() += 1;
                }
            }
            Err(difference) => self.unexplained.push(format!("{name}: {difference}")),
        }
    }

    fn finish(self, what: &str, count: u64) {
        std::fs::write(scratch().join(format!("disagreements-{what}.txt")), &self.list)
            .expect("the list can be written");
        println!(
            "{what}: {count} messages, {} agree, reasons of the others: {:?}",
            self.agreed, self.reasons
        );
        assert!(self.agreed > count / 4, "the comparison compares: {} of {count} agree", self.agreed);
        assert!(
            self.unexplained.is_empty(),
            "{} unexplained, as {:?}",
            self.unexplained.len(),
            self.unexplained.first()
        );
    }
}

fn is_delimiters(place: &Place) -> bool {
    place.1 == "MSH" && place.2 <= 2
}

fn peer_leaves(message: &hl7_parser::Message<'_>) -> BTreeMap<Place, String> {
    let mut leaves = BTreeMap::new();
    for (index, segment) in message.segments().enumerate() {
        for (field, content) in segment.fields().enumerate() {
            for (repetition, content) in content.repeats().enumerate() {
                for (component, content) in content.components().enumerate() {
                    for (subcomponent, content) in content.subcomponents().enumerate() {
                        let number = |index: usize| index as u64 + 1;
                        let place = (
                            index as u64,
                            segment.name.to_owned(),
                            number(field),
                            number(repetition),
                            number(component),
                            number(subcomponent),
                        );
                        if !content.value.is_empty() && !is_delimiters(&place) {
                            leaves.insert(place, peer_decode(content.value, &message.separators));
                        }
                    }
                }
            }
        }
    }
    leaves
}

/// The peer's decoding panics where an escape character stands before a character that is not ASCII: such values are
/// taken as they are, and the difference counts as one of escapes.
fn peer_decode(value: &str, separators: &hl7_parser::message::Separators) -> String {
    if value.is_ascii() || !value.contains(separators.escape) {
        separators.decode(value).to_string()
    } else {
        value.to_owned()
    }
}

/// The reasons for a disagreement, or the first difference that has none.
fn explain(
    text: &str,
    ours: &BTreeMap<Place, String>,
    theirs: Option<&BTreeMap<Place, String>>,
) -> Result<Vec<Reason>, String> {
    let mut reasons = Vec::new();
    let separator = text.get(3..4).unwrap_or("|");
    let encoding = text
        .get(4..)
        .unwrap_or_default()
        .split([separator.chars().next().unwrap_or('|'), '\r'])
        .next()
        .unwrap_or_default();
    let has_usual_delimiters = encoding.chars().count() == 4
        && encoding
            .chars()
            .enumerate()
            .all(|(index, one)| !encoding.chars().take(index).any(|other| other == one));
    if !has_usual_delimiters {
        return Ok(vec![Reason::EncodingCharacters]);
    }
    let Some(theirs) = theirs else { return Err("the peer refuses it".to_owned()) };
    let escape = encoding.chars().nth(2).unwrap_or('\\');
    let lines: Vec<&str> = text.split('\r').collect();
    let is_readable = |line: &str| {
        let mut characters = line.chars();
        characters.by_ref().take(3).filter(|character| character.is_alphanumeric()).count() == 3
            && characters.next().is_some_and(|next| separator.starts_with(next))
    };
    let stop = lines.iter().position(|line| !is_readable(line)).unwrap_or(lines.len()) as u64;
    let line_feed = lines.iter().position(|line| line.contains('\n')).unwrap_or(lines.len()) as u64;
    if stop < lines.len() as u64 {
        reasons.push(Reason::StopsAtOddLine);
    }
    if line_feed < lines.len() as u64 {
        reasons.push(Reason::LineFeed);
    }
    let end = stop.min(line_feed);
    let capitals = |place: &Place| (place.0, place.1.to_uppercase(), place.2, place.3, place.4, place.5);
    if theirs.keys().any(|place| place.1.chars().any(char::is_lowercase)) {
        reasons.push(Reason::SmallLetters);
    }
    let theirs: BTreeMap<Place, &String> =
        theirs.iter().map(|(place, value)| (capitals(place), value)).collect();
    for place in ours.keys().chain(theirs.keys()).filter(|place| place.0 < end) {
        let (our, their) = (ours.get(place), theirs.get(place));
        if our == their.copied() {
            continue;
        }
        let line = lines.get(place.0 as usize).copied().unwrap_or_default();
        if our.is_some() == their.is_some() && line.contains(escape) {
            if !reasons.contains(&Reason::Escape) {
                reasons.push(Reason::Escape);
            }
            continue;
        }
        return Err(format!("{place:?}: ours {our:?}, theirs {their:?}"));
    }
    if reasons.is_empty() { Err("no reason".to_owned()) } else { Ok(reasons) }
}

fn messages() -> impl Strategy<Value = String> {
    let head = proptest::sample::select(vec![
        "MSH|^~\\&|LAB|N^1^ISO|EHR|S|20260102||ORU^R01|7|P|2.5",
        "MSH|^~\\&|LAB|N^1^ISO|EHR|S|20260102||ORU^R01|7|P|2.5",
        "MSH|^~\\&#|LAB|N|EHR|S|20260102||ORU^R01|7|P|2.5",
        "MSH|*%/$|LAB|N*1|EHR|S|20260102||ORU*R01|7|P|2.5",
    ]);
    let value = "[a-zA-Z0-9 é.\"]{0,6}|[a-z]{0,2}\\\\(F|S|R|E|T|X41|Q|\\.br)\\\\[a-z]{0,2}|a\\\\b";
    let field = proptest::collection::vec((value, proptest::sample::select(vec!["^", "~", "&", ""])), 0..4)
        .prop_map(|parts| parts.into_iter().map(|(value, end)| format!("{value}{end}")).collect::<String>());
    let name = "PID|OBX|NTE|ZZ1|PV1|OBR";
    let segment = (name, proptest::collection::vec(field, 1..8))
        .prop_map(|(name, fields)| format!("{name}|{}", fields.join("|")));
    let line =
        prop_oneof![20 => segment, 1 => Just("PV1".to_owned()), 1 => Just("rest of a text".to_owned())];
    (head, proptest::collection::vec(line, 0..6)).prop_map(|(head, lines)| {
        std::iter::once(head.to_owned()).chain(lines).collect::<Vec<String>>().join("\r")
    })
}
