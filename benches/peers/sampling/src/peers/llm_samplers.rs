//! llm-samplers' chains. Its list of logits is built for each call; where k is known, with its own shortcut to the best k.

use anyhow::{Context, Result};
use llm_samplers::prelude::*;
use rand_08::{SeedableRng, rngs::StdRng};

use crate::{
    case::{Case, ETA, K, MIN_P, P, TAU, TEMPERATURE, TYPICAL},
    measure::Draw,
    peers::SEED,
    row::Row,
};

pub const NAME: &str = "llm-samplers";

pub fn draw(case: Case, rows: &[Row]) -> Option<Draw<'_>> {
    let mut chain = chain(case)?;
    let rng = Box::new(StdRng::seed_from_u64(SEED));
    let mut resources = SimpleSamplerResources::new(Some(rng), Some(Vec::new()));
    Some(Box::new(move |row| {
        let mut logits = logits(case, rows[row].logits())?;
        chain.sample_token(&mut resources, &mut logits)?.context("no token")
    }))
}

/// The best k alone, sorted, where nothing else can be kept.
fn logits(case: Case, row: &[f32]) -> Result<Logits> {
    Ok(match case {
        Case::TopK | Case::Notebook => Logits::try_from_iter_top_k(row.iter().copied(), K)?,
        _ => Logits::try_from_iter(row.iter().copied())?,
    })
}

fn chain(case: Case) -> Option<SamplerChain> {
    let (chain, min_keep) = (SamplerChain::new(), 1);
    let filtered = match case {
        Case::Greedy => return Some(chain + SampleGreedy::new()),
        Case::Mirostat => return Some(chain + SampleMirostat2::new(TAU, ETA)),
        Case::Temperature => chain + SampleTemperature::new(TEMPERATURE),
        Case::TopK => chain + SampleTopK::new(K, min_keep),
        Case::TopP => chain + SampleTopP::new(P, min_keep),
        Case::Notebook => {
            let chain = chain + SampleTemperature::new(TEMPERATURE);
            chain + SampleTopK::new(K, min_keep) + SampleTopP::new(P, min_keep)
        }
        Case::MinP => chain + SampleMinP::new(MIN_P, min_keep),
        Case::Typical => chain + SampleLocallyTypical::new(TYPICAL, min_keep),
        Case::Xtc | Case::TopNSigma => return None,
    };
    Some(filtered + SampleRandDistrib::new())
}
