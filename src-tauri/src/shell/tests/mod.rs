//! What the window is wired with.

mod configuration;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use specta_typescript::Typescript;

use super::*;

const BINDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/backend/bindings.ts");

#[test]
fn the_web_views_types_are_those_of_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let fresh = dir.path().join("bindings.ts");
    types().export(Typescript::default(), &fresh).unwrap();
    let fresh = std::fs::read_to_string(fresh).unwrap();
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        std::fs::write(BINDINGS, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(BINDINGS).unwrap_or_default();
    assert!(
        kept == fresh,
        "ui/src/backend/bindings.ts is stale; UPDATE_BINDINGS=1 cargo test -p lake-steward renews it"
    );
}

#[test]
fn the_web_view_can_call_every_command_and_no_other() {
    // The handler and these names are made from one list, so that what is here is in the handler.
    let bindings = std::fs::read_to_string(BINDINGS).unwrap();
    let called = bindings.split("__TAURI_INVOKE(\"").skip(1).filter_map(|call| call.split('"').next());
    let called: Vec<_> = called.collect();
    let distinct: BTreeSet<_> = called.iter().copied().collect();
    assert_eq!(distinct.len(), called.len(), "each command once: {called:?}");
    assert_eq!(distinct, commands::NAMES.iter().copied().collect(), "what is called is what is there");
}

#[test]
fn only_this_programs_own_pages_are_shown() {
    let is_own = |address: &str| is_own_page(&address.parse().unwrap());
    assert!(is_own("tauri://localhost/") && is_own("tauri://localhost/index.html#today"), "its own");
    for other in [
        "https://example.org/",
        "http://localhost:47100/login",
        "tauri://example.org/",
        "file:///etc/passwd",
        "data:text/html,x",
        "javascript:alert(1)",
        "about:blank",
    ] {
        assert!(!is_own(other), "a page from elsewhere would stand beside the lake's data: {other}");
    }
    assert_eq!(is_own("http://tauri.localhost/"), cfg!(windows), "where the system serves it so");
}

#[test]
fn arguments_that_name_files_are_files_and_options_are_not() {
    let named = |arguments: &[&str]| files_named(arguments.iter().map(OsString::from), Path::new("/work"));
    assert_eq!(
        named(&["one.hl7", "/elsewhere/two.hl7"]),
        [Path::new("/work/one.hl7"), Path::new("/elsewhere/two.hl7")],
        "as the folder has it in which the program was started"
    );
    assert!(named(&["--help", "-v", "-"]).is_empty(), "no option is submitted as a file");
}

#[test]
fn the_title_says_nothing_of_what_is_shown() {
    assert_eq!(TITLE, "Lake Steward", "titles are seen by others: in the task bar, over a shared screen");
}
