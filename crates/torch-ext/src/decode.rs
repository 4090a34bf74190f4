//! One step of decoding: a few new tokens against all weights and what is kept of the tokens before them.
//!
//! Libtorch needs some forty small calls for a token, and each makes a tensor. These work on plain slices, allocate
//! nothing, and take a second thread only where it pays. They are for the CPU; activations are f32, the matrices of a
//! [`Layer`] and the numbers in a [`Cache`] f32 or bf16. What they make of a row is the same to the bit in any number of
//! rows.
//!
//! Shapes: N rows (new tokens, of one sequence or of many), H heads, K heads of keys and values, D numbers a head.

use std::{
    ffi::c_void,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Mutex, PoisonError},
};

use tch::{Device, Kind, Tensor};

use crate::{Error, Result, shim, shim::told};

/// The rows of a matrix, or a vector as one row, in f32.
#[derive(Debug)]
pub struct Table {
    memory: Tensor,
    rows: usize,
    width: usize,
}

// SAFETY: the tensor is a view of its own, of which nothing but its memory's place is asked. The numbers are only read;
// whoever writes to them meanwhile has shared a tensor between threads, which tch allows.
unsafe impl Sync for Table {}

impl Table {
    /// The memory of `tensor` itself, (rows, width) or (width), contiguous, in f32 on the CPU: a change in place is seen.
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
        if !is_plain || tensor.kind() != Kind::Float {
            return Err(layout(tensor));
        }
        // Other data that the tensor may be given is not this view's.
        Ok(Self { memory: tensor.f_detach()?, rows: rows as usize, width: width as usize })
    }

    /// How many numbers a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// x = row `row`.
    ///
    /// # Panics
    /// Where there is no such row, or `x` is of another width.
    pub fn copy(&self, row: usize, x: &mut [f32]) {
        let from = self.row(row, x.len());
        // SAFETY: the row has as many numbers.
        unsafe { from.copy_to_nonoverlapping(x.as_mut_ptr(), x.len()) };
    }

    /// x += row `row`.
    ///
    /// # Panics
    /// As [`copy`](Self::copy).
    pub fn add(&self, row: usize, x: &mut [f32]) {
        let from = self.row(row, x.len());
        // SAFETY: the row has as many numbers.
        x.iter_mut().enumerate().for_each(|(i, x)| *x += unsafe { *from.add(i) });
    }

    fn row(&self, row: usize, width: usize) -> *const f32 {
        assert!(row < self.rows && width == self.width, "row {row} of {}", self.rows);
        // SAFETY: within the tensor, which is contiguous.
        unsafe { self.start().add(row * self.width) }
    }

    /// Asked for each time: a tensor that grows moves its memory.
    fn start(&self) -> *const f32 {
        self.memory.data_ptr().cast_const().cast()
    }
}

fn layout(tensor: &Tensor) -> Error {
    let (kind, device) = (tensor.kind(), tensor.device());
    Error::Layout { got: format!("{kind:?} {:?} on {device:?}", tensor.size()) }
}

/// A layer's matrix and bias, in an order in which one row is read as it lies, and many share what is read.
#[derive(Debug)]
pub struct Layer {
    panels: *const c_void,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
    half: bool,
    _memory: Tensor,
}

// SAFETY: nobody else has the tensor, whose numbers are only read.
unsafe impl Send for Layer {}
// SAFETY: as above.
unsafe impl Sync for Layer {}

