//! The built-in corpus: film synopses from a seeded probabilistic grammar whose entropy is known.
//!
//! [`Grammar`] writes documents and, because it is a hidden Markov model, also knows the exact
//! probability of every next word: the forward algorithm sums over all the ways in which the words
//! so far can have come about. So no model, however good, can average fewer nats per word than
//! [`Grammar::entropy_floor`] says, unless it reads the future.

mod floor;
mod forward;
mod grammar;
mod lexicon;
mod templates;

pub use floor::EntropyFloor;
pub use grammar::Grammar;
