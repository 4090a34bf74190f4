//! Chains as data: what both sides are given.

use enredo_decoding::{
    Chain, Epsilon, Eta, MinP, Temperature, Ties, TopK, TopNSigma, TopP, Typical, Xtc,
};

use crate::Random;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    Temperature(f32),
    TopK(usize, Ties),
    TopP(f32, Ties),
    MinP(f32),
    Typical(f32),
    Epsilon(f32),
    Eta(f32),
    TopNSigma(f32),
    Xtc { probability: f32, threshold: f32 },
}

const TIES: [Ties; 3] = [Ties::LowestIds, Ties::HighestIds, Ties::Kept];

impl Link {
    pub(crate) fn onto(self, chain: Chain) -> Chain {
        match self {
            Self::Temperature(t) => chain.with(Temperature::new(t).unwrap()),
            Self::TopK(k, ties) => chain.with(TopK::new(k).unwrap().with_ties(ties)),
            Self::TopP(p, ties) => chain.with(TopP::new(p).unwrap().with_ties(ties)),
            Self::MinP(p) => chain.with(MinP::new(p).unwrap()),
            Self::Typical(p) => chain.with(Typical::new(p).unwrap()),
            Self::Epsilon(epsilon) => chain.with(Epsilon::new(epsilon).unwrap()),
            Self::Eta(epsilon) => chain.with(Eta::new(epsilon).unwrap()),
            Self::TopNSigma(n) => chain.with(TopNSigma::new(n).unwrap()),
            Self::Xtc { probability, threshold } => {
                chain.with(Xtc::new(probability, threshold).unwrap())
            }
        }
    }

    fn random(random: &mut Random, len: usize) -> Self {
        let p = random.of(&[0.03, 0.3, 0.55, 0.8, 0.9, 0.95, 0.999, 1.0]);
        let small = random.of(&[1e-6, 1e-4, 9e-4, 4e-3, 0.05, 0.2]);
        let ties = random.of(&TIES);
        match random.below(10) {
            0 | 1 => Self::Temperature(random.of(&[0.1, 0.7, 0.8, 1.0, 1.3, 2.5, 30.0])),
            2 => Self::TopK([1, 2, 40, 1_024, 1_025, 1 + random.below(len)][random.below(6)], ties),
            3 => Self::TopP(p, ties),
            4 => Self::MinP(random.of(&[0.001, 0.05, 0.1, 0.5, 1.0])),
            5 => Self::Typical(p),
            6 => Self::Epsilon(small),
            7 => Self::Eta(small),
            8 => Self::TopNSigma(random.of(&[0.6, 1.0, 2.1, 3.5])),
            _ => Self::Xtc {
                probability: random.of(&[0.5, 1.0, 1.0]),
                threshold: random.of(&[1e-4, 0.01, 0.1, 0.3]),
            },
        }
    }
}

pub(crate) fn chain(links: &[Link]) -> Chain {
    links.iter().fold(Chain::new(), |chain, link| link.onto(chain))
}

/// Every filter alone, in all its variants.
pub(crate) fn singles(len: usize) -> Vec<Link> {
    let mut links = vec![
        Link::Temperature(0.0),
        Link::Temperature(0.7),
        Link::Temperature(1.7),
        Link::MinP(0.05),
        Link::MinP(1.0),
        Link::Typical(0.2),
        Link::Typical(0.9),
        Link::Epsilon(3e-4),
        Link::Epsilon(0.02),
        Link::Eta(3e-4),
        Link::Eta(0.02),
        Link::TopNSigma(1.0),
        Link::TopNSigma(2.3),
        Link::Xtc { probability: 1.0, threshold: 0.1 },
        Link::Xtc { probability: 1.0, threshold: 1e-4 },
        Link::Xtc { probability: 0.5, threshold: 0.05 },
    ];
    for ties in TIES {
        let ks = [1, 7, 40, 1_025, len.div_ceil(2), len, usize::MAX];
        links.extend(ks.map(|k| Link::TopK(k, ties)));
        links.extend([0.05, 0.55, 0.9, 0.99, 1.0].map(|p| Link::TopP(p, ties)));
    }
    links
}

/// The orders in which other projects run their filters.
pub(crate) fn common() -> Vec<Vec<Link>> {
    let (t, low) = (Link::Temperature(0.8), Ties::LowestIds);
    let xtc = Link::Xtc { probability: 0.5, threshold: 0.1 };
    vec![
        vec![t, Link::TopK(50, Ties::Kept), Link::TopP(0.9, low)],
        vec![t, Link::TopP(0.9, low)],
        vec![t, Link::TopP(0.9, Ties::HighestIds), Link::MinP(0.05)],
        vec![t, Link::MinP(0.05), Link::TopK(40, low), Link::TopP(0.9, low)],
        vec![Link::TopP(0.95, low), Link::MinP(0.05), xtc, Link::TopK(40, low), t],
        vec![
            Link::TopNSigma(2.1),
            Link::TopK(40, low),
            Link::Typical(0.95),
            Link::TopP(0.95, low),
            Link::MinP(0.05),
            xtc,
            t,
        ],
        vec![t, Link::Typical(0.9), Link::Epsilon(3e-4), Link::Eta(3e-4)],
    ]
}

/// Filters that meet where one of them has left something behind.
pub(crate) fn awkward(len: usize) -> Vec<Vec<Link>> {
    let (low, high) = (Ties::LowestIds, Ties::HighestIds);
    let xtc = |threshold| Link::Xtc { probability: 1.0, threshold };
    vec![
        vec![Link::TopK(5_000, low), Link::TopP(0.9, low), Link::TopK(2_000, low)],
        vec![
            Link::TopK(5_000, low),
            Link::TopP(0.9, low),
            Link::TopK(2_000, low),
            Link::TopP(0.9, low),
        ],
        vec![xtc(0.01), Link::Temperature(0.01)],
        vec![xtc(1e-4), Link::Temperature(0.001), Link::TopP(0.9, low)],
        vec![Link::Typical(0.3), Link::Temperature(0.01)],
        vec![Link::Typical(0.3), Link::Temperature(1e-30), Link::MinP(0.1)],
        vec![Link::Typical(0.3), Link::Temperature(0.01), Link::Typical(0.55)],
        vec![Link::TopP(0.9, high), Link::TopP(0.9, low), Link::TopP(0.8, Ties::Kept)],
        vec![Link::TopK(len.div_ceil(3), high), Link::TopK(len.div_ceil(4), low), xtc(1e-6)],
        vec![Link::TopP(0.9, low), Link::Temperature(0.5), Link::TopP(0.9, high)],
        vec![Link::Typical(0.9), Link::TopNSigma(1.0), Link::TopK(len.div_ceil(2), low)],
        vec![Link::Temperature(1e-30), Link::TopP(0.9, low)],
        vec![Link::Temperature(1e30), Link::TopP(0.9, low), Link::Epsilon(1e-6)],
        vec![Link::Temperature(1e30), Link::Typical(0.7)],
        vec![Link::Temperature(1e-30), Link::Typical(0.7), Link::MinP(0.5)],
        vec![Link::Temperature(1e30), Link::Temperature(1e-30), Link::TopK(2, low), Link::Eta(0.1)],
    ]
}

pub(crate) fn random(random: &mut Random, len: usize) -> Vec<Link> {
    (0..2 + random.below(5)).map(|_| Link::random(random, len)).collect()
}
