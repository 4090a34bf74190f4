//! `cargo xtask`: sets up libtorch, and runs the tasks that need it first.
//!
//! This file turns words into a [`Task`]; `tasks` carries it out, `setup` finds or fetches libtorch,
//! `browser` tests the explorer's page.

// The output of a task runner is for the person who ran it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod browser;
mod cache;
mod command;
mod compiler;
mod error;
mod host;
mod libtorch;
mod python;
mod setup;
mod tasks;
#[cfg(test)]
mod testing;
mod wheel;

use error::Result;
use host::Host;
use libtorch::Device;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <task>

  setup [--cuda]          provide libtorch 2.11.0, once per user, and link .libtorch to it
  notebook [-- ARGS...]   setup, then cargo run --release --example notebook -- ARGS
  test [-- ARGS...]       setup, then cargo test --workspace ARGS, then the projects of tests/stranger
  test-browser [-- ARGS]  the tests of the explorer's page in Chromium, by node --test ARGS; needs no libtorch

After setup plain `cargo run`, `cargo test` and `cargo bench` work, from any folder.";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    match parse(&words) {
        Ok(task) => exit_code(run(task)),
        Err(word) => {
            eprintln!("error: `{}` was not understood\n\n{HELP}", word.display());
            ExitCode::from(2)
        }
    }
}

#[derive(Debug, PartialEq)]
enum Task {
    Help,
    Setup(Device),
    Notebook(Vec<OsString>),
    Test(Vec<OsString>),
    TestBrowser(Vec<OsString>),
}

/// What the words after `cargo xtask` ask for, or the word that asks for nothing known.
fn parse(words: &[OsString]) -> Result<Task, &OsStr> {
    let Some((task, rest)) = words.split_first() else { return Ok(Task::Help) };
    match task.to_str() {
        Some("help" | "--help" | "-h") => Ok(Task::Help),
        Some("setup") => device(rest).map(Task::Setup),
        Some("notebook") => passed_on(rest).map(Task::Notebook),
        Some("test") => passed_on(rest).map(Task::Test),
        Some("test-browser") => passed_on(rest).map(Task::TestBrowser),
        _ => Err(task),
    }
}

fn device(words: &[OsString]) -> Result<Device, &OsStr> {
    match words {
        [] => Ok(Device::Cpu),
        [word] if word == "--cuda" => Ok(Device::Cuda),
        [word, ..] => Err(word),
    }
}

/// The words after `--`.
fn passed_on(words: &[OsString]) -> Result<Vec<OsString>, &OsStr> {
    match words.split_first() {
        None => Ok(Vec::new()),
        Some((dashes, args)) if dashes == "--" => Ok(args.to_vec()),
        Some((word, _)) => Err(word),
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Help => {
            println!("{HELP}");
            Ok(())
        }
        Task::Setup(device) => tasks::setup(&Host::from_env()?, device),
        Task::Notebook(args) => tasks::notebook(&Host::from_env()?, &args),
        Task::Test(args) => tasks::test(&Host::from_env()?, &args),
        Task::TestBrowser(args) => browser::test(&Host::from_env()?, &args),
    }
}

fn exit_code(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn parsed(line: &str) -> Task {
        parse(&words(line)).unwrap()
    }

    #[test]
    fn words_name_tasks() {
        assert_eq!(parsed(""), Task::Help);
        assert_eq!(parsed("--help"), Task::Help);
        assert_eq!(parsed("setup"), Task::Setup(Device::Cpu));
        assert_eq!(parsed("setup --cuda"), Task::Setup(Device::Cuda));
        assert_eq!(parsed("notebook"), Task::Notebook(vec![]));
    }

    #[test]
    fn what_follows_the_dashes_is_passed_on_unread() {
        assert_eq!(parsed("notebook -- --steps 5"), Task::Notebook(words("--steps 5")));
        assert_eq!(parsed("test -- -p x -- --cuda"), Task::Test(words("-p x -- --cuda")));
        assert_eq!(parsed("test-browser -- --only"), Task::TestBrowser(words("--only")));
    }

    #[test]
    fn a_bad_word_is_named() {
        for (line, word) in [
            ("tset", "tset"),
            ("setup --gpu", "--gpu"),
            ("setup --cuda twice", "--cuda"),
            ("notebook --steps 5", "--steps"),
        ] {
            assert_eq!(parse(&words(line)), Err(OsStr::new(word)), "{line}");
        }
    }
}
