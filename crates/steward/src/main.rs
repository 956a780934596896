//! The `steward` command: a healthcare data lake for HL7 v2, from a terminal.

mod arguments;
mod commands;
mod ending;
mod input;
mod log;
mod output;
mod staging;
mod stop;
mod tally;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use commands::Context;
use ending::Ending;
use output::Say;
use stop::Stop;

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => run(arguments).into(),
        Err(refusal) => refuse(&refusal).into(),
    }
}

fn run(arguments: Arguments) -> Ending {
    let say = Say::of(&arguments.global);
    log::begin(&arguments.global);
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8));
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                say.problem(&format!("the program cannot start its threads: {error}"));
                return Ending::SomeFailed;
            }
        };
    let ending = runtime.block_on(async {
        let stop = Stop::on_signals();
        let context = Context::new(arguments.global, stop.clone());
        stop.or_end_of(arguments.command.run(context)).await
    });
    // A read that never returns must not keep a stopped program.
    runtime.shutdown_background();
    match ending {
        Ok(ending) => ending,
        Err(halt) => halt.tell(&say),
    }
}

/// Help and version are asked for; all else is wrong use.
fn refuse(refusal: &clap::Error) -> Ending {
    match (refusal.print(), refusal.use_stderr()) {
        (Ok(()), false) => Ending::AllWell,
        _ => Ending::WrongUse,
    }
}
