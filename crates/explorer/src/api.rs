//! The API, version 1: an endpoint a file. Ids are identity, texts are display, and every answer of a model
//! says which step it is of.

mod apply;
mod attention;
mod beams;
mod documents;
mod floats;
mod generate;
mod lens;
mod logits;
mod meta;
mod probe;
mod question;
mod reader;
mod strategy;
mod tokenize;
mod training;
mod vocab;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::{
    About, Error, Fault, Progress, Result, Token, checked, etag::Tagged, problem::Problem,
    queue::Queue,
};

/// What the endpoints share.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    about: Arc<About>,
    vocabulary: Tagged,
    training: training::Cache,
    queue: Queue,
}

impl Api {
    /// # Errors
    /// [`Error::Subject`] where what the subject says does not fit together.
    pub(crate) fn new(about: Arc<About>, vocabulary: &[Token], queue: Queue) -> Result<Self> {
        let vocabulary = vocab::tagged(&about.fingerprint, vocabulary)?;
        Ok(Self { about, vocabulary, training: training::Cache::default(), queue })
    }
}

pub(crate) fn router(api: Api) -> Router {
    Router::new()
        .route("/api/v1/meta", get(meta::answer))
        .route("/api/v1/vocab", get(vocab::answer))
        .route("/api/v1/tokenize", post(tokenize::answer))
        .route("/api/v1/logits", post(logits::answer))
        .route("/api/v1/apply", post(apply::answer))
        .route("/api/v1/generate", post(generate::answer))
        .route("/api/v1/beams", post(beams::answer))
        .route("/api/v1/attention", post(attention::answer))
        .route("/api/v1/lens", post(lens::answer))
        .route("/api/v1/probe", post(probe::answer))
        .route("/api/v1/training", get(training::answer))
        .route("/api/v1/documents", get(documents::answer))
        .with_state(api)
}

/// # Errors
/// [`Error::Subject`] where what the subject says of itself at first does not fit together.
pub(crate) fn check(
    about: &About,
    vocabulary: &[Token],
    first: Result<Progress, Fault>,
) -> Result<()> {
    let wrong = |what, fault, remedy| Err(Error::Subject { what, fault, remedy });
    let (v, tokens) = (about.vocab_size, vocabulary.len());
    if v != tokens {
        let fault = format!("it has {tokens} tokens, and vocab_size is {v}");
        return wrong("vocabulary", fault, "give one token for each id");
    }
    if about.window == 0 {
        return wrong("window", "it is 0".to_owned(), "let a prediction read at least one token");
    }
    match first {
        Err(fault) => {
            let fault = Problem::fault(&*fault).to_string();
            wrong("progress", fault, "look at the run")
        }
        Ok(progress) => checked::unordered(&progress).map_or(Ok(()), |fault| {
            wrong("checkpoints", fault, "give at least one, in ascending order")
        }),
    }
}
