//! What may be written on the command line. Help texts, completions and the manual page all come from here.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use crate::commands::Command;

/// Works with HL7 v2 messages and the lake they go to, from a terminal.
///
/// Data goes to standard output, words for people to standard error. Where standard output is no terminal, or with
/// `--output json`, data is one JSON object a line, for other programs to read.
#[derive(Parser)]
#[command(name = "steward", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "First steps:
  steward demo                          what a lake does, in one minute
  steward lake start                    a lake on this computer, until Ctrl-C
  steward sign-in                       in the browser; in another terminal
  steward submit inbox/ --wait          send every message, and see what became of it
  steward catalog --state attention     what needs attention
  steward trace MESSAGE_ID              everything known of one message

Without a lake:
  steward check inbox/                  what is in these files, and what would be refused
  steward parse inbox/ > staged.jsonl   every message as JSON
  steward describe \"date of birth\"      where HL7 keeps it

Exit status: 0 all well; 1 some messages or files were not; 2 wrong use; 3 not signed in or not allowed, so that nothing
could be tried; 4 lake out of reach; 130 stopped by Ctrl-C.";

/// Options that every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// Which lake: the name of a profile; else the one used last
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How data is written: `table` for people, `json` for programs; else as fits standard output
    #[arg(long, global = true, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) output: Option<Format>,
    /// Where profiles and work in progress are kept; else the usual place on this system
    #[arg(long, global = true, value_name = "DIR", env = "STEWARD_HOME", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,
    /// Keep the sign-in in this file (readable by you only) instead of the system's keyring
    #[arg(long, global = true, value_name = "FILE", env = "STEWARD_SESSION_FILE", hide_env_values = true)]
    pub(crate) session_file: Option<PathBuf>,
    /// Say more on standard error
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON object a line
    Json,
}