impl Layer {
    /// A copy, in f32 or bf16, of a matrix (out, in) and its bias (out) if it has one; or of several of as many inputs, whose
    /// outputs come one after another.
    ///
    /// # Errors
    /// [`Error::Layout`] for a tensor that [`Table::of`] does not take, or one of another size than the matrix'; [`Error::Torch`]
    /// for want of memory.
    pub fn of(parts: &[(&Tensor, Option<&Tensor>)], half: bool) -> Result<Self> {
        let tables =
            parts.iter().map(|(weight, _)| Table::of(weight)).collect::<Result<Vec<_>>>()?;
        let inputs = tables.first().map_or(0, Table::width);
        let outputs = tables.iter().map(|table| table.rows).sum();
        // SAFETY: asks for a number.
        let panel = unsafe { shim::enredo_step_panel(half.into()) } as usize;
        let padded = usize::next_multiple_of(outputs, panel);
        let kind = if half { Kind::BFloat16 } else { Kind::Float };
        let memory = Tensor::f_zeros([(padded * inputs) as i64], (kind, Device::Cpu))?;
        let (mut bias, panels) = (Vec::with_capacity(padded), memory.data_ptr());
        for ((weight, its_bias), table) in parts.iter().zip(&tables) {
            let fits = its_bias.is_none_or(|its| its.size() == [table.rows as i64]);
            if table.width != inputs || !fits {
                return Err(layout(weight));
            }
            let place = |rows: usize| (bias.len() + rows) as i64;
            // SAFETY: the parts' rows are in turn the memory's.
            unsafe {
                let (inputs, begin, end) = (inputs as i64, place(0), place(table.rows));
                let packed =
                    shim::enredo_step_pack(table.start(), panels, half.into(), inputs, begin, end);
                told("order weights", packed)?;
            }
            match its_bias {
                Some(its) => {
                    bias.resize(bias.len() + table.rows, 0.0);
                    let begin = bias.len() - table.rows;
                    Table::of(its)?.copy(0, &mut bias[begin..]);
                }
                None => bias.resize(bias.len() + table.rows, 0.0),
            }
        }
        bias.resize(padded, 0.0);
        Ok(Self { panels, bias, inputs, outputs, half, _memory: memory })
    }

    /// How many numbers it makes of a row.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// How many numbers a row has that it takes.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
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
    /// One row is bound by reading the weights, many by the arithmetic.
    pub fn apply(&self, x: &[f32], y: &mut [f32]) -> Result<()> {
        let n = x.len() / self.inputs;
        let fits = n * self.inputs == x.len() && n * self.outputs == y.len();
        assert!(fits, "{} numbers to {}", x.len(), y.len());
        let (x, y, bias, half) = (x.as_ptr(), y.as_mut_ptr(), self.bias.as_ptr(), self.half.into());
        let [n, inputs, outputs] = [n, self.inputs, self.outputs].map(|size| size as i64);
        // SAFETY: the sizes are those of the slices and of the panels.
        unsafe {
            told(
                "multiply",
                shim::enredo_step_linear(x, self.panels, bias, half, y, n, inputs, outputs),
            )
        }
    }
}

/// A layer norm (Ba et al., arXiv 1607.06450), or without a bias that of the root mean square (Zhang & Sennrich, arXiv
/// 1910.07467).
#[derive(Debug)]
pub struct StepNorm {
    weight: Table,
    bias: Option<Table>,
    eps: f32,
}

