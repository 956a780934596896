//! Search by meaning: what a term means in our list of synonyms first, then names that hold its words.

use super::describe::Description;
use super::synonyms::SYNONYMS;
use super::words::{fit, holds, same, words};
use super::{DataType, MessageStructure, Version};
use std::collections::HashSet;

/// More than this helps nobody.
const MOST: usize = 25;

/// Segments that most messages have, the likelier meant the earlier; also those whose fields are searched by
/// component.
const USUAL: &[&str] = &[
    "PID", "PV1", "OBX", "OBR", "MSH", "ORC", "NK1", "IN1", "DG1", "AL1", "EVN", "PD1", "PV2", "SPM", "NTE",
];

/// The best answers, best first, none twice.
pub(super) fn by_meaning(term: &str, version: &'static Version) -> Vec<Description> {
    let question = words(term);
    if question.is_empty() {
        return Vec::new();
    }
    let mut search = Search { version, questions: vec![question.clone()], found: Vec::new() };
    search.synonyms(&question);
    search.segments();
    search.data_types();
    search.messages();
    search.best()
}

enum Found {
    /// A field, a component, or a segment.
    Path(String),
    DataType(DataType),
    Message(MessageStructure),
}

impl Found {
    fn path(&self) -> &str {
        match self {
            Self::Path(path) => path,
            Self::DataType(data_type) => data_type.id(),
            Self::Message(message) => message.id(),
        }
    }

    fn describe(self, version: &'static Version) -> Option<Description> {
        match self {
            Self::Path(path) => Description::of_path(&path, version)
                .or_else(|| Some(Description::of_segment(version.segment(path.as_bytes())?, version))),
            Self::DataType(data_type) => Some(Description::of_data_type(data_type, version)),
            Self::Message(message) => Some(Description::of_message(message, version)),
        }
    }
}

struct Search {
    version: &'static Version,
    /// The term's own words, and the standard's words for it.
    questions: Vec<Vec<String>>,
    /// Described only when they are among the best.
    found: Vec<(u32, Found)>,
}

impl Search {
    fn synonyms(&mut self, question: &[String]) {
        for synonym in SYNONYMS {
            let phrases = synonym.phrases.iter().map(|phrase| words(phrase));
            let Some(phrase) = phrases.filter(|phrase| holds(question, phrase)).max_by_key(Vec::len) else {
                continue;
            };
            // The whole term is the phrase: its places come before everything. Only a part of it: they come
            // behind good fits.
            let score = if same(question, &phrase) { 3000 } else { 600 };
            for (place, path) in (0..).zip(synonym.paths) {
                self.path(path, score - place);
            }
            if !synonym.words.is_empty() {
                let rest = question.iter().filter(|word| !phrase.contains(word)).cloned();
                let instead: Vec<String> = rest.chain(words(synonym.words)).collect();
                self.questions.push(instead);
            }
        }
    }

    fn segments(&mut self) {
        let version = self.version;
        for segment in version.segments() {
            let likely = likelihood(segment.id());
            let segment_name = words(segment.name());
            let segment_score = self.score(&segment_name);
            self.keep(segment_score, likely, Found::Path(segment.id().to_owned()));
            for (number, field) in segment.fields() {
                let name = words(field.name);
                let score = self.score(&name);
                let path = format!("{}-{number}", segment.id());
                if score > 0 {
                    self.path(&path, score + likely);
                    continue;
                }
                // By the words of field and segment together: "insurance group". Not when the segment alone
                // says it all.
                if segment_score == 0 {
                    let both: Vec<String> = name.iter().chain(&segment_name).cloned().collect();
                    let score = self.score(&both);
                    if score > 0 {
                        self.path(&path, score.saturating_sub(200) + likely);
                    }
                }
                if likely > 0
                    && let Some(data_type) = version.data_type(field.data_type)
                {
                    self.components(&path, &name, data_type, likely);
                }
            }
        }
    }

    /// Components of a usual field, by the words of both: "patient given name".
    fn components(&mut self, path: &str, field: &[String], data_type: DataType, likely: u32) {
        for (number, component) in data_type.components() {
            let name: Vec<String> = field.iter().cloned().chain(words(component.name)).collect();
            let score = self.score(&name);
            if score > 0 {
                self.path(&format!("{path}.{number}"), score.saturating_sub(100) + likely);
            }
        }
    }

    fn data_types(&mut self) {
        let version = self.version;
        for data_type in version.data_types() {
            let score = self.score(&words(data_type.name()));
            self.keep(score, 0, Found::DataType(data_type));
            for (number, component) in data_type.components() {
                let score = self.score(&words(component.name));
                if score > 0 {
                    self.path(&format!("{}.{number}", data_type.id()), score.saturating_sub(50));
                }
            }
        }
    }

    fn messages(&mut self) {
        let version = self.version;
        for message in version.message_structures() {
            let score = self.score(&words(message.name()));
            self.keep(score, 0, Found::Message(message));
        }
    }

    /// The best fit of any of the questions.
    fn score(&self, name: &[String]) -> u32 {
        self.questions.iter().map(|question| fit(question, name)).max().unwrap_or(0)
    }

    fn path(&mut self, path: &str, score: u32) {
        self.found.push((score, Found::Path(path.to_owned())));
    }

    fn keep(&mut self, score: u32, likely: u32, found: Found) {
        if score > 0 {
            self.found.push((score + likely, found));
        }
    }

    fn best(mut self) -> Vec<Description> {
        self.found.sort_by_cached_key(|(score, found)| (std::cmp::Reverse(*score), natural(found.path())));
        let mut seen = HashSet::new();
        let once = self.found.into_iter().filter(|(_, found)| seen.insert(found.path().to_owned()));
        once.filter_map(|(_, found)| found.describe(self.version)).take(MOST).collect()
    }
}

/// Up to 150 more for the segments that are likelier meant.
fn likelihood(segment: &str) -> u32 {
    let place = USUAL.iter().position(|usual| *usual == segment);
    place.map_or(0, |place| 150_u32.saturating_sub(10 * u32::try_from(place).unwrap_or(15)))
}

/// Letters first, then numbers as numbers: PID-5 before PID-11.
fn natural(path: &str) -> (String, Vec<u32>) {
    let end = path.find(['-', '.']).unwrap_or(path.len());
    let (id, numbers) = path.split_at_checked(end).unwrap_or((path, ""));
    (id.to_owned(), numbers.split(['-', '.']).filter_map(|number| number.parse().ok()).collect())
}
