//! The desktop of the lake's stewards: the window over `desk`.

fn main() {
    let built = tauri::Builder::default().build(tauri::generate_context!());
    drop(built);
}
