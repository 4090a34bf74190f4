//! How a run shows itself: a progress bar on a terminal, plain lines elsewhere, or JSON.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Event;

/// What is shown, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Ui {
    /// Lines, and beneath them a bar where standard error is a terminal
    #[default]
    Auto,
    /// Lines alone
    Plain,
    /// A JSON object a line, for programs
    Json,
}

/// Lines on standard output, and beneath them, on a terminal, a bar on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    has_bar: bool,
    /// Nothing is shown without one.
    ui: Option<Ui>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new(Ui::Auto)
    }
}

impl Progress {
    /// No bar yet.
    #[must_use]
    pub fn new(ui: Ui) -> Self {
        let has_bar = ui == Ui::Auto && std::io::stderr().is_terminal();
        let target =
            if has_bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(None, target), has_bar, ui: Some(ui) }
    }

    /// One that shows nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), has_bar: false, ui: None }
    }

    /// Shows a line of words above the bar.
    pub fn line(&self, text: impl AsRef<str>) {
        self.tell(&Event::message(text));
    }

    /// Shows what happened, above the bar.
    pub fn tell(&self, event: &Event) {
        let Some(ui) = self.ui else { return };
        let text = match (ui, event) {
            (Ui::Json, Event::Message { text }) if !text.contains(char::is_alphanumeric) => return, // a rule, or nothing
            (Ui::Json, _) => serde_json::to_string(event).unwrap_or_default(),
            _ => event.to_string(),
        };
        // A reader that has gone away (`| head`) is no reason to stop a run.
        self.bar.suspend(|| drop(writeln!(std::io::stdout(), "{text}")));
    }

    /// Shows a bar of `steps`.
    pub fn start(&self, steps: u64) {
        self.style("{bar:32} {pos}/{len} {elapsed} < {eta}  {msg}");
        self.bar.set_length(steps);
    }

    /// Moves the bar on; `message` stands beside it.
    pub fn step(&self, step: u64, message: impl FnOnce() -> String) {
        self.bar.set_position(step);
        if self.has_bar {
            self.bar.set_message(message());
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows how far a download is.
    pub fn download(&self, file: &str, done: u64, total: u64) {
        if done == 0 && !self.has_bar {
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
