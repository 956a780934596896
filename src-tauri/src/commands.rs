//! The commands of the web view. Each is one line over [`Desktop`]; what they do is said there.

#![expect(
    clippy::let_underscore_must_use,
    reason = "Tauri's macro lets go of an answer so that its type is known"
)]

use std::sync::Arc;

use tauri::State;

use crate::desktop::Desktop;
use crate::view::{
    AboutView, Chosen, DiagnosticsView, LakeOffer, LinesPage, MessageHistory, MessagePage, MessageWhich,
    Overview, Problem, SettingsView, SubmissionRow, SubmissionView, TodayView, WhichLines,
};

type Desk<'a> = State<'a, Arc<Desktop>>;
type Answer<T> = Result<T, Problem>;

/// Declares commands that hand over to the method of the same name.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(
            $(#[$doc])*
            #[tauri::command]
            #[specta::specta]
            pub(crate) async fn $name(desk: Desk<'_>, $($argument: $kind),*) -> Answer<$answer> {
                desk.inner().$name($($argument),*).await
            }
        )*

        /// Their names, so that a test that goes through all of them forgets none.
        #[cfg(test)]
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// All commands, for the window and for the types that the web view is built with.
        pub(crate) fn all() -> tauri_specta::Commands<tauri::Wry> {
            tauri_specta::collect_commands![$($name),*]
        }
    };
}

commands! {
    /// What is always on screen.
    overview() -> Overview;

    /// Starts or joins the lake on this computer and uses it.
    practise() -> ();
    /// Looks at the lake at an address.
    look_at_lake(given: String) -> LakeOffer;
    /// Looks at the lake that a dropped or chosen file describes.
    look_at_dropped_lake(chosen: u32) -> LakeOffer;
    /// Accepts a lake that was looked at, and uses it.
    accept_lake(offer: u32) -> ();
    /// Uses a known lake.
    use_lake(name: String) -> ();
    /// Forgets a lake.
    forget_lake(name: String) -> ();
    /// Tries again to start or reach the lake in use.
    start_lake_again() -> ();

    /// Signs in, or unlocks; answers when that is done or has come to nothing.
    sign_in() -> ();
    /// Signs in as somebody else than whoever is signed in: the sign-in page asks who.
    sign_in_as_another() -> ();
    /// Gives up a sign-in that is under way.
    cancel_sign_in() -> ();
    /// Signs out here, at the sign-in service and in the browser.
    sign_out() -> ();
    /// Locks the screen now.
    lock() -> ();
    /// The steward did something: the idle lock waits anew.
    touched() -> ();

    /// Has files chosen in the system's dialog.
    choose_files() -> Option<u32>;
    /// Has a folder chosen in the system's dialog.
    choose_folder() -> Option<u32>;
    /// Takes the synthetic sample files.
    choose_samples() -> u32;
    /// What was dropped or handed over by the system since this was asked.
    dropped_files() -> Vec<u32>;
    /// What was dropped or chosen.
    chosen(id: u32) -> Chosen;
    /// Begins to submit what was dropped or chosen: its files are looked through.
    begin_submission(chosen: u32) -> u32;
    /// A submission.
    submission(id: u32) -> SubmissionView;
    /// Sends, goes on, or tries again now.
    send_submission(id: u32) -> ();
    /// Pauses.
    pause_submission(id: u32) -> ();
    /// Calls it off.
    cancel_submission(id: u32) -> ();
    /// Asks the catalog once more what became of its messages; what is found shows in the submission.
    look_again(id: u32) -> ();
    /// Rows of a submission's table.
    lines(id: u32, which: WhichLines, offset: u32, limit: u32) -> LinesPage;
    /// Earlier submissions, newest first.
    submissions(before: Option<u32>, limit: u32) -> Vec<SubmissionRow>;
    /// Writes the report where the steward says; answers with the file's name.
    save_report(id: u32) -> Option<String>;

    /// Counts today.
    today() -> TodayView;
    /// Opens a list of messages.
    open_messages(which: MessageWhich, from: Option<String>, to: Option<String>) -> MessagePage;
    /// More of an open list.
    more_messages(list: u32) -> MessagePage;
    /// Closes a list.
    close_messages(list: u32) -> ();
    /// What happened to one message.
    history(message_id: String) -> MessageHistory;

    /// Keeps what the steward chose.
    save_settings(settings: SettingsView) -> ();
    /// What the program is.
    about() -> AboutView;
    /// What can be handed to support.
    diagnostics() -> DiagnosticsView;
    /// Writes it where the steward says; answers with the file's name.
    save_diagnostics() -> Option<String>;
}
