//! A steward's computer: display, message bus, keyring, browser, folders; and the desktop, started on it as often as a
//! test wants.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::browser::{Browsing, StewardsBrowser};
use super::bus::{Bus, Keyring};
use super::display::{Display, Size};
use super::drag::Drag;
use super::group::Member;
use super::page::Page;
use super::program::{self, Program};
use super::wait::{LIMIT, until};
use crate::ports::Ports;
use crate::robot;

/// The window's title.
pub(super) const TITLE: &str = "Lake Steward";

/// What a computer is like.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its display.
    pub size: Size,
    /// Its keyring.
    pub keyring: Keyring,
    /// Its browser.
    pub browsing: Browsing,
    /// Beside the usual environment of the desktop.
    pub environment: Vec<(String, String)>,
}

impl Default for Setup {
    fn default() -> Self {
        let (keyring, browsing) = (Keyring::Unlocked, Browsing::Works);
        Self { size: Size::USUAL, keyring, browsing, environment: Vec::new() }
    }
}

/// A running computer. Ends with all that runs on it when dropped.
#[derive(Debug)]
pub struct Computer {
    /// Its display.
    pub display: Display,
    /// Its browser.
    pub browser: StewardsBrowser,
    program: Option<Program>,
    bus: Bus,
    setup: Setup,
    /// Of its practice lake: the same at each start, or nobody would be signed in there any more.
    ports: Ports,
    folder: TempDir,
}

impl Computer {
    /// Starts a computer; the desktop does not run on it yet.
    pub async fn start(setup: Setup) -> Self {
        let folder = tempfile::Builder::new().prefix("window-").tempdir().expect("a temporary folder");
        for name in ["system", "user", "runtime", "temp", "files"] {
            let path = folder.path().join(name);
            fs::create_dir(&path).expect("a folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a folder of ours");
        }
        let system = folder.path().join("system");
        let display = Display::start(setup.size, &system).await;
        let browser = StewardsBrowser::install(setup.browsing, &system);
        let bus = Bus::start(setup.keyring, &system, &folders(folder.path())).await;
        Self { display, browser, program: None, bus, setup, ports: Ports::take(), folder }
    }

    /// Starts the desktop, with no window of it there before, and waits for its page.
    pub async fn start_desktop(&mut self) -> Page {
        self.start_desktop_with(&[]).await
    }

    /// Starts the desktop by opening files with it.
    pub async fn start_desktop_with(&mut self, files: &[&Path]) -> Page {
        assert!(self.program.as_ref().is_none_or(|program| !program.runs()), "one desktop at a time");
        self.program = None;
        let (environment, log) = (self.environment(), self.system("desktop.log"));
        let program =
            Program::start(&program::desktop(), files, &environment, self.ports.driver(), &log).await;
        let page = program.page();
        self.program = Some(program);
        page
    }

    /// The page of the running desktop.
    pub fn page(&self) -> Page {
        self.program().page()
    }

    /// The running desktop.
    pub fn program(&self) -> &Program {
        self.program.as_ref().expect("the desktop runs")
    }

    /// The running desktop, if there is one.
    pub fn running(&self) -> Option<&Program> {
        self.program.as_ref()
    }

