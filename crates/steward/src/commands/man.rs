//! `steward man`.

use clap::{Args, CommandFactory};

use super::Context;
use crate::arguments::Arguments;
use crate::ending::{Ending, Halt};

/// Write the manual page, with every command
///
/// To read it: steward man | man -l -
#[derive(Args)]
pub(crate) struct Man {}

impl Man {
    pub(super) fn run(&self, context: &Context) -> Result<Ending, Halt> {
        let mut page = Vec::new();
        let mut command = Arguments::command();
        command.build();
        clap_mangen::Man::new(command.clone()).render(&mut page)?;
        for part in command.get_subcommands().filter(|part| !part.is_hide_set() && part.get_name() != "help")
        {
            let name = format!("steward {}", part.get_name());
            let man = clap_mangen::Man::new(part.clone().bin_name(&name).display_name(&name));
            page.extend_from_slice(format!(".SH COMMAND: {}\n", name.to_uppercase()).as_bytes());
            man.render_synopsis_section(&mut page)?;
            man.render_description_section(&mut page)?;
            man.render_options_section(&mut page)?;
        }
        context.data().bytes(&page)?;
        Ok(Ending::AllWell)
    }
}
