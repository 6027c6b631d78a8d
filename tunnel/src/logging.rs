//! What the program says about its own work, on stderr: by `-v`, or by TUNNEL_LOG.

use std::sync::OnceLock;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::environment;

/// The variable that says what is logged, where no `-v` does.
pub const VARIABLE: &str = "TUNNEL_LOG";

static ASKED: OnceLock<&'static str> = OnceLock::new();

/// Begins to log: a `-v` is `info`, two are `debug`, and three `trace`, of everything.
pub fn start(verbose: u8) {
    // Of the libraries only those who ask for everything hear.
    let asked = match verbose {
        0 => None,
        1 => Some("error,tunnel=info,databricks=info"),
        2 => Some("error,tunnel=debug,databricks=debug"),
        _ => Some("trace"),
    };
    let asked = asked.map(|levels| (*ASKED.get_or_init(|| levels)).to_owned());
    let levels = asked.or_else(|| environment::variable(VARIABLE)).unwrap_or_else(|| "error".to_owned());
    // Levels by module, without the regular expressions of an EnvFilter: they would be a tenth of the program.
    let levels: Targets = levels.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::ERROR));
    let lines = fmt::layer().with_writer(std::io::stderr).with_filter(levels);
    tracing_subscriber::registry().with(lines).init();
}

/// The levels that were asked for with `-v`: the tunnel that ssh starts as its proxy is to heed it as well.
pub fn asked() -> Option<&'static str> {
    ASKED.get().copied()
}
