//! What the programs say of themselves, on standard error: warnings; with `-v` also what goes well.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::arguments::Global;

/// Begins to log. `LAKE_LOG` may ask for other targets and levels (tracing-subscriber, "EnvFilter").
pub(crate) fn begin(global: &Global) {
    // The S3 library logs each refusal as an error and names keys: refusals are daily business here. What is wrong with a
    // certificate is told once, with the next step.
    let level = if global.verbose { "info" } else { "warn" };
    let usual = format!("{level},s3s=off,hyper=off,rustls_platform_verifier=off");
    let filter = EnvFilter::try_from_env("LAKE_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).compact();
    if log.try_init().is_err() {
        // Somebody logs already: nothing is lost.
    }
}
