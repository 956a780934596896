//! What others wrote and the program carries: names, licences and their texts, to be handed out with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::NAME;
use crate::process::{Limit, Run};
use crate::workspace;

/// The beginnings of the names of files that hold a licence or a notice.
const TEXTS: &[&str] = &["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// One crate or npm package.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    name: String,
    version: String,
    licence: String,
    folder: PathBuf,
}

/// Writes the notices for this system into a file under `target`.
pub(super) fn write() -> Result<PathBuf, String> {
    let mut parts = crates()?;
    parts.extend(web_packages()?);
    // Carried by `er7` as data.
    let dictionary = "crates/er7/src/dictionary";
    parts.push(Part {
        name: "hl7v2-dictionary".to_owned(),
        version: String::new(),
        licence: "MIT".to_owned(),
        folder: workspace::root().join(dictionary),
    });
    let file = workspace::target_folder()?.join("bundle").join("third-party-notices");
    let made = file.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| fs::write(&file, text(&parts)));
    written.map_err(|error| format!("{}: {error}", file.display()))?;
    eprintln!("        notices of {} parts", parts.len());
    Ok(file)
}

/// The list of all parts, then each text once with the parts that it is of.
fn text(parts: &[Part]) -> String {
    let mut text =
        format!("{NAME} carries the work of others. First their names and licences, then the texts.\n\n");
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for part in parts {
        let name = format!("{} {}", part.name, part.version).trim().to_owned();
        text.push_str(&format!("{name}: {}\n", part.licence));
        for found in texts_in(&part.folder) {
            texts.entry(found).or_default().insert(name.clone());
        }
    }
    for (found, names) in texts {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        text.push_str(&format!("\n{}\n{names}\n\n{found}\n", "=".repeat(80)));
    }
    text
}

/// The texts that lie in a part's folder. A part without any is named with its licence, which is all that it says itself.
fn texts_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let is_text = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
        path.is_file() && TEXTS.iter().any(|beginning| name.starts_with(beginning))
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_text(path)).collect();
    paths.sort();
    let read = paths.iter().filter_map(|path| fs::read_to_string(path).ok());
    read.map(|text| text.trim().replace("\r\n", "\n")).collect()
}

/// The crates that the program is linked from.
fn crates() -> Result<Vec<Part>, String> {
    let version =
        Run::new("rustc").arguments(["--version", "--verbose"]).limit(Limit::seconds(30)).output()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("rustc does not say for which system it builds")?;
    let words = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let said = Run::new("cargo").arguments(words).limit(Limit::minutes(3)).output()?;
    let graph: Graph = serde_json::from_str(&said)
        .map_err(|error| format!("cargo metadata wrote what is not its JSON: {error}"))?;
    Ok(graph.linked_into(NAME))
}

/// The part of `cargo metadata` that says what is linked with what.
#[derive(Deserialize)]
struct Graph {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
    /// `None` for our own.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// `None` for what is linked, else `dev` or `build`.
    kind: Option<String>,
}

impl Graph {
    fn linked_into(&self, name: &str) -> Vec<Part> {
        let edges: BTreeMap<_, _> = self.resolve.nodes.iter().map(|node| (&node.id, &node.deps)).collect();
        let mut reached: BTreeSet<&String> = BTreeSet::new();
        let mut next: Vec<_> =
            self.packages.iter().filter(|package| package.name == name).map(|package| &package.id).collect();
        while let Some(id) = next.pop() {
            if reached.insert(id) {
                let linked = edges.get(id).copied().into_iter().flatten();
                let linked = linked.filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
                next.extend(linked.map(|edge| &edge.pkg));
            }
        }
        let theirs =
            self.packages.iter().filter(|package| package.source.is_some() && reached.contains(&package.id));
        theirs.map(Package::part).collect()
    }
}

