//! A test in the real window, from a fresh computer to its end; one that fails shows what was on the screen.

use std::fs;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::time::Duration;

use futures::FutureExt;

use super::computer::{Computer, Setup};
use super::group::which;

/// How long a page that may be broken is waited for when a test has failed already.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// What a computer is made of.
const NEEDED: &[&str] = &[
    "Xvfb",
    "openbox",
    "WebKitWebDriver",
    "dbus-daemon",
    "dbus-monitor",
    "dbus-send",
    "gnome-keyring-daemon",
    "xdotool",
    "import",
];

/// Runs a test on a fresh computer. When it fails, what the screen said is printed, without the rows of tables, and a
/// picture is kept.
pub async fn journey(name: &str, setup: Setup, test: impl AsyncFnOnce(&mut Computer)) {
    if let Some(missing) = NEEDED.iter().find(|program| which(program).is_none()) {
        println!("not run: {missing} is not installed");
        assert!(std::env::var_os("CI").is_none(), "this must run in CI: {missing} is not installed");
        return;
    }
    let mut computer = Computer::start(setup).await;
    let ended = AssertUnwindSafe(test(&mut computer)).catch_unwind().await;
    if let Err(failure) = ended {
        // The page may be what is broken.
        drop(AssertUnwindSafe(show(name, &computer)).catch_unwind().await);
        resume_unwind(failure);
    }
}

/// Where pictures of failures are kept.
pub fn pictures_folder() -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let target = test.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let folder = target.map_or_else(std::env::temp_dir, ToOwned::to_owned).join("window");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

async fn show(name: &str, computer: &Computer) {
    let picture = pictures_folder().join(format!("{name}.png"));
    fs::write(&picture, computer.display.picture()).expect("a picture is kept");
    println!("\nthe screen when `{name}` failed: {}", picture.display());
    let Some(program) = computer.running() else {
        println!("    no desktop was running");
        return;
    };
    let page = program.page();
    match tokio::time::timeout(LAST_LOOK, page.outline()).await {
        Ok(outline) => outline.iter().for_each(|line| println!("    {line}")),
        Err(_) => println!("    the page does not answer"),
    }
    println!("the desktop's last words:{}", program.last_words());
}
