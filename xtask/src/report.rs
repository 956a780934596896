//! Stages one after the other, timed and counted, with a table at the end.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// How a stage came out.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// All well.
    Passed,
    /// Something is wrong.
    Failed(String),
    /// It could not run here; fails in CI, where everything has to run.
    NotRun(String),
    /// It could not run here and needs what is not everywhere; said, but never a failure.
    OutOfReach(String),
}

impl From<Result<(), String>> for Verdict {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Verdict::Failed, |()| Verdict::Passed)
    }
}

/// Counts of single tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tests {
    /// Those that passed.
    pub(crate) passed: u64,
    /// Those that failed.
    pub(crate) failed: u64,
    /// Those that were skipped.
    pub(crate) skipped: u64,
}

impl AddAssign for Tests {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Where the stages run; `Ci` is any place that sets the variable `CI`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Somebody's computer: a stage that cannot run is said, not failed.
    Desk,
    /// Where a change is judged: a stage that cannot run fails.
    Ci,
}

impl Place {
    /// As the variable `CI` says: set to anything but nothing, `0` or `false`.
    pub(crate) fn here() -> Self {
        match std::env::var("CI") {
            Ok(value) if !["", "0", "false"].contains(&value.as_str()) => Place::Ci,
            _ => Place::Desk,
        }
    }
}

/// The stages that ran so far, of a number known before.
pub(crate) struct Report {
    total: usize,
    place: Place,
    began: Instant,
    stages: Vec<Stage>,
}

struct Stage {
    name: &'static str,
    took: Duration,
    verdict: Verdict,
    tests: Option<Tests>,
}

impl Report {
    /// A report of `total` stages.
    pub(crate) fn new(total: usize, place: Place) -> Self {
        Self { total, place, began: Instant::now(), stages: Vec::new() }
    }

    /// Runs a stage that counts as one check.
    pub(crate) fn stage<V: Into<Verdict>>(&mut self, name: &'static str, run: impl FnOnce() -> V) {
        self.record(name, || (run().into(), None));
    }

    /// Runs a stage that counts its own tests.
    pub(crate) fn tests(&mut self, name: &'static str, run: impl FnOnce() -> (Verdict, Tests)) {
        self.record(name, || {
            let (verdict, tests) = run();
            (verdict, Some(tests))
        });
    }

    fn record(&mut self, name: &'static str, run: impl FnOnce() -> (Verdict, Option<Tests>)) {
        eprintln!("\n[{} of {}] {name}", self.stages.len() + 1, self.total);
        let began = Instant::now();
        let (verdict, tests) = run();
        match &verdict {
            Verdict::Passed => {}
            Verdict::Failed(reason) => eprintln!("failed: {reason}"),
            Verdict::NotRun(reason) | Verdict::OutOfReach(reason) => eprintln!("not run: {reason}"),
        }
        self.stages.push(Stage { name, took: began.elapsed(), verdict, tests });
    }

    /// Prints the table and the sum; an error where a stage failed, or could not run in CI.
    pub(crate) fn finish(self) -> Result<(), String> {
        eprint!("\n{}", self.table());
        let wrong = self.stages.iter().filter(|stage| self.is_wrong(&stage.verdict));
        let wrong: Vec<_> = wrong.map(|stage| stage.name).collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("did not pass: {}", wrong.join(", "))) }
    }

    fn is_wrong(&self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Failed(_) => true,
            Verdict::NotRun(_) => self.place == Place::Ci,
            Verdict::Passed | Verdict::OutOfReach(_) => false,
        }
    }

    fn table(&self) -> String {
        let mut text = String::new();
        let width = self.stages.iter().map(|stage| stage.name.len()).max().unwrap_or_default();
        let mut sum = Tests::default();
        for stage in &self.stages {
            let minutes = minutes(stage.took);
            let said = match &stage.verdict {
                Verdict::Passed => "passed".to_owned(),
                Verdict::Failed(reason) => format!("FAILED: {}", first_line(reason)),
                Verdict::NotRun(reason) | Verdict::OutOfReach(reason) => {
                    format!("not run: {}", first_line(reason))
                }
            };
            let tests = stage.tests.unwrap_or_default();
            let counted = if tests == Tests::default() {
                String::new()
            } else {
                format!(" ({} tests)", tests.passed + tests.failed)
            };
            text.push_str(&format!("{:width$}  {minutes:>5} min  {said}{counted}\n", stage.name));
            sum += self.counts(stage);
        }
        let minutes = minutes(self.began.elapsed());
        let Tests { passed, failed, skipped } = sum;
        text.push_str(&format!(
            "\n{passed} passed, {failed} failed, {skipped} skipped in {minutes} minutes\n"
        ));
        text
    }

    /// A stage without tests of its own counts as one; a failure that no test explains counts too.
    fn counts(&self, stage: &Stage) -> Tests {
        let mut counts = stage.tests.unwrap_or_default();
        match &stage.verdict {
            _ if self.is_wrong(&stage.verdict) => counts.failed = counts.failed.max(1),
            Verdict::Passed if stage.tests.is_none() => counts.passed += 1,
            Verdict::NotRun(_) | Verdict::OutOfReach(_) => counts.skipped += 1,
            _ => {}
        }
        counts
    }
}

fn minutes(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64() / 60.0)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(place: Place, verdict: Verdict) -> Report {
        let mut report = Report::new(1, place);
        report.stage("thing", || verdict);
        report
    }

    #[test]
    fn a_failed_stage_fails_everywhere() {
        for place in [Place::Desk, Place::Ci] {
            let finished = report(place, Verdict::Failed("broken".into())).finish();
            assert_eq!(finished, Err("did not pass: thing".into()), "a failure is one in every place");
        }
    }

    #[test]
    fn what_cannot_run_fails_only_in_ci() {
        assert!(report(Place::Ci, Verdict::NotRun("no tool".into())).finish().is_err(), "CI runs all of it");
        assert!(
            report(Place::Desk, Verdict::NotRun("no tool".into())).finish().is_ok(),
            "a desk may lack it"
        );
        assert!(
            report(Place::Ci, Verdict::OutOfReach("offline".into())).finish().is_ok(),
            "said, not failed"
        );
    }

    #[test]
    fn the_last_line_counts_tests_and_stages() {
        let mut report = report(Place::Ci, Verdict::Passed);
        report.tests("units", || (Verdict::Passed, Tests { passed: 40, failed: 0, skipped: 2 }));
        report.tests("broken build", || (Verdict::Failed("no compile".into()), Tests::default()));
        let table = report.table();
        let last = table.lines().last().unwrap_or_default();
        assert!(last.starts_with("41 passed, 1 failed, 2 skipped in "), "got: {last}");
        assert!(table.contains("FAILED: no compile"), "the table names the reason: {table}");
    }
}
