//! One step of decoding: a few new tokens against all weights and what is kept of the tokens before them.
//!
//! Libtorch needs some forty small calls for a token, and each makes a tensor. These work on plain slices, allocate
//! nothing, and take a second thread only where it pays. They are for the CPU; activations are f32, [`Weights`] and
//! [`Cache`] f32 or bf16. What they make of a row is the same to the bit in any number of rows.
//!
//! Shapes: N rows (new tokens, of one sequence or of many), H heads, K heads of keys and values, D numbers a head.

use std::{ffi::c_void, ops::Range};

use tch::{Device, Kind, Tensor};

use crate::{Error, Result, shim, shim::told};

/// The numbers of a tensor: a matrix (rows, width), or a vector as one row.
#[derive(Debug)]
pub struct Weights {
    start: *const c_void,
    half: bool,
    rows: usize,
    width: usize,
    _memory: Tensor,
}

// SAFETY: the tensor is never used again but to be dropped, whose count is atomic. The numbers are only read here; whoever
// writes to them meanwhile has shared a tensor between threads, which tch allows.
unsafe impl Send for Weights {}
// SAFETY: as above.
unsafe impl Sync for Weights {}

impl Weights {
    /// The memory of `tensor` itself, (rows, width) or (width), contiguous, in f32 or bf16 on the CPU: a change in place
    /// is seen.
    ///
    /// # Errors
    /// [`Error::Layout`] for another tensor.
    pub fn of(tensor: &Tensor) -> Result<Self> {
        let (rows, width) = match tensor.size()[..] {
            [width] => (1, width),
            [rows, width] => (rows, width),
            _ => return Err(layout(tensor)),
        };
        let is_plain = tensor.device() == Device::Cpu && tensor.is_contiguous();
        if !is_plain || !matches!(tensor.kind(), Kind::Float | Kind::BFloat16) {
            return Err(layout(tensor));
        }
        Ok(Self {
            start: tensor.data_ptr(),
            half: tensor.kind() == Kind::BFloat16,
            rows: rows as usize,
            width: width as usize,
            _memory: tensor.shallow_clone(),
        })
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many numbers a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether they are bf16.
    #[must_use]
    pub fn is_half(&self) -> bool {
        self.half
    }

    fn start(&self) -> *const c_void {
        self.start
    }

    fn row(&self, row: usize) -> *const c_void {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        let bytes = row * self.width * if self.is_half() { 2 } else { 4 };
        // SAFETY: within the tensor, which is contiguous.
        unsafe { self.start().byte_add(bytes) }
    }
}

fn layout(tensor: &Tensor) -> Error {
    let (kind, device) = (tensor.kind(), tensor.device());
    Error::Layout { got: format!("{kind:?} {:?} on {device:?}", tensor.size()) }
}

/// A layer's matrix (out, in) and, where it has one, its bias (out).
#[derive(Debug)]
pub struct Layer {
    weight: Weights,
    bias: Option<Weights>,
}

impl Layer {
    /// The memory of the tensors themselves.
    ///
    /// # Errors
    /// [`Error::Layout`] as [`Weights::of`], and for a bias of another type or length.
    pub fn of(weight: &Tensor, bias: Option<&Tensor>) -> Result<Self> {
        let layer = Self { weight: Weights::of(weight)?, bias: bias.map(Weights::of).transpose()? };
        match (bias, &layer.bias) {
            (Some(tensor), Some(bias))
                if bias.width != layer.outputs() || bias.is_half() != layer.weight.is_half() =>
            {
                Err(layout(tensor))
            }
            _ => Ok(layer),
        }
    }

    /// How many numbers it makes of a row.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.weight.rows
    }

