//! `steward describe`, `completions`, `man`, help and wrong use.

use crate::program::steward;

#[test]
fn paths_and_meanings_are_found() {
    let ran = steward(["describe", "PID-7"]);
    assert_eq!(ran.code, Some(0), "known: {}", ran.errors);
    assert_eq!(ran.lines()[0]["path"], "PID-7", "the path itself comes first");
    let ran = steward(["describe", "date", "of", "birth"]);
    assert!(
        ran.lines().iter().take(3).any(|line| line["path"] == "PID-7"),
        "by meaning, without quotes: {}",
        ran.output
    );
}

#[test]
fn the_version_is_chosen_and_a_guess_is_said() {
    let ran = steward(["describe", "PID-7", "--version", "2.3"]);
    assert_eq!(ran.lines()[0]["version"], "2.3", "the version asked for");
    let ran = steward(["describe", "PID-7", "--version", "2.99"]);
    assert!(ran.errors.contains("2.99 is not known"), "another one is used, and said: {}", ran.errors);
}

#[test]
fn a_table_fits_its_line() {
    let ran = steward(["describe", "PID", "--output", "table"]);
    assert_eq!(ran.code, Some(0), "known: {}", ran.errors);
    let longest = ran.output.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(120), "120 columns where no terminal says otherwise: {longest:?}");
    assert!(ran.output.starts_with("path "), "a heading first: {}", ran.output);
}

#[test]
fn what_is_not_known_is_said() {
    let ran = steward(["describe", "qqqqq"]);
    assert_eq!((ran.code, ran.output.as_str()), (Some(1), ""), "no data, and a reason on standard error");
    assert!(ran.errors.contains("qqqqq"), "names the term: {}", ran.errors);
}

#[test]
fn wrong_use_is_two_and_help_is_zero() {
    for wrong in [&["parse"][..], &["no-such-command"], &["describe", "PID", "--output", "yaml"], &[]] {
        let ran = steward(wrong);
        assert_eq!(ran.code, Some(2), "{wrong:?}: {}", ran.errors);
        assert_eq!(ran.output, "", "{wrong:?}: words for people are no data");
    }
    for help in [&["--help"][..], &["parse", "--help"], &["--version"], &["help", "check"]] {
        let ran = steward(help);
        assert_eq!(ran.code, Some(0), "{help:?} was asked for");
        assert!(!ran.output.is_empty(), "{help:?} answers on standard output");
    }
}

#[test]
fn completions_and_manual_know_every_command() {
    let bash = steward(["completions", "bash"]);
    let page = steward(["man"]);
    for (ran, what) in [(&bash, "completions"), (&page, "manual")] {
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.errors);
        for command in ["parse", "check", "describe"] {
            assert!(ran.output.contains(command), "the {what} know `{command}`");
        }
    }
    assert!(page.output.starts_with(".ie") || page.output.contains(".TH steward"), "a manual page in roff");
}
