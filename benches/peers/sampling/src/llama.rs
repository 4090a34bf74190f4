//! llama.cpp's samplers in a chain of its own, without a model.

use std::{ptr, slice};

use llama_cpp_sys_2 as sys;

/// One of llama.cpp's samplers, owned.
#[derive(Debug)]
pub struct Link(*mut sys::llama_sampler);

impl Link {
    /// # Safety
    /// `sampler` comes from one of llama.cpp's `llama_sampler_init_*` and belongs to nobody else.
    #[must_use]
    pub unsafe fn new(sampler: *mut sys::llama_sampler) -> Self {
        assert!(!sampler.is_null(), "llama.cpp refused to make a sampler");
        Self(sampler)
    }
}

/// Wraps one of llama.cpp's constructors that take numbers alone.
macro_rules! links {
    ($($name:ident($($argument:ident: $kind:ty),*) = $init:ident;)*) => {
        impl Link {$(
            #[must_use]
            pub fn $name($($argument: $kind),*) -> Self {
                // SAFETY: the constructor takes plain numbers and returns a fresh sampler.
                unsafe { Self::new(sys::$init($($argument),*)) }
            }
        )*}
    };
}

links! {
    greedy() = llama_sampler_init_greedy;
    dist(seed: u32) = llama_sampler_init_dist;
    top_k(k: i32) = llama_sampler_init_top_k;
    top_p(p: f32, min_keep: usize) = llama_sampler_init_top_p;
    min_p(p: f32, min_keep: usize) = llama_sampler_init_min_p;
    typical(p: f32, min_keep: usize) = llama_sampler_init_typical;
    temperature(t: f32) = llama_sampler_init_temp;
    dynamic_temperature(t: f32, range: f32, exponent: f32) = llama_sampler_init_temp_ext;
    xtc(probability: f32, threshold: f32, min_keep: usize, seed: u32) = llama_sampler_init_xtc;
    top_n_sigma(n: f32) = llama_sampler_init_top_n_sigma;
    mirostat(vocab_size: i32, seed: u32, tau: f32, eta: f32, m: i32) = llama_sampler_init_mirostat;
    mirostat_v2(seed: u32, tau: f32, eta: f32) = llama_sampler_init_mirostat_v2;
    penalties(vocab_size: i32, last_n: i32, repeat: f32, frequency: f32, presence: f32)
        = llama_sampler_init_penalties;
}

unsafe extern "C" {
    fn enredo_dry(
        multiplier: f32,
        base: f32,
        allowed_length: i32,
        penalty_last_n: i32,
        breakers: *const i32,
        lengths: *const usize,
        count: usize,
    ) -> *mut sys::llama_sampler;
}

impl Link {
    #[must_use]
    pub fn logit_bias(vocab_size: i32, bias: &[(i32, f32)]) -> Self {
        let bias: Vec<_> =
            bias.iter().map(|&(token, bias)| sys::llama_logit_bias { token, bias }).collect();
        // SAFETY: llama.cpp copies the `bias.len()` entries.
        unsafe {
            Self::new(sys::llama_sampler_init_logit_bias(
                vocab_size,
                bias.len() as i32,
                bias.as_ptr(),
            ))
        }
    }

    #[must_use]
    pub fn dry(
        multiplier: f32,
        base: f32,
        allowed_length: i32,
        last_n: i32,
        breakers: &[Vec<i32>],
    ) -> Self {
        let lengths: Vec<_> = breakers.iter().map(Vec::len).collect();
        let flat = breakers.concat();
        // SAFETY: `flat` holds the sum of `lengths` tokens, and all is copied.
        unsafe {
            Self::new(enredo_dry(
                multiplier,
                base,
                allowed_length,
                last_n,
                flat.as_ptr(),
                lengths.as_ptr(),
                lengths.len(),
            ))
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // SAFETY: owned, see `new`. (llama.cpp ignores null.)
        unsafe { sys::llama_sampler_free(self.0) }
    }
}

/// A chain of samplers and its array of candidates, which is refilled for every row as llama.cpp does.
#[derive(Debug)]
pub struct Chain {
    chain: Link,
    candidates: Vec<sys::llama_token_data>,
}

/// What a chain leaves of a row, and which of that it picked.
#[derive(Debug)]
pub struct Left<'a> {
    pub candidates: &'a [sys::llama_token_data],
    pub selected: Option<usize>,
}

impl Chain {
    #[must_use]
    pub fn new(links: impl IntoIterator<Item = Link>) -> Self {
        // SAFETY: the chain is fresh and takes each link over, so the link's own drop is left out.
        unsafe {
            let params = sys::llama_sampler_chain_params { no_perf: true };
            let chain = Link::new(sys::llama_sampler_chain_init(params));
            for link in links {
                sys::llama_sampler_chain_add(chain.0, link.0);
                std::mem::forget(link);
            }
            Self { chain, candidates: Vec::new() }
        }
    }

    /// Tells the samplers with a memory that `token` is part of the text.
    pub fn accept(&mut self, token: i32) {
        // SAFETY: the chain is alive.
        unsafe { sys::llama_sampler_accept(self.chain.0, token) }
    }

    /// Runs the chain on a row.
    pub fn apply(&mut self, row: &[f32]) -> Left<'_> {
        self.candidates.clear();
        let fresh = |(id, &logit)| sys::llama_token_data { id: id as i32, logit, p: 0.0 };
        self.candidates.extend(row.iter().enumerate().map(fresh));
        let mut array = sys::llama_token_data_array {
            data: self.candidates.as_mut_ptr(),
            size: self.candidates.len(),
            selected: -1,
            sorted: false,
        };
        // SAFETY: the array is ours; llama.cpp leaves `data` and `size` naming a part of it.
        let candidates = unsafe {
            sys::llama_sampler_apply(self.chain.0, ptr::from_mut(&mut array));
            slice::from_raw_parts(array.data, array.size)
        };
        Left { candidates, selected: usize::try_from(array.selected).ok() }
    }

    /// The token that the chain's last link picks.
    pub fn sample(&mut self, row: &[f32]) -> i32 {
        let Left { candidates, selected } = self.apply(row);
        selected.map_or(-1, |i| candidates[i].id)
    }
}
