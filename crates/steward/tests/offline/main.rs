//! The commands that need no lake, run as a user runs them: the built binary on files, judged by its output and exit code.

mod check;
mod describe;
mod hostile;
mod parse;
mod program;
