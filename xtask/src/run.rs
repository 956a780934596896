//! `cargo xtask run`: from a fresh checkout to a lake at work, step by step.

use std::path::PathBuf;

use crate::node::{self, Node};
use crate::packages::{self, Missing};
use crate::process::{Limit, Run};
use crate::steps::Steps;
use crate::{web, workspace};

/// How the programs are built.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// Soon ready.
    Debug,
    /// As handed out: small and quick, and twice as long in the making.
    Release,
}

/// Brings what the build needs, builds the desktop and opens its window.
pub(crate) fn window(missing: Missing, build: Build) -> Result<(), String> {
    let mut steps = Steps::new(6);
    steps.next("system packages");
    let node = if missing == Missing::List { list()? } else { bring()? };
    steps.next("Node");
    let node = node.map_or_else(Node::find, Ok)?;
    steps.next("the web view's packages");
    web::packages(&node)?;
    steps.next("build the web view");
    web::build(&node)?;
    steps.next("build the desktop (about ten minutes when cold on two cores, seconds later)");
    cargo_build("lake-steward", build)?;
    let program = built("lake-steward", build)?;
    steps.next("the window is open until you close it; practise on this computer, or name a lake");
    Run::new(program).limit(Limit::NONE).shown().map_err(|error| {
        format!("{error}; what it said stands above. Without a screen: cargo xtask run --demo")
    })
}

/// Brings what the build needs, builds the `steward` command and runs its demonstration in this terminal.
pub(crate) fn demo(missing: Missing, build: Build) -> Result<(), String> {
    let mut steps = Steps::new(3);
    steps.next("system packages");
    packages::bring(&[packages::COMPILER], missing)?;
    steps.next("build the `steward` command (some minutes when cold, seconds later)");
    cargo_build("steward", build)?;
    steps.next("steward demo: a whole lake on this computer, in this terminal");
    Run::new(built("steward", build)?).arguments(["demo"]).limit(Limit::minutes(5)).shown()
}

/// Whether there is a screen to open a window on.
pub(crate) fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// The machine's Node, if it is new enough, and all packages that are missing.
fn bring() -> Result<Option<Node>, String> {
    let node = Node::here()?;
    let download: &[_] = if node.is_some() { &[] } else { packages::DOWNLOAD };
    packages::bring(&[packages::COMPILER, packages::WINDOW, download], Missing::Install)?;
    Ok(node)
}

/// As [`bring`], but what is missing is only said: all of it at once.
fn list() -> Result<Option<Node>, String> {
    let node = Node::here()?;
    if node.is_none() {
        eprintln!("        missing: {}", node::in_words());
    }
    packages::bring(&[packages::COMPILER, packages::WINDOW], Missing::List)?;
    match node {
        Some(_) => Ok(node),
        None => {
            Err(format!("install a Node first, or leave out --no-install, which brings {}", node::in_words()))
        }
    }
}

fn cargo_build(package: &str, build: Build) -> Result<(), String> {
    let profile = match build {
        Build::Debug => "dev",
        Build::Release => "release",
    };
    let words = ["build", "--package", package, "--profile", profile];
    Run::new("cargo").arguments(words).limit(Limit::minutes(60)).shown()
}

fn built(program: &str, build: Build) -> Result<PathBuf, String> {
    let folder = match build {
        Build::Debug => "debug",
        Build::Release => "release",
    };
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace::target_folder()?.join(folder).join(name))
}
