//! `cargo xtask test`: everything that a change must pass, stage by stage.

use crate::node::Node;
use crate::packages::{self, Missing};
use crate::process::{Limit, Run};
use crate::report::{Place, Report, Tests, Verdict};
use crate::suites::{self, Tools};
use crate::{deny, tidy, venv, web};

/// All of it: what CI runs. At most 45 minutes from cold on two cores.
pub(crate) fn all() -> Result<(), String> {
    let mut report = Report::new(16, Place::here());
    report.stage("system packages", system_packages);
    report.stage("format", format);
    report.stage("tidy", tidy::run);
    report.stage("bans, licences, sources", deny::rules);
    report.stage("advisories", deny::advisories);
    let mut node = None;
    report.stage("web packages", || kept(&mut node, web_packages()));
    report.stage("web advisories", || with(&node, web::advisories));
    report.stage("web types and format", || with(&node, |node| web::check(node).into()));
    report.tests("web tests", || match &node {
        Some(node) => web::test(node),
        None => (without_node(), Tests::default()),
    });
    report.stage("web build", || with(&node, |node| web::build(node).into()));
    report.stage("clippy", clippy);
    let mut python = None;
    report.stage("python", || kept(&mut python, venv::python()));
    report.stage("build", build);
    report.tests("tests", || {
        let tools = Tools { python: python.as_deref(), node: node.as_ref() };
        suites::tests(&["--workspace", "--tests"], tools)
    });
    report.tests("examples in the documentation", suites::documented_examples);
    report.stage("documentation", documentation);
    report.finish()
}

/// What needs no server and no window: under three minutes when the tree is built.
pub(crate) fn fast() -> Result<(), String> {
    let mut report = Report::new(6, Place::here());
    report.stage("system packages", || {
        packages::bring(&[packages::COMPILER, packages::WINDOW], Missing::List)
            .map_err(|reason| format!("{reason}, or let `cargo xtask test` bring them"))
    });
    report.stage("format", format);
    report.stage("tidy", tidy::run);
    // The window is compiled around it.
    report.stage("web build", || web_packages().and_then(|node| web::build(&node)));
    report.stage("clippy", clippy);
    // The whole workspace, so that it is built with the same features as for all the tests.
    report.tests("unit tests", || suites::tests(&["--workspace", "--lib", "--bins"], Tools::default()));
    report.finish()
}

fn system_packages() -> Verdict {
    let needed = [packages::COMPILER, packages::WINDOW, packages::TESTS, packages::DOWNLOAD];
    packages::bring(&needed, Missing::Install).map_or_else(Verdict::NotRun, |()| Verdict::Passed)
}

fn web_packages() -> Result<Node, String> {
    let node = Node::find()?;
    web::packages(&node)?;
    Ok(node)
}

/// Keeps what later stages use.
fn kept<T>(place: &mut Option<T>, made: Result<T, String>) -> Verdict {
    match made {
        Ok(made) => {
            *place = Some(made);
            Verdict::Passed
        }
        Err(reason) => Verdict::NotRun(reason),
    }
}

fn with(node: &Option<Node>, work: impl FnOnce(&Node) -> Verdict) -> Verdict {
    node.as_ref().map_or_else(without_node, work)
}

fn without_node() -> Verdict {
    Verdict::NotRun("the web view's packages are not there".to_owned())
}

fn format() -> Result<(), String> {
    let checked = Run::new("cargo").arguments(["fmt", "--all", "--check"]).limit(Limit::minutes(2)).shown();
    checked.map_err(|error| format!("{error}; `cargo fmt --all` puts it right"))
}

fn clippy() -> Result<(), String> {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    Run::new("cargo").arguments(arguments).limit(Limit::minutes(25)).shown()
}

/// Tests start the programs that lie beside them, so all programs are built first.
fn build() -> Result<(), String> {
    let arguments = ["build", "--quiet", "--workspace", "--bins", "--tests"];
    Run::new("cargo").arguments(arguments).limit(Limit::minutes(30)).shown()
}

fn documentation() -> Result<(), String> {
    Run::new("cargo")
        .arguments(["doc", "--quiet", "--workspace", "--no-deps"])
        .environment("RUSTDOCFLAGS", "-D warnings")
        .limit(Limit::minutes(15))
        .shown()
}