impl StepNorm {
    /// The memory of the tensors themselves, (C) each; `eps` is added to the variance.
    ///
    /// # Errors
    /// As [`Table::of`], and for a bias of another length.
    pub fn of(weight: &Tensor, bias: Option<&Tensor>, eps: f64) -> Result<Self> {
        let (table, its_bias) = (Table::of(weight)?, bias.map(Table::of).transpose()?);
        if its_bias.as_ref().is_some_and(|bias| bias.width != table.width) {
            return Err(layout(weight));
        }
        Ok(Self { weight: table, bias: its_bias, eps: eps as f32 })
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
        let bias = self.bias.as_ref().map_or(std::ptr::null(), Table::start);
        let (n, c) = ((x.len() / c) as i64, c as i64);
        let (x, y, weight) = (x.as_mut_ptr(), y.as_mut_ptr(), self.weight.start());
        // SAFETY: the sizes are those of the slices and tensors.
        unsafe { shim::enredo_step_norm(x, more, weight, bias, self.eps, y, n, c) }
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
    /// y = act(x), multiplied by `up` where there is one.
    ///
    /// # Panics
    /// Where the slices are not of one length.
    pub fn apply(self, x: &[f32], up: Option<&[f32]>, y: &mut [f32]) {
        assert!(up.is_none_or(|up| up.len() == x.len()) && y.len() == x.len(), "of one length");
        let up = up.map_or(std::ptr::null(), <[f32]>::as_ptr);
        // SAFETY: all hold as many numbers.
        unsafe {
            shim::enredo_step_activate(x.as_ptr(), up, y.as_mut_ptr(), x.len() as i64, self as i32);
        }
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
    /// bf16 instead of f32.
    pub half: bool,
}

/// The keys and values of one sequence's tokens, in places that are filled from the first on: (layers, 2, K, capacity, D).
#[derive(Debug)]
pub struct Cache {
    shape: CacheShape,
    capacity: usize,
    numbers: Tensor, // of places that are not filled yet, anything
}

impl Cache {
    /// Without a place.
    #[must_use]
    pub fn new(shape: CacheShape) -> Self {
        Self { shape, capacity: 0, numbers: Tensor::new() }
    }

    /// How many places there are.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The same first `held` places, and `capacity` in all.
    ///
    /// # Errors
    /// [`Error::Torch`] for want of memory.
    ///
    /// # Panics
    /// Where there are not so many places, before or after, or more than any memory holds.
    pub fn grow(&mut self, capacity: usize, held: usize) -> Result<()> {
        let CacheShape { layers, heads, size, half } = self.shape;
        let kind = if half { Kind::BFloat16 } else { Kind::Float };
        let all =
            [2, layers, heads, capacity, size].into_iter().try_fold(4usize, usize::checked_mul);
        assert!(all.is_some_and(|bytes| i64::try_from(bytes).is_ok()), "{capacity} places");
        let shape = [2 * layers * heads, capacity, size].map(|n| n as i64);
        let numbers = Tensor::f_empty(shape, (kind, Device::Cpu))?;
        let mut larger = Self { shape: self.shape, capacity, numbers };
        larger.take(self, held);
        *self = larger;
        Ok(())
    }

    /// Copies the first `held` places of `other`, growing to its capacity.
    ///
    /// # Errors
    /// As [`grow`](Self::grow).
    pub fn copy_from(&mut self, other: &Self, held: usize) -> Result<()> {
        if self.capacity < held {
            self.grow(other.capacity, 0)?;
        }
        self.take(other, held);
        Ok(())
    }

    /// Forgets the first `count` of `held` places; the others move up.
    ///
    /// # Panics
    /// Where there are not so many places.
    pub fn drop_first(&mut self, count: usize, held: usize) {
        assert!(0 < count && count <= held && held <= self.capacity, "{count} of {held} places");
        for head in 0..self.heads() {
            let (to, from) = (self.place(head, 0), self.place(head, count));
            // SAFETY: within one head's places; the two may overlap.
            unsafe { from.copy_to(to, (held - count) * self.bytes()) };
        }
    }

    fn take(&mut self, other: &Self, held: usize) {
        assert!(self.shape == other.shape && held <= self.capacity && held <= other.capacity);
        let heads = if held == 0 { 0 } else { self.heads() };
        for head in 0..heads {
            let (to, from) = (self.place(head, 0), other.place(head, 0));
            // SAFETY: both have so many places for the head, in memory of their own.
            unsafe { from.copy_to_nonoverlapping(to, held * self.bytes()) };
        }
    }

    /// Of all layers, of keys and of values.
    fn heads(&self) -> usize {
        2 * self.shape.layers * self.shape.heads
    }

    /// What one token's numbers for one head take.
    fn bytes(&self) -> usize {
        self.shape.size * if self.shape.half { 2 } else { 4 }
    }

    fn place(&self, head: usize, place: usize) -> *mut u8 {
        let start = self.numbers.data_ptr().cast::<u8>();
        // SAFETY: a head and a place that the tensor has, or one place beyond.
        unsafe { start.add((head * self.capacity + place) * self.bytes()) }
    }

    /// Of one layer's keys (0) or values (1).
    fn start(&mut self, layer: usize, which: usize) -> *mut c_void {
        self.place((2 * layer + which) * self.shape.heads, 0).cast()
    }
}

/// Calls `work` on every part, on as many of libtorch's threads as there are parts, or fewer. Where there are several, what
/// the work calls of this module takes one thread. A panic goes on here, once all parts are done.
///
/// # Errors
/// [`Error::Shim`] where a thread cannot be had.
pub fn in_parallel<T: Send>(parts: &mut [T], work: impl Fn(&mut T) + Sync) -> Result<()> {
    if let [one] = parts {
        work(one);
        return Ok(());
    }
    let panicked = Mutex::new(None);
    let each = |i: usize, parts: *mut T| {
        // SAFETY: each number comes once, so each part is one thread's alone.
        let part = unsafe { &mut *parts.add(i) };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(part))) {
            *panicked.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    };
    let mut context = (parts.as_mut_ptr(), each);
    let (count, call) = (parts.len() as i64, caller(&context));
    // SAFETY: `call` gets the context of its own types, which outlives the call.
    unsafe {
        told("work in parallel", shim::enredo_parallel(count, call, (&raw mut context).cast()))?;
    }
    match panicked.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(panic) => resume_unwind(panic),
        None => Ok(()),
    }
}

type Caller = unsafe extern "C" fn(*mut c_void, i64);

