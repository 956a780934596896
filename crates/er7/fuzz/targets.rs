//! What must hold for any bytes, one function a target. The fuzzer calls them, and a plain test replays the kept
//! inputs of `corpus/` through the same functions.

/// Canonical bytes are stable, and digest, Prepare and canonical form agree.
pub(crate) fn form(bytes: &[u8]) {
    let canonical = er7::canonical(bytes);
    assert_eq!(er7::canonical(&canonical), canonical, "canonical bytes are their own canonical bytes");
    assert_eq!(er7::digest(bytes), er7::raw_digest(&canonical), "the digest is that of the canonical bytes");
    let raw = er7::prepare(bytes).map(|prepared| prepared.bytes().to_vec()).map_err(|error| error.code);
    let from_canonical =
        er7::prepare(&canonical).map(|prepared| prepared.bytes().to_vec()).map_err(|error| error.code);
    assert_eq!(raw, from_canonical, "Prepare sees the canonical bytes only");
    if let Ok(prepared) = raw {
        let again = er7::prepare(&prepared).map(|again| again.bytes().to_vec()).map_err(|error| error.code);
        assert_eq!(again, Ok(prepared), "Prepare is idempotent");
    }
}

/// Any bytes are staged as valid JSON on one line, or refused with a code; spans lie in the submitted bytes.
pub(crate) fn stage(bytes: &[u8]) {
    let _header = er7::peek_header(bytes);
    let is_inside = |(start, end): (u64, u64)| start <= end && end <= bytes.len() as u64;
    let mut out = Vec::new();
    let staged = er7::prepare(bytes).and_then(|prepared| er7::parse(&prepared, &stamp(), &mut out));
    let staged = match staged {
        Ok(staged) => staged,
        Err(error) => {
            assert!(er7::codes::describe(error.code).is_some(), "{} is a stable code", error.code);
            assert!(error.span.is_none_or(is_inside), "{:?} lies in the submitted bytes", error.span);
            error.write_json(&stamp(), &mut out);
            assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok(), "error JSON is JSON");
            return;
        }
    };
    assert!(!out.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "staged JSON is one line");
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap_or_default();
    assert!(json.is_object(), "staged JSON is JSON");
    assert_eq!(
        json["segments"].as_array().map_or(0, Vec::len) as u64,
        staged.segments,
        "every segment is written"
    );
    for place in json["findings"].as_array().into_iter().chain(json["corrections"].as_array()).flatten() {
        let offset = |index: usize| place["span"][index].as_u64();
        if let (Some(start), Some(end)) = (offset(0), offset(1)) {
            assert!(is_inside((start, end)), "{place} lies in the submitted bytes");
        }
    }
}

/// What one function hands to the next comes back; anything else is refused or harmless.
pub(crate) fn handover(bytes: &[u8]) {
    let mut out = Vec::new();
    if let Ok(prepared) = er7::Prepared::from_bytes(bytes) {
        let _staged = er7::parse(&prepared, &stamp(), &mut out);
    }
    if let Ok(prepared) = er7::prepare(bytes) {
        let handed = prepared.to_bytes();
        assert!(er7::Prepared::from_bytes(&handed) == Ok(prepared), "what is handed over comes back");
    }
}

fn stamp() -> er7::LakeStamp<'static> {
    er7::LakeStamp {
        message_id: "0190f3a2-0000-7000-8000-000000000001",
        source: "my_hospital_123",
        digest: er7::raw_digest(b""),
        received_at: "2026-01-02T03:04:05.678Z",
        attempt: 1,
        service_version: "fuzz",
    }
}
