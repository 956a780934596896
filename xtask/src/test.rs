//! `cargo xtask test`: everything that a change must pass, stage by stage.

use std::path::PathBuf;

use crate::node::Node;
use crate::process::{Limit, Run};
use crate::report::{Place, Report, Tests, Verdict};
use crate::{run, tidy, venv, web, workspace};

/// The version that `test` installs where there is none; pinned, so that CI is the same tomorrow.
const CARGO_DENY: &str = "0.20.2";

/// All of it: what CI runs. At most 45 minutes from cold on two cores.
pub(crate) fn all() -> Result<(), String> {
    let mut report = Report::new(15, Place::here());
    report.stage("system packages", system_packages);
    let mut node = None;
    report.stage("web packages", || {
        match Node::find().and_then(|node| web::packages(&node).map(|()| node)) {
            Ok(found) => {
                node = Some(found);
                Verdict::Passed
            }
            Err(reason) => Verdict::NotRun(reason),
        }
    });
    let with_node = |work: fn(&Node) -> Result<(), String>| match &node {
        Some(node) => work(node).into(),
        None => Verdict::NotRun("there is no Node".to_owned()),
    };
    report.stage("web build", || with_node(web::build));
    report.stage("web types and format", || with_node(web::check));
    report.stage("web tests", || with_node(web::test));
    report.stage("web advisories", || match with_node(web::audit) {
        Verdict::Failed(reason) => Verdict::OutOfReach(reason),
        other => other,
    });
    report.stage("format", format);
    report.stage("tidy", tidy::run);
    report.stage("bans, licences, sources", || deny(&["bans", "licenses", "sources"]));
    report.stage("advisories", advisories);
    report.stage("clippy", clippy);
    let mut python = None;
    report.stage("python", || match venv::python() {
        Ok(path) => {
            python = Some(path);
            Verdict::Passed
        }
        Err(reason) => Verdict::NotRun(reason),
    });
    report.tests("tests", || tests(&["--workspace", "--tests"], python));
    report.tests("examples in the documentation", documented_examples);
    report.stage("documentation", documentation);
    report.finish()
}

/// What needs no server and no window: under three minutes when the tree is built.
pub(crate) fn fast() -> Result<(), String> {
    let mut report = Report::new(5, Place::here());
    // The window is compiled around it.
    report.stage("web build", || Node::find().and_then(|node| web::packages(&node).and(web::build(&node))));
    report.stage("format", format);
    report.stage("tidy", tidy::run);
    report.stage("clippy", clippy);
    report
        .tests("unit tests", || tests(&["--workspace", "--exclude", "lake-tests", "--lib", "--bins"], None));
    report.finish()
}

fn system_packages() -> Verdict {
    let groups = [run::NEEDED_BY_THE_WINDOW, run::NEEDED_BY_TESTS];
    match groups.into_iter().try_for_each(|needed| run::packages(needed, run::Missing::Install)) {
        Ok(()) => Verdict::Passed,
        Err(reason) => Verdict::NotRun(reason),
    }
}

fn format() -> Result<(), String> {
    let checked = Run::new("cargo").arguments(["fmt", "--all", "--check"]).limit(Limit::minutes(2)).shown();
    checked.map_err(|error| format!("{error}; `cargo fmt --all` puts it right"))
}

/// `cargo deny`, installed under `target/tools` where there is none; that takes some minutes, once.
fn deny(checks: &[&str]) -> Verdict {
    match cargo_deny() {
        Ok(program) => {
            let run = Run::new(program).arguments(["--log-level", "warn", "check", "--hide-inclusion-graph"]);
            run.arguments(checks).limit(Limit::minutes(5)).shown().into()
        }
        Err(reason) => Verdict::NotRun(reason),
    }
}

/// Known weaknesses of dependencies; the list of them lives on the network, so nobody's work hangs on it.
fn advisories() -> Verdict {
    match cargo_deny() {
        Err(reason) => Verdict::OutOfReach(reason),
        Ok(program) => {
            let fetched = Run::new(&program)
                .arguments(["--log-level", "error", "fetch", "db"])
                .limit(Limit::minutes(2));
            match fetched.shown() {
                Ok(()) => deny(&["--disable-fetch", "advisories"]),
                Err(reason) => {
                    Verdict::OutOfReach(format!("the advisory list is not within reach: {reason}"))
                }
            }
        }
    }
}

