//! Logging for those who look for a fault, off unless asked for.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use weir_diag::Diagnostic;

use crate::environment::Environment;

/// Starts logging if `WEIR_LOG` or `TF_LOG` is set: a level (`trace`, `debug`, `info`, `warn`, `error`), `json` for all as JSON, or directives such as
/// `weir_aws=debug`. It goes to standard error, or to the end of the file that `WEIR_LOG_PATH` or `TF_LOG_PATH` names.
pub(crate) fn start(env: &Environment) -> Result<(), Diagnostic> {
    let Some(wanted) = env.setting("LOG").filter(|wanted| !wanted.eq_ignore_ascii_case("off")) else { return Ok(()) };
    let json = wanted.eq_ignore_ascii_case("json");
    let directives = if json { "trace".to_owned() } else { wanted.to_lowercase() };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|error| Diagnostic::error("Invalid log level", format!("WEIR_LOG is \"{wanted}\": {error}. Use trace, debug, info, warn, error, json or off.")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    // A second start (in tests) keeps the first.
    let _ = match env.setting("LOG_PATH") {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = Mutex::new(file.map_err(|error| Diagnostic::error("Cannot write the log", format!("{path}: {error}.")))?);
            if json { builder.json().with_writer(file).try_init() } else { builder.with_writer(file).try_init() }
        }
        None if json => builder.json().with_writer(std::io::stderr).try_init(),
        None => builder.with_writer(std::io::stderr).try_init(),
    };
    Ok(())
}
