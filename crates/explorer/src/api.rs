//! The API, version 1: an endpoint a file. Ids are identity, texts are display, and every answer of a model
//! says which step it is of.

mod apply;
mod logits;
mod meta;
mod question;
mod tokenize;
mod vocab;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::{About, Error, Result, Token, etag::Tagged, queue::Queue};

/// What the endpoints share.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    about: Arc<About>,
    vocabulary: Tagged,
    queue: Queue,
}

impl Api {
    /// # Errors
    /// [`Error::Subject`] where what the subject says does not fit together.
    pub(crate) fn new(about: About, vocabulary: &[Token], queue: Queue) -> Result<Self> {
        check(&about, vocabulary)?;
        let vocabulary = vocab::tagged(&about.fingerprint, vocabulary)?;
        Ok(Self { about: Arc::new(about), vocabulary, queue })
    }
}

pub(crate) fn router(api: Api) -> Router {
    Router::new()
        .route("/api/v1/meta", get(meta::answer))
        .route("/api/v1/vocab", get(vocab::answer))
        .route("/api/v1/tokenize", post(tokenize::answer))
        .route("/api/v1/logits", post(logits::answer))
        .route("/api/v1/apply", post(apply::answer))
        .with_state(api)
}

fn check(about: &About, vocabulary: &[Token]) -> Result<()> {
    let wrong = |what, fault, remedy| Err(Error::Subject { what, fault, remedy });
    let (v, tokens) = (about.vocab_size, vocabulary.len());
    if v != tokens {
        let fault = format!("it has {tokens} tokens, and vocab_size is {v}");
        return wrong("vocabulary", fault, "give one token for each id");
    }
    let steps = about.checkpoints.iter().map(|checkpoint| checkpoint.step);
    if steps.len() == 0 || !steps.clone().is_sorted_by(|a, b| a < b) {
        let fault = format!("the steps are {:?}", steps.collect::<Vec<_>>());
        return wrong("checkpoints", fault, "give at least one, in ascending order");
    }
    Ok(())
}
