//! A display of our own: an X server without a screen, and a window manager that gives every window all of it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt, EventMask, InputFocus, StackMode, Window,
};
use x11rb::rust_connection::RustConnection;

use super::group::{Group, Start};
use super::wait::{LIMIT, until};

/// The display's size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: u16,
    /// From top to bottom.
    pub height: u16,
}

impl Size {
    /// The smallest that the screens are made for.
    pub const SMALL: Self = Self { width: 1024, height: 700 };
    /// An ordinary laptop's.
    pub const USUAL: Self = Self { width: 1280, height: 800 };
    /// A large one.
    pub const LARGE: Self = Self { width: 1920, height: 1080 };
}

/// Looks at a display until it is drawn, and between two of them.
const LOOKS: usize = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Maximized and without a frame, so that the window is the display; dialogs as they come.
const WINDOWS: &str = r#"<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew></focus>
  <applications>
    <application class="*" type="normal"><decor>no</decor><maximized>yes</maximized></application>
  </applications>
</openbox_config>
"#;

/// A running display.
#[derive(Debug)]
pub struct Display {
    /// Its name, as `DISPLAY` has it.
    pub name: String,
    /// Its size.
    pub size: Size,
    folder: PathBuf,
    _server: Group,
    _windows: Group,
}

impl Display {
    /// Starts one; what it writes goes into the folder.
    pub async fn start(size: Size, folder: &Path) -> Self {
        let screen = format!("{}x{}x24", size.width, size.height);
        let words = [
            "Xvfb",
            "-displayfd",
            "1",
            "-screen",
            "0",
            &screen,
            "-nolisten",
            "tcp",
            "-noreset",
            "-dpi",
            "96",
        ];
        let (server, number) = Start::new(&words, &folder.join("xvfb.log")).first_line().await;
        let name = format!(":{}", number.trim());
        let rules = folder.join("windows.xml");
        fs::write(&rules, WINDOWS).expect("a file");
        let rules = rules.to_str().expect("a path in UTF-8").to_owned();
        let windows = Start::new(&["openbox", "--config-file", &rules], &folder.join("openbox.log"))
            .environment(&[("DISPLAY".into(), OsString::from(&name)), ("HOME".into(), folder.into())])
            .group();
        let display = Self { name, size, folder: folder.to_owned(), _server: server, _windows: windows };
        until("a window manager on the display", LIMIT, async || display.manager()).await;
        display
    }

    /// A picture of all that is on the display, as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let file = self.folder.join("display.png");
        let taken = Command::new("import")
            .env("DISPLAY", &self.name)
            .args(["-silent", "-window", "root"])
            .arg(&file)
            .status()
            .expect("import (of imagemagick) runs");
        assert!(taken.success(), "a picture of the display is taken: {taken}");
        fs::read(&file).expect("the picture")
    }

    /// A picture of all that is on the display once what the page has drawn is there: two looks agree. Where something turns
    /// without end, the last of some looks.
    pub async fn settled_picture(&self) -> Vec<u8> {
        let mut last = self.pixels();
        for _ in 0..LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await; // between two looks
            let now = self.pixels();
            if now == last {
                break;
            }
            last = now;
        }
        self.picture()
    }

    /// All that is on the display, without a time in it.
    fn pixels(&self) -> Vec<u8> {
        let taken = Command::new("import")
            .env("DISPLAY", &self.name)
            .args(["-silent", "-window", "root", "rgb:-"])
            .output()
            .expect("import (of imagemagick) runs");
        assert!(taken.status.success(), "the display is looked at: {}", taken.status);
        taken.stdout
    }

    /// The titles of all windows.
    pub fn titles(&self) -> Vec<String> {
        let eyes = self.eyes();
        eyes.everything().into_iter().filter_map(|window| eyes.title(window)).collect()
    }

    /// Asks the window manager to close the window of that title, as a click on its cross does.
    pub fn close(&self, title: &str) {
        let eyes = self.eyes();
        let window = eyes.windows().into_iter().find(|window| eyes.title(*window).as_deref() == Some(title));
        let window = window.unwrap_or_else(|| panic!("a window `{title}` is there to be closed"));
        eyes.tell_root(window, "_NET_CLOSE_WINDOW", [0, 2, 0, 0, 0]);
    }

    /// Presses keys in whatever window has the focus, by their X names (`slash`, `Return`, `ctrl+a`).
    pub fn keys(&self, keys: &[&str]) {
        self.xdotool(&[&["key", "--clearmodifiers", "--delay", "40"], keys].concat());
    }

    /// Types text in whatever window has the focus.
    pub fn types(&self, text: &str) {
        self.xdotool(&["type", "--clearmodifiers", "--delay", "15", text]);
    }

    fn xdotool(&self, words: &[&str]) {
        let done = Command::new("xdotool").args(words).env("DISPLAY", &self.name).status();
        assert!(done.expect("xdotool runs").success(), "the keys are pressed");
    }

    /// A connection of its own, for looking and telling.
    pub(super) fn eyes(&self) -> Eyes {
        let (connection, screen) = RustConnection::connect(Some(&self.name)).expect("the display answers");
        let root = connection.setup().roots[screen].root;
        Eyes { connection, root }
    }

    fn manager(&self) -> Option<()> {
        let eyes = self.eyes();
        eyes.window_property(eyes.root, "_NET_SUPPORTING_WM_CHECK").map(drop)
    }
}

