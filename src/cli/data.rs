//! The data flags become documents.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{DataArgs, Progress};
use crate::corpus::{
    Cleaning, Corpus, Download, EntropyFloor, Grammar, HeldOut, Hub, Reader, Report, fingerprint,
};
use crate::run::DataInfo;

/// Documents of the built-in corpus, and with `--quick`.
const BUILT_IN: [usize; 2] = [40_000, 5_000];
/// The built-in corpus is the same for every run, so that runs with different seeds compare.
const BUILT_IN_SEED: u64 = 42;

/// Clean documents, divided.
#[derive(Debug)]
pub struct Data {
    /// To train on.
    pub train: Vec<String>,
    /// Held out: every tenth document, or the data set's own validation split.
    pub held_out: Vec<String>,
    /// Where they came from.
    pub source: String,
    /// What cleaning did, for texts that were read.
    pub report: Option<Report>,
    /// The grammar that wrote them, for the built-in corpus.
    pub grammar: Option<Grammar>,
}

impl Data {
    /// Reads, cleans and divides the documents that the flags name.
    ///
    /// # Errors
    /// Names the file, data set or column, what was wrong, and what would do.
    pub fn load(args: &DataArgs, quick: bool, progress: &Progress) -> Result<Self> {
        match (&args.data, &args.dataset) {
            (Some(path), _) => from_files(path, &args.column),
            (None, Some(name)) => from_hub(name, &args.column, progress),
            (None, None) => Ok(built_in(BUILT_IN[usize::from(quick)])),
        }
    }

    /// The fewest nats per token that any causal model can reach on the held-out documents, where the
    /// source is known: the targets are each document's first `max_targets` tokens.
    #[must_use]
    pub fn floor(&self, max_targets: usize) -> Option<EntropyFloor> {
        self.grammar.as_ref()?.entropy_floor(&self.held_out, max_targets)
    }

    /// As `run.json` records them.
    #[must_use]
    pub fn info(&self) -> DataInfo {
        let (train, held_out) = (self.train.len() as u64, self.held_out.len() as u64);
        let all: Vec<&String> = self.train.iter().chain(&self.held_out).collect();
        DataInfo {
            source: self.source.clone(),
            fingerprint: fingerprint(&all),
            documents: train + held_out,
            train,
            held_out,
            ..DataInfo::default()
        }
    }

    fn divided(corpus: Corpus, source: String) -> Self {
        let report = Some(corpus.report.clone());
        let (train, held_out) = corpus.split(HeldOut::every(10));
        Self { train, held_out, source, report, grammar: None }
    }
}

fn from_files(path: &str, column: &str) -> Result<Data> {
    let mut reader = Reader::open(path, column)?;
    let corpus = Corpus::read(&mut reader, &Cleaning::notebook());
    let corpus = corpus.with_context(|| format!("{path} gave no corpus"))?;
    Ok(Data::divided(corpus, path.to_owned()))
}

fn from_hub(name: &str, column: &str, progress: &Progress) -> Result<Data> {
    let show = |Download { file, done, total }: Download<'_>| progress.download(file, done, total);
    let dataset = Hub::from_env().dataset(name, show)?;
    if dataset.from_cache {
        progress.line("The hub was not reached: the data set is the one in the cache.");
    }
    let source = format!("{name} @ {}", dataset.revision);
    let clean = |files: Vec<PathBuf>| {
        Corpus::read(&mut Reader::open_files(files, column)?, &Cleaning::notebook())
    };
    let train = clean(dataset.train)?;
    if dataset.validation.is_empty() {
        return Ok(Data::divided(train, source));
    }
    let held_out = clean(dataset.validation)?.documents;
    let (train, report) = (train.documents, Some(train.report));
    Ok(Data { train, held_out, source, report, grammar: None })
}

fn built_in(count: usize) -> Data {
    let grammar = Grammar::new();
    let documents = grammar.documents(count, BUILT_IN_SEED);
    let side = |held: bool| {
        let documents = documents.iter().enumerate();
        documents.filter(|(i, _)| (i % 10 == 9) == held).map(|(_, text)| text.clone()).collect()
    };
    Data {
        train: side(false),
        held_out: side(true),
        source: "built-in corpus".to_owned(),
        report: None,
        grammar: Some(grammar),
    }
}
