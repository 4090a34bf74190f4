//! The Gumbel-max draw: the candidate whose score plus noise is greatest, without noise for all of them.

use super::{Candidates, draw::Test};
use crate::{
    interval::Interval,
    kernel::{BLOCK, InBlock, LANES},
};

/// The indices of [`Context::uniform`](crate::Context::uniform) that noise takes: two ranges.
const TOKENS: u32 = 1 << 29;
const BLOCKS: u32 = TOKENS + (1 << 28);

impl Candidates<'_> {
    /// The candidate with the greatest r + G, where G is Gumbel noise that (step, token) decides whatever
    /// the scores are: a draw in proportion to mass that changes little when the scores do.
    ///
    /// The noise is made from the top down, so that most of it never is: the greatest of a block's 256 is
    /// ln 256 plus one Gumbel number, it falls on any of them alike, and the others are Gumbel numbers below
    /// it (C. Maddison, D. Tarlow, T. Minka, "A* sampling", NIPS 2014). A block whose best score and greatest
    /// noise cannot win together is passed over. No token's probability is computed.
    ///
    /// # Performance
    /// Less than a pass, and two logarithms for each block.
    pub fn draw_gumbel(&mut self, uniform: impl Fn(u32) -> f64) -> u32 {
        let noise = Noise { uniform };
        let mut test = self.pending.take().map(|pending| Test::of(self, pending));
        // What a pending filter refuses it refuses with all that it takes later.
        let mut open = self.interval.clone();
        loop {
            let token = self.greatest(&noise, &open);
            let Some(testing) = &mut test else { return token };
            if testing.keeps(self, token) {
                return token;
            }
            open.intersect(&testing.open);
            if open.contains(token, self.row[token as usize]) {
                // In doubt about the rest; the edges themselves tell.
                self.pending = test.take().map(|test| test.pending);
                self.resolve();
                open = self.interval.clone();
            }
        }
    }

    fn greatest(&mut self, noise: &Noise<impl Fn(u32) -> f64>, open: &Interval) -> u32 {
        let mut best = (f64::NEG_INFINITY, 0);
        let mut greatest_noise = std::mem::take(&mut self.scratch.noise);
        greatest_noise.clear();
        greatest_noise
            .extend((0..self.scratch.maxima.blocks.len()).map(|block| noise.greatest(block)));
        for (block, &greatest) in greatest_noise.iter().enumerate() {
            self.see(noise.place(block), greatest, open, &mut best);
        }
        for (block, &greatest) in greatest_noise.iter().enumerate() {
            if self.block_best(block) + greatest >= best.0 {
                self.see_block(block, greatest, noise, open, &mut best);
            }
        }
        self.scratch.noise = greatest_noise;
        best.1
    }

    /// The best relative score of a block.
    fn block_best(&self, block: usize) -> f64 {
        let lanes: &[f32; LANES] = &self.scratch.maxima.blocks[block];
        self.relative(lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max))
    }

    fn see_block(
        &self,
        block: usize,
        greatest: f64,
        noise: &Noise<impl Fn(u32) -> f64>,
        open: &Interval,
        best: &mut (f64, u32),
    ) {
        let place = noise.place(block);
        // Rounded down, so that no token is missed.
        let score = f64::from(self.max) + (best.0 - greatest) / self.inverse_temperature;
        let lowest = (score as f32).next_down().max(f32::MIN);
        let words = self.scratch.isa.run(InBlock { row: self.row, block, lowest });
        for (w, mut bits) in words.into_iter().enumerate() {
            while bits != 0 {
                let id = block * BLOCK + w * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if id != place && self.relative(self.row[id]) + greatest >= best.0 {
                    self.see(id, noise.below(greatest, id), open, best);
                }
            }
        }
    }

    fn see(&self, id: usize, noise: f64, open: &Interval, best: &mut (f64, u32)) {
        let Some(&score) = self.row.get(id).filter(|score| open.contains(id as u32, **score))
        else {
            return;
        };
        let perturbed = self.relative(score) + noise;
        if perturbed > best.0 || perturbed == best.0 && (id as u32) < best.1 {
            *best = (perturbed, id as u32);
        }
    }
}

/// Gumbel noise for the tokens of a step.
struct Noise<F> {
    uniform: F,
}

impl<F: Fn(u32) -> f64> Noise<F> {
    /// The greatest noise of a block: that of 256 Gumbel numbers.
    fn greatest(&self, block: usize) -> f64 {
        (BLOCK as f64).ln() - self.exponential(BLOCKS + 2 * block as u32).ln()
    }

    /// The token that has it.
    fn place(&self, block: usize) -> usize {
        let place = (self.uniform)(BLOCKS + 2 * block as u32 + 1) * BLOCK as f64;
        block * BLOCK + place as usize
    }

    /// The noise of another token: a Gumbel number below the greatest.
    fn below(&self, greatest: f64, token: usize) -> f64 {
        -((-greatest).exp() + self.exponential(TOKENS + token as u32)).ln()
    }

    /// −ln u of a number in (0, 1).
    fn exponential(&self, index: u32) -> f64 {
        -((self.uniform)(index) + f64::EPSILON / 4.0).ln()
    }
}
