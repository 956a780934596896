//! Work grows with the input and no faster, whatever the input is.

use crate::common::stamp;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Makes input of about a size.
type Shape<'a> = &'a dyn Fn(usize) -> Vec<u8>;

const HEAD: &[u8] = b"MSH|^~\\&|A|B|C|D|20260102||ADT^A01|1|P|2.5\r";

#[test]
fn work_is_linear_on_hostile_input() {
    let with_head = |rest: Vec<u8>| [HEAD, &rest].concat();
    let shapes: [(&str, Shape<'_>); 14] = [
        ("all delimiters", &|size| with_head(b"PID|^~&".repeat(size / 7))),
        ("one segment of fields", &|size| with_head([b"PID".as_slice(), &b"|a".repeat(size / 2)].concat())),
        ("one huge value", &|size| with_head([b"NTE|1||".as_slice(), &vec![b'x'; size]].concat())),
        ("empty segments", &|size| with_head(b"PID\r".repeat(size / 4))),
        ("nameless segments", &|size| with_head(b"|\r".repeat(size / 2))),
        ("blank lines", &|size| with_head(b"\n \r\n".repeat(size / 4))),
        ("line feeds in text", &|size| with_head([b"NTE|1||".as_slice(), &b"\n.".repeat(size / 2)].concat())),
        ("escape characters", &|size| with_head([b"NTE|1||".as_slice(), &vec![b'\\'; size]].concat())),
        ("controls", &|size| with_head([b"NTE|1||".as_slice(), &vec![7; size]].concat())),
        ("framing", &|size| vec![0x1C; size]),
        ("ampersands", &|size| with_head([b"NTE|1||".as_slice(), &vec![b'&'; size]].concat())),
        ("latin and ASCII by turns", &|size| {
            with_head([b"NTE|1||".as_slice(), &b"a\xe9".repeat(size / 2)].concat())
        }),
        ("lines without a header", &|size| b"MSH\n\x0b".repeat(size / 5)),
        ("UTF-16 of changing widths", &|size| {
            [b"\xFF\xFE".as_slice(), &b"a\0\xe9\0".repeat(size / 4)].concat()
        }),
    ];
    for (name, shape) in shapes {
        let (small, large) = (quickest(&shape(40_000)), quickest(&shape(320_000)));
        // Eight times the input: linear work takes about 8 times as long (more where caches end), quadratic 64 times.
        let limit = small * 35 + Duration::from_millis(50);
        assert!(large < limit, "{name}: {small:?} for 40 kB, {large:?} for 320 kB");
    }
}

/// The processor time of the best of a few runs: what else the machine does must not count.
fn quickest(bytes: &[u8]) -> Duration {
    let once = || {
        let start = processor_time();
        let mut out = Vec::new();
        let _header = er7::peek_header(bytes);
        if let Ok(prepared) = er7::prepare(bytes) {
            let _staged = er7::parse(&prepared, &stamp(bytes), &mut out);
        }
        processor_time() - start
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

/// What this thread has used so far.
fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.try_into().unwrap_or(0), used.tv_nsec.try_into().unwrap_or(0))
}

#[test]
fn findings_stay_bounded() {
    let bytes = [HEAD, b"PID|1|\x07\\Q\\|&amp;\n.\r".repeat(50_000).as_slice()].concat();
    let prepared = er7::prepare(&bytes).expect("one message");
    let mut out = Vec::new();
    let staged = er7::parse(&prepared, &stamp(&bytes), &mut out).expect("staged");
    let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let listed = json["findings"].as_array().map_or(0, Vec::len);
    assert!(listed <= staged.finding_codes.len() * 101, "{listed} findings are listed");
    assert_eq!(staged.finding_codes.get("control-character"), Some(&50_000), "all are counted");
}

#[test]
fn a_large_document_goes_through_as_a_slice() {
    let document = "QUJDREVG".repeat(512 * 1024);
    let bytes = [HEAD, format!("OBX|1|ED|X||^AP^PDF^Base64^{document}").as_bytes()].concat();
    let prepared = er7::prepare(&bytes).expect("one message");
    assert!(prepared.bytes().as_ptr() == bytes.as_ptr(), "nothing to correct, nothing copied");
    let mut out = Vec::new();
    let staged = er7::parse(&prepared, &stamp(&bytes), &mut out).expect("staged");
    assert!(staged.finding_codes.is_empty(), "sound: {:?}", staged.finding_codes);
    assert!(out.len() < bytes.len() + 2048, "the document is written once");
}
