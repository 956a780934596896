//! A sender that uses a control id (MSH-10) again for another content: worth a remark, never a reason to refuse.
//! HL7 v2.5.1, chapter 2.15.9.10 asks for unique ids; senders in the field count from 1 again each day.

use jiff::Timestamp;
use lake::{Catalog, CatalogDetail, CatalogEvent, Fault, Head, Header, HubEvent, MessageId};

use crate::core::of_other;

const CODE: &str = "control-id-reuse";
/// How many of the oldest messages with a control id are looked at.
const LOOKED_AT: usize = 24;
/// How many events one call of the catalog takes.
const AT_ONCE: usize = 8;

/// The findings to record once an ingested event is recorded. Of all messages of one sender with one control id every one
/// but the earliest by id carries the finding, whichever came first. Two of which one is sent instead of the other, or
/// both instead of a third, do not count against each other: a corrected message keeps its control id.
///
/// A pair is judged once both are ingested, as only then it is known what they replace; so it is judged the same in any order.
pub(crate) async fn look_for<C: Catalog>(
    catalog: &C,
    event: &HubEvent,
    header: &Header,
    replaces: Option<MessageId>,
    now: Timestamp,
) -> Result<Vec<CatalogEvent>, Fault> {
    let Some(control_id) = header.control_id.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(Vec::new());
    };
    let heads = catalog.by_control_id(&event.source, control_id, LOOKED_AT).await?;
    let others = heads.iter().filter(|head| {
        head.ingested
            && head.message_id != event.message_id
            && head.digest != event.digest
            && same_sender(head, header)
    });
    let this = Sent { message_id: event.message_id, replaces };
    let mut reusing = Vec::new();
    for head in others {
        let other = Sent { message_id: head.message_id, replaces: head.replaces };
        if this.is_kept_with(other) {
            continue;
        }
        if other.message_id < this.message_id {
            reusing.push(this.message_id);
        } else if !head.finding_codes.contains_key(CODE) {
            reusing.push(other.message_id);
        }
    }
    reusing.sort_unstable();
    reusing.dedup();
    Ok(reusing.into_iter().map(|id| of_other(&event.source, id, finding(), now)).collect())
}

/// A message and the one that it was sent instead of.
#[derive(Clone, Copy)]
struct Sent {
    message_id: MessageId,
    replaces: Option<MessageId>,
}

impl Sent {
    fn is_kept_with(self, other: Self) -> bool {
        self.replaces == Some(other.message_id)
            || other.replaces == Some(self.message_id)
            || (self.replaces.is_some() && self.replaces == other.replaces)
    }
}

/// Records findings, a few at a time.
pub(crate) async fn record<C: Catalog>(catalog: &C, found: &[CatalogEvent]) -> Result<(), Fault> {
    for some in found.chunks(AT_ONCE) {
        catalog.record(some).await?;
    }
    Ok(())
}

/// Names no other message: which one came first is only known in the end, and the event is written once.
fn finding() -> CatalogDetail {
    CatalogDetail::Finding { code: CODE.to_owned(), other: None }
}

fn same_sender(head: &Head, header: &Header) -> bool {
    head.sending_application == header.sending_application && head.sending_facility == header.sending_facility
}