    /// y = x Wᵀ + b: (N, in) → (N, out).
    ///
    /// # Errors
    /// [`Error::Shim`] where a thread cannot be had.
    ///
    /// # Panics
    /// Where the slices hold other numbers of rows.
    ///
    /// # Performance
    /// One row is bound by reading the weights, many by the arithmetic; rows are taken four at a time.
    pub fn apply(&self, x: &[f32], y: &mut [f32]) -> Result<()> {
        let (inputs, outputs) = (self.weight.width, self.weight.rows);
        let n = x.len() / inputs;
        assert!(n * inputs == x.len() && n * outputs == y.len(), "{} × {}", x.len(), y.len());
        let (w, b, half) =
            (self.weight.start(), start_of(&self.bias), self.weight.is_half().into());
        let (x, y) = (x.as_ptr(), y.as_mut_ptr());
        let [n, inputs, outputs] = [n, inputs, outputs].map(|size| size as i64);
        // SAFETY: the sizes are those of the slices and tensors.
        unsafe { told("multiply", shim::enredo_step_linear(x, w, b, half, y, n, inputs, outputs)) }
    }
}

fn start_of(bias: &Option<Weights>) -> *const c_void {
    bias.as_ref().map_or(std::ptr::null(), Weights::start)
}

/// A layer norm (Ba et al., arXiv 1607.06450), or without a bias that of the root mean square (Zhang & Sennrich, arXiv
/// 1910.07467).
#[derive(Debug)]
pub struct StepNorm {
    weight: Weights,
    bias: Option<Weights>,
    eps: f32,
}

impl StepNorm {
    /// The memory of the tensors themselves; `eps` is added to the variance.
    ///
    /// # Errors
    /// As [`Layer::of`].
    pub fn of(weight: &Tensor, bias: Option<&Tensor>, eps: f64) -> Result<Self> {
        let (weight_of, bias_of) = (Weights::of(weight)?, bias.map(Weights::of).transpose()?);
        match (bias, &bias_of) {
            (Some(tensor), Some(b))
                if b.width != weight_of.width || b.is_half() != weight_of.is_half() =>
            {
                Err(layout(tensor))
            }
            _ => Ok(Self { weight: weight_of, bias: bias_of, eps: eps as f32 }),
        }
    }

    /// x += more, then y = norm(x) · w + b: (N, C) each.
    ///
    /// # Panics
    /// Where the slices are not of one length, or hold no whole rows.
    pub fn apply(&self, x: &mut [f32], more: Option<&[f32]>, y: &mut [f32]) {
        let c = self.weight.width;
        assert!(x.len().is_multiple_of(c) && y.len() == x.len(), "{} × {}", x.len(), y.len());
        assert!(more.is_none_or(|more| more.len() == x.len()), "of one length");
        let more = more.map_or(std::ptr::null(), <[f32]>::as_ptr);
        let (w, b, half) =
            (self.weight.start(), start_of(&self.bias), self.weight.is_half().into());
        let (n, c) = ((x.len() / c) as i64, c as i64);
        let (x, y) = (x.as_mut_ptr(), y.as_mut_ptr());
        // SAFETY: the sizes are those of the slices and tensors.
        unsafe { shim::enredo_step_norm(x, more, w, b, half, self.eps, y, n, c) }
    }
}

/// x += row `row` of a table.
///
/// # Panics
/// Where the table has no such row, or `x` another length.
pub fn add_row(table: &Weights, row: usize, x: &mut [f32]) {
    assert_eq!(table.width, x.len(), "of one length");
    // SAFETY: the table's row is as long as x.
    unsafe {
        shim::enredo_step_add(
            table.row(row),
            table.is_half().into(),
            x.as_mut_ptr(),
            x.len() as i64,
        );
    }
}

/// The non-linearity of a feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Act {
    /// max(0, x).
    Relu = 0,
    /// max(0, x)².
    Relu2 = 1,
    /// x Φ(x).
    Gelu = 2,
    /// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
    GeluTanh = 3,
    /// x σ(x).
    Silu = 4,
}

