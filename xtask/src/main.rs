//! The developers' commands: `cargo xtask run`, `test`, `prove`, `tidy`, `bench`, `tour`, `screenshots`,
//! `bundle`, `dictionary`.

mod bench;
mod bundle;
mod deny;
mod dictionary;
mod node;
mod packages;
mod process;
mod report;
mod run;
mod stamp;
mod steps;
mod suites;
mod test;
mod tidy;
mod venv;
mod web;
mod window;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::packages::Missing;
use crate::run::Build;

/// The developers' commands of Lake Steward.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Open the desktop on a lake on this computer; with no display, run `steward demo` in the terminal
    Run(RunArguments),
    /// Check everything that a change must pass; this is CI
    Test(TestArguments),
    /// Check what takes too long for every change
    Prove(ProveArguments),
    /// Check the rules that no compiler checks: crate edges, file sizes, leftovers
    Tidy,
    /// Measure, beside named peers, and write docs/benchmarks.md
    Bench(BenchArguments),
    /// Go through the real window's main path; pictures in target/tour/index.html
    Tour,
    /// Take the pictures of every state again that stand in docs/screens
    Screenshots,
    /// Make the packages that are handed out: .deb and .rpm here, those of Windows and macOS there
    Bundle,
    /// Generate the HL7 dictionary again from its npm package
    Dictionary,
}

#[derive(Args)]
struct RunArguments {
    /// List what is missing, but install nothing
    #[arg(long)]
    no_install: bool,
    /// Build as handed out: quicker and smaller, and twice as long in the making
    #[arg(long)]
    release: bool,
    /// Run the demonstration in the terminal, also where there is a display
    #[arg(long)]
    demo: bool,
}

#[derive(Args)]
struct TestArguments {
    /// `fast`: no servers and no window; format, tidy, clippy and unit tests
    scope: Option<Scope>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scope {
    /// No servers and no window
    Fast,
}

#[derive(Args)]
struct ProveArguments {
    /// What to prove
    proof: Proof,
}

#[derive(Clone, Copy, ValueEnum)]
enum Proof {
    /// The packages install, their window opens, and they go without a trace
    Bundle,
    /// Every journey in the real window, also those that take long
    Window,
}

#[derive(Args)]
struct BenchArguments {
    /// Which bench; all of them where none is named
    bench: Option<bench::Bench>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.task {
        Task::Run(arguments) => run(&arguments),
        Task::Test(TestArguments { scope: Some(Scope::Fast) }) => test::fast(),
        Task::Test(TestArguments { scope: None }) => test::all(),
        Task::Prove(ProveArguments { proof: Proof::Bundle }) => bundle::prove(),
        Task::Prove(ProveArguments { proof: Proof::Window }) => window::prove(),
        Task::Tour => window::tour(),
        Task::Screenshots => window::screenshots(),
        Task::Tidy => tidy::run(),
        Task::Bench(bench) => bench::run(bench.bench),
        Task::Bundle => bundle::make().map(|_| ()),
        Task::Dictionary => dictionary::run().map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cargo xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &RunArguments) -> Result<(), String> {
    let missing = if arguments.no_install { Missing::List } else { Missing::Install };
    let build = if arguments.release { Build::Release } else { Build::Debug };
    if !arguments.demo && run::has_display() {
        run::window(missing, build)
    } else {
        run::demo(missing, build)
    }
}
