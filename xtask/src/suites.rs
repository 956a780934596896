//! Tests run by cargo, counted: cargo-nextest where it is, else `cargo test`.

use std::path::Path;

use crate::node::Node;
use crate::process::{Limit, Run};
use crate::report::{Tests, Verdict};

/// What some tests use beside the programs of this workspace.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tools<'a> {
    /// A Python with the clients of `python-requirements.txt`.
    pub(crate) python: Option<&'a Path>,
    /// A Node with its npm.
    pub(crate) node: Option<&'a Node>,
}

/// Runs the tests of the targets that these arguments name.
pub(crate) fn tests(targets: &[&str], tools: Tools<'_>) -> (Verdict, Tests) {
    let nextest = Run::new("cargo").arguments(["nextest", "--version"]).limit(Limit::seconds(30)).succeeds();
    let run = match nextest {
        true => Run::new("cargo").arguments(["nextest", "run", "--status-level", "slow"]),
        // Without nextest's groups: as many at once as windows go together.
        false => Run::new("cargo").arguments(["test"]).environment("RUST_TEST_THREADS", "2"),
    };
    let says = if nextest { Says::Summary } else { Says::TestResult };
    let run = run.arguments(["--no-fail-fast"]).arguments(targets).limit(Limit::minutes(40));
    let run = match tools.python {
        Some(python) => run.environment("LAKE_PYTHON", python),
        None => run,
    };
    match run.path(tools.node.and_then(Node::folder)) {
        Ok(run) => counted(&run, says),
        Err(reason) => (Verdict::Failed(reason), Tests::default()),
    }
}

/// Runs the examples in the documentation.
pub(crate) fn documented_examples() -> (Verdict, Tests) {
    let run = Run::new("cargo").arguments(["test", "--quiet", "--workspace", "--doc"]);
    counted(&run.limit(Limit::minutes(15)), Says::TestResult)
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
