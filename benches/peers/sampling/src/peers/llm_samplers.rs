//! llm-samplers' chains. Its list of logits is built for each call; where k is known, with its own shortcut to the best k.

use anyhow::{Context, Result};
use enredo_peers_sampling::{
    case::{Case, K, LLAMA_K, LLAMA_P, MIN_P, MIROSTAT_ETA, MIROSTAT_TAU, P, TEMPERATURE, TYPICAL},
    row::Row,
};
use llm_samplers::prelude::*;
use rand_08::{SeedableRng, rngs::StdRng};

use crate::measure::{Draw, SEED};

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
    let row = row.iter().copied();
    Ok(match case {
        Case::TopK | Case::Chain | Case::Notebook => Logits::try_from_iter_top_k(row, K)?,
        Case::LlamaCpp => Logits::try_from_iter_top_k(row, LLAMA_K)?,
        _ => Logits::try_from_iter(row)?,
    })
}

fn chain(case: Case) -> Option<SamplerChain> {
    let chain = SamplerChain::new();
    match case {
        Case::Greedy => Some(chain + SampleGreedy::new()),
        Case::Mirostat => Some(chain + SampleMirostat2::new(MIROSTAT_TAU, MIROSTAT_ETA)),
        _ => Some(filters(case, chain, 1)? + SampleRandDistrib::new()),
    }
}

fn filters(case: Case, chain: SamplerChain, min_keep: usize) -> Option<SamplerChain> {
    let top_k = |k| SampleTopK::new(k, min_keep);
    let top_p = |p| SampleTopP::new(p, min_keep);
    let min_p = || SampleMinP::new(MIN_P, min_keep);
    let temperature = || SampleTemperature::new(TEMPERATURE);
    Some(match case {
        Case::Temperature => chain + temperature(),
        Case::TopK => chain + top_k(K),
        Case::TopP => chain + top_p(P),
        Case::MinP => chain + min_p(),
        Case::Typical => chain + SampleLocallyTypical::new(TYPICAL, min_keep),
        Case::Chain | Case::Notebook => chain + temperature() + top_k(K) + top_p(P),
        Case::Hf => chain + temperature() + top_p(P) + min_p(),
        Case::LlamaCpp => chain + top_k(LLAMA_K) + top_p(LLAMA_P) + min_p() + temperature(),
        _ => return None,
    })
}