impl Package {
    fn part(&self) -> Part {
        Part {
            name: self.name.clone(),
            version: self.version.clone(),
            licence: self.license.clone().unwrap_or_else(|| "see its text".to_owned()),
            folder: self.manifest_path.parent().map(Path::to_owned).unwrap_or_default(),
        }
    }
}

/// The npm packages that may reach the window: all that are not only tools.
fn web_packages() -> Result<Vec<Part>, String> {
    let ui = workspace::root().join("ui");
    let lock = ui.join("package-lock.json");
    let read = fs::read(&lock).map_err(|error| error.to_string());
    let lock: Lock = read
        .and_then(|read| serde_json::from_slice(&read).map_err(|error| error.to_string()))
        .map_err(|error| format!("{}: {error}", lock.display()))?;
    Ok(lock.shipped(&ui))
}

#[derive(Deserialize)]
struct Lock {
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    version: String,
    license: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    optional: bool,
}

impl Lock {
    fn shipped(&self, ui: &Path) -> Vec<Part> {
        let shipped =
            self.packages.iter().filter(|(path, locked)| !path.is_empty() && !locked.dev && !locked.optional);
        let part = |(path, locked): (&String, &Locked)| Part {
            name: path.rsplit_once("node_modules/").map_or(path.as_str(), |(_, name)| name).to_owned(),
            version: locked.version.clone(),
            licence: locked.license.clone().unwrap_or_else(|| "see its text".to_owned()),
            folder: ui.join(path),
        };
        shipped.map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_named_and_what_only_builds_or_tests_is_not() {
        let package = |id: &str, source: &str| {
            format!(
                r#"{{"id":"{id}","name":"{id}","version":"1.0.0","license":"MIT","manifest_path":"/{id}/Cargo.toml","source":{source}}}"#
            )
        };
        let graph = format!(
            r#"{{"packages":[{},{},{},{},{}],"resolve":{{"nodes":[
                {{"id":"lake-steward","deps":[{{"pkg":"desk","dep_kinds":[{{"kind":null}}]}},{{"pkg":"tests","dep_kinds":[{{"kind":"dev"}}]}}]}},
                {{"id":"desk","deps":[{{"pkg":"deep","dep_kinds":[{{"kind":"build"}},{{"kind":null}}]}}]}},
                {{"id":"deep","deps":[]}},{{"id":"tests","deps":[]}},{{"id":"stranger","deps":[]}}]}}}}"#,
            package("lake-steward", "null"),
            package("desk", "null"),
            package("deep", "\"registry\""),
            package("tests", "\"registry\""),
            package("stranger", "\"registry\""),
        );
        let graph: Graph = serde_json::from_str(&graph).unwrap();
        let parts = graph.linked_into("lake-steward");
        let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["deep"], "others' work, at any depth, that is linked");
    }

    #[test]
    fn tools_are_not_shipped() {
        let lock = r#"{"packages":{"":{},"node_modules/a/node_modules/@b/c":{"version":"2.0.0","license":"MIT"},
            "node_modules/vite":{"version":"8.0.0","dev":true}}}"#;
        let lock: Lock = serde_json::from_str(lock).unwrap();
        let parts = lock.shipped(Path::new("/ui"));
        let names: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.version.as_str())).collect();
        assert_eq!(names, [("@b/c", "2.0.0")], "by the name of the package, not its place");
    }

    #[test]
    fn a_text_that_many_share_stands_there_once() {
        let dir = tempfile::tempdir().unwrap();
        let part = |name: &str| {
            let folder = dir.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("LICENSE-MIT"), "Permission is granted\r\n").unwrap();
            Part { name: name.to_owned(), version: "1".to_owned(), licence: "MIT".to_owned(), folder }
        };
        let text = text(&[part("one"), part("other")]);
        assert_eq!(text.matches("Permission is granted").count(), 1, "once: {text}");
        assert!(text.contains("one 1, other 1"), "with both names: {text}");
        assert!(text.contains("one 1: MIT\n"), "and each is listed: {text}");
    }
}
