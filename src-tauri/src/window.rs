//! What the desktop needs of its window: a port, so that everything behind it is tested without one.

use std::path::PathBuf;

use futures::FutureExt;
use futures::future::BoxFuture;
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder};
use tauri_plugin_notification::NotificationExt;
use tauri_specta::Event;
use tokio::sync::oneshot;
use url::Url;

use crate::view::Changed;

/// The label of the one window.
pub(crate) const MAIN: &str = "main";

/// What is chosen in the system's dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choose {
    /// Files, any number.
    Files,
    /// One folder.
    Folder,
}

/// A file that is to be written where the steward says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SaveAs {
    /// The name that is proposed.
    pub(crate) name: &'static str,
    /// Kinds of files to choose from: what they are, and the ending of their names.
    pub(crate) kinds: &'static [(&'static str, &'static str)],
}

/// The way out of the desktop.
pub(crate) trait Window: Send + Sync + 'static {
    /// Tells the web view that something changed.
    fn tell(&self, changed: Changed);
    /// Opens an address in the system's browser.
    fn browse(&self, address: &Url) -> Result<(), String>;
    /// Has files or a folder chosen; `None`: the steward thought better of it.
    fn choose(&self, what: Choose) -> BoxFuture<'_, Option<Vec<PathBuf>>>;
    /// Has a place for a file chosen.
    fn save_as(&self, what: SaveAs) -> BoxFuture<'_, Option<PathBuf>>;
    /// Tells the steward something while they are elsewhere: counts only.
    fn notify(&self, title: &str, body: &str);
    /// Comes to the front.
    fn come_forward(&self);
}

/// The real one.
pub(crate) struct TauriWindow(pub(crate) AppHandle);

impl TauriWindow {
    /// A dialog that stays before the window, so that nobody looks for it behind.
    fn dialog(&self) -> FileDialogBuilder<Wry> {
        let dialog = self.0.dialog().file();
        match self.0.get_webview_window(MAIN) {
            Some(window) => dialog.set_parent(&window),
            None => dialog,
        }
    }
}

impl Window for TauriWindow {
    fn tell(&self, changed: Changed) {
        // A window that is closing hears nothing, and needs nothing.
        if let Err(error) = changed.emit(&self.0) {
            tracing::debug!(%error, "the window was not told of a change");
        }
    }

    fn browse(&self, address: &Url) -> Result<(), String> {
        open::that_detached(address.as_str()).map_err(|error| error.to_string())
    }

    fn choose(&self, what: Choose) -> BoxFuture<'_, Option<Vec<PathBuf>>> {
        let (sender, chosen) = oneshot::channel();
        let dialog = self.dialog();
        let tell = move |paths: Option<Vec<PathBuf>>| {
            // The desktop has ended meanwhile: nobody waits for the answer.
            drop(sender.send(paths));
        };
        match what {
            Choose::Files => dialog.set_title("Choose files to submit").pick_files(move |files| {
                tell(files.map(|files| files.into_iter().filter_map(|file| file.into_path().ok()).collect()));
            }),
            Choose::Folder => dialog.set_title("Choose a folder to submit").pick_folder(move |folder| {
                tell(folder.and_then(|folder| folder.into_path().ok()).map(|folder| vec![folder]));
            }),
        }
        async { chosen.await.ok().flatten() }.boxed()
    }

    fn save_as(&self, what: SaveAs) -> BoxFuture<'_, Option<PathBuf>> {
        let (sender, chosen) = oneshot::channel();
        let mut dialog = self.dialog().set_file_name(what.name);
        for (kind, ending) in what.kinds {
            dialog = dialog.add_filter(*kind, &[*ending]);
        }
        dialog.save_file(move |file| drop(sender.send(file.and_then(|file| file.into_path().ok()))));
        async { chosen.await.ok().flatten() }.boxed()
    }

    fn notify(&self, title: &str, body: &str) {
        let notice = self.0.notification().builder().title(title).body(body);
        // Where nothing shows notices, the message bus may take half a minute to say so.
        tauri::async_runtime::spawn_blocking(move || {
            if let Err(error) = notice.show() {
                tracing::debug!(%error, "no notice could be shown");
            }
        });
    }

    fn come_forward(&self) {
        let Some(window) = self.0.get_webview_window(MAIN) else { return };
        for step in [window.unminimize(), window.show(), window.set_focus()] {
            if let Err(error) = step {
                tracing::debug!(%error, "the window could not come forward");
            }
        }
    }
}
