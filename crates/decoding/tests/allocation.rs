//! Once a sampler's buffers have grown to what its rows need, it allocates nothing.
#![allow(clippy::unwrap_used)]
#![allow(unsafe_code)] // A global allocator, which counts, cannot be had otherwise.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use enredo_decoding::{
    Chain, Context, Epsilon, Eta, FrequencyPenalty, Isa, LogitBias, MinP, PresencePenalty,
    RepetitionPenalty, Sampler, SuppressTokens, Temperature, Ties, TopK, TopNSigma, TopP, Typical,
    Window, Xtc, uniform,
};

thread_local! {
    /// Allocations of this thread, so that tests may run side by side.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is left to the system's allocator; a counter without a destructor is no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `f` allocates.
fn allocations(f: impl FnOnce()) -> usize {
    let before = COUNT.get();
    f();
    COUNT.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(vec![0u8; 100])), 1);
    assert_eq!(allocations(|| ()), 0);
}

const LEN: usize = 5_000;

/// Nearly flat, peaked, tied, masked: what one filter keeps whole another cuts to a token.
fn rows() -> Vec<Vec<f32>> {
    let row = |score: fn(usize, f32) -> f32| {
        (0..LEN).map(|i| score(i, uniform(7, 7, i as u64) as f32)).collect()
    };
    vec![
        row(|_, u| u),
        row(|_, u| 20.0 * u),
        row(|i, u| if i == 77 { 30.0 } else { u }),
        row(|_, u| (3.0 * u).floor()),
        row(|i, u| if i % 3 == 0 { 9.0 * u } else { f32::NEG_INFINITY }),
        vec![0.0; LEN],
    ]
}

fn filters() -> Vec<(&'static str, Chain)> {
    let t = Temperature::new(0.8).unwrap();
    let xtc = Xtc::new(0.5, 0.05).unwrap();
    let (top_k, top_p) = (TopK::new(50).unwrap(), TopP::new(0.9).unwrap());
    let (min_p, typical) = (MinP::new(0.05).unwrap(), Typical::new(0.9).unwrap());
    let tied = |ties| Chain::new().with(top_k.with_ties(ties)).with(top_p.with_ties(ties));
    vec![
        ("none", Chain::new()),
        ("temperature", Chain::new().with(t)),
        ("zero", Chain::new().with(Temperature::new(0.0).unwrap())),
        ("top-k", Chain::new().with(top_k)),
        ("a large top-k", Chain::new().with(TopK::new(3_000).unwrap())),
        ("top-p", Chain::new().with(top_p)),
        ("a small top-p", Chain::new().with(TopP::new(0.03).unwrap())),
        ("top-p of the highest", Chain::new().with(top_p.with_ties(Ties::HighestIds))),
        ("min-p", Chain::new().with(min_p)),
        ("typical", Chain::new().with(typical)),
        ("a small typical", Chain::new().with(Typical::new(0.03).unwrap())),
        ("epsilon", Chain::new().with(Epsilon::new(3e-4).unwrap())),
        ("eta", Chain::new().with(Eta::new(3e-4).unwrap())),
        ("top-nσ", Chain::new().with(TopNSigma::new(1.0).unwrap())),
        ("xtc", Chain::new().with(xtc)),
        ("highest ids", tied(Ties::HighestIds)),
        ("ties kept", tied(Ties::Kept)),
        ("the notebook's", Chain::new().with(t).with(top_k).with(top_p)),
        ("vLLM's", Chain::new().with(t).with(min_p).with(top_k).with(top_p)),
        ("llama.cpp's", {
            let sigma = TopNSigma::new(2.0).unwrap();
            let chain = Chain::new().with(sigma).with(top_k).with(typical).with(top_p);
            chain.with(min_p).with(xtc).with(t)
        }),
        ("mlx-lm's", Chain::new().with(top_p).with(min_p).with(xtc).with(top_k).with(t)),
        ("two nuclei", Chain::new().with(top_p).with(t).with(typical)),
    ]
}

fn penalties() -> Vec<(&'static str, Chain)> {
    let biased = || Chain::new().with(LogitBias::new([(3, 1.0), (9, -2.0)]).unwrap());
    vec![
        ("bias", biased()),
        ("suppressed", Chain::new().with(SuppressTokens::new(&[1, 2][..]))),
        ("penalties", {
            let chain = biased()
                .with(RepetitionPenalty::new(1.1).unwrap())
                .with(FrequencyPenalty::new(0.2).unwrap().over(Window::Last(64)))
                .with(PresencePenalty::new(0.1).unwrap())
                .with(Temperature::new(0.8).unwrap());
            chain.with(TopK::new(50).unwrap()).with(TopP::new(0.9).unwrap())
        }),
        ("filters on both sides", {
            let chain = Chain::new().with(TopP::new(0.95).unwrap());
            chain.with(RepetitionPenalty::new(1.1).unwrap()).with(Typical::new(0.9).unwrap())
        }),
    ]
}

/// Draws from every row at some positions, of a row of its own each time.
fn draw_all(sampler: &mut Sampler, tokens: &[u32], rows: &[Vec<f32>], row: &mut [f32]) {
    for (n, original) in (0..40).flat_map(|n| rows.iter().map(move |row| (n, row))) {
        let context = Context::new(&tokens[..tokens.len() - n]).with_prompt_len(5);
        sampler.sample(context, original).unwrap();
        row.copy_from_slice(original);
        sampler.sample_in_place(context, row).unwrap();
    }
}

fn assert_none(name: &str, mut sampler: Sampler) {
    let tokens: Vec<u32> = (0..100).map(|n| n * n % 17).collect();
    let (rows, mut row) = (rows(), vec![0.0; LEN]);
    draw_all(&mut sampler, &tokens, &rows, &mut row);
    let count = allocations(|| draw_all(&mut sampler, &tokens, &rows, &mut row));
    assert_eq!(count, 0, "{name}");
}

#[test]
fn filters_allocate_nothing() {
    for isa in Isa::available() {
        for (name, chain) in filters() {
            assert_none(name, Sampler::seeded(chain, 1).on(isa));
        }
    }
}

#[test]
fn greedy_allocates_nothing() {
    for (name, chain) in filters().into_iter().chain(penalties()) {
        assert_none(name, Sampler::greedy(chain));
    }
}

#[test]
fn penalties_allocate_nothing() {
    for (name, chain) in penalties() {
        assert_none(name, Sampler::seeded(chain, 1));
    }
}
