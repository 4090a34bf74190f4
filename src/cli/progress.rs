//! A progress bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Lines on standard output, and beneath them, on a terminal, a bar on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    on_terminal: bool,
    is_silent: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// No bar yet.
    #[must_use]
    pub fn new() -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let target =
            if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(None, target), on_terminal, is_silent: false }
    }

    /// One that shows nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), on_terminal: false, is_silent: true }
    }

    /// Prints a line above the bar.
    pub fn line(&self, text: impl AsRef<str>) {
        if self.is_silent {
            return;
        }
        // A reader that has gone away (`| head`) is no reason to stop a run.
        self.bar.suspend(|| drop(writeln!(std::io::stdout(), "{}", text.as_ref())));
    }

    /// Shows a bar of `steps`.
    pub fn start(&self, steps: u64) {
        self.style("{bar:32} {pos}/{len} {elapsed} < {eta}  {msg}");
        self.bar.set_length(steps);
    }

    /// Moves the bar on.
    pub fn step(&self, step: u64, loss: f64) {
        self.bar.set_position(step);
        if self.on_terminal {
            self.bar.set_message(format!("loss {loss:.3}"));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows how far a download is.
    pub fn download(&self, file: &str, done: u64, total: u64) {
        if done == 0 && !self.on_terminal {
            self.line(format!("Downloading {file} ({total} bytes)"));
        }
        self.style("{bar:32} {bytes}/{total_bytes} {eta}  {msg}");
        self.bar.set_message(file.to_owned());
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━╸─"));
        }
    }
}
