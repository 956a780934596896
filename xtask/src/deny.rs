//! What a dependency may be, by cargo-deny and deny.toml.

use std::path::PathBuf;

use crate::process::{Limit, Run};
use crate::report::Verdict;
use crate::workspace;

/// The version that is installed where there is none; pinned, so that CI is the same tomorrow.
const VERSION: &str = "0.20.2";

/// Bans, licences and sources.
pub(crate) fn rules() -> Verdict {
    match program() {
        Ok(program) => check(program, &["bans", "licenses", "sources"]),
        Err(reason) => Verdict::NotRun(reason),
    }
}

/// Known weaknesses of dependencies; the list of them lives on the network, so nobody's work hangs on it.
pub(crate) fn advisories() -> Verdict {
    let fetched = program().and_then(|program| {
        let fetch = Run::new(&program).arguments(["--log-level", "error", "fetch", "db"]);
        let fetched = fetch.limit(Limit::minutes(2)).shown();
        fetched.map(|()| program).map_err(|reason| format!("the advisory list is not within reach: {reason}"))
    });
    match fetched {
        Ok(program) => check(program, &["--disable-fetch", "advisories"]),
        Err(reason) => Verdict::OutOfReach(reason),
    }
}

fn check(program: PathBuf, checks: &[&str]) -> Verdict {
    let run = Run::new(program).arguments(["--log-level", "warn", "check", "--hide-inclusion-graph"]);
    run.arguments(checks).limit(Limit::minutes(5)).shown().into()
}

/// The machine's, else the pinned one under `target/tools`; to install that takes some minutes, once.
fn program() -> Result<PathBuf, String> {
    let said =
        |program: &PathBuf| Run::new(program).arguments(["--version"]).limit(Limit::seconds(30)).quiet();
    let own = PathBuf::from("cargo-deny");
    if said(&own).is_ok() {
        return Ok(own);
    }
    let tools = workspace::target_folder()?.join("tools");
    let brought = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if said(&brought).is_ok_and(|said| said.trim().ends_with(VERSION)) {
        return Ok(brought);
    }
    eprintln!("installing cargo-deny {VERSION} under {}", tools.display());
    let words =
        ["install", "--quiet", "--locked", "--no-default-features", "cargo-deny", "--version", VERSION];
    Run::new("cargo")
        .arguments(words)
        .arguments(["--root".as_ref(), tools.as_os_str()])
        .limit(Limit::minutes(20))
        .shown()
        .map_err(|error| format!("cargo-deny is not installed and does not install: {error}"))?;
    Ok(brought)
}
