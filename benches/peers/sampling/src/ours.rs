//! enredo's sampler.

use anyhow::Result;
use enredo_decoding::{
    Chain, Epsilon, Eta, GenerationConfig, Isa, MinP, Mirostat, Preset, Sampler, Temperature, TopK,
    TopNSigma, TopP, Typical, Xtc,
};
use enredo_peers_sampling::{
    case::{
        Case, EPSILON, ETA, K, LLAMA_K, LLAMA_P, MIN_P, MIROSTAT_ETA, MIROSTAT_TAU, N_SIGMA, P,
        TEMPERATURE, TYPICAL, XTC_PROBABILITY, XTC_THRESHOLD,
    },
    row::Row,
};

use crate::measure::{Draw, SEED};

/// A draw is keyed by the length of the context, so each call has one of another length.
pub fn draw(case: Case, isa: Isa, rows: &[Row]) -> Result<Draw<'_>> {
    let mut sampler = sampler(case)?.on(isa);
    let (context, mut position) = ([0; 1024], 0);
    Ok(Box::new(move |row| {
        position = (position + 1) % context.len();
        let (context, logits) = (&context[..position], rows[row].logits());
        Ok(match case {
            Case::Trace => sampler.trace(context, logits)?.picked,
            _ => sampler.sample(context, logits)?,
        })
    }))
}

fn sampler(case: Case) -> Result<Sampler> {
    Ok(match case {
        Case::Greedy => Sampler::greedy(Chain::new()),
        Case::Gumbel => Sampler::gumbel(Chain::new(), SEED),
        Case::Mirostat => {
            Sampler::mirostat(Chain::new(), Mirostat::v2(MIROSTAT_TAU, MIROSTAT_ETA)?, SEED)
        }
        Case::Notebook | Case::Hf | Case::LlamaCpp => config(case).sampler(SEED)?,
        _ => Sampler::seeded(chain(case)?, SEED),
    })
}

fn chain(case: Case) -> Result<Chain> {
    let chain = Chain::new();
    Ok(match case {
        Case::Temperature => chain.with(Temperature::new(TEMPERATURE)?),
        Case::TopK => chain.with(TopK::new(K)?),
        Case::TopP => chain.with(TopP::new(P)?),
        Case::MinP => chain.with(MinP::new(MIN_P)?),
        Case::Typical => chain.with(Typical::new(TYPICAL)?),
        Case::Epsilon => chain.with(Epsilon::new(EPSILON)?),
        Case::Eta => chain.with(Eta::new(ETA)?),
        Case::TopNSigma => chain.with(TopNSigma::new(N_SIGMA)?),
        Case::Xtc => chain.with(Xtc::new(XTC_PROBABILITY, XTC_THRESHOLD)?),
        Case::Chain | Case::Trace => {
            chain.with(Temperature::new(TEMPERATURE)?).with(TopK::new(K)?).with(TopP::new(P)?)
        }
        // They have no chain, or a preset's.
        Case::Greedy
        | Case::Gumbel
        | Case::Mirostat
        | Case::Notebook
        | Case::Hf
        | Case::LlamaCpp => chain,
    })
}

/// The chains of other systems, as their presets build them.
fn config(case: Case) -> GenerationConfig {
    let sampling = GenerationConfig {
        do_sample: true,
        temperature: Some(TEMPERATURE),
        top_p: Some(P),
        ..GenerationConfig::default()
    };
    match case {
        Case::Hf => GenerationConfig { min_p: Some(MIN_P), preset: Preset::Hf, ..sampling },
        Case::LlamaCpp => GenerationConfig {
            top_k: Some(LLAMA_K),
            top_p: Some(LLAMA_P),
            min_p: Some(MIN_P),
            preset: Preset::LlamaCpp,
            ..sampling
        },
        _ => GenerationConfig { top_k: Some(K), preset: Preset::Notebook, ..sampling },
    }
}
