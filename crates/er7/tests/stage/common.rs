//! What the tests share: a stamp, staging of bytes, and the corpus with its oracle.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// One leaf of the oracle: segment index, segment, field, repetition, component, subcomponent.
pub(crate) type Place = (u64, String, u64, u64, u64, u64);

/// A message as the oracle sees it.
pub(crate) struct Message {
    pub(crate) file: String,
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) odd: u64,
    pub(crate) segments: u64,
    pub(crate) leaves: BTreeMap<Place, String>,
}

pub(crate) fn stamp(bytes: &[u8]) -> er7::LakeStamp<'static> {
    er7::LakeStamp {
        message_id: "0190f3a2-0000-7000-8000-000000000001",
        source: "my_hospital_123",
        digest: er7::digest(bytes),
        received_at: "2026-01-02T03:04:05.678Z",
        attempt: 1,
        service_version: "test",
    }
}

/// Prepares, hands over and parses; the JSON is checked to be one line of valid JSON.
pub(crate) fn stage(bytes: &[u8]) -> Result<(er7::Staged, Value), er7::StagingError> {
    let prepared = er7::prepare(bytes)?;
    let handed = prepared.to_bytes();
    let prepared = er7::Prepared::from_bytes(&handed).expect("what was written can be read");
    let mut out = Vec::new();
    let staged = er7::parse(&prepared, &stamp(bytes), &mut out)?;
    assert!(!out.contains(&b'\n') && !out.contains(&b'\r'), "staged JSON is one line");
    let value = serde_json::from_slice(&out)
        .unwrap_or_else(|error| panic!("staged JSON is JSON: {error}: {}", String::from_utf8_lossy(&out)));
    Ok((staged, value))
}

pub(crate) fn staged(bytes: &[u8]) -> Value {
    stage(bytes).unwrap_or_else(|error| panic!("should be staged, but: {error:?}")).1
}

pub(crate) fn refused(bytes: &[u8]) -> er7::StagingError {
    match stage(bytes) {
        Ok((_, json)) => panic!("should be refused, but was staged: {json}"),
        Err(error) => error,
    }
}

/// The leaves of staged JSON in the oracle's form.
pub(crate) fn leaves(staged: &Value) -> BTreeMap<Place, String> {
    let mut leaves = BTreeMap::new();
    for (index, segment) in staged["segments"].as_array().expect("segments").iter().enumerate() {
        let id = segment["id"].as_str().expect("id");
        for (key, value) in segment["fields"].as_object().expect("fields") {
            let place = place(index as u64, id, key);
            let value = value.as_str().expect("values are strings").to_owned();
            assert_eq!(leaves.insert(place, value), None, "no key twice: {key}");
        }
    }
    leaves
}

fn place(index: u64, id: &str, key: &str) -> Place {
    let rest =
        key.strip_prefix(id).and_then(|rest| rest.strip_prefix('-')).expect("a key starts with its segment");
    let (field, rest) = rest.split_once('.').expect("a key has a component");
    let (field, repetition) = match field.split_once('[') {
        Some((field, repetition)) => {
            (field, repetition.strip_suffix(']').expect("closed").parse().expect("number"))
        }
        None => (field, 1),
    };
    let (component, subcomponent) = match rest.split_once('.') {
        Some((component, subcomponent)) => (component, subcomponent.parse().expect("number")),
        None => (rest, 1),
    };
    let number = |text: &str| text.parse().expect("a number in a key");
    (index, id.to_owned(), number(field), repetition, number(component), subcomponent)
}

