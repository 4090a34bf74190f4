//! Timing in turns: everybody's noise falls on everybody.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::row::ROWS;

/// Picks a token of the row with this number, or does a floor's work on it.
pub type Draw<'a> = Box<dyn FnMut(usize) -> Result<u32> + 'a>;

/// The least that a turn takes: long enough for the clock, and for the caches to forget the neighbour.
const TURN: Duration = Duration::from_micros(100);
const LEAST_TURNS: usize = 5;

/// One of those who take turns.
pub struct Runner<'a> {
    pub name: &'static str,
    draw: Draw<'a>,
    calls: usize,
    seconds: Vec<f64>,
}

impl<'a> Runner<'a> {
    pub fn new(name: &'static str, draw: Draw<'a>) -> Self {
        Self { name, draw, calls: 1, seconds: Vec::new() }
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

    fn turn(&mut self) -> Result<Duration> {
        let start = Instant::now();
        for call in 0..self.calls {
            black_box((self.draw)(call % ROWS)?);
        }
        Ok(start.elapsed())
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
        if round >= LEAST_TURNS && start.elapsed() >= limit {
            break;
        }
        order.shuffle(&mut rng);
        for &i in &order {
            let runner = &mut runners[i];
            let turn = runner.turn()?;
            runner.seconds.push(turn.as_secs_f64() / runner.calls as f64);
        }
    }
    Ok(())
}
