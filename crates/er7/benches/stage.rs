//! Measures staging on one core: the whole pipeline, its stages, and the peer in Rust, in the same run.
//!
//! `cargo bench -p er7 --bench stage [-- --rounds N] [--only PART_OF_A_NAME]`: a line of JSON a row. Messages come from the corpus beside the
//! work tree (`LAKE_CORPUS` overrides); without it from a generated set, and the row says so.

use serde_json::{Value, json};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

const USUAL_ROUNDS: usize = 9;

fn main() {
    let rounds = rounds();
    let (messages, origin) = messages();
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let count = messages.len();
    print(&json!({"input": origin, "messages": count, "bytes": bytes, "rounds": rounds}));
    let only = argument("--only");
    let bench = Bench { messages: &messages, bytes, rounds, only: only.as_deref() };

    bench.row("er7: whole pipeline", |message, out| {
        let digest = er7::digest(message);
        if let Ok(prepared) = er7::prepare(message) {
            black_box(er7::parse(&prepared, &stamp(digest), out).is_ok());
        }
    });
    bench.row("er7: canonical and hash", |message, _| {
        black_box(er7::digest(message));
    });
    bench.row("er7: prepare", |message, _| {
        black_box(er7::prepare(message).is_ok());
    });
    let prepared: Vec<er7::Prepared<'_>> =
        messages.iter().filter_map(|message| er7::prepare(message).ok()).collect();
    let digest = er7::raw_digest(b"");
    Bench { messages: &prepared, bytes, rounds, only: only.as_deref() }.row(
        "er7: parse to JSON",
        |prepared, out| {
            black_box(er7::parse(prepared, &stamp(digest), out).is_ok());
        },
    );
    bench.row("SHA-256 alone", |message, _| {
        black_box(er7::raw_digest(message));
    });
    bench.row("hl7-parser + serde_json Value, with the same hash", |message, out| {
        black_box(er7::raw_digest(message));
        let Ok(text) = std::str::from_utf8(message) else { return };
        let Ok(parsed) = hl7_parser::Message::parse_with_lenient_newlines(text, true) else { return };
        out.extend_from_slice(&serde_json::to_vec(&peer_value(&parsed)).unwrap_or_default());
    });
    bench.row("hl7-parser: parse alone", |message, _| {
        let Ok(text) = std::str::from_utf8(message) else { return };
        black_box(hl7_parser::Message::parse_with_lenient_newlines(text, true).is_ok());
    });
}

/// The same segments and values as ours, as far as the peer has them: what a program built on it would write.
fn peer_value(message: &hl7_parser::Message<'_>) -> Value {
    let segments = message.segments().map(|segment| {
        let mut fields = serde_json::Map::new();
        for (field, content) in segment.fields().enumerate() {
            for (repetition, content) in content.repeats().enumerate() {
                for (component, content) in content.components().enumerate() {
                    for (subcomponent, content) in content.subcomponents().enumerate() {
                        if content.value.is_empty() {
                            continue;
                        }
                        let name = segment.name;
                        let repetition =
                            if repetition == 0 { String::new() } else { format!("[{}]", repetition + 1) };
                        let subcomponent =
                            if subcomponent == 0 { String::new() } else { format!(".{}", subcomponent + 1) };
                        let key = format!("{name}-{}{repetition}.{}{subcomponent}", field + 1, component + 1);
                        let value = message.separators.decode(content.value).to_string();
                        fields.insert(key, Value::String(value));
                    }
                }
            }
        }
        json!({"id": segment.name, "fields": fields})
    });
    json!({"segments": segments.collect::<Vec<Value>>()})
}

struct Bench<'a, T> {
    messages: &'a [T],
    bytes: usize,
    rounds: usize,
    /// Rows whose name holds this, if anything.
    only: Option<&'a str>,
}

