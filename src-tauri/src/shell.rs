//! Wires the desktop to Tauri: one window, one instance, files dropped onto it or handed to it by the system.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
#[cfg(unix)]
use std::time::Duration;

use desk::home::Home;
use tauri::{AppHandle, DragDropEvent, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tauri_plugin_window_state::StateFlags;
use tauri_specta::Event;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::commands;
use crate::desktop::{Desktop, Options};
use crate::problems::sentence;
use crate::view::{Changed, Hovered, Problem};
use crate::window::{MAIN, TauriWindow};

/// The title of the window, whatever is shown in it: titles are seen by others.
const TITLE: &str = "Lake Steward";

/// How often this start was begun anew, as it hands that over to itself.
#[cfg(unix)]
const STARTS: &str = "LAKE_STEWARD_STARTS";
/// Together they wait for six seconds.
#[cfg(unix)]
const MOST_STARTS: u32 = 5;

/// Runs the desktop until its window is closed.
#[expect(clippy::disallowed_methods, reason = "only in what Tauri generates, for a bundle that is not sound")]
pub(crate) fn run() -> ExitCode {
    let filter = EnvFilter::try_from_env("STEWARD_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    #[cfg(target_os = "linux")]
    draw_without_compositing();
    let types = types();
    let handler = types.invoke_handler();
    let built = tauri::Builder::default()
        // First, so that a second start ends before it touches anything.
        .plugin(tauri_plugin_single_instance::init(started_again))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(window_state()).build())
        .invoke_handler(handler)
        .setup(move |app| {
            types.mount_events(app);
            if let Err(problem) = open(app.handle()) {
                say_why_not(app.handle(), &problem);
            }
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            // macOS names the files that start the program before there is anything to take them.
            #[cfg(target_os = "macos")]
            let mut opened = Vec::new();
            app.run(move |handle, event| {
                #[cfg(target_os = "macos")]
                if let RunEvent::Opened { urls } = &event {
                    opened.extend(urls.iter().filter_map(|url| url.to_file_path().ok()));
                }
                let Some(desktop) = handle.try_state::<Arc<Desktop>>() else { return };
                #[cfg(target_os = "macos")]
                desktop.dropped(std::mem::take(&mut opened));
                if let RunEvent::Exit = event {
                    tauri::async_runtime::block_on(desktop.close());
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the desktop cannot start");
            if matches!(&error, tauri::Error::PluginInitialization(plugin, _) if plugin == "single-instance")
            {
                start_again();
            }
            ExitCode::FAILURE
        }
    }
}

/// WebKitGTK draws the page itself instead of by way of the graphics card, unless somebody asks for that
/// (`WEBKIT_DISABLE_COMPOSITING_MODE=0`). Tables of text gain nothing from a card; without it the window is there sooner,
/// takes 90 MB less, and opens on machines whose driver or virtual card cannot compose at all. Before any other thread: it is
/// read from the environment when the first web view is made.
///
/// Under WebDriver it stays as WebKitGTK has it: a picture asked for there waits for a composed frame, without end.
#[cfg(target_os = "linux")]
fn draw_without_compositing() {
    const SWITCH: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
    if std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some() {
        return;
    }
    if let Err(error) = glib::setenv(SWITCH, "1", false) {
        tracing::warn!(%error, "the page is drawn by way of the graphics card");
    }
}

/// The first instance was just ending, or was killed, when this one wanted to hand over to it: this one takes its place,
/// a few times at most. Comes back only if that cannot be.
#[cfg_attr(
    unix,
    expect(
        clippy::disallowed_methods,
        reason = "the other program's end cannot be heard, only waited for; five times at most"
    )
)]
fn start_again() {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let starts: u32 =
            std::env::var(STARTS).ok().and_then(|starts| starts.parse().ok()).unwrap_or_default();
        let Ok(program) = std::env::current_exe() else { return };
        if starts >= MOST_STARTS {
            return;
        }
        std::thread::sleep(Duration::from_millis(200 << starts));
        let mut command = std::process::Command::new(program);
        let error = command.args(std::env::args_os().skip(1)).env(STARTS, (starts + 1).to_string()).exec();
        tracing::error!(%error, "the desktop cannot start again");
    }
}

/// The commands and events with their types.
pub(crate) fn types() -> tauri_specta::Builder<tauri::Wry> {
    tauri_specta::Builder::new()
        .commands(commands::all())
        .events(tauri_specta::collect_events![Changed, Hovered])
        .disable_serde_phases()
}

fn window_state() -> StateFlags {
    StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED
}

/// Nothing can be opened: why, in a window of the system's own, as there is none of ours. The program ends when it is closed.
fn say_why_not(handle: &AppHandle, problem: &Problem) {
    tracing::error!(code = problem.code, detail = problem.detail, "the desktop cannot start");
    let ending = handle.clone();
    handle
        .dialog()
        .message(format!("{}\n\n{}", problem.detail, problem.advice))
        .title(&problem.title)
        .kind(MessageDialogKind::Error)
        .show(move |_| ending.exit(1));
}

fn open(handle: &AppHandle) -> Result<(), Problem> {
    let path = Home::default_path(|name| std::env::var_os(name)).ok_or_else(Problem::no_home)?;
    let options = Options {
        home: Home::open(&path)?,
        session_file: std::env::var_os("STEWARD_SESSION_FILE")
            .filter(|file| !file.is_empty())
            .map(PathBuf::from),
        port: port().map_err(Problem::broken)?,
    };
    // `open` starts tasks, and this thread is the one that draws.
    let _entered = tauri::async_runtime::handle().inner().enter();
    let desktop = Desktop::open(options, Box::new(TauriWindow(handle.clone())))?;
    handle.manage(Arc::clone(&desktop));
    let window = WebviewWindowBuilder::new(handle, MAIN, WebviewUrl::default())
        .title(TITLE)
        .inner_size(1180.0, 780.0)
        .min_inner_size(720.0, 520.0)
        // The content security policy says what a page may load, not where it may go.
        .on_navigation(is_own_page)
        .build()
        .map_err(|error| Problem::broken(sentence(&error.to_string())))?;
    let (dropped_on, app) = (Arc::clone(&desktop), handle.clone());
    window.on_window_event(move |event| {
        if let WindowEvent::DragDrop(event) = event {
            dragged(&app, &dropped_on, event);
        }
    });
    // Whole paths, as the system hands them over, need no folder.
    let folder = std::env::current_dir().unwrap_or_default();
    desktop.dropped(files_named(std::env::args_os().skip(1), &folder));
    Ok(())
}

/// Whether a page is of this program. No other is ever shown: sign-in pages open in the system's browser.
fn is_own_page(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default();
    // How Tauri serves the web view its files differs by system.
    match address.scheme() {
        "tauri" => host == "localhost",
        "http" => cfg!(windows) && host == "tauri.localhost",
        _ => false,
    }
}

/// The port of the lake on this computer, if another than the usual one is wanted.
fn port() -> Result<u16, String> {
    match std::env::var("STEWARD_PORT") {
        Ok(port) => port.parse().map_err(|_| format!("STEWARD_PORT is {port:?}, which is no port")),
        Err(_) => Ok(local_lake::DEFAULT_PORT),
    }
}

fn dragged(app: &AppHandle, desktop: &Desktop, event: &DragDropEvent) {
    let hovered = match event {
        DragDropEvent::Enter { paths, .. } => {
            Hovered { files: u32::try_from(paths.len()).unwrap_or(u32::MAX) }
        }
        DragDropEvent::Over { .. } => return,
        DragDropEvent::Drop { paths, .. } => {
            desktop.dropped(paths.clone());
            Hovered { files: 0 }
        }
        _ => Hovered { files: 0 },
    };
    if let Err(error) = hovered.emit(app) {
        tracing::debug!(%error, "the window was not told of files held over it");
    }
}

/// The system started the program once more: for files that were opened with it, or by mistake.
fn started_again(app: &AppHandle, arguments: Vec<String>, folder: String) {
    if let Some(desktop) = app.try_state::<Arc<Desktop>>() {
        let arguments = arguments.into_iter().skip(1).map(Into::into);
        desktop.started_again(files_named(arguments, std::path::Path::new(&folder)));
    }
}

/// The files among a program's arguments.
fn files_named(
    arguments: impl Iterator<Item = std::ffi::OsString>,
    folder: &std::path::Path,
) -> Vec<PathBuf> {
    let is_option = |argument: &std::ffi::OsString| argument.as_encoded_bytes().starts_with(b"-");
    arguments.filter(|argument| !is_option(argument)).map(|argument| folder.join(argument)).collect()
}

#[cfg(test)]
mod tests;
