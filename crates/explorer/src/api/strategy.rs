//! What the endpoints that choose tokens have in common: a seed, and how a strategy is refused.

use enredo_decoding::Error;

use crate::problem::Problem;

/// What decides a draw where nothing is said, as for the examples.
pub(super) const SEED: u64 = 42;

/// A strategy that is out of range or leaves nothing, by the field that is to blame. What the model said of
/// itself stays as it was said.
pub(super) fn refused(error: Error) -> Problem {
    let field = match &error {
        Error::Temperature { .. } => "/config/temperature".to_owned(),
        Error::TopK => "/config/top_k".to_owned(),
        Error::TopP { .. } => "/config/top_p".to_owned(),
        // A part of a field is named as such: "the factor of …".
        Error::Parameter { name, .. } => {
            format!("/config/{}", name.rsplit(' ').next().unwrap_or(name))
        }
        _ => "/config".to_owned(),
    };
    match error {
        Error::Model(fault) => {
            fault.downcast().map_or_else(|fault| Problem::fault(&*fault), |problem| *problem)
        }
        error => Problem::value(field, error.to_string()),
    }
}

/// How many rows: what was asked for, or `default` where nothing was; V where that is less.
///
/// # Errors
/// 422 at `/top_n` for more than `most`.
pub(super) fn top_n(
    asked: Option<usize>,
    default: usize,
    most: usize,
    vocab_size: usize,
) -> Result<usize, Problem> {
    match asked.unwrap_or(default) {
        n if n <= most => Ok(n.min(vocab_size)),
        n => Err(Problem::value("/top_n", format!("{n} are too many; ask for {most} at most"))),
    }
}
