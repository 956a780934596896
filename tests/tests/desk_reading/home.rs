//! A home that cannot be used, as the built `steward` tells it.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Output;

use lake_tests::running::steward;
use tempfile::TempDir;

/// Nobody's user id, as every Unix has it.
const NOBODY: u32 = 65_534;

/// A folder that everybody may enter, with a copy of `steward` in it: where it was built, not everybody may.
fn everybodys() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("ours");
    fs::copy(steward(), folder.path().join("steward")).expect("a copy");
    folder
}

/// Runs it as somebody for whom permissions count.
async fn profiles(folder: &Path, home: &Path) -> Output {
    let mut command = tokio::process::Command::new(folder.join("steward"));
    command.arg("profiles").arg("--home").arg(home).env_remove("STEWARD_HOME");
    if fs::metadata(folder).expect("ours").uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().await.expect("steward runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_without_permission_is_named_with_the_next_step() {
    let folder = everybodys();
    let home = folder.path().join("home");
    fs::create_dir(&home).expect("a folder");
    fs::set_permissions(&home, Permissions::from_mode(0o555)).expect("ours");
    for home in [home.clone(), home.join("deeper")] {
        let ran = profiles(folder.path(), &home).await;
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{}: {said}", home.display());
        assert!(said.contains("you may not read or write there"), "the cause: {said}");
        assert!(said.contains("--home (or STEWARD_HOME)"), "the next step: {said}");
        assert!(said.contains(&home.display().to_string()), "and which folder: {said}");
    }
    fs::set_permissions(&home, Permissions::from_mode(0o755)).expect("ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_place_of_the_home_is_named() {
    let folder = everybodys();
    let home = folder.path().join("home");
    fs::write(&home, "in the way").expect("a file");
    let ran = profiles(folder.path(), &home).await;
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(
        said.contains("a file is where the folder should be. Move it away"),
        "cause and next step: {said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_profiles_are_kept_aside_and_one_may_go_on() {
    let folder = everybodys();
    let home = folder.path().join("home");
    fs::create_dir(&home).expect("a folder");
    fs::set_permissions(&home, Permissions::from_mode(0o777)).expect("ours");
    fs::write(home.join("profiles.json"), r#"{"last":"north","lakes":{"#).expect("a damaged file");
    let ran = profiles(folder.path(), &home).await;
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("profiles.json.damaged") && said.contains("connect to the lake again"), "{said}");
    assert!(home.join("profiles.json.damaged").is_file(), "nothing of it is lost");
    let again = profiles(folder.path(), &home).await;
    assert_eq!(again.status.code(), Some(0), "one may go on: {}", String::from_utf8_lossy(&again.stderr));
}
