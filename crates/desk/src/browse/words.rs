//! The words of the screen for what the code calls otherwise.

use lake::{CatalogDetail, CatalogEvent, Head, MessageId, State, Zone};
use serde::Serialize;

/// A state as the screen names it.
pub fn state_in_words(state: State) -> &'static str {
    match state {
        State::Received => "Received",
        State::Ready => "Ready to use",
        State::Attention => "Needs attention",
        State::Stuck => "Stuck",
        State::SetAside => "Set aside",
        State::Replaced => "Replaced by a fix",
    }
}

/// A part of the lake as the screen names it.
pub fn zone_in_words(zone: Zone) -> &'static str {
    match zone {
        Zone::Ingestion => "Received",
        Zone::Staging => "Ready to use",
        Zone::Error => "Needs attention",
    }
}

/// What sort of thing happened to a message, for an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The lake received it.
    Received,
    /// It was made ready to use.
    Ready,
    /// It needs attention.
    Attention,
    /// A steward asked for another attempt, or for a delivery.
    TriedAgain,
    /// A steward set it aside.
    SetAside,
    /// A delivery inside the lake failed for good.
    Stuck,
    /// A fix was sent.
    FixSent,
    /// A fix took its place.
    Replaced,
    /// The lake noticed something.
    Remark,
}

/// Why a message needs attention, in one sentence.
pub fn cause_in_words(head: &Head) -> String {
    match (&head.error_code, head.state) {
        (Some(code), _) => {
            er7::codes::describe(code).map_or_else(|| code.clone(), |known| known.what.to_owned())
        }
        (None, State::Stuck) => "a delivery inside the lake failed for good; ask for it again".to_owned(),
        (None, _) => String::new(),
    }
}

