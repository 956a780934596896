//! Has Tauri read its configuration and capabilities.
fn main() {
    tauri_build::build();
}
