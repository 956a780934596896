//! The configuration that the window is built with, line by line. What keeps the web view in its place is what is not there,
//! so that these tests compare whole objects: an addition is seen as well as a change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

const CONFIGURATION: &str = include_str!("../../../tauri.conf.json");
const CAPABILITY: &str = include_str!("../../../capabilities/main.json");
const MANIFEST: &str = include_str!("../../../Cargo.toml");
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");
const SHELL: &str = include_str!("../../shell.rs");

fn configuration() -> Value {
    serde_json::from_str(CONFIGURATION).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_content_security_policy_lets_nothing_in_from_elsewhere() {
    let configuration = configuration();
    let expected = [
        ("default-src", "'self'", "whatever is not named below comes from the program itself"),
        (
            "connect-src",
            "ipc: http://ipc.localhost",
            "the only way out is the program's own commands, not the network",
        ),
        (
            "img-src",
            "'self' data:",
            "a picture from elsewhere would tell that, and what, somebody is reading",
        ),
        ("style-src", "'self' 'unsafe-inline'", "Svelte sets styles of elements; styles run nothing"),
        (
            "script-src",
            "'self'",
            "no inline script, no eval: text of a message that got into the page runs nothing",
        ),
        ("object-src", "'none'", "no plug-in"),
        ("base-uri", "'none'", "no text can make the page's own addresses point elsewhere"),
        ("form-action", "'none'", "no form sends anything anywhere"),
        ("frame-ancestors", "'none'", "nobody frames the page to catch clicks"),
    ];
    let policy =
        configuration["app"]["security"]["csp"].as_object().expect("a policy, directive by directive");
    for (directive, value, why) in expected {
        assert_eq!(policy.get(directive), Some(&json!(value)), "{directive}: {why}");
    }
    assert_eq!(policy.len(), expected.len(), "no directive opens what default-src closes: {policy:?}");
    let scripts = policy["script-src"].as_str().unwrap();
    assert!(
        !scripts.contains("unsafe") && !scripts.contains("http"),
        "scripts are the program's own files: {scripts}"
    );
}

#[test]
fn the_security_section_opens_nothing_else() {
    let configuration = configuration();
    let security = &configuration["app"]["security"];
    assert_eq!(
        keys(security),
        BTreeSet::from(["capabilities", "csp", "freezePrototype"]),
        "no asset protocol (files by path), no dangerous switch, no policy of its own for development"
    );
    assert_eq!(security["freezePrototype"], json!(true), "no script can change what the bridge's objects do");
    assert_eq!(
        security["capabilities"],
        json!(["main"]),
        "one capability, named: a file laid beside it opens nothing"
    );
    assert_eq!(
        keys(&configuration["app"]),
        BTreeSet::from(["security", "windows"]),
        "no withGlobalTauri, which would hand the bridge to any script; no tray, no private API"
    );
    assert_eq!(
        configuration["app"]["windows"],
        json!([]),
        "the one window is opened in Rust, after the home is sound"
    );
}

#[test]
fn the_web_view_may_ask_tauri_for_events_and_nothing_more() {
    let capability: Value = serde_json::from_str(CAPABILITY).unwrap();
    assert_eq!(
        keys(&capability),
        BTreeSet::from(["$schema", "description", "identifier", "local", "permissions", "windows"]),
        "no `remote`, by which pages from elsewhere could call; no `webviews`, no `platforms`"
    );
    assert_eq!(
        capability["permissions"],
        json!(["core:event:allow-listen", "core:event:allow-unlisten"]),
        "it hears hints; files, dialogs, windows, menus, paths and programs are Rust's alone"
    );
    assert_eq!(capability["windows"], json!([crate::window::MAIN]), "for the one window");
    assert_eq!(capability["local"], json!(true), "for the program's own pages");
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/capabilities")).unwrap();
    let files: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["main.json"], "there is no other");
}

#[test]
fn the_build_takes_the_pages_from_here_and_leaves_out_what_is_not_allowed() {
    let configuration = configuration();
    let build = &configuration["build"];
    assert_eq!(
        keys(build),
        BTreeSet::from(["beforeBuildCommand", "frontendDist", "removeUnusedCommands"]),
        "no devUrl: no build looks for pages at a server"
    );
    assert_eq!(build["frontendDist"], json!("../ui/dist"), "the pages are in the program");
    assert_eq!(
        build["removeUnusedCommands"],
        json!(true),
        "what the web view may not call is not there to be called"
    );
}

