use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CatalogDetail, CatalogEvent, Digest, Header, MessageId, Source};

/// Most finding codes that a head names.
const FINDING_CODES: usize = 64;

/// Codes that the lake itself adds to a head; a later staging result does not take them away.
const LAKE_CODES: [&str; 2] = ["control-id-reuse", "replaces-unknown"];

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Ingested, no answer from staging yet.
    Received,
    /// Parsed JSON is there.
    Ready,
    /// It could not be staged.
    Attention,
    /// A delivery failed for good.
    Stuck,
    /// The error was closed without a replacement.
    SetAside,
    /// A replacement was staged.
    Replaced,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Received, Self::Ready, Self::Attention, Self::Stuck, Self::SetAside, Self::Replaced];

    /// The word in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Ready => "ready",
            Self::Attention => "attention",
            Self::Stuck => "stuck",
            Self::SetAside => "set-aside",
            Self::Replaced => "replaced",
        }
    }

    /// Whether the `open` index lists messages of this state: something is left to do.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Attention | Self::Stuck)
    }
}

/// What the catalog knows of one message, in one item: the sum of its events, whatever their order.
/// Serialised, its fields are the attributes of the item; what is empty is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The message.
    pub message_id: MessageId,
    /// The institution.
    pub source: Source,
    /// When the front door received it.
    pub received_at: Timestamp,
    /// Where it stands; always what [`Head::apply`] derives from the facts below.
    pub state: State,
    /// The newest attempt that anything is known of.
    pub latest_attempt: u32,
    /// MSH-9.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
    /// MSH-9.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_event: Option<String>,
    /// MSH-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_id: Option<String>,
    /// MSH-12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// MSH-3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending_application: Option<String>,
    /// MSH-4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending_facility: Option<String>,
    /// Submitted bytes.
    #[serde(default)]
    pub size: u64,
    /// SHA-256 of the canonical bytes.
    pub digest: Digest,
    /// SHA-256 of the submitted bytes.
    pub raw_digest: Digest,
    /// The message that this one was sent instead of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<MessageId>,
    /// A replacement of this one that was sent and is not staged (yet).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement_sent: Option<MessageId>,
    /// The replacement that was staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<MessageId>,
    /// Cognito `sub` of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// Finding codes, counted; at most 64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub finding_codes: BTreeMap<String, u32>,
    /// The newest error, while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The newest attempt that was staged; 0 when none was.
    #[serde(default)]
    pub staged_attempt: u32,
    /// The newest attempt that ended in an error; 0 when none did.
    #[serde(default)]
    pub error_attempt: u32,
    /// The newest attempt that a steward asked for; 0 when none was.
    #[serde(default)]
    pub restage_attempt: u32,
    /// The newest attempt that was set aside; 0 when none was.
    #[serde(default)]
    pub set_aside_attempt: u32,
    /// Whether the ingested event is recorded.
    #[serde(default)]
    pub ingested: bool,
    /// Deliveries that failed for good and are not made up for: `SUBSCRIBER.EVENT#ATTEMPT`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub undelivered: BTreeSet<String>,
    /// How often the head was written; guards concurrent writers.
    #[serde(default)]
    pub revision: u64,
}

impl Head {
    /// The head of a message of which nothing is recorded yet.
    pub fn new(event: &CatalogEvent) -> Self {
        Self {
            message_id: event.message_id,
            source: event.source.clone(),
            received_at: event.received_at,
            state: State::Received,
            latest_attempt: 1,
            message_type: None,
            trigger_event: None,
            control_id: None,
            version: None,
            sending_application: None,
            sending_facility: None,
            size: 0,
            digest: event.digest.unwrap_or_else(|| Digest::from_bytes([0; 32])),
            raw_digest: event.raw_digest.unwrap_or_else(|| Digest::from_bytes([0; 32])),
            replaces: None,
            replacement_sent: None,
            replaced_by: None,
            submitted_by: None,
            finding_codes: BTreeMap::new(),
            error_code: None,
            staged_attempt: 0,
            error_attempt: 0,
            restage_attempt: 0,
            set_aside_attempt: 0,
            ingested: false,
            undelivered: BTreeSet::new(),
            revision: 0,
        }
    }