impl Act {
    /// x = act(x), multiplied by `up` where there is one.
    ///
    /// # Panics
    /// Where the slices are not of one length.
    pub fn apply(self, x: &mut [f32], up: Option<&[f32]>) {
        assert!(up.is_none_or(|up| up.len() == x.len()), "of one length");
        let up = up.map_or(std::ptr::null(), <[f32]>::as_ptr);
        // SAFETY: both hold as many numbers.
        unsafe { shim::enredo_step_activate(x.as_mut_ptr(), up, x.len() as i64, self as i32) }
    }
}

/// Turns one row's heads, of D numbers each, by the angles of its position: numbers j and j + D/2 are a pair (Su et
/// al., arXiv 2104.09864, in the order that Llama uses).
///
/// # Panics
/// Where there are not D/2 cosines and sines.
pub fn rotate(x: &mut [f32], cosines: &[f32], sines: &[f32]) {
    let d = 2 * cosines.len();
    assert!(sines.len() == cosines.len() && x.len().is_multiple_of(d), "{} of {d}", x.len());
    let (n, d) = ((x.len() / d) as i64, d as i64);
    // SAFETY: as asserted.
    unsafe {
        shim::enredo_step_rotate(x.as_mut_ptr(), cosines.as_ptr(), sines.as_ptr(), n, d);
    }
}

/// Which keys and values a model keeps of each token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheShape {
    /// The layers.
    pub layers: usize,
    /// K.
    pub heads: usize,
    /// D.
    pub size: usize,
    /// bf16 instead of f32; D is even then.
    pub half: bool,
}

/// The keys and values of one sequence's tokens, in places that are filled from the first on: (layers, 2, K, capacity, D).
#[derive(Debug)]
pub struct Cache {
    shape: CacheShape,
    capacity: usize,
    words: Vec<f32>, // two bf16 in one
}

impl Cache {
    /// Without a place.
    #[must_use]
    pub fn new(shape: CacheShape) -> Self {
        Self { shape, capacity: 0, words: Vec::new() }
    }

    /// How many places there are.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The same first `held` places, and `capacity` in all.
    pub fn grow(&mut self, capacity: usize, held: usize) {
        let mut larger = Self { shape: self.shape, capacity, words: Vec::new() };
        larger.words.resize(larger.word(2 * self.shape.layers, 0), 0.0);
        larger.take(self, held);
        *self = larger;
    }

    /// Copies the first `held` places of `other`, growing to its capacity.
    pub fn copy_from(&mut self, other: &Self, held: usize) {
        if self.capacity < held {
            self.grow(other.capacity, 0);
        }
        self.take(other, held);
    }

    /// Forgets the first `count` of `held` places; the others move up.
    pub fn drop_first(&mut self, count: usize, held: usize) {
        for part in 0..2 * self.shape.layers * self.shape.heads {
            let start = part * self.capacity * self.step();
            let (from, to) = (start + count * self.step(), start + held * self.step());
            self.words.copy_within(from..to, start);
        }
    }

    /// Puts a token's keys and values, (K, D) each, at `place` of `layer`.
    ///
    /// # Panics
    /// Where there is no such place, or the slices have other lengths.
    pub fn keep(&mut self, layer: usize, place: usize, keys: &[f32], values: &[f32]) {
        let (d, heads) = (self.shape.size, self.shape.heads);
        assert!(
            layer < self.shape.layers && place < self.capacity,
            "place {place} of {}",
            self.capacity
        );
        assert!(keys.len() == heads * d && values.len() == keys.len(), "of {heads} heads");
        for (part, numbers) in [(2 * layer, keys), (2 * layer + 1, values)] {
            for (head, numbers) in numbers.chunks_exact(d).enumerate() {
                let (start, step) = (self.word(part, head) + place * self.step(), self.step());
                let to = self.words[start..start + step].as_mut_ptr().cast();
                // SAFETY: a place holds d numbers.
                unsafe {
                    shim::enredo_step_keep(numbers.as_ptr(), to, self.shape.half.into(), d as i64);
                }
            }
        }
    }

