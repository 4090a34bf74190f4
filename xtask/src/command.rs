//! Runs a program and tells its failure.

use crate::error::{Error, Result};
use std::process::Command;

/// Programs that are expected to succeed.
pub(crate) trait Run {
    /// Waits for the program, which shares the terminal. A failure names the program and its task.
    fn run(&mut self) -> Result<()>;
}

impl Run for Command {
    fn run(&mut self) -> Result<()> {
        let outcome = match self.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Err(Error::new(format!("`{}` failed ({outcome})", line(self))))
    }
}

/// The program and its first words: scripts and flags of a page would hide the message.
fn line(command: &Command) -> String {
    let words = command.get_args().filter_map(|word| word.to_str()).take(4);
    let short = words.take_while(|word| !word.contains('\n'));
    std::iter::once(command.get_program().to_str().unwrap_or("?"))
        .chain(short)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn success_is_silent() {
        Command::new("true").run().unwrap();
    }

    #[test]
    fn failure_names_program_and_status() {
        let message = Command::new("sh").args(["-c", "exit 7"]).run().unwrap_err().to_string();
        assert_eq!(message, "`sh -c exit 7` failed (exit status: 7)");
    }

    #[test]
    fn a_missing_program_is_named() {
        let message = Command::new("/nowhere/cargo").arg("run").run().unwrap_err().to_string();
        assert!(message.starts_with("`/nowhere/cargo run` failed (No such file"), "{message}");
    }
}
