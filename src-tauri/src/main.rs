//! The desktop of the lake's stewards: the window over `desk`. The one crate that knows Tauri.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod desktop;
mod problems;
mod shell;
mod view;
mod window;

fn main() -> std::process::ExitCode {
    shell::run()
}
