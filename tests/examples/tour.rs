//! Goes through the states of the screens in the real window and keeps a picture of each, with a page that shows them all.
//!
//! `tour FOLDER (main-path|all) WIDTHxHEIGHT…`: by size and theme; `cargo xtask tour` and `screenshots` call it.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a developers' program")]

#[cfg(target_os = "linux")]
mod tour {
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use lake_tests::window::tour::{self, LONG_PARTS, MAIN_PATH, OTHER_PARTS, Part, State, Theme};
    use lake_tests::window::{Computer, Size};

    const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Lake Steward: every screen</title>\
        <style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:110rem;padding:0 1rem}\
        figure{margin:0 0 3rem}div{display:flex;gap:1rem;flex-wrap:wrap}img{max-width:100%;width:52rem;\
        border:1px solid gray}</style><h1>Lake Steward: every screen</h1>";

    pub(super) fn main() -> Result<(), String> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [folder, which, sizes @ ..] = arguments.as_slice() else {
            return Err("tour FOLDER (main-path|all) WIDTHxHEIGHT…".to_owned());
        };
        let parts: Vec<Part> = match which.as_str() {
            "main-path" => vec![MAIN_PATH],
            "long" => LONG_PARTS.to_vec(),
            _ => [&[MAIN_PATH], OTHER_PARTS, LONG_PARTS].concat(),
        };
        let folder = Path::new(folder);
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let sizes: Vec<Size> = sizes.iter().map(|size| parse(size)).collect::<Result<_, _>>()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let mut states: Vec<State> = Vec::new();
        for (turn, size) in sizes.iter().enumerate() {
            for part in &parts {
                runtime.block_on(tour::go(*part, *size, &mut async |computer: &Computer, state: State| {
                    if turn == 0 {
                        states.push(state);
                    }
                    println!("{} {}", size.width, state.name);
                    for theme in [Theme::Light, Theme::Dark] {
                        theme.put_on(&computer.page()).await;
                        let file = folder.join(file_name(&state, theme, *size, turn));
                        fs::write(file, computer.display.settled_picture().await).expect("a picture is kept");
                    }
                    Theme::AsChosen.put_on(&computer.page()).await;
                }));
            }
        }
        let states = by_screen(&states);
        let page = page(&states, &sizes);
        fs::write(folder.join("index.html"), page).map_err(|error| error.to_string())?;
        fs::write(folder.join("screens.md"), list(&states)).map_err(|error| error.to_string())?;
        println!("{} states: {}", states.len(), folder.join("index.html").display());
        Ok(())
    }

    /// Pictures of the first size go without it.
    fn file_name(state: &State, theme: Theme, size: Size, turn: usize) -> String {
        let theme = if theme == Theme::Dark { "dark" } else { "light" };
        match turn {
            0 => format!("{}-{theme}.png", state.name),
            _ => format!("{}-{}x{}-{theme}.png", state.name, size.width, size.height),
        }
    }

    /// Screens in the order in which they were met, with all of their states together.
    fn by_screen(states: &[State]) -> Vec<State> {
        let place = |screen: &str| states.iter().position(|state| state.screen == screen);
        let mut sorted = states.to_vec();
        sorted.sort_by_key(|state| place(state.screen));
        sorted
    }

    fn page(states: &[State], sizes: &[Size]) -> String {
        let mut html = HEAD.to_owned();
        let mut screen = "";
        for state in states {
            if state.screen != screen {
                screen = state.screen;
                write!(html, "<h2>{screen}</h2>").expect("memory takes it");
            }
            write!(html, "<figure><figcaption>{}</figcaption><div>", state.says).expect("memory takes it");
            for (turn, size) in sizes.iter().enumerate() {
                for theme in [Theme::Light, Theme::Dark] {
                    let file = file_name(state, theme, *size, turn);
                    write!(html, "<img loading=lazy src=\"{file}\" alt=\"{} ({theme:?})\">", state.says)
                        .expect("memory takes it");
                }
            }
            html.push_str("</div></figure>");
        }
        html
    }

    /// The pictures of the first size as a page of the documentation.
    fn list(states: &[State]) -> String {
        let mut text = "# Every screen, in every state\n\nTaken in the real window on a practice lake by \
                        `cargo xtask screenshots`; all data in them is made up.\n"
            .to_owned();
        let mut screen = "";
        for state in states {
            if state.screen != screen {
                screen = state.screen;
                write!(text, "\n## {screen}\n").expect("memory takes it");
            }
            let name = state.name;
            write!(
                text,
                "\n{}\n\n<img src=\"{name}-light.png\" width=\"49%\" alt=\"{}\"> \
                 <img src=\"{name}-dark.png\" width=\"49%\" alt=\"The same, in dark\">\n",
                state.says, state.says
            )
            .expect("memory takes it");
        }
        text
    }

    fn parse(size: &str) -> Result<Size, String> {
        let sizes = size.split_once('x').and_then(|(width, height)| {
            Some(Size { width: width.parse().ok()?, height: height.parse().ok()? })
        });
        sizes.ok_or_else(|| format!("{size:?} is no size such as 1280x800"))
    }
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), String> {
    tour::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("not run: the tour needs Xvfb, on Linux");
}
