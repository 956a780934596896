//! A sender that uses a control id (MSH-10) again for another content: worth a remark, never a reason to refuse.
//! HL7 v2.5.1, chapter 2.15.9.10 asks for unique ids; senders in the field count from 1 again each day.

use jiff::Timestamp;
use lake::{Catalog, CatalogDetail, CatalogEvent, Fault, Head, Header, HubEvent};

use crate::core::of_other;

const CODE: &str = "control-id-reuse";
/// How many of the oldest messages with a control id are looked at.
const LOOKED_AT: usize = 24;
/// How many events one call of the catalog takes.
const AT_ONCE: usize = 8;

/// The findings to record once an ingested event is recorded. Of all messages of one sender with one control id every one but
/// the earliest by id carries the finding, whichever came first: the one at hand if an earlier one is known, and those
/// known before it that were the earliest until it came.
pub(crate) async fn look_for<C: Catalog>(
    catalog: &C,
    event: &HubEvent,
    header: &Header,
    now: Timestamp,
) -> Result<Vec<CatalogEvent>, Fault> {
    let Some(control_id) = header.control_id.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(Vec::new());
    };
    let heads = catalog.by_control_id(&event.source, control_id, LOOKED_AT).await?;
    let others = heads.iter().filter(|head| {
        head.message_id != event.message_id && head.digest != event.digest && same_sender(head, header)
    });
    let Some(earliest) = others.clone().map(|head| head.message_id).min() else { return Ok(Vec::new()) };
    let earliest = earliest.min(event.message_id);
    let mut later: Vec<_> = others
        .filter(|head| head.message_id > earliest && !head.finding_codes.contains_key(CODE))
        .map(|head| head.message_id)
        .collect();
    if event.message_id > earliest {
        later.push(event.message_id);
    }
    Ok(later.into_iter().map(|id| of_other(&event.source, id, finding(), now)).collect())
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