#[test]
fn the_program_has_no_plugin_that_opens_the_computer_to_the_web_view() {
    let dependencies = MANIFEST.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names: BTreeSet<_> = dependencies.lines().filter_map(|line| line.split(['.', ' ']).next()).collect();
    let plugins: BTreeSet<_> =
        names.iter().copied().filter(|name| name.starts_with("tauri-plugin-")).collect();
    assert_eq!(
        plugins,
        BTreeSet::from([
            "tauri-plugin-dialog",
            "tauri-plugin-notification",
            "tauri-plugin-single-instance",
            "tauri-plugin-window-state",
        ]),
        "no fs, shell, http or opener; dialogs and notices are opened from Rust, the web view has no right to them"
    );
    let registered = SHELL.matches(".plugin(").count();
    assert_eq!(registered, plugins.len(), "and none is registered that is not in this list");
}

#[test]
fn a_release_has_no_developer_tools() {
    let tauri: Vec<_> =
        WORKSPACE.lines().chain(MANIFEST.lines()).filter(|line| line.starts_with("tauri = ")).collect();
    assert_eq!(
        tauri,
        ["tauri = { version = \"2\", features = [] }"],
        "its features `devtools`, `isolation` and `protocol-asset` are not asked for: a debug build has developer tools, a release none"
    );
    let features = MANIFEST.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
    assert!(
        features.contains("default = [\"custom-protocol\"]")
            && features.contains("custom-protocol = [\"tauri/custom-protocol\"]")
            && features.matches("tauri/").count() == 1,
        "the one feature that is switched on serves the pages from the program: {features}"
    );
    assert!(!SHELL.contains("devtools"), "the window does not open them by hand");
}

#[test]
fn hl7_files_open_with_the_program_on_every_system() {
    let configuration = configuration();
    let associations = configuration["bundle"]["fileAssociations"].as_array().unwrap();
    let [association] = &associations[..] else { panic!("one kind of file") };
    assert_eq!(association["ext"], json!(["hl7", "er7"]), "both endings that messages come with");
    assert_eq!(association["mimeType"], json!("application/hl7-v2"), "the media type of the front door");
    assert_eq!(association["role"], json!("Viewer"), "the program never changes the file");
    assert_eq!(
        association["rank"],
        json!("Alternate"),
        "it does not take files from the program that had them"
    );
    let desktop_file = include_str!("../../../bundle/lake-steward.desktop");
    assert!(
        desktop_file.contains("MimeType=application/hl7-v2;") && desktop_file.contains("Exec={{exec}} %F"),
        "Linux hands over all files at once"
    );
    let media_type = include_str!("../../../bundle/lake-steward.xml");
    assert!(
        media_type.contains("*.hl7") && media_type.contains("*.er7"),
        "and knows the kind by both endings: {media_type}"
    );
}

#[test]
fn every_system_has_its_bundle_with_what_it_needs() {
    let configuration = configuration();
    let bundle = &configuration["bundle"];
    assert_eq!(bundle["active"], json!(true), "a build makes bundles");
    assert_eq!(
        bundle["targets"],
        json!(["deb", "rpm", "app", "dmg", "nsis", "msi"]),
        "Linux, macOS and Windows; an AppImage's tool would fetch a program from elsewhere while it is built"
    );
    assert_eq!(
        configuration["identifier"],
        json!("io.github.lake-steward"),
        "settings and keyring entries hang on it"
    );
    assert!(configuration.get("version").is_none(), "the version is the crate's, so that there is one");
    assert_eq!(
        bundle["windows"]["allowDowngrades"],
        json!(false),
        "an older version does not come over a newer one's files"
    );
    assert_eq!(bundle["windows"]["nsis"]["installMode"], json!("currentUser"), "no administrator is needed");
    assert_eq!(bundle["macOS"]["hardenedRuntime"], json!(true), "no other program puts code into this one");
    for package in ["deb", "rpm"] {
        let files = bundle["linux"][package]["files"].as_object().unwrap();
        let files: BTreeMap<_, _> = files.iter().collect();
        for source in files.values() {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(source.as_str().unwrap());
            assert!(path.is_file(), "{package} packs a file that is there: {}", path.display());
        }
        let recommended = bundle["linux"][package]["recommends"].to_string();
        assert!(
            recommended.contains("gnome-keyring"),
            "without a keyring a sign-in ends with the program: {recommended}"
        );
    }
}
