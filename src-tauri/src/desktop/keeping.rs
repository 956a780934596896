//! Settings, About, diagnostics.

use desk::audit::Action;
use desk::settings::{Settings, Theme as Chosen};
use jiff::Timestamp;

use super::Desktop;
use crate::view::{AboutView, DiagnosticsView, NextStep, Problem, SettingsView, Theme};
use crate::window::SaveAs;

const DIAGNOSTICS: SaveAs = SaveAs { name: "lake steward diagnostics.txt", kinds: &[("Text", "txt")] };

impl Desktop {
    /// Keeps what the steward chose.
    pub(crate) async fn save_settings(&self, settings: SettingsView) -> Result<(), Problem> {
        let saved = Settings::change(&self.options.home, |kept| {
            kept.theme = match settings.theme {
                Theme::System => Chosen::System,
                Theme::Light => Chosen::Light,
                Theme::Dark => Chosen::Dark,
            };
            kept.idle_lock_minutes = settings.idle_lock_minutes;
            kept.text_scale = settings.text_scale;
        })?;
        {
            let mut state = self.state();
            // Who changes settings is there: the new limit counts from now.
            state.idle.touched(Timestamp::now());
            state.idle.set_minutes(saved.idle_lock_minutes);
            state.settings = saved;
        }
        self.idle_changed.notify_one();
        self.tell_overview();
        Ok(())
    }

    /// What the program is.
    pub(crate) async fn about(&self) -> Result<AboutView, Problem> {
        Ok(AboutView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            licence: env!("CARGO_PKG_LICENSE").to_owned(),
            hl7_versions: er7::dictionary::versions().iter().map(|version| version.name.to_owned()).collect(),
        })
    }

    /// What can be handed to support.
    pub(crate) async fn diagnostics(&self) -> Result<DiagnosticsView, Problem> {
        let account = self.any_account().ok();
        let found = desk::diagnostics::gather(&self.options.home, account.as_deref(), &[]).await;
        Ok(DiagnosticsView { text: found.to_text() })
    }

    /// Writes it where the steward says.
    pub(crate) async fn save_diagnostics(&self) -> Result<Option<String>, Problem> {
        let DiagnosticsView { text } = self.diagnostics().await?;
        let Some(path) = self.window.save_as(DIAGNOSTICS).await else { return Ok(None) };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let written = tokio::task::spawn_blocking(move || std::fs::write(path, text)).await;
        written.map_err(|error| Problem::broken(error.to_string()))?.map_err(|error| {
            Problem::new(
                "not-written",
                "The diagnostics were not written",
                format!("{error}."),
                "Choose another place.",
                NextStep::TryAgain,
            )
        })?;
        if let Ok(account) = self.any_account() {
            let recorded = account.record(Action::Export, "diagnostics".to_owned()).await;
            recorded.map_err(|problem| self.failed(&account, problem))?;
        }
        Ok(name)
    }
}

pub(super) fn view(settings: &Settings) -> SettingsView {
    SettingsView {
        theme: match settings.theme {
            Chosen::System => Theme::System,
            Chosen::Light => Theme::Light,
            Chosen::Dark => Theme::Dark,
        },
        idle_lock_minutes: settings.idle_lock_minutes,
        text_scale: settings.text_scale,
    }
}
