//! A run as a page on this machine: how the model chooses its next token, at every checkpoint.
//!
//!     cargo run --release --example explore -- runs/causal-001

use std::{
    io::{IsTerminal, Write},
    net::Ipv4Addr,
    path::PathBuf,
};

use anyhow::{Error, Result, anyhow};
use clap::Parser;
use enredo::{
    cli::{RunSubject, checkpoint_notice, run_folder},
    explorer::Explorer,
    model, run,
};

/// Show a run as a page on this machine: how the model chooses its next token, at every checkpoint.
#[derive(Parser)]
struct Args {
    /// The run folder [default: the newest in runs/]
    run: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Print the page's address and leave the browser alone
    #[arg(long)]
    no_open: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = run_folder(args.run).map_err(how_to_train)?;
    if let Some(notice) = checkpoint_notice(&folder)? {
        writeln!(std::io::stderr(), "{notice}")?;
    }
    let name = folder.path().display().to_string();
    let subject = RunSubject::open(folder, model::parse_device("auto")?)?;
    let explorer = Explorer::bind((Ipv4Addr::LOCALHOST, args.port).into(), Box::new(subject))?;
    let url = explorer.url();
    writeln!(std::io::stdout(), "{name} is shown at {url}")?;
    if !args.no_open && std::io::stdout().is_terminal() {
        browse(&url)?;
    }
    explorer.run();
    Ok(())
}

/// Opens the browser; a machine without one is told.
fn browse(url: &str) -> Result<()> {
    if let Err(error) = open::that_detached(url) {
        writeln!(
            std::io::stderr(),
            "No browser could be opened ({error}): open that address in one."
        )?;
    }
    Ok(())
}

fn how_to_train(error: Error) -> Error {
    match error.downcast_ref() {
        Some(run::Error::NoRuns { .. }) => {
            anyhow!(
                "{error}; `cargo run --release --example notebook -- --quick` trains a small one"
            )
        }
        _ => error,
    }
}
