//! llama.cpp's sampler chain, its array of candidates filled for each call as `llama_sampler_sample` does.

use enredo_peers_sampling::llama::{Chain, Link};

use crate::{
    case::{
        Case, ETA, K, MIN_P, N_SIGMA, P, TAU, TEMPERATURE, TYPICAL, XTC_PROBABILITY, XTC_THRESHOLD,
    },
    measure::Draw,
    peers::SEED,
    row::Row,
};

pub const NAME: &str = "llama.cpp";

pub fn draw(case: Case, rows: &[Row]) -> Draw<'_> {
    let mut chain = Chain::new(links(case));
    Box::new(move |row| Ok(u32::try_from(chain.sample(rows[row].logits()))?))
}

fn links(case: Case) -> Vec<Link> {
    let seed = SEED as u32;
    let min_keep = 1;
    let filters = match case {
        Case::Greedy => return vec![Link::greedy()],
        Case::Mirostat => return vec![Link::mirostat_v2(seed, TAU, ETA)],
        Case::Temperature => vec![Link::temperature(TEMPERATURE)],
        Case::TopK => vec![Link::top_k(K as i32)],
        Case::TopP => vec![Link::top_p(P, min_keep)],
        Case::Notebook => {
            vec![Link::temperature(TEMPERATURE), Link::top_k(K as i32), Link::top_p(P, min_keep)]
        }
        Case::MinP => vec![Link::min_p(MIN_P, min_keep)],
        Case::Typical => vec![Link::typical(TYPICAL, min_keep)],
        Case::Xtc => vec![Link::xtc(XTC_PROBABILITY, XTC_THRESHOLD, min_keep, seed)],
        Case::TopNSigma => vec![Link::top_n_sigma(N_SIGMA)],
    };
    filters.into_iter().chain([Link::dist(seed)]).collect()
}
