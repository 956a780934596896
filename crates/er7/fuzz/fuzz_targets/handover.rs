//! `targets::handover` under libFuzzer.
#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "the other fuzz targets use the rest")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::handover(bytes));