    /// Starts the desktop once more, as a second click on its icon or on a file does; waits for that start to end.
    pub async fn start_once_more(&self, files: &[&Path]) {
        let mut command = tokio::process::Command::new(program::desktop());
        command.args(files).envs(self.environment()).kill_on_drop(true);
        for name in ["STEWARD_SESSION_FILE", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
        let ended = tokio::time::timeout(LIMIT, command.status()).await;
        let ended = ended.expect("the second start hands over and ends").expect("it starts");
        assert!(ended.success(), "the second start ends well: {ended}");
    }

    /// Starts the desktop where it cannot come up: waits until a window of this title says why, closes that, and waits for the
    /// program's end.
    pub async fn start_in_vain(&self, title: &str) {
        let mut command = tokio::process::Command::new(program::desktop());
        command.envs(self.environment()).kill_on_drop(true);
        for name in ["STEWARD_SESSION_FILE", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
        let mut program = command.spawn().expect("it starts");
        until("a window that says why", LIMIT, async || {
            self.display.titles().iter().any(|shown| shown == title).then_some(())
        })
        .await;
        self.display.close(title);
        let ended = tokio::time::timeout(LIMIT, program.wait()).await;
        let ended = ended.expect("it ends when that window is closed").expect("a process of ours");
        assert_eq!(ended.code(), Some(1), "whoever started it is told as well");
    }

    /// Closes the desktop's window and waits for the program's end.
    pub async fn close_desktop(&mut self) {
        let process = self.program().process();
        self.display.close(TITLE);
        self.wait_for_end(&process, "the desktop ends when its window is closed").await;
    }

    /// Kills the desktop as `kill -9` does.
    pub async fn kill_desktop(&mut self) {
        let process = self.program().process();
        process.kill();
        self.wait_for_end(&process, "a killed desktop is gone").await;
    }

    async fn wait_for_end(&mut self, process: &Member, what: &str) {
        until(what, LIMIT, async || (!process.lives()).then_some(())).await;
        self.program = None;
    }

    /// Presses the page's button and signs in as a sample user on the login page that the browser shows.
    pub async fn sign_in(&mut self, user: &str) {
        let _turn = robot::turn().await;
        self.page().press("Sign in").await;
        let address = self.browser.next_address().await;
        let page = self.browser.sign_in(address, user).await;
        assert!(!page.text.contains("<form"), "one click signs in");
    }

    /// Starts the desktop for the first time and goes to Today, on the practice lake.
    pub async fn begin(&mut self, user: &str) -> Page {
        let page = self.start_desktop().await;
        // A lake that ran before the first start is known already.
        if until("the first screen", LIMIT, async || {
            let (new, known) = ("Welcome to Lake Steward", "Sign in to the practice lake");
            if page.has("heading", known).await {
                return Some(false);
            }
            page.has("heading", new).await.then_some(true)
        })
        .await
        {
            page.press("Practise on this computer").await;
        }
        page.screen("Sign in to the practice lake").await;
        self.sign_in(user).await;
        page.screen("Today").await;
        page
    }

    /// Takes files by the system's drag and drop; they are over the window, and not yet dropped.
    pub fn drag(&self, paths: &[&Path]) -> Drag {
        Drag::enter(&self.display, TITLE, paths)
    }

    /// Drops files onto the middle of the window.
    pub async fn drop_files(&self, paths: &[&Path]) {
        let drag = self.drag(paths);
        let taken = drag.hover(self.display.size.width / 2, self.display.size.height / 2).await;
        assert!(taken, "the window would take the files");
        drag.drop_here().await;
    }

    /// A new bus with a keyring of that state takes the place of the old one, as after logging in again.
    pub async fn restart_bus(&mut self, keyring: Keyring) {
        self.bus =
            Bus::start(keyring, &self.folder.path().join("system"), &folders(self.folder.path())).await;
    }

    /// What programs asked to be shown as notices.
    pub fn notices(&self) -> String {
        self.bus.notices()
    }

    /// The desktop's home folder.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The first of the three ports of its practice lake.
    pub fn port(&self) -> u16 {
        self.ports.lake()
    }

    /// A folder for what the steward drops, chooses and saves.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// The folder with everything that programs write on this computer.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the desktop and all that it started have said.
    pub fn said(&self) -> String {
        fs::read_to_string(self.system("desktop.log")).unwrap_or_default()
    }

    /// The environment of programs on this computer.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut environment = folders(self.folder.path());
        let ours = [
            ("DISPLAY", OsString::from(&self.display.name)),
            ("DBUS_SESSION_BUS_ADDRESS", OsString::from(&self.bus.address)),
            ("PATH", self.browser.path()),
            ("STEWARD_HOME", self.home().into()),
            ("STEWARD_PORT", self.ports.lake().to_string().into()),
            ("GTK_A11Y", "none".into()),
            ("NO_AT_BRIDGE", "1".into()),
        ];
        environment.extend(ours.map(|(name, value)| (name.into(), value)));
        let asked = self.setup.environment.iter();
        environment.extend(asked.map(|(name, value)| (name.into(), value.into())));
        environment
    }

    fn system(&self, name: &str) -> PathBuf {
        self.folder.path().join("system").join(name)
    }
}

/// Where programs keep things, all within one folder.
fn folders(folder: &Path) -> Vec<(OsString, OsString)> {
    let user = folder.join("user");
    let folders = [
        ("HOME", user.clone()),
        ("XDG_DATA_HOME", user.join("data")),
        ("XDG_CONFIG_HOME", user.join("config")),
        ("XDG_CACHE_HOME", user.join("cache")),
        ("XDG_RUNTIME_DIR", folder.join("runtime")),
        ("TMPDIR", folder.join("temp")),
    ];
    folders.map(|(name, path)| (name.into(), path.into())).to_vec()
}
