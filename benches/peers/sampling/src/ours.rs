//! enredo's sampler.

use anyhow::Result;
use enredo_decoding::{Chain, MinP, Sampler, Temperature, TopK, TopNSigma, TopP, Typical, Xtc};

use crate::{
    case::{Case, K, MIN_P, N_SIGMA, P, TEMPERATURE, TYPICAL, XTC_PROBABILITY, XTC_THRESHOLD},
    measure::Draw,
    peers::SEED,
    row::Row,
};

pub const NAME: &str = "ours";

/// A draw is keyed by the length of the context, so each call has one of another length.
pub fn draw(case: Case, rows: &[Row]) -> Result<Option<Draw<'_>>> {
    let Some(mut sampler) = sampler(case)? else { return Ok(None) };
    let (context, mut position) = ([0; 1024], 0);
    Ok(Some(Box::new(move |row| {
        position = (position + 1) % context.len();
        Ok(sampler.sample(&context[..position], rows[row].logits())?)
    })))
}

fn sampler(case: Case) -> Result<Option<Sampler>> {
    let chain = Chain::new();
    let chain = match case {
        Case::Greedy => return Ok(Some(Sampler::greedy(chain))),
        Case::Temperature => chain.with(Temperature::new(TEMPERATURE)?),
        Case::TopK => chain.with(TopK::new(K)?),
        Case::TopP => chain.with(TopP::new(P)?),
        Case::Notebook => {
            chain.with(Temperature::new(TEMPERATURE)?).with(TopK::new(K)?).with(TopP::new(P)?)
        }
        Case::MinP => chain.with(MinP::new(MIN_P)?),
        Case::Typical => chain.with(Typical::new(TYPICAL)?),
        Case::Xtc => chain.with(Xtc::new(XTC_PROBABILITY, XTC_THRESHOLD)?),
        Case::TopNSigma => chain.with(TopNSigma::new(N_SIGMA)?),
        // Waits for a sampler that keeps μ.
        Case::Mirostat => return Ok(None),
    };
    Ok(Some(Sampler::seeded(chain, SEED)))
}
