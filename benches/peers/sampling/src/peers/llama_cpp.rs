//! llama.cpp's sampler chain, its array of candidates filled for each call as `llama_sampler_sample` does.

use enredo_peers_sampling::{
    case::{
        Case, K, LLAMA_K, LLAMA_P, MIN_P, MIROSTAT_ETA, MIROSTAT_TAU, N_SIGMA, P, TEMPERATURE,
        TYPICAL, XTC_PROBABILITY, XTC_THRESHOLD,
    },
    llama::{Chain, Link},
    row::Row,
};

use crate::measure::{Draw, SEED};

pub fn draw(case: Case, rows: &[Row]) -> Option<Draw<'_>> {
    let mut chain = Chain::new(links(case)?);
    Some(Box::new(move |row| Ok(u32::try_from(chain.sample(rows[row].logits()))?)))
}

fn links(case: Case) -> Option<Vec<Link>> {
    let seed = SEED as u32;
    match case {
        Case::Greedy => return Some(vec![Link::greedy()]),
        Case::Mirostat => return Some(vec![Link::mirostat_v2(seed, MIROSTAT_TAU, MIROSTAT_ETA)]),
        _ => {}
    }
    let mut links = filters(case, 1)?;
    links.push(Link::dist(seed));
    Some(links)
}

fn filters(case: Case, min_keep: usize) -> Option<Vec<Link>> {
    let top_k = |k: usize| Link::top_k(k as i32);
    let top_p = |p| Link::top_p(p, min_keep);
    let min_p = || Link::min_p(MIN_P, min_keep);
    let temperature = || Link::temperature(TEMPERATURE);
    Some(match case {
        Case::Temperature => vec![temperature()],
        Case::TopK => vec![top_k(K)],
        Case::TopP => vec![top_p(P)],
        Case::MinP => vec![min_p()],
        Case::Typical => vec![Link::typical(TYPICAL, min_keep)],
        Case::TopNSigma => vec![Link::top_n_sigma(N_SIGMA)],
        Case::Xtc => vec![Link::xtc(XTC_PROBABILITY, XTC_THRESHOLD, min_keep, SEED as u32)],
        Case::Chain | Case::Notebook => vec![temperature(), top_k(K), top_p(P)],
        Case::Hf => vec![temperature(), top_p(P), min_p()],
        Case::LlamaCpp => vec![top_k(LLAMA_K), top_p(LLAMA_P), min_p(), temperature()],
        _ => return None,
    })
}
