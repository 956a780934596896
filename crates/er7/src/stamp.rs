//! What the lake knows of a message: the `lake` object of staged and error JSON.

use crate::digest::Digest;
use crate::json;

/// The facts that the lake stamps on what it stages; the caller has them, this crate asks no clock.
#[derive(Debug, Clone, Copy)]
pub struct LakeStamp<'a> {
    /// UUIDv7 of the message.
    pub message_id: &'a str,
    /// The institution whose data it is.
    pub source: &'a str,
    /// Of the canonical bytes.
    pub digest: Digest,
    /// When the front door took it, RFC 3339 in UTC.
    pub received_at: &'a str,
    /// From 1; restaging mints the next.
    pub attempt: u32,
    /// Version of the staging service.
    pub service_version: &'a str,
}

impl LakeStamp<'_> {
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"message_id":"#);
        json::string(out, self.message_id);
        out.extend_from_slice(br#","source":"#);
        json::string(out, self.source);
        out.extend_from_slice(br#","digest":""#);
        for byte in self.digest.as_bytes() {
            json::hex(out, *byte);
        }
        out.extend_from_slice(br#"","received_at":"#);
        json::string(out, self.received_at);
        out.extend_from_slice(br#","attempt":"#);
        json::number(out, u64::from(self.attempt));
        out.extend_from_slice(br#","service_version":"#);
        json::string(out, self.service_version);
        out.push(b'}');
    }
}