    /// Adds one event. Applying the same events in any order, any number of times, ends in the same head
    /// (but for `revision`, which the catalog's adapters count).
    pub fn apply(&mut self, event: &CatalogEvent) {
        if let Some(digest) = event.digest {
            self.digest = digest;
        }
        if let Some(raw_digest) = event.raw_digest {
            self.raw_digest = raw_digest;
        }
        let attempt = event.attempt;
        if event.detail.tells_of_an_attempt() {
            self.latest_attempt = self.latest_attempt.max(attempt);
        }
        match &event.detail {
            CatalogDetail::Ingested { place, header, submitted_by, replaces, .. } => {
                self.ingested = true;
                self.size = place.size;
                self.submitted_by = Some(submitted_by.clone());
                self.replaces = replaces.as_ref().map(|replaces| replaces.message_id);
                if replaces.as_ref().is_some_and(|replaces| !replaces.known) {
                    self.note_finding("replaces-unknown");
                }
                if self.staged_attempt == 0 {
                    self.set_header(header);
                }
            }
            CatalogDetail::Staged { header, finding_codes, .. } => {
                if attempt > self.staged_attempt {
                    self.staged_attempt = attempt;
                    self.set_header(header);
                    self.set_findings(finding_codes);
                }
            }
            CatalogDetail::Error { error_code, .. } => {
                if attempt > self.error_attempt {
                    self.error_attempt = attempt;
                    self.error_code = Some(error_code.clone());
                }
            }
            CatalogDetail::Restage { .. } => self.restage_attempt = self.restage_attempt.max(attempt),
            CatalogDetail::Redeliver { .. } => {}
            CatalogDetail::SetAside { .. } => self.set_aside_attempt = self.set_aside_attempt.max(attempt),
            CatalogDetail::Undelivered { subscriber, hub_event, .. } => {
                self.undelivered.insert(format!("{subscriber}.{hub_event}#{attempt}"));
            }
            CatalogDetail::ReplacementSent { by } => earliest(&mut self.replacement_sent, *by),
            CatalogDetail::Replaced { by } => earliest(&mut self.replaced_by, *by),
            CatalogDetail::Finding { code, .. } => self.note_finding(code),
        }
        if self.staged_attempt >= self.error_attempt {
            self.error_code = None; // of two results of one attempt, staged holds
        }
        self.forget_what_is_made_up_for();
        self.state = self.derive_state();
    }

    fn derive_state(&self) -> State {
        if self.replaced_by.is_some() {
            return State::Replaced;
        }
        if !self.undelivered.is_empty() {
            return State::Stuck;
        }
        let answered = self.answered_attempt();
        if answered < self.latest_attempt {
            State::Received
        } else if self.staged_attempt >= self.error_attempt {
            State::Ready
        } else if self.set_aside_attempt >= answered {
            State::SetAside
        } else {
            State::Attention
        }
    }

    /// The newest attempt that has a result; 0 when none has.
    fn answered_attempt(&self) -> u32 {
        self.staged_attempt.max(self.error_attempt)
    }

    /// What is known once is never unknown again, so that the order in which deliveries failed and facts came is lost.
    fn forget_what_is_made_up_for(&mut self) {
        let mut undelivered = std::mem::take(&mut self.undelivered);
        undelivered.retain(|delivery| !self.made_up_for(delivery));
        self.undelivered = undelivered;
    }

    /// Whether what an undelivered event would have told has become known in another way.
    fn made_up_for(&self, delivery: &str) -> bool {
        let Some((name, attempt)) = delivery.rsplit_once('#') else { return false };
        let Ok(attempt) = attempt.parse::<u32>() else { return false };
        match name {
            "core.ingested" => self.ingested,
            "core.restage" => self.restage_attempt >= attempt,
            "core.set-aside" => self.set_aside_attempt >= attempt,
            "core.redeliver" => true, // asks for other deliveries, carries no fact of its own
            _ => self.answered_attempt() >= attempt,
        }
    }

    fn set_header(&mut self, header: &Header) {
        self.message_type.clone_from(&header.message_type);
        self.trigger_event.clone_from(&header.trigger_event);
        self.control_id.clone_from(&header.control_id);
        self.version.clone_from(&header.version);
        self.sending_application.clone_from(&header.sending_application);
        self.sending_facility.clone_from(&header.sending_facility);
    }

    fn set_findings(&mut self, codes: &BTreeMap<String, u32>) {
        self.finding_codes.retain(|code, _| LAKE_CODES.contains(&code.as_str()));
        let room = FINDING_CODES - LAKE_CODES.len();
        let parsed = codes.iter().filter(|(code, _)| !LAKE_CODES.contains(&code.as_str()));
        self.finding_codes.extend(parsed.take(room).map(|(code, count)| (code.clone(), *count)));
    }

    fn note_finding(&mut self, code: &str) {
        self.finding_codes.insert(code.to_owned(), 1);
    }
}

fn earliest(known: &mut Option<MessageId>, new: MessageId) {
    *known = Some(known.map_or(new, |known| known.min(new)));
}

#[cfg(test)]
mod tests;
