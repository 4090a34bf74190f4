//! A run as a page on this machine: how the model chooses its next token, at every checkpoint.
//!
//!     cargo run --release --example explore -- runs/causal-001

use std::{
    io::{IsTerminal, Write},
    net::Ipv4Addr,
    path::PathBuf,
    thread,
};

use anyhow::Result;
use clap::Parser;
use enredo::{
    cli::{
        DataArgs, Interrupt, MachineArgs, RunArgs, RunSubject, Training, checkpoint_notice,
        run_folder,
    },
    explorer::Explorer,
    model::Device,
    run::{self, RunFolder},
};

/// Show a run as a page on this machine: how the model chooses its next token, at every checkpoint.
#[derive(Parser)]
struct Args {
    /// The run folder [default: the newest in runs/; where there is none, a small one is trained as you watch]
    run: Option<PathBuf>,
    /// Go on with a run that did not end, and show it as it goes
    #[arg(long, value_name = "RUN", conflicts_with_all = ["run", "seed", "column"])]
    resume: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Print the page's address and leave the browser alone
    #[arg(long)]
    no_open: bool,
}

/// The run that is trained where there is none.
#[derive(Parser)]
struct Quick {
    #[command(flatten)]
    run: RunArgs,
}

/// It is watched, so that it looks at itself more often than another.
const QUICK: [&str; 6] = ["explore", "--quick", "--eval-every", "25", "--checkpoint-every", "25"];

fn main() -> Result<()> {
    let args = Args::parse();
    let device = args.machine.set_up()?;
    let (folder, subject, screen) = match run_folder(args.run.clone()) {
        _ if args.resume.is_some() => train(&args, device)?,
        Ok(folder) => {
            if let Some(notice) = checkpoint_notice(&folder)? {
                writeln!(std::io::stderr(), "{notice}")?;
            }
            let subject = RunSubject::open(&folder, device)?;
            (folder, subject, "")
        }
        Err(error) if is_first(&error) => {
            let notice = "There is no run yet: a small one is trained now, and shown as it goes.";
            writeln!(std::io::stdout(), "{notice}")?;
            train(&args, device)?
        }
        Err(error) => return Err(error),
    };
    let subject = if args.data.is_given() { subject.with_data(args.data) } else { subject };
    let explorer = Explorer::bind((Ipv4Addr::LOCALHOST, args.port).into(), Box::new(subject))?;
    let url = explorer.url() + screen;
    writeln!(std::io::stdout(), "{} is shown at {url}", folder.path().display())?;
    if !args.no_open && std::io::stdout().is_terminal() {
        browse(&url)?;
    }
    explorer.run();
    Ok(())
}

/// Whether nothing has been trained here yet.
fn is_first(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(run::Error::NoRuns { .. }))
}

/// Trains on a thread of its own: a run of under a minute, or the one that is to be gone on with. It opens at
/// the weights that are there.
fn train(args: &Args, device: Device) -> Result<(RunFolder, RunSubject, &'static str)> {
    let mut run = match &args.resume {
        Some(run) => {
            Quick::parse_from(["explore".as_ref(), "--resume".as_ref(), run.as_os_str()]).run
        }
        None => Quick::parse_from(QUICK).run,
    };
    (run.data, run.machine) = (args.data.clone(), args.machine.clone());
    let training = Training::silent(run)?;
    let folder = training.folder.clone();
    training.save_start()?;
    let subject = RunSubject::open(&folder, device)?;
    let trainer = thread::Builder::new().name("trainer".to_owned());
    let trainer = trainer.spawn(move || fit(&training))?;
    Ok((folder, subject.trained_by(trainer), "#training"))
}

fn fit(training: &Training) -> Result<()> {
    training.run(&mut training.journal()?, &Interrupt::default()).map(drop)
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
