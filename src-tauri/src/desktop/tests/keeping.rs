//! Settings, diagnostics, and what the desktop says of files that were damaged.

use super::window::Asked;
use super::*;
use crate::view::{SettingsView, Theme};

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_kept_over_a_restart() {
    let place = Place::new().await;
    let usual = place.desktop.overview().await.unwrap().settings;
    let expected = SettingsView { theme: Theme::System, idle_lock_minutes: Some(15), text_scale: 100 };
    assert_eq!(usual, expected, "as they are at the first start");
    for (theme, minutes) in [(Theme::Light, None), (Theme::Dark, Some(5))] {
        let chosen = SettingsView { theme, idle_lock_minutes: minutes, text_scale: 125 };
        place.desktop.save_settings(chosen.clone()).await.unwrap();
        assert_eq!(place.desktop.overview().await.unwrap().settings, chosen, "they hold at once");
    }
    let out_of_bounds = SettingsView { theme: Theme::Dark, idle_lock_minutes: Some(0), text_scale: 9_000 };
    place.desktop.save_settings(out_of_bounds).await.unwrap();
    let nearest = SettingsView { theme: Theme::Dark, idle_lock_minutes: Some(1), text_scale: 200 };
    assert_eq!(
        place.desktop.overview().await.unwrap().settings,
        nearest,
        "what is out of bounds becomes the nearest"
    );
    let place = place.start_again().await;
    assert_eq!(place.desktop.overview().await.unwrap().settings, nearest, "and after a restart");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_kept_aside_told_and_does_not_stop_the_start() {
    for (file, code) in [
        ("settings.json", "damaged-file"),
        ("queue.sqlite", "queue-damaged"),
        ("profiles.json", "damaged-file"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let home = home_in(folder.path());
        std::fs::create_dir(&home).unwrap();
        std::fs::write(home.join(file), vec![b'{'; 8192]).unwrap();
        let place = Place::on(folder, Ports::take()).await;
        let overview = place.until("it is told", |now| !now.notes.is_empty()).await;
        let [note] = &overview.notes[..] else { panic!("once: {:?}", overview.notes) };
        assert_eq!(note.code, code, "what was damaged: {file}");
        assert!(note.detail.contains(file), "it names the file: {}", note.detail);
        let aside = std::fs::read_dir(&home).unwrap().filter_map(Result::ok);
        let kept = aside.filter(|entry| entry.file_name().to_string_lossy().contains("damaged")).count();
        assert!(kept >= 1, "nothing is thrown away: {file}");
        place.desktop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn diagnostics_name_no_person_and_are_written_where_the_dialog_says() {
    let place = Place::signed_in(ADMIN).await;
    place.submit("A", 1).await;
    let text = place.desktop.diagnostics().await.unwrap().text;
    let folder = place.folder.path().display().to_string();
    for private in [ADMIN, "ward list", &*folder] {
        assert!(!text.contains(private), "nothing of files or people is in it: {private} in {text}");
    }
    place.window.answer(None);
    assert_eq!(place.desktop.save_diagnostics().await, Ok(None), "a dialog that was cancelled saves nothing");
    let path = place.path("diagnostics.txt");
    place.window.answer(Some(vec![path.clone()]));
    assert_eq!(
        place.desktop.save_diagnostics().await,
        Ok(Some("diagnostics.txt".to_owned())),
        "its name only"
    );
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("Lake Steward"), "the text that was shown");
    let export = (Action::Export, "diagnostics".to_owned());
    assert_eq!(place.audited().iter().filter(|line| **line == export).count(), 1, "on record, once");
    place.window.answer(Some(vec![place.path("no folder").join("diagnostics.txt")]));
    assert_eq!(code(place.desktop.save_diagnostics().await), "not-written", "what cannot be written is told");
    let asked = place.window.seen().asked.last().copied();
    assert!(matches!(asked, Some(Asked::SaveAs(_))), "by a dialog for saving");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn about_says_what_the_program_is() {
    let place = Place::new().await;
    let about = place.desktop.about().await.unwrap();
    assert_eq!(about.version, env!("CARGO_PKG_VERSION"), "its version");
    assert_eq!(about.licence, "Apache-2.0 OR MIT", "what one may do with it");
    assert!(
        about.hl7_versions.iter().any(|version| version == "2.5.1"),
        "what it reads: {:?}",
        about.hl7_versions
    );
    place.desktop.close().await;
}
