//! What is done with the real window: a tour, pictures for the documentation, and the long journeys.

use std::fs;
use std::path::{Path, PathBuf};

use crate::node::Node;
use crate::packages::{self, Missing};
use crate::process::{Limit, Run};
use crate::report::{Place, Report};
use crate::steps::Steps;
use crate::suites::{self, Tools};
use crate::{web, workspace};

/// Sizes that every screen is looked at in: an ordinary laptop's, the smallest, a large one.
const SIZES: &[&str] = &["1280x800", "1024x700", "1920x1080"];

/// The main path in the real window; pictures of it in all sizes and both themes in `target/tour`.
pub(crate) fn tour() -> Result<(), String> {
    let mut steps = Steps::new(3);
    prepare(&mut steps)?;
    let folder = workspace::target_folder()?.join("tour");
    steps.next("go through the main path, in three sizes and both themes");
    go(&folder, "main-path", SIZES)?;
    eprintln!("{}", folder.join("index.html").display());
    Ok(())
}

/// Every state of every screen, for docs/screens.
pub(crate) fn screenshots() -> Result<(), String> {
    let mut steps = Steps::new(4);
    prepare(&mut steps)?;
    let taken = workspace::target_folder()?.join("screens");
    if taken.exists() {
        fs::remove_dir_all(&taken).map_err(|error| format!("{}: {error}", taken.display()))?;
    }
    steps.next("go through every state, in both themes");
    go(&taken, "all", &["1280x800"])?;
    steps.next("put the pictures into docs/screens");
    let kept = workspace::root().join("docs/screens");
    fs::create_dir_all(&kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    for entry in fs::read_dir(&taken).map_err(|error| error.to_string())?.flatten() {
        let from = entry.path();
        if from.extension().is_some_and(|ending| ending == "png") {
            let to = kept.join(entry.file_name());
            // A quarter of the size, and nobody sees the difference.
            let words =
                [from.as_os_str(), "-strip".as_ref(), "-colors".as_ref(), "192".as_ref(), to.as_os_str()];
            Run::new("convert").arguments(words).limit(Limit::minutes(1)).shown()?;
        } else if from.extension().is_some_and(|ending| ending == "md") {
            copy(&from, &kept.join("README.md"))?;
        }
    }
    Ok(())
}

/// All journeys in the real window, also those that take long.
pub(crate) fn prove() -> Result<(), String> {
    let mut report = Report::new(2, Place::here());
    report.stage("build", || prepare(&mut Steps::new(2)));
    report.tests("every journey in the real window", || {
        suites::tests(&["--workspace", "--test", "window", "--run-ignored", "all"], Tools::default())
    });
    report.finish()
}

/// Brings what the window and its tests need, and builds.
fn prepare(steps: &mut Steps) -> Result<(), String> {
    steps.next("system packages");
    packages::bring(&[packages::COMPILER, packages::WINDOW, packages::TESTS], Missing::Install)?;
    steps.next("build the desktop, the command and what drives the window");
    let node = Node::find()?;
    web::packages(&node)?;
    web::build(&node)?;
    let words = ["build", "--quiet", "--workspace", "--bins", "--tests", "--examples"];
    Run::new("cargo").arguments(words).limit(Limit::minutes(40)).shown()
}

fn go(folder: &Path, which: &str, sizes: &[&str]) -> Result<(), String> {
    let program: PathBuf = workspace::target_folder()?.join("debug/examples/tour");
    let folder = folder.to_str().ok_or("the target folder's path is no UTF-8")?;
    let run = Run::new(program).arguments([&[folder, which], sizes].concat());
    // Where something is missing, it fails instead of leaving it out.
    run.environment("CI", "true").limit(Limit::minutes(40)).shown()
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", to.display()))
}