/// Sending application and facility (MSH-3, MSH-4); empty if the message names neither.
pub fn sender_in_words(application: Option<&str>, facility: Option<&str>) -> String {
    [application, facility].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A number of bytes as people read it.
pub fn size_in_words(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// What sort of thing an event is.
pub fn event_kind(event: &CatalogEvent) -> EventKind {
    match &event.detail {
        CatalogDetail::Ingested { .. } => EventKind::Received,
        CatalogDetail::Staged { .. } => EventKind::Ready,
        CatalogDetail::Error { .. } => EventKind::Attention,
        CatalogDetail::Restage { .. } | CatalogDetail::Redeliver { .. } => EventKind::TriedAgain,
        CatalogDetail::SetAside { .. } => EventKind::SetAside,
        CatalogDetail::Undelivered { .. } => EventKind::Stuck,
        CatalogDetail::ReplacementSent { .. } => EventKind::FixSent,
        CatalogDetail::Replaced { .. } => EventKind::Replaced,
        CatalogDetail::Finding { .. } => EventKind::Remark,
    }
}

/// What happened to a message, in one sentence without ids. `reader`: Cognito `sub` of who reads it, to whom what they
/// did themselves is told as theirs.
pub fn event_in_words(event: &CatalogEvent, reader: Option<&str>) -> String {
    let attempt = event.attempt;
    let by = |who: &str| if reader == Some(who) { " by you" } else { "" };
    match &event.detail {
        CatalogDetail::Ingested { place, header, submitted_by, replaces, .. } => {
            let sender =
                sender_in_words(header.sending_application.as_deref(), header.sending_facility.as_deref());
            let from = if sender.is_empty() { String::new() } else { format!(" from {sender}") };
            let sent = if reader == Some(submitted_by) { ", sent by you" } else { "" };
            let instead = if replaces.is_some() { ", as a fix for another message" } else { "" };
            format!("Received{from} ({}){sent}{instead}", size_in_words(place.size))
        }
        CatalogDetail::Staged { finding_codes, .. } => {
            let remarks = match finding_codes.values().map(|count| u64::from(*count)).sum() {
                0 => String::new(),
                1 => ", with 1 remark".to_owned(),
                remarks => format!(", with {remarks} remarks"),
            };
            format!("Tidied up and made ready to use (attempt {attempt}){remarks}")
        }
        CatalogDetail::Error { error_code, .. } => {
            format!("Needs attention (attempt {attempt}): {}", code_in_words(error_code))
        }
        CatalogDetail::Restage { requested_by } => {
            format!("Another attempt was asked for{} (attempt {attempt})", by(requested_by))
        }
        CatalogDetail::SetAside { requested_by, reason, note } => {
            let note = note.as_ref().map_or_else(String::new, |note| format!(". Note: {note}"));
            format!("Set aside{}: {}{note}", by(requested_by), reason_in_words(reason))
        }
        CatalogDetail::Undelivered { subscriber, reason, .. } => {
            format!("Stuck on its way to {}: {reason}. Ask for it again", part_in_words(subscriber))
        }
        CatalogDetail::Redeliver { requested_by, .. } => {
            format!("What was stuck was asked for again{}", by(requested_by))
        }
        CatalogDetail::ReplacementSent { .. } => "A fix was sent".to_owned(),
        CatalogDetail::Replaced { .. } => "Replaced by a fix that is ready to use".to_owned(),
        CatalogDetail::Finding { code, .. } => format!("Remark: {}", code_in_words(code)),
    }
}

/// The message that an event is about besides its own.
pub fn other_message(event: &CatalogEvent) -> Option<MessageId> {
    match &event.detail {
        CatalogDetail::Ingested { replaces, .. } => replaces.as_ref().map(|replaces| replaces.message_id),
        CatalogDetail::ReplacementSent { by } | CatalogDetail::Replaced { by } => Some(*by),
        CatalogDetail::Finding { other, .. } => *other,
        _ => None,
    }
}

/// Cognito `sub` of who asked for an event or sent the message; none where the lake itself did it.
pub fn asked_by(event: &CatalogEvent) -> Option<&str> {
    match &event.detail {
        CatalogDetail::Ingested { submitted_by: who, .. }
        | CatalogDetail::Restage { requested_by: who }
        | CatalogDetail::SetAside { requested_by: who, .. }
        | CatalogDetail::Redeliver { requested_by: who, .. } => Some(who),
        _ => None,
    }
}

/// Why a message was set aside, by the word in the catalog; an unknown one as it is.
pub fn reason_in_words(reason: &str) -> &str {
    match reason {
        "test-message" => "test message",
        "resent-by-sender" => "the sender sent it again",
        "not-needed" => "not needed",
        "other" => "another reason",
        unknown => unknown,
    }
}

fn code_in_words(code: &str) -> &str {
    er7::codes::describe(code).map_or(code, |known| known.what)
}

/// A part of the lake that did not take a delivery.
fn part_in_words(subscriber: &str) -> &str {
    match subscriber {
        "core" => "the lake's storage",
        "staging" | "staging-er7" => "being made ready",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lake::{Header, Place, Replaces, Source};

    use super::*;

    fn event(attempt: u32, detail: CatalogDetail) -> CatalogEvent {
        let at = "2026-03-04T08:30:00Z".parse().unwrap();
        let (digest, raw_digest) = (None, None);
        let source = Source::parse("north").unwrap();
        let message_id = MessageId::mint(at, [0; 10]);
        CatalogEvent {
            source,
            message_id,
            received_at: at,
            digest,
            raw_digest,
            recorded_at: at,
            attempt,
            detail,
        }
    }

    fn place() -> Place {
        let sha256 = er7::raw_digest(b"");
        Place { bucket: "b".to_owned(), key: "k".to_owned(), version_id: None, sha256, size: 2_000 }
    }

    fn header() -> Header {
        Header {
            sending_application: Some("LAB".to_owned()),
            sending_facility: Some("HOSP".to_owned()),
            ..Header::default()
        }
    }

    #[test]
    fn every_event_is_told_in_words_of_the_screen() {
        let at = "2026-03-04T08:30:00Z".parse().unwrap();
        let other = MessageId::mint(at, [1; 10]);
        let me = || "me".to_owned();
        let ingested = |replaces| CatalogDetail::Ingested {
            place: place(),
            header: header(),
            submitted_by: me(),
            encoding: None,
            replaces,
        };
        let staged = |finding_codes| CatalogDetail::Staged {
            place: place(),
            header: header(),
            finding_codes,
            service_version: String::new(),
        };
        let error = CatalogDetail::Error {
            place: place(),
            stage: "parse".to_owned(),
            error_code: "unheard-of".to_owned(),
            service_version: String::new(),
            retryable: false,
        };
        let set_aside = CatalogDetail::SetAside {
            requested_by: "somebody".to_owned(),
            reason: "test-message".to_owned(),
            note: Some("sent while testing".to_owned()),
        };
        let undelivered = CatalogDetail::Undelivered {
            subscriber: "staging".to_owned(),
            hub_event: "ingested".to_owned(),
            reason: "timed out".to_owned(),
        };
        let cases = [
            (ingested(None), "Received from LAB, HOSP (2 KiB), sent by you"),
            (
                ingested(Some(Replaces { message_id: other, known: true })),
                "Received from LAB, HOSP (2 KiB), sent by you, as a fix for another message",
            ),
            (staged(BTreeMap::new()), "Tidied up and made ready to use (attempt 2)"),
            (
                staged(BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 1)])),
                "Tidied up and made ready to use (attempt 2), with 3 remarks",
            ),
            (error, "Needs attention (attempt 2): unheard-of"),
            (
                CatalogDetail::Restage { requested_by: me() },
                "Another attempt was asked for by you (attempt 2)",
            ),
            (set_aside, "Set aside: test message. Note: sent while testing"),
            (undelivered, "Stuck on its way to being made ready: timed out. Ask for it again"),
            (
                CatalogDetail::Redeliver { requested_by: me(), requested_at: at },
                "What was stuck was asked for again by you",
            ),
            (CatalogDetail::ReplacementSent { by: other }, "A fix was sent"),
            (CatalogDetail::Replaced { by: other }, "Replaced by a fix that is ready to use"),
            (
                CatalogDetail::Finding { code: "unheard-of".to_owned(), other: Some(other) },
                "Remark: unheard-of",
            ),
        ];
        let code_words =
            ["ledger", "hub", "digest", "head", "source", "outcome", "finding", "staged", "replacement"];
        for (detail, expected) in cases {
            let told = event_in_words(&event(2, detail), Some("me"));
            assert_eq!(told, expected, "as the screen says it");
            let lower = told.to_lowercase();
            let leaked: Vec<_> = code_words.iter().filter(|word| lower.contains(**word)).collect();
            assert!(leaked.is_empty(), "words of the code on the screen: {leaked:?} in {told}");
        }
    }

    #[test]
    fn sizes_are_rounded_up_to_what_people_read() {
        for (bytes, words) in [(0, "0 B"), (1023, "1023 B"), (1025, "2 KiB"), (3_145_728, "3.0 MiB")] {
            assert_eq!(size_in_words(bytes), words, "of {bytes} bytes");
        }
    }
}
