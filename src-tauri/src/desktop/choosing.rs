//! What was dropped or chosen: kept here, known to the web view by a number.

use std::path::PathBuf;
use std::sync::Arc;

use desk::drops::DropId;
use desk::samples;

use super::{Desktop, submitting};
use crate::view::{Changed, Chosen, NextStep, Problem};
use crate::window::Choose;

impl Desktop {
    /// Has files chosen in the system's dialog.
    pub(crate) async fn choose_files(&self) -> Result<Option<u32>, Problem> {
        self.choose(Choose::Files).await
    }

    /// Has a folder chosen in the system's dialog.
    pub(crate) async fn choose_folder(&self) -> Result<Option<u32>, Problem> {
        self.choose(Choose::Folder).await
    }

    /// Takes the synthetic sample files.
    pub(crate) async fn choose_samples(&self) -> Result<u32, Problem> {
        let folder = samples::unpack(&self.options.home).map_err(|error| {
            Problem::new(
                "samples",
                "The sample files could not be laid out",
                format!("{error}."),
                "Free some disk space, then try again.",
                NextStep::TryAgain,
            )
        })?;
        Ok(self.state().drops.keep(vec![folder]).0)
    }

    /// What was dropped or chosen.
    pub(crate) async fn chosen(&self, id: u32) -> Result<Chosen, Problem> {
        // A share that hangs keeps nothing waiting but this answer.
        let drops = Arc::clone(&self.state().drops);
        let look = tokio::task::spawn_blocking(move || drops.look(DropId(id))).await;
        let look = look.ok().flatten().ok_or_else(|| Problem::gone("choice of files"))?;
        Ok(Chosen {
            id,
            files: submitting::count(look.files),
            folders: submitting::count(look.folders),
            describes_lake: look.lake.is_some(),
        })
    }

    /// Files were dropped onto the window, or handed over by the system. They wait until the window asks for them, which it
    /// may not be able to yet: the program is started by opening a file with it, too.
    pub(crate) fn dropped(&self, paths: Vec<PathBuf>) {
        if paths.is_empty() {
            return;
        }
        {
            let mut state = self.state();
            let id = state.drops.keep(paths).0;
            state.untold.push(id);
        }
        self.window.tell(Changed::Dropped);
    }

    /// What was dropped or handed over and was not asked for yet, oldest first; each is told once.
    pub(crate) async fn dropped_files(&self) -> Result<Vec<u32>, Problem> {
        Ok(std::mem::take(&mut self.state().untold))
    }

    async fn choose(&self, what: Choose) -> Result<Option<u32>, Problem> {
        let paths = self.window.choose(what).await.filter(|paths| !paths.is_empty());
        Ok(paths.map(|paths| self.state().drops.keep(paths).0))
    }
}
