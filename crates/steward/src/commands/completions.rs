//! `steward completions SHELL`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Context;
use crate::arguments::Arguments;
use crate::ending::{Ending, Halt};

/// Write the completions for a shell
///
/// Put what it writes where your shell looks for completions, for example:
///
///     steward completions bash > ~/.local/share/bash-completion/completions/steward
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, context: &Context) -> Result<Ending, Halt> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "steward", &mut script);
        context.data().bytes(&script)?;
        Ok(Ending::AllWell)
    }
}
