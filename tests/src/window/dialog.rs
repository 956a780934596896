//! The system's file dialogs, answered by keys as a steward would.

use std::path::Path;

use super::display::Display;
use super::wait::{LIMIT, until};

/// Waits for a file dialog, types a path into it and accepts.
pub async fn answer(display: &Display, path: &Path) {
    open(display).await;
    // A slash opens the field for a path, with the slash in it.
    let path = path.to_str().expect("a path in UTF-8");
    display.keys(&["ctrl+a"]);
    display.types(path);
    display.keys(&["Return"]);
    closed(display).await;
}

/// Waits for a file dialog and sends it away.
pub async fn cancel(display: &Display) {
    open(display).await;
    display.keys(&["Escape"]);
    closed(display).await;
}

/// Waits until a dialog is there and has the focus.
async fn open(display: &Display) {
    until("a dialog of the system", LIMIT, async || {
        let eyes = display.eyes();
        let dialog = eyes.dialog()?;
        if eyes.active() != Some(dialog) {
            eyes.focus(dialog);
            return None;
        }
        Some(())
    })
    .await;
}

async fn closed(display: &Display) {
    until("the dialog closes", LIMIT, async || display.eyes().dialog().is_none().then_some(())).await;
}
