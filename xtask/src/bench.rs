//! `cargo xtask bench`: measures beside named peers and writes docs/benchmarks.md.
use clap::ValueEnum;

/// A bench.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Bench {
    /// ER7 to staged JSON
    Stage,
}

/// Runs.
pub(crate) fn run(_bench: Option<Bench>) -> Result<(), String> {
    Ok(())
}