/// What can be seen of the display's windows.
#[derive(Debug)]
pub(super) struct Eyes {
    pub(super) connection: RustConnection,
    pub(super) root: Window,
}

impl Eyes {
    /// A name's number.
    pub(super) fn atom(&self, name: &str) -> u32 {
        let cookie = self.connection.intern_atom(false, name.as_bytes()).expect("the display answers");
        cookie.reply().expect("a number").atom
    }

    /// Every window that there is.
    pub(super) fn everything(&self) -> Vec<Window> {
        let mut found = vec![self.root];
        let mut next = 0;
        while let Some(window) = found.get(next).copied() {
            next += 1;
            // It may have gone meanwhile.
            if let Some(tree) = self.connection.query_tree(window).ok().and_then(|cookie| cookie.reply().ok())
            {
                found.extend(tree.children);
            }
        }
        found
    }

    /// The programs' windows, as the window manager counts them, the newest last.
    pub(super) fn windows(&self) -> Vec<Window> {
        let listed = self.property(self.root, "_NET_CLIENT_LIST", AtomEnum::WINDOW.into());
        listed.chunks_exact(4).map(|four| u32::from_ne_bytes([four[0], four[1], four[2], four[3]])).collect()
    }

    /// A window's title.
    pub(super) fn title(&self, window: Window) -> Option<String> {
        let text = self.property(window, "_NET_WM_NAME", self.atom("UTF8_STRING"));
        Some(String::from_utf8_lossy(&text).into_owned()).filter(|text| !text.is_empty())
    }

    /// Whether a window has a property at all.
    pub(super) fn has(&self, window: Window, name: &str) -> bool {
        !self.property(window, name, AtomEnum::ANY.into()).is_empty()
    }

    /// The dialog that some program shows, if one does.
    pub(super) fn dialog(&self) -> Option<Window> {
        let wanted = self.atom("_NET_WM_WINDOW_TYPE_DIALOG").to_ne_bytes();
        let is_dialog = |window: &Window| {
            let kinds = self.property(*window, "_NET_WM_WINDOW_TYPE", AtomEnum::ATOM.into());
            kinds.chunks_exact(4).any(|kind| kind == wanted)
        };
        self.windows().into_iter().rev().find(is_dialog)
    }

    /// The window that has the focus, as the window manager tells.
    pub(super) fn active(&self) -> Option<Window> {
        self.window_property(self.root, "_NET_ACTIVE_WINDOW").filter(|window| *window != 0)
    }

    /// Gives a window the focus and brings it to the front.
    pub(super) fn focus(&self, window: Window) {
        let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.connection.configure_window(window, &above).expect("the display answers");
        let focus = self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME);
        // A window that is not mapped yet refuses the focus: it is looked for again.
        focus.expect("the display answers").check().ok();
    }

    fn tell_root(&self, window: Window, what: &str, data: [u32; 5]) {
        let message = ClientMessageEvent::new(32, window, self.atom(what), data);
        let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        let sent = self.connection.send_event(false, self.root, mask, message);
        // Answered, not only sent: what is left of a connection that closes is not read.
        sent.expect("the display answers").check().expect("the window manager is told");
    }

    fn window_property(&self, window: Window, name: &str) -> Option<Window> {
        let bytes = self.property(window, name, AtomEnum::WINDOW.into());
        Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
    }

    fn property(&self, window: Window, name: &str, kind: u32) -> Vec<u8> {
        let cookie = self.connection.get_property(false, window, self.atom(name), kind, 0, 4096);
        // A window that has gone has no properties.
        cookie.ok().and_then(|cookie| cookie.reply().ok()).map(|reply| reply.value).unwrap_or_default()
    }
}
