//! The developers' commands: `cargo xtask run`, `test`, `tidy`, `bench`, `dictionary`.

mod bench;
mod dictionary;
mod node;
mod process;
mod report;
mod run;
mod test;
mod tidy;
mod venv;
mod web;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Check the rules that no compiler checks: crate edges, file sizes, leftovers
    Tidy,
    /// Measure, beside named peers, and write docs/benchmarks.md
    Bench(BenchArguments),
    /// Generate the HL7 dictionary again from its npm package
    Dictionary,
}

#[derive(Args)]
struct RunArguments {
    /// List the system packages that are missing, but install nothing
    #[arg(long)]
    no_install: bool,
    /// Run the demonstration in the terminal, also where there is a display
    #[arg(long)]
    demo: bool,
}

#[derive(Args)]
struct TestArguments {
    /// `fast`: no servers; format, clippy, tidy and unit tests
    scope: Option<Scope>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scope {
    /// No servers
    Fast,
}

#[derive(Args)]
struct BenchArguments {
    /// Which bench; all of them where none is named
    bench: Option<bench::Bench>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.task {
        Task::Run(RunArguments { no_install, demo }) => {
            let missing = if no_install { run::Missing::List } else { run::Missing::Install };
            if !demo && run::has_display() { run::window(missing) } else { run::demo(missing) }
        }
        Task::Test(TestArguments { scope: Some(Scope::Fast) }) => test::fast(),
        Task::Test(TestArguments { scope: None }) => test::all(),
        Task::Tidy => tidy::run(),
        Task::Bench(bench) => bench::run(bench.bench),
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
