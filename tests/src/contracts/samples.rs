use jiff::{SignedDuration, Timestamp};
use lake::{Detail, Digest, Header, HubEvent, MessageId, NewClaim, PayloadRef, SettledMessage, Source};

/// An institution that only one check of one run works in.
pub(super) fn source(run: &str, check: &str) -> Source {
    Source::parse(&format!("{run}.{check}")).expect("the names of runs and checks are short and plain")
}

/// The time at which all of it is said to happen, so many seconds on.
pub(super) fn at(seconds: i64) -> Timestamp {
    "2026-03-04T23:59:50.123456789Z".parse::<Timestamp>().expect("a time")
        + SignedDuration::from_secs(seconds)
}

/// The digest of a text.
pub(super) fn digest(text: &str) -> Digest {
    er7::raw_digest(text.as_bytes())
}

/// A message id that a text stands for.
pub(super) fn id(text: &str) -> MessageId {
    let mut random = [0; 10];
    random.copy_from_slice(&digest(text).as_bytes()[..10]);
    MessageId::mint(at(0), random)
}

/// A claim on a text by the claimant with this number, that many seconds on, for a minute.
pub(super) fn claim(source: &Source, text: &str, claimant: u8, seconds: i64) -> NewClaim {
    NewClaim {
        source: source.clone(),
        digest: digest(text),
        message_id: id(&format!("{source} {text} {claimant}")),
        received_at: at(seconds),
        owner: [claimant; 16],
        lease_until: at(seconds + 60),
    }
}

/// What is settled for a claim.
pub(super) fn settled(claim: &NewClaim) -> SettledMessage {
    SettledMessage {
        digest: claim.digest,
        raw_digest: digest("as it was submitted"),
        size: 1_234,
        received_at: claim.received_at,
        attempt: 1,
        replaces: None,
    }
}

/// An event about a message that a text stands for.
pub(super) fn event(source: &Source, text: &str, attempt: u32, detail: Detail) -> HubEvent {
    HubEvent {
        source: source.clone(),
        message_id: id(text),
        received_at: at(0),
        attempt,
        digest: digest(text),
        raw_digest: digest(text),
        payload: Some(PayloadRef {
            bucket: "transient".to_owned(),
            key: format!("{text}.er7"),
            sha256: digest(text),
            size: 100,
        }),
        detail,
    }
}

/// That it was ingested.
pub(super) fn ingested(source: &Source, text: &str) -> HubEvent {
    let header = Header { message_type: Some("ADT".to_owned()), ..Header::default() };
    let detail = Detail::Ingested { header, submitted_by: "f3c1".to_owned(), encoding: None, replaces: None };
    event(source, text, 1, detail)
}