/// What calls the closure of such a context.
fn caller<T, F: Fn(usize, *mut T)>(_: &(*mut T, F)) -> Caller {
    unsafe extern "C" fn call<T, F: Fn(usize, *mut T)>(context: *mut c_void, i: i64) {
        // SAFETY: as `in_parallel` made it.
        let (parts, work) = unsafe { &*context.cast::<(*mut T, F)>() };
        work(i as usize, *parts);
    }
    call::<T, F>
}

/// What one new token attends to.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The sequence's number among the caches.
    pub cache: usize,
    /// The places; its own is the last.
    pub places: Range<usize>,
}

/// Room for [`attend`], used again by each call.
#[derive(Debug, Default)]
pub struct Room {
    sequences: Vec<shim::Sequence>,
    seen: Vec<shim::Seen>,
    scores: Vec<f32>,
}

// SAFETY: what the pointers point to is of the call that made them; another makes them anew.
unsafe impl Send for Room {}

/// Keeps each new token's keys and values in its place of a layer; then softmax(q Kᵀ / √D) V of each token and head, where H / K
/// heads in turn share keys and values (Ainslie et al., arXiv 2305.13245): `qkv` (N, (H + 2 K) D) → `y` (N, H D). The tokens
/// are in the order of their caches.
///
/// # Errors
/// [`Error::Shim`] where a thread cannot be had.
///
/// # Panics
/// Where a cache has no such layer or place, or the slices have other lengths.
pub fn attend(
    layer: usize,
    qkv: &[f32],
    caches: &mut [Cache],
    seen: &[Seen],
    y: &mut [f32],
    room: &mut Room,
) -> Result<()> {
    let Some(Cache { shape, .. }) = seen.first().map(|seen| &caches[seen.cache]) else {
        return Ok(());
    };
    let (shape, n) = (*shape, seen.len());
    let (stride, heads) = (qkv.len() / n, y.len() / (n * shape.size));
    let fits = qkv.len() == n * stride && y.len() == n * heads * shape.size;
    assert!(fits && stride == (heads + 2 * shape.heads) * shape.size, "rows of {stride} numbers");
    assert!(layer < shape.layers && heads > 0 && heads.is_multiple_of(shape.heads));
    room.set_up(layer, shape, caches, seen);
    let [stride, heads, shared, d] = [stride, heads, shape.heads, shape.size].map(|n| n as i64);
    let (sequences, count) = (room.sequences.as_ptr(), room.sequences.len() as i64);
    let (seen, width) = (room.seen.as_ptr(), room.widen() as i64);
    let (qkv, y, scores) = (qkv.as_ptr(), y.as_mut_ptr(), room.scores.as_mut_ptr());
    let half = shape.half.into();
    // SAFETY: the sizes are those of the slices, the places those of the caches, of which each is named once; each thread's
    // scores hold the longest.
    unsafe {
        let attended = shim::enredo_step_attend(
            qkv, stride, heads, shared, d, sequences, count, seen, half, y, scores, width,
        );
        told("attend", attended)
    }
}

impl Room {
    fn set_up(&mut self, layer: usize, shape: CacheShape, caches: &mut [Cache], seen: &[Seen]) {
        self.sequences.clear();
        self.seen.clear();
        assert!(seen.is_sorted_by_key(|seen| seen.cache), "tokens in the order of their caches");
        for tokens in seen.chunk_by(|a, b| a.cache == b.cache) {
            let (cache, begin) = (&mut caches[tokens[0].cache], self.seen.len() as i64);
            assert!(cache.shape == shape, "caches of one shape");
            for Seen { places, .. } in tokens {
                assert!(places.start < places.end && places.end <= cache.capacity, "{places:?}");
                self.seen.push(shim::Seen { begin: places.start as i64, end: places.end as i64 });
            }
            let (keys, values) = (cache.start(layer, 0), cache.start(layer, 1));
            let (stride, end) = ((cache.capacity * shape.size) as i64, self.seen.len() as i64);
            self.sequences.push(shim::Sequence { keys, values, stride, begin, end });
        }
    }

    /// Makes room for the longest token's scores in each thread; returns how much each has.
    fn widen(&mut self) -> usize {
        let longest = self.seen.iter().map(|seen| seen.end - seen.begin).max().unwrap_or(0);
        let width = (longest as usize).next_multiple_of(64) + 64; // a cache line apart, too
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        if self.scores.len() < width * threads {
            self.scores.resize(width * threads, 0.0);
        }
        width
    }
}

#[cfg(test)]
#[path = "decode/tests.rs"]
mod tests;