fn cargo_deny() -> Result<PathBuf, String> {
    if Run::new("cargo-deny").arguments(["--version"]).limit(Limit::seconds(30)).succeeds() {
        return Ok("cargo-deny".into());
    }
    let tools = workspace::target_folder()?.join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        eprintln!("installing cargo-deny {CARGO_DENY} under {}", tools.display());
        Run::new("cargo")
            .arguments([
                "install",
                "--quiet",
                "--locked",
                "--no-default-features",
                "cargo-deny",
                "--version",
                CARGO_DENY,
            ])
            .arguments(["--root".as_ref(), tools.as_os_str()])
            .limit(Limit::minutes(15))
            .shown()
            .map_err(|error| format!("cargo-deny is not installed and does not install: {error}"))?;
    }
    Ok(program)
}

fn clippy() -> Result<(), String> {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    Run::new("cargo").arguments(arguments).limit(Limit::minutes(25)).shown()
}

fn documentation() -> Result<(), String> {
    Run::new("cargo")
        .arguments(["doc", "--quiet", "--workspace", "--no-deps"])
        .environment("RUSTDOCFLAGS", "-D warnings")
        .limit(Limit::minutes(15))
        .shown()
}

fn documented_examples() -> (Verdict, Tests) {
    let run = Run::new("cargo").arguments(["test", "--quiet", "--workspace", "--doc"]);
    counted(&run.limit(Limit::minutes(15)), Says::TestResult)
}

/// cargo-nextest where it is, else `cargo test`.
fn tests(which: &[&str], python: Option<PathBuf>) -> (Verdict, Tests) {
    let nextest = Run::new("cargo").arguments(["nextest", "--version"]).limit(Limit::seconds(30)).succeeds();
    let (runner, says): (&[&str], Says) = match nextest {
        true => (&["nextest", "run", "--status-level", "slow"], Says::Summary),
        false => (&["test"], Says::TestResult),
    };
    let run = Run::new("cargo").arguments(runner).arguments(["--no-fail-fast"]).arguments(which);
    let run = match python {
        Some(python) => run.environment("LAKE_PYTHON", python),
        None => run,
    };
    counted(&run.limit(Limit::minutes(40)), says)
}

/// Runs tests and adds up what their runner says.
fn counted(run: &Run, says: Says) -> (Verdict, Tests) {
    let mut sum = Tests::default();
    let ended = run.each_line(|line| {
        if let Some(tests) = runner_summary(line, says) {
            sum += tests;
        }
    });
    (ended.into(), sum)
}

/// How a runner says its counts. Output of a failed test may hold the words of another runner, so only its own are read.
#[derive(Clone, Copy)]
enum Says {
    /// nextest: `Summary [ 1.2s] 9 tests run: 8 passed, 1 failed, 2 skipped`.
    Summary,
    /// libtest: `test result: ok. 8 passed; 1 failed; 2 ignored; …`.
    TestResult,
}

/// The counts in a runner's last line.
fn runner_summary(line: &str, says: Says) -> Option<Tests> {
    let line = line.trim_start();
    let counts = match says {
        Says::Summary => line.strip_prefix("Summary [")?.split_once("run: ")?.1,
        Says::TestResult => line.strip_prefix("test result: ")?.split_once(". ")?.1,
    };
    let mut tests = Tests::default();
    for count in counts.split([',', ';']) {
        let mut words = count.split_whitespace();
        let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match word {
            "passed" => tests.passed += number,
            "failed" | "timed" | "exec" => tests.failed += number,
            "skipped" | "ignored" => tests.skipped += number,
            _ => {}
        }
    }
    Some(tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_both_runners_are_read() {
        let nextest =
            "     Summary [   6.230s] 14 tests run: 11 passed (1 slow), 2 failed, 1 timed out, 3 skipped";
        let counted = Tests { passed: 11, failed: 3, skipped: 3 };
        assert_eq!(
            runner_summary(nextest, Says::Summary),
            Some(counted),
            "nextest's summary, with its remarks"
        );
        let libtest = "test result: FAILED. 7 passed; 1 failed; 2 ignored; 0 measured; 4 filtered out; finished in 0.01s";
        let counted = Tests { passed: 7, failed: 1, skipped: 2 };
        assert_eq!(
            runner_summary(libtest, Says::TestResult),
            Some(counted),
            "libtest's result; filtered-out ones are no tests of ours"
        );
        assert_eq!(
            runner_summary("test ledger::claims ... ok", Says::TestResult),
            None,
            "other lines count nothing"
        );
        assert_eq!(runner_summary(libtest, Says::Summary), None, "nor do those that a failed test shows");
    }
}
