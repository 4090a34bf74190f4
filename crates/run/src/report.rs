//! A run as one web page, `report.html`: made from the folder alone, read without a network.
//!
//! The rows are read in bounded memory: `curves` keeps a `series` for each quantity, `kept` the
//! samples of some steps. `page` puts the document together: `summary`; `charts`, each a `chart` in
//! its `frame`; `samples`, in the order of their `arrangement`; `settings`. `figures` turns numbers
//! into words, and by `policy` the browser runs nothing but the page's own script.

mod arrangement;
mod chart;
mod charts;
mod curves;
mod figures;
mod frame;
mod kept;
mod page;
mod policy;
mod samples;
mod series;
mod settings;
mod summary;

use std::io;

use serde_json::Value;

use self::{curves::Curves, kept::Kept};
use crate::{Error, Result, RunFolder, RunInfo, layout};

/// The report.
impl RunFolder {
    /// Replaces `report.html`: one page that opens offline, with the curves, the samples over the
    /// steps, the strategies side by side, and every setting.
    ///
    /// A folder without metrics, evaluations or samples gives a page that says what is missing. Rows
    /// are streamed: however long the run, memory and page stay small.
    ///
    /// ```
    /// # use enredo_run::{Metric, Result, RunFolder, RunInfo, layout};
    /// # let dir = tempfile::tempdir().unwrap();
    /// let run = RunFolder::create(dir.path().join("first"), false)?;
    /// run.write_info(&RunInfo { preset: "causal".into(), ..RunInfo::default() })?;
    /// run.writer::<Metric>()?.append(&Metric { step: 1, loss: 7.6, ..Metric::default() })?;
    /// run.write_report()?;
    /// assert!(run.read(layout::REPORT)?.starts_with(b"<!DOCTYPE html>"));
    /// # Ok::<(), enredo_run::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`info`](Self::info), of [`rows`](Self::rows) and of the rows themselves;
    /// [`Error::Json`] if `config.json` or `generation_config.json` is damaged; [`Error::Write`] if
    /// the page cannot be written.
    pub fn write_report(&self) -> Result<()> {
        self.write(layout::REPORT, page::document(&Report::read(self)?).as_bytes())
    }
}

/// All that the page shows.
#[derive(Default)]
struct Report {
    /// The folder's own name.
    name: String,
    info: RunInfo,
    /// `config.json`, where there is one.
    config: Option<Value>,
    /// `generation_config.json`, where there is one.
    generation: Option<Value>,
    curves: Curves,
    samples: Kept,
}

impl Report {
    fn read(run: &RunFolder) -> Result<Self> {
        let mut report = Self {
            name: run.path().file_name().unwrap_or_default().to_string_lossy().into_owned(),
            info: run.info()?,
            config: json_if_there(run, layout::CONFIG)?,
            generation: json_if_there(run, layout::GENERATION_CONFIG)?,
            ..Self::default()
        };
        run.rows()?.try_for_each(|row| row.map(|row| report.curves.push(row)))?;
        run.rows()?.try_for_each(|row| row.map(|row| report.curves.push_eval(row)))?;
        run.rows()?.try_for_each(|row| row.map(|row| report.samples.push(row)))?;
        Ok(report)
    }

    /// The entropy of the data in nats per token, where `run.json` has it: no loss is below it.
    fn floor(&self) -> Option<f64> {
        self.info.data.other.get("entropy")?.get("nats")?.as_f64()
    }
}

fn json_if_there(run: &RunFolder, name: &str) -> Result<Option<Value>> {
    match run.read_json(name) {
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{Eval, Metric, Sample};

    fn run() -> (tempfile::TempDir, RunFolder) {
        let dir = tempfile::tempdir().unwrap();
        let run = RunFolder::create(dir.path().join("first"), false).unwrap();
        run.write_info(&RunInfo::default()).unwrap();
        (dir, run)
    }

    fn page(run: &RunFolder) -> String {
        run.write_report().unwrap();
        String::from_utf8(run.read(layout::REPORT).unwrap()).unwrap()
    }

    #[test]
    fn a_folder_with_nothing_but_its_description_is_a_page() {
        let (_dir, run) = run();
        assert!(page(&run).contains("metrics.jsonl has no rows"));
    }

    #[test]
    fn all_the_files_are_read() {
        let (_dir, run) = run();
        let (loss, text) = (f64::NAN, "a text of its own".to_owned());
        let metric = Metric { step: 1, loss, ..Metric::default() };
        run.writer().unwrap().append(&metric).unwrap();
        run.writer().unwrap().append(&Eval { step: 1, ..Eval::default() }).unwrap();
        run.writer().unwrap().append(&Sample { step: 1, text, ..Sample::default() }).unwrap();
        run.write(layout::CONFIG, b"{\"hidden_act\":\"relu\"}").unwrap();
        run.write(layout::GENERATION_CONFIG, b"{\"top_k\":50}").unwrap();
        let page = page(&run);
        for part in ["a text of its own", "hidden_act", "top_k", "skipped steps"] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn the_same_folder_gives_the_same_page() {
        let (_dir, run) = run();
        assert_eq!(page(&run), page(&run));
    }

    #[test]
    fn a_damaged_file_is_named_and_the_page_left_alone() {
        let (_dir, run) = run();
        let before = page(&run);
        run.write(layout::CONFIG, b"{").unwrap();
        assert!(run.write_report().unwrap_err().to_string().contains("config.json, line 1"));
        run.remove(layout::CONFIG).unwrap();
        fs::write(run.file(layout::METRICS).unwrap(), "{}\n").unwrap();
        assert!(run.write_report().unwrap_err().to_string().contains("metrics.jsonl, line 1"));
        assert_eq!(run.read(layout::REPORT).unwrap(), before.as_bytes());
    }
}