/// The findings or corrections of a code: path, marked bytes, detail.
pub(crate) fn found(bytes: &[u8], code: &str) -> Vec<(Value, Vec<u8>, Value)> {
    let json = staged(bytes);
    let places = json["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .chain(json["corrections"].as_array().expect("corrections"));
    places
        .filter(|place| place["code"] == code)
        .map(|place| {
            let offset = |index: usize| place["span"][index].as_u64().expect("a span") as usize;
            (place["path"].clone(), bytes[offset(0)..offset(1)].to_vec(), place["detail"].clone())
        })
        .collect()
}

#[track_caller]
pub(crate) fn assert_found(bytes: &[u8], code: &str, path: Value, marked: &[u8], detail: Value) {
    let places = found(bytes, code);
    assert!(
        places.contains(&(path.clone(), marked.to_vec(), detail.clone())),
        "{code} at {path} marking {:?} ({detail}) in {places:?}",
        String::from_utf8_lossy(marked)
    );
}

#[track_caller]
pub(crate) fn assert_not_found(bytes: &[u8], code: &str) {
    let places = found(bytes, code);
    assert!(places.is_empty(), "no {code} here: {places:?}");
}

pub(crate) fn value(bytes: &[u8], segment: usize, key: &str) -> Value {
    staged(bytes)["segments"][segment]["fields"][key].clone()
}

pub(crate) const HEAD: &str = "MSH|^~\\&|LAB|NORTH|EHR|SOUTH|20260102030405+0000||ORU^R01^ORU_R01|7|P|2.5.1";

pub(crate) fn message(rest: &str) -> Vec<u8> {
    format!("{HEAD}\r{rest}").into_bytes()
}

/// The folder of the corpus; none, said plainly, where it is absent.
pub(crate) fn corpus_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("LAKE_CORPUS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus")),
        PathBuf::from,
    );
    let is_there = folder.join("oracle.py").is_file();
    if !is_there {
        println!("not run: corpus absent");
    }
    is_there.then_some(folder)
}

/// Every message of the corpus by the oracle, asked once a process; none where there is no corpus.
pub(crate) fn oracle() -> Option<&'static [Message]> {
    static MESSAGES: OnceLock<Option<Vec<Message>>> = OnceLock::new();
    MESSAGES.get_or_init(ask_oracle).as_deref()
}

fn ask_oracle() -> Option<Vec<Message>> {
    let folder = corpus_folder()?;
    let target = scratch();
    let texts_file = target.join(format!("oracle-messages-{}.json", std::process::id()));
    let run = |arguments: &[&std::ffi::OsStr]| {
        let output = Command::new("python3").arg(folder.join("oracle.py")).args(arguments).output();
        let output = output.expect("python3 runs the oracle");
        assert!(output.status.success(), "the oracle failed: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    run(&["--messages".as_ref(), texts_file.as_os_str(), folder.as_os_str()]);
    let texts: Vec<(String, u64, String)> =
        serde_json::from_slice(&std::fs::read(&texts_file).expect("texts")).expect("texts are JSON");
    std::fs::remove_file(&texts_file).expect("the scratch file can go");
    let records = run(&[folder.as_os_str()]);
    let records: Vec<Value> = serde_json::Deserializer::from_slice(&records)
        .into_iter()
        .map(|record| record.expect("JSON"))
        .collect();
    assert_eq!(texts.len(), records.len(), "the oracle tells the same messages twice");
    Some(
        texts
            .into_iter()
            .zip(records)
            .map(|((file, number, text), record)| of_oracle(file, number, text, &record))
            .collect(),
    )
}

fn of_oracle(file: String, number: u64, text: String, record: &Value) -> Message {
    assert_eq!(record["file"], file, "texts and records are in the same order");
    let count = |name: &str| record[name].as_u64().expect("a count");
    let leaves = record["leaves"].as_array().expect("leaves").iter().map(|leaf| {
        let number = |index: usize| leaf[index].as_u64().expect("a number");
        let text = |index: usize| leaf[index].as_str().expect("a text").to_owned();
        ((number(0), text(1), number(2), number(3), number(4), number(5)), text(7))
    });
    let leaves = leaves.collect();
    Message { file, number, text, odd: count("odd"), segments: count("segments"), leaves }
}

/// Where tests may write: under the target folder.
pub(crate) fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}