    fn take(&mut self, other: &Self, held: usize) {
        let count = held * self.step();
        for part in 0..2 * self.shape.layers * self.shape.heads {
            let (to, from) =
                (part * self.capacity * self.step(), part * other.capacity * self.step());
            self.words[to..to + count].copy_from_slice(&other.words[from..from + count]);
        }
    }

    /// The words of one head's numbers of one token.
    fn step(&self) -> usize {
        if self.shape.half { self.shape.size.div_ceil(2) } else { self.shape.size }
    }

    fn word(&self, part: usize, head: usize) -> usize {
        (part * self.shape.heads + head) * self.capacity * self.step()
    }

    fn start(&self, part: usize, head: usize, place: usize) -> *const c_void {
        self.words[self.word(part, head) + place * self.step()..].as_ptr().cast()
    }
}

/// What one new token attends to.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The sequence's number among the caches.
    pub cache: usize,
    /// The places.
    pub places: Range<usize>,
}

/// Room for [`attend`], used again by each call.
#[derive(Debug, Default)]
pub struct Room {
    queries: Vec<shim::Query>,
    scores: Vec<f32>,
}

/// softmax(q Kᵀ / √D) V of each new token and head, where H / K heads in turn share keys and values (Ainslie et al., arXiv
/// 2305.13245): `q` (N, H, D) → `y` (N, H, D).
///
/// # Errors
/// [`Error::Shim`] where a thread cannot be had.
///
/// # Panics
/// Where a cache has no such layer or place, or the slices have other lengths.
pub fn attend(
    layer: usize,
    q: &[f32],
    caches: &[Cache],
    seen: &[Seen],
    y: &mut [f32],
    room: &mut Room,
) -> Result<()> {
    let Some(shape) = caches.first().map(|cache| cache.shape) else { return Ok(()) };
    let (d, heads) = (shape.size, q.len() / (seen.len() * shape.size).max(1));
    assert!(q.len() == seen.len() * heads * d && y.len() == q.len(), "of {} tokens", seen.len());
    assert!(layer < shape.layers && heads.is_multiple_of(shape.heads), "of {heads} heads");
    room.queries.clear();
    let rows = q.chunks_exact(heads * d).zip(y.chunks_exact_mut(heads * d));
    for ((q, y), Seen { cache, places }) in rows.zip(seen) {
        let cache = &caches[*cache];
        assert!(cache.shape == shape && places.start < places.end && places.end <= cache.capacity);
        for (head, (q, y)) in q.chunks_exact(d).zip(y.chunks_exact_mut(d)).enumerate() {
            let shared = head * shape.heads / heads;
            room.queries.push(shim::Query {
                q: q.as_ptr(),
                keys: cache.start(2 * layer, shared, places.start),
                values: cache.start(2 * layer + 1, shared, places.start),
                y: y.as_mut_ptr(),
                count: places.len() as i64,
            });
        }
    }
    room.answer(d, shape.half)
}

impl Room {
    fn answer(&mut self, d: usize, half: bool) -> Result<()> {
        let longest = self.queries.iter().map(|query| query.count).max().unwrap_or(0) as usize;
        let width = longest.next_multiple_of(64) + 64; // a cache line apart, too
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        self.scores.resize(self.scores.len().max(width * threads), 0.0);
        let (queries, n) = (self.queries.as_ptr(), self.queries.len() as i64);
        let (scores, width, factor) =
            (self.scores.as_mut_ptr(), width as i64, 1.0 / (d as f32).sqrt());
        // SAFETY: the queries point to what `attend` was called with, and each thread's scores hold the longest.
        unsafe {
            let d = d as i64;
            told(
                "attend",
                shim::enredo_step_attend(queries, n, half.into(), scores, width, d, factor),
            )
        }
    }
}

#[cfg(test)]
#[path = "decode/tests.rs"]
mod tests;
