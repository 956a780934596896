//! The commands that need no lake, run as a user runs them: the built binary on files, judged by its output and exit code.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails, and says what it expected")]

mod check;
mod describe;
mod hostile;
mod parse;
mod program;
