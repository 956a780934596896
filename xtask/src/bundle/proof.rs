//! `cargo xtask prove bundle`: the packages install, their window opens, and they go without a trace.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Bundles, NAME, look};
use crate::packages::{self, Missing};
use crate::process::{Limit, Run};
use crate::steps::Steps;
use crate::workspace;

/// Where Debian's package puts the program.
const INSTALLED: &str = "/usr/bin/lake-steward";

/// What the package says files of these names are.
const MIME_TYPE: &str = "application/hl7-v2";

/// A message of nobody.
const SAMPLE: &str = "MSH|^~\\&|WARD|NORTH|LAKE|REGION|20260301083000+0100||ADT^A01^ADT_A01|1|P|2.5\r";

/// On a display of its own: starts `$0` with the other arguments after the first, waits for its window and for something
/// in it, keeps a picture at `$1`, and ends it.
const START: &str = r#"
picture=$1; shift
"$0" "$@" & program=$!
trap 'kill "$program"' EXIT
timeout 90 xdotool search --sync --onlyvisible --name '^Lake Steward$' >/dev/null
timeout 90 sh -c '
    until import -window root "$0" && test "$(identify -format %k "$0")" -ge 100; do :; done' "$picture"
kill -0 "$program"
"#;

/// Makes the packages, installs Debian's, opens its window, takes it away again, and opens the window of the other.
pub(crate) fn prove() -> Result<(), String> {
    if Path::new(INSTALLED).exists() {
        return Err(format!("{NAME} is installed here, and this would take it away: remove it first"));
    }
    packages::bring(&[packages::TESTS], Missing::Install)?;
    let Some(bundles) = super::make()? else {
        return Err("this is proved on Linux: packages of other systems install there".to_owned());
    };
    let proved = installed(&bundles);
    // Also after a failure: the machine is left as it was.
    let gone = packages::apt(&["purge", "-y", NAME]);
    proved.and(gone)?;
    if Path::new(INSTALLED).exists() {
        return Err(format!("{INSTALLED} is still there after the package was taken away"));
    }
    eprintln!("both packages open their window");
    Ok(())
}

fn installed(bundles: &Bundles) -> Result<(), String> {
    let mut steps = Steps::new(5);
    let folder = look::unpack(&bundles.rpm, "rpm-contents", &["rpm2cpio \"$0\" | cpio --quiet -id"])?;
    steps.next("install the .deb");
    let deb = bundles.deb.to_str().ok_or("the package lies at a path that is no UTF-8")?;
    packages::apt(&["install", "-y", "--reinstall", "--allow-downgrades", "--no-install-recommends", deb])?;
    steps.next("the system knows the messages' files");
    let sample = sample()?;
    says(&["info", "--attributes", "standard::content-type"], &sample, MIME_TYPE)?;
    says(&["mime"], Path::new(MIME_TYPE), "lake-steward.desktop")?;
    steps.next("open the installed program's window, with a file");
    open(Path::new(INSTALLED), "deb.png", &[&sample])?;
    steps.next("go a newcomer's way through it: practise, sign in, submit, see what became of every message");
    Run::new("cargo")
        .arguments(["test", "--quiet", "--workspace", "--test", "window", "main_path"])
        .environment("LAKE_STEWARD_DESKTOP", INSTALLED)
        // Where it cannot run, it fails.
        .environment("CI", "true")
        .limit(Limit::minutes(40))
        .shown()?;
    steps.next("open the window of the program in the .rpm");
    open(&folder.join("usr/bin").join(NAME), "rpm.png", &[])
}

fn sample() -> Result<PathBuf, String> {
    let path = workspace::target_folder()?.join("bundle/sample.hl7");
    fs::write(&path, SAMPLE).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Asks the desktop's own library, as its file browsers do.
fn says(words: &[&str], of: &Path, wanted: &str) -> Result<(), String> {
    let run = Run::new("gio").arguments(words).arguments([of]).environment("LC_ALL", "C.UTF-8");
    let said = run.limit(Limit::seconds(30)).output()?;
    match said.split_whitespace().any(|word| word == wanted) {
        true => Ok(()),
        false => Err(format!("of {} the system says {:?}, not {wanted}", of.display(), said.trim())),
    }
}

/// Opens a program's window as a steward who has never used it would.
fn open(program: &Path, picture: &str, files: &[&Path]) -> Result<(), String> {
    let folder = workspace::target_folder()?.join("bundle");
    let home = folder.join("home");
    if home.exists() {
        fs::remove_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    }
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let picture = folder.join(picture);
    let mut run = Run::new("xvfb-run")
        .arguments([
            "-a",
            "-s",
            "-screen 0 1280x800x24 -nolisten tcp",
            "dbus-run-session",
            "--",
            "sh",
            "-ec",
            START,
        ])
        .arguments([program, &picture])
        .arguments(files);
    for name in ["HOME", "STEWARD_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        run = run.environment(name, &home);
    }
    run.environment("WAYLAND_DISPLAY", "").limit(Limit::minutes(4)).shown()?;
    eprintln!("        {}", picture.display());
    Ok(())
}