impl<T> Bench<'_, T> {
    /// Best and median of the rounds; each takes every message once, after one round to warm up.
    fn row(&self, name: &str, mut work: impl FnMut(&T, &mut Vec<u8>)) {
        if self.only.is_some_and(|only| !name.contains(only)) {
            return;
        }
        let mut seconds: Vec<f64> = (0..=self.rounds)
            .map(|_| {
                let start = Instant::now();
                let mut out = Vec::new();
                for message in self.messages {
                    out.clear();
                    work(message, &mut out);
                    black_box(&out);
                }
                start.elapsed().as_secs_f64()
            })
            .skip(1)
            .collect();
        seconds.sort_by(f64::total_cmp);
        let best = seconds.first().copied().unwrap_or(f64::INFINITY);
        let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::INFINITY);
        let megabytes = |seconds: f64| (self.bytes as f64 / 1e5 / seconds).round() / 10.0;
        let row = json!({
            "name": name,
            "mb_per_s": megabytes(best),
            "messages_per_s": (self.messages.len() as f64 / best).round(),
            "median_mb_per_s": megabytes(median),
        });
        print(&row);
    }
}

#[expect(clippy::print_stdout, reason = "the rows are what the bench is for")]
fn print(row: &Value) {
    println!("{row}");
}

fn stamp(digest: er7::Digest) -> er7::LakeStamp<'static> {
    er7::LakeStamp {
        message_id: "0190f3a2-0000-7000-8000-000000000001",
        source: "my_hospital_123",
        digest,
        received_at: "2026-01-02T03:04:05.678Z",
        attempt: 1,
        service_version: "bench",
    }
}

fn rounds() -> usize {
    argument("--rounds")
        .and_then(|rounds| rounds.parse().ok())
        .filter(|&rounds| rounds > 0)
        .unwrap_or(USUAL_ROUNDS)
}

/// The argument behind this one.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// The messages, and where they are from.
fn messages() -> (Vec<Vec<u8>>, &'static str) {
    let folder = std::env::var_os("LAKE_CORPUS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus")),
        PathBuf::from,
    );
    let mut messages = Vec::new();
    collect(&folder, &mut messages);
    if messages.is_empty() {
        (generated(), "generated (not run on the corpus: corpus absent)")
    } else {
        (messages, "corpus")
    }
}

fn collect(folder: &Path, messages: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let is_data = !path
            .extension()
            .is_some_and(|extension| ["json", "md", "py"].iter().any(|other| extension == *other));
        if path.is_dir() {
            collect(&path, messages);
        } else if is_data && let Ok(bytes) = std::fs::read(&path) {
            messages.extend(split(&bytes).into_iter().filter(|message| er7::prepare(message).is_ok()));
        }
    }
}

/// Plain splitting at MSH lines, batch lines left out: what is measured is staging.
fn split(file: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for line in file.split_inclusive(|&byte| byte == b'\n' || byte == b'\r') {
        let name = line.trim_ascii_start();
        let name = name.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(name);
        if name.starts_with(b"MSH") {
            messages.push(Vec::new());
        } else if [b"FHS", b"BHS", b"BTS", b"FTS"].iter().any(|wrapper| name.starts_with(*wrapper)) {
            continue;
        }
        if let Some(message) = messages.last_mut() {
            message.extend_from_slice(line);
        }
    }
    messages
}

fn generated() -> Vec<Vec<u8>> {
    (0..2000)
        .map(|number| {
            let mut message = format!(
                "MSH|^~\\&|LAB|NORTH|EHR|SOUTH|20260102030405+0000||ORU^R01^ORU_R01|{number}|P|2.5.1\r\
                 PID|1||{number}^^^MRN||DOE^JANE^A||19800229|F|||1 MAIN ST^^TOWN^ST^12345||555-0100\r\
                 OBR|1|A{number}|B{number}|24331-1^Lipid panel^LN|||20260102020000+0000\r"
            );
            for observation in 1..=8 {
                message.push_str(&format!(
                    "OBX|{observation}|NM|2093-3^Cholesterol \\T\\ more^LN||{}|mg/dL^^UCUM|0-200|N|||F\r",
                    100 + observation
                ));
            }
            message.into_bytes()
        })
        .collect()
}
