//! Drag and drop by the X protocol (XDND, version 5): a source without a pointer that offers files, hovers, leaves, drops.

use std::path::{Path, PathBuf};

use url::Url;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

use super::display::{Display, Eyes};
use super::wait::{LIMIT, until};

/// Of the protocol.
const VERSION: u32 = 5;

/// Files held over a window.
#[derive(Debug)]
pub struct Drag {
    eyes: Eyes,
    source: Window,
    target: Window,
    offered: String,
}

impl Drag {
    /// Takes the files and comes over the window of that title.
    pub fn enter(display: &Display, title: &str, paths: &[&Path]) -> Self {
        let eyes = display.eyes();
        let is_target =
            |window: &Window| eyes.has(*window, "XdndAware") && eyes.title(*window).as_deref() == Some(title);
        let target = eyes.everything().into_iter().find(is_target);
        let target = target.unwrap_or_else(|| panic!("a window `{title}` that files can be dropped on"));
        let source = eyes.connection.generate_id().expect("an id");
        let (class, plain) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        let made = eyes.connection.create_window(0, source, eyes.root, 0, 0, 1, 1, 0, class, 0, &plain);
        made.expect("the display answers").check().expect("a window of ours");
        let selection = eyes.atom("XdndSelection");
        let owned = eyes.connection.set_selection_owner(source, selection, x11rb::CURRENT_TIME);
        owned.expect("the display answers").check().expect("the selection is ours");
        let offered = paths.iter().map(|path| uri(path)).collect();
        let drag = Self { eyes, source, target, offered };
        drag.tell("XdndEnter", [VERSION << 24, drag.eyes.atom("text/uri-list"), 0, 0]);
        drag
    }

    /// Moves to a place within the window; whether the window would take the files there.
    pub async fn hover(&self, x: u16, y: u16) -> bool {
        let translated = self.eyes.connection.translate_coordinates(self.target, self.eyes.root, 0, 0);
        let origin = translated.expect("the display answers").reply().expect("the window is there");
        let place =
            |origin: i16, within: u16| u32::try_from(i32::from(origin) + i32::from(within)).unwrap_or(0);
        let at = (place(origin.dst_x, x) << 16) | place(origin.dst_y, y);
        let copy = self.eyes.atom("XdndActionCopy");
        self.tell("XdndPosition", [0, at, x11rb::CURRENT_TIME, copy]);
        let status = self.answer("XdndStatus").await;
        status[1] & 1 == 1
    }

    /// Lets go of the files where they are; the window must take them.
    pub async fn drop_here(self) {
        self.tell("XdndDrop", [0, x11rb::CURRENT_TIME, 0, 0]);
        self.answer("XdndFinished").await;
    }

    /// Leaves the window with the files.
    pub fn leave(self) {
        self.tell("XdndLeave", [0; 4]);
    }

    fn tell(&self, what: &str, rest: [u32; 4]) {
        let data = [self.source, rest[0], rest[1], rest[2], rest[3]];
        let message = ClientMessageEvent::new(32, self.target, self.eyes.atom(what), data);
        let sent = self.eyes.connection.send_event(false, self.target, EventMask::NO_EVENT, message);
        sent.expect("the display answers").check().expect("the window is there");
    }

    /// Waits for the target's answer; hands the files over meanwhile if it asks for them.
    async fn answer(&self, awaited: &str) -> [u32; 5] {
        let kind = self.eyes.atom(awaited);
        until(&format!("the window's {awaited}"), LIMIT, async || {
            while let Some(event) = self.eyes.connection.poll_for_event().expect("the display answers") {
                match event {
                    Event::SelectionRequest(asked) => self.hand_over(&asked),
                    Event::ClientMessage(message) if message.type_ == kind => {
                        return Some(message.data.as_data32());
                    }
                    _ => {}
                }
            }
            None
        })
        .await
    }

    fn hand_over(&self, asked: &SelectionRequestEvent) {
        let (targets, list) = (self.eyes.atom("TARGETS"), self.eyes.atom("text/uri-list"));
        let (connection, replace) = (&self.eyes.connection, PropMode::REPLACE);
        let put = if asked.target == targets {
            connection.change_property32(
                replace,
                asked.requestor,
                asked.property,
                AtomEnum::ATOM,
                &[targets, list],
            )
        } else {
            connection.change_property8(
                replace,
                asked.requestor,
                asked.property,
                list,
                self.offered.as_bytes(),
            )
        };
        put.expect("the display answers").check().expect("the files are handed over");
        let done = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: asked.requestor,
            selection: asked.selection,
            target: asked.target,
            property: asked.property,
        };
        let sent = connection.send_event(false, asked.requestor, EventMask::NO_EVENT, done);
        sent.expect("the display answers").check().expect("the window is there");
    }
}

fn uri(path: &Path) -> String {
    let whole: PathBuf = std::path::absolute(path).expect("a path");
    format!("{}\r\n", Url::from_file_path(whole).expect("a whole path"))
}
