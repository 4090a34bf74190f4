//! Timing in turns: everybody's noise falls on everybody.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use enredo_peers_sampling::row::ROWS;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

/// Picks a token of the row with this number, or does a floor's work on it.
pub type Draw<'a> = Box<dyn FnMut(usize) -> Result<u32> + 'a>;

/// Everybody's seed.
pub const SEED: u64 = 42;

/// The least that a turn takes: long enough for the clock, and for the caches to forget the neighbour.
const TURN: Duration = Duration::from_micros(100);
const LEAST_TURNS: usize = 5;
const LEAST_ROUNDS: usize = 25;

/// One of those who take turns.
pub struct Runner<'a> {
    pub name: &'static str,
    draw: Draw<'a>,
    /// How many calls make a turn.
    calls: usize,
    /// The row of the next call.
    row: usize,
    spent: Duration,
    seconds: Vec<f64>,
}

impl<'a> Runner<'a> {
    pub fn new(name: &'static str, draw: Draw<'a>) -> Self {
        Self { name, draw, calls: 1, row: 0, spent: Duration::ZERO, seconds: Vec::new() }
    }

    pub fn token(&mut self, row: usize) -> Result<u32> {
        (self.draw)(row).with_context(|| self.name.to_owned())
    }

    /// Finds how many calls fill a turn.
    fn warm_up(&mut self) -> Result<()> {
        while self.calls < 1 << 20 {
            let turn = self.turn()?;
            if turn >= TURN {
                break;
            }
            let factor = (TURN.as_secs_f64() / turn.as_secs_f64().max(1e-8)).ceil();
            self.calls *= (factor as usize).clamp(2, 64);
        }
        Ok(())
    }

    /// The time that the calls of a turn take, after a few that warm the caches.
    fn turn(&mut self) -> Result<Duration> {
        (0..self.calls.min(ROWS)).try_for_each(|_| self.call())?;
        let start = Instant::now();
        (0..self.calls).try_for_each(|_| self.call())?;
        Ok(start.elapsed())
    }

    fn call(&mut self) -> Result<()> {
        self.row = (self.row + 1) % ROWS;
        black_box(self.token(self.row)?);
        Ok(())
    }

    fn take_turn(&mut self) -> Result<()> {
        let start = Instant::now();
        let turn = self.turn()?;
        self.seconds.push(turn.as_secs_f64() / self.calls as f64);
        self.spent += start.elapsed();
        Ok(())
    }

    /// A slow one sits out when it has had twice its share.
    fn sits_out(&self, share: Duration) -> bool {
        self.seconds.len() >= LEAST_TURNS && self.spent > 2 * share
    }

    /// The median over turns of the seconds a call takes.
    pub fn median(&mut self) -> f64 {
        self.seconds.sort_by(f64::total_cmp);
        self.seconds[self.seconds.len() / 2]
    }
}

/// Lets the runners take turns, in a new order each round, until `limit` has passed.
pub fn take_turns(runners: &mut [Runner<'_>], limit: Duration) -> Result<()> {
    runners.iter_mut().try_for_each(Runner::warm_up)?;
    let mut rng = StdRng::seed_from_u64(0);
    let mut order: Vec<usize> = (0..runners.len()).collect();
    let start = Instant::now();
    for round in 0.. {
        let elapsed = start.elapsed();
        if round >= LEAST_ROUNDS && elapsed >= limit {
            break;
        }
        let share = elapsed / runners.len() as u32;
        order.shuffle(&mut rng);
        for &i in &order {
            if !runners[i].sits_out(share) {
                runners[i].take_turn()?;
            }
        }
    }
    Ok(())
}
