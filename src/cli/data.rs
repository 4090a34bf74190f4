//! The data flags become documents.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{DataArgs, Progress};
use crate::corpus::{
    Cleaning, Corpus, Download, EntropyFloor, Grammar, HeldOut, Hub, Reader, Report, fingerprint,
};
use crate::run::DataInfo;
use crate::tokenization::{TextMode, Tokenizer};

/// One document in so many is held out, unless the data set has a validation split of its own.
const HELD_OUT: usize = 10;
/// Documents of the built-in corpus, and with `--quick`.
const BUILT_IN: [usize; 2] = [40_000, 5_000];
/// The built-in corpus is the same for every run, so that runs with different seeds compare.
const BUILT_IN_SEED: u64 = 42;

/// The name under which `run.json` records the entropy of the held-out documents.
pub(super) const ENTROPY: &str = "entropy";

/// Clean documents, divided.
#[derive(Debug)]
pub struct Data {
    /// To train on.
    pub train: Vec<String>,
    /// Held out: every tenth document, or the data set's own validation split.
    pub held_out: Vec<String>,
    /// Where they came from.
    pub source: String,
    /// Digest of all documents, as they were read.
    pub fingerprint: String,
    /// What cleaning did.
    pub report: Report,
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
            (None, None) => built_in(BUILT_IN[usize::from(quick)]),
        }
    }

    /// Refuses too few documents to draw a batch from, or to hold one out.
    ///
    /// # Errors
    /// Names the source, how many there are, and how many it takes.
    pub fn check(&self, batch_size: usize) -> Result<()> {
        let (source, train) = (&self.source, self.train.len());
        ensure!(
            train >= batch_size,
            "{source}: {train} training documents for batches of {batch_size}; \
             take a smaller --batch-size or more data"
        );
        ensure!(
            !self.held_out.is_empty(),
            "{source}: {train} documents, and none to hold out; it takes at least {HELD_OUT}"
        );
        Ok(())
    }

    /// The fewest nats per token that any causal model can reach on the held-out documents, where the
    /// grammar is known and every word has a token of its own (else a model predicts less than words):
    /// the targets are each document's first `max_targets` tokens. `ids` are those documents, encoded.
    #[must_use]
    pub fn floor(
        &self,
        ids: &[Vec<u32>],
        tokenizer: &Tokenizer,
        max_targets: usize,
    ) -> Option<EntropyFloor> {
        let unk = tokenizer.special().unk;
        let has_unknown = || ids.iter().flatten().any(|&id| id == unk);
        let are_words = tokenizer.mode() != TextMode::Own && !has_unknown();
        let grammar = self.grammar.as_ref().filter(|_| are_words);
        grammar?.entropy_floor(&self.held_out, max_targets)
    }

    /// As `run.json` records them, with their entropy where it is known.
    #[must_use]
    pub fn info(&self, floor: Option<EntropyFloor>) -> DataInfo {
        let (train, held_out) = (self.train.len() as u64, self.held_out.len() as u64);
        let mut info = DataInfo {
            source: self.source.clone(),
            fingerprint: self.fingerprint.clone(),
            documents: train + held_out,
            train,
            held_out,
            ..DataInfo::default()
        };
        info.other.insert("cleaning".to_owned(), json!(self.report));
        if let Some(EntropyFloor { nats, standard_error, .. }) = floor {
            let entropy = json!({ "nats": nats, "standard_error": standard_error });
            info.other.insert(ENTROPY.to_owned(), entropy);
        }
        info
    }

    fn divided(corpus: Corpus, source: String) -> Self {
        let (fingerprint, report) = (corpus.fingerprint(), corpus.report.clone());
        let (train, held_out) = corpus.split(HeldOut::every(HELD_OUT));
        Self { train, held_out, source, fingerprint, report, grammar: None }
    }
}

fn from_files(path: &str, column: &str) -> Result<Data> {
    Ok(Data::divided(clean(Reader::open(path, column)?, path)?, path.to_owned()))
}

fn from_hub(name: &str, column: &str, progress: &Progress) -> Result<Data> {
    let show = |Download { file, done, total }: Download<'_>| progress.download(file, done, total);
    let dataset = Hub::from_env().dataset(name, show)?;
    if dataset.from_cache {
        progress.line("The hub was not reached: the data set is the one in the cache.");
    }
    let source = format!("{name} @ {}", dataset.revision);
    let read = |files: Vec<PathBuf>| clean(Reader::open_files(files, column)?, &source);
    let train = read(dataset.train)?;
    if dataset.validation.is_empty() {
        return Ok(Data::divided(train, source));
    }
    let held_out = read(dataset.validation)?.documents;
    let all: Vec<&String> = train.documents.iter().chain(&held_out).collect();
    let fingerprint = fingerprint(&all);
    let Corpus { documents: train, report } = train;
    Ok(Data { train, held_out, source, fingerprint, report, grammar: None })
}

fn clean(mut reader: Reader, source: &str) -> Result<Corpus> {
    let corpus = Corpus::read(&mut reader, &Cleaning::notebook());
    corpus.with_context(|| format!("{source} gave no corpus"))
}

fn built_in(count: usize) -> Result<Data> {
    let grammar = Grammar::new();
    let documents = grammar.documents(count, BUILT_IN_SEED);
    let corpus = Corpus::from_texts(documents, &Cleaning::notebook())?;
    let data = Data::divided(corpus, "the built-in corpus".to_owned());
    Ok(Data { grammar: Some(grammar), ..data })
}
