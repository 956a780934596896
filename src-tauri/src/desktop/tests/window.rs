//! A window that nobody sees: it records what it was told, and answers dialogs from a script.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;
use url::Url;

use super::LIMIT;
use crate::view::Changed;
use crate::window::{Choose, SaveAs, Window};

/// What a dialog was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Choose(Choose),
    SaveAs(SaveAs),
}

/// What a dialog answers, and what happens while it is open.
type Answer = Box<dyn FnOnce() -> BoxFuture<'static, Option<Vec<PathBuf>>> + Send>;

pub(super) struct FakeWindow {
    seen: Mutex<Seen>,
    /// Moves whenever something was recorded.
    moved: watch::Sender<u64>,
}

#[derive(Default)]
pub(super) struct Seen {
    pub(super) hints: Vec<Changed>,
    pub(super) opened: Vec<Url>,
    pub(super) notices: Vec<(String, String)>,
    pub(super) asked: Vec<Asked>,
    /// How often it came to the front.
    pub(super) forward: usize,
    /// Why no browser opens, if none does.
    pub(super) no_browser: Option<String>,
    answers: VecDeque<Answer>,
}

impl FakeWindow {
    pub(super) fn new() -> Self {
        Self { seen: Mutex::default(), moved: watch::channel(0).0 }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next dialog is answered so.
    pub(super) fn answer(&self, paths: Option<Vec<PathBuf>>) {
        self.answer_after(move || async { paths }.boxed());
    }

    /// The next dialog is answered when this has been done.
    pub(super) fn answer_after(
        &self,
        answer: impl FnOnce() -> BoxFuture<'static, Option<Vec<PathBuf>>> + Send + 'static,
    ) {
        self.seen().answers.push_back(Box::new(answer));
    }

    /// Waits until what was recorded is as it should be.
    pub(super) async fn until<T>(&self, what: &str, mut found: impl FnMut(&Seen) -> Option<T>) -> T {
        let mut moves = self.moved.subscribe();
        let waiting = async {
            loop {
                if let Some(found) = found(&self.seen()) {
                    return found;
                }
                moves.changed().await.expect("the window is there");
            }
        };
        match tokio::time::timeout(LIMIT, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("{what} within {LIMIT:?}; told were {:?}", self.seen().hints),
        }
    }

    /// Waits until something is recorded, or a moment: what is waited for may be told by nobody.
    pub(super) async fn next_move(moves: &mut watch::Receiver<u64>) {
        drop(tokio::time::timeout(std::time::Duration::from_millis(300), moves.changed()).await);
    }

    pub(super) fn moves(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    fn record<T>(&self, record: impl FnOnce(&mut Seen) -> T) -> T {
        let recorded = record(&mut self.seen());
        self.moved.send_modify(|moves| *moves += 1);
        recorded
    }

    fn dialog(&self, asked: Asked) -> BoxFuture<'static, Option<Vec<PathBuf>>> {
        let answer = self.record(|seen| {
            seen.asked.push(asked);
            seen.answers.pop_front()
        });
        answer.expect("each dialog has its answer in the script")()
    }
}

/// The desktop owns its window; the test looks at the same one.
pub(super) struct Shared(pub(super) std::sync::Arc<FakeWindow>);

impl Window for Shared {
    fn tell(&self, changed: Changed) {
        self.0.record(|seen| seen.hints.push(changed));
    }

    fn browse(&self, address: &Url) -> Result<(), String> {
        self.0.record(|seen| {
            if let Some(reason) = &seen.no_browser {
                return Err(reason.clone());
            }
            seen.opened.push(address.clone());
            Ok(())
        })
    }

    fn choose(&self, what: Choose) -> BoxFuture<'_, Option<Vec<PathBuf>>> {
        self.0.dialog(Asked::Choose(what))
    }

    fn save_as(&self, what: SaveAs) -> BoxFuture<'_, Option<PathBuf>> {
        let answer = self.0.dialog(Asked::SaveAs(what));
        async { answer.await.and_then(|paths| paths.into_iter().next()) }.boxed()
    }

    fn notify(&self, title: &str, body: &str) {
        self.0.record(|seen| seen.notices.push((title.to_owned(), body.to_owned())));
    }

    fn come_forward(&self) {
        self.0.record(|seen| seen.forward += 1);
    }
}
