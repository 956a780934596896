//! `cargo xtask bundle`: the packages that are handed out, by Tauri's bundler and without the network.
//!
//! What is in them is said in src-tauri/tauri.conf.json and src-tauri/bundle.

mod libraries;
mod look;
mod notices;
mod proof;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::node::Node;
use crate::packages::{self, Missing};
use crate::process::{Limit, Run};
use crate::steps::Steps;
use crate::{web, workspace};

pub(crate) use proof::prove;

/// The program, its package and the name that its files go by.
const NAME: &str = "lake-steward";

/// The packages of Linux.
pub(crate) struct Bundles {
    deb: PathBuf,
    rpm: PathBuf,
}

/// Builds the desktop as it is handed out, packs it, and looks into the packages. `None` elsewhere than on Linux.
pub(crate) fn make() -> Result<Option<Bundles>, String> {
    let mut steps = Steps::new(6);
    steps.next("system packages");
    let needed = [packages::COMPILER, packages::WINDOW, packages::DOWNLOAD, packages::BUNDLES];
    packages::bring(&needed, Missing::Install)?;
    steps.next("Node and the web view's packages");
    let node = Node::find()?;
    web::packages(&node)?;
    steps.next("build the web view");
    web::build(&node)?;
    steps.next("build the desktop as handed out (about ten minutes when cold on two cores)");
    // The web view is built already.
    let built = json!({ "build": { "beforeBuildCommand": null } });
    tauri(&node, &["build", "--no-bundle"], &built)?.limit(Limit::minutes(60)).shown()?;
    let folder = workspace::target_folder()?.join("release");
    steps.next("pack it");
    pack(&node, &folder)?;
    steps.next("look into the packages");
    if !cfg!(target_os = "linux") {
        eprintln!("        they lie in {}", folder.join("bundle").display());
        return Ok(None);
    }
    let bundle = folder.join("bundle");
    let bundles = Bundles { deb: only(&bundle.join("deb"), "deb")?, rpm: only(&bundle.join("rpm"), "rpm")? };
    look::into(&bundles)?;
    Ok(Some(bundles))
}

fn tauri(node: &Node, words: &[&str], config: &Value) -> Result<Run, String> {
    // Without `--no`, npm would fetch whatever has this name where the web view's packages lack it.
    let run = node.npm(&["exec", "--no", "--", "tauri"])?.arguments(words);
    Ok(run.arguments(["--ci", "--config", &config.to_string()]))
}

fn pack(node: &Node, folder: &Path) -> Result<(), String> {
    let bundle = folder.join("bundle");
    for kind in ["deb", "rpm"] {
        let old = bundle.join(kind);
        if old.exists() {
            fs::remove_dir_all(&old).map_err(|error| format!("{}: {error}", old.display()))?;
        }
    }
    let notices = notices::write()?;
    let config = if cfg!(target_os = "linux") {
        let program = folder.join(NAME);
        let files = json!({ "/usr/share/doc/lake-steward/third-party-notices": notices });
        let deb = json!({ "depends": libraries::of_debian(&program)?, "files": files });
        let rpm = json!({ "depends": libraries::of_rpm(&program)?, "files": files });
        json!({ "bundle": { "linux": { "deb": deb, "rpm": rpm } } })
    } else {
        let resources: BTreeMap<_, _> = [(notices, "third-party-notices.txt")].into();
        json!({ "bundle": { "resources": resources } })
    };
    tauri(node, &["bundle", "--no-sign"], &config)?.limit(Limit::minutes(15)).shown()
}

/// The one file of a kind in a folder.
fn only(folder: &Path, kind: &str) -> Result<PathBuf, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(found) {
        Ok([file]) => Ok(file),
        Err(found) => {
            Err(format!("{} holds {} files of kind {kind}, one was made", folder.display(), found.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_package_is_found() {
        let dir = tempfile::tempdir().unwrap();
        assert!(only(dir.path(), "deb").is_err(), "none was made");
        fs::write(dir.path().join("a.deb"), "").unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        assert_eq!(
            only(dir.path(), "deb"),
            Ok(dir.path().join("a.deb")),
            "its working folder is passed over"
        );
        fs::write(dir.path().join("b.deb"), "").unwrap();
        assert!(only(dir.path(), "deb").is_err(), "an old one could be taken for it");
    }
}
