//! Best of n: independent samples side by side, the likeliest first.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::{
    BatchLm, Context, Error, GenerationConfig, Result, Sampler, Seed,
    batch_model::{last_scores, one_row},
    log_softmax,
    logprobs::descending,
    resume::resume,
};

/// One of the samples of [`best_of`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// The number of its sequence, which with the seed decides its draws.
    pub sequence: u64,
    /// The generated tokens, an end-of-text token included.
    pub tokens: Vec<u32>,
    /// The sum of their log-probabilities under the model (before any processor), in nats.
    pub logprob: f64,
}

impl Sample {
    /// The mean log-probability of a token; 0 where there are none.
    #[must_use]
    pub fn mean_logprob(&self) -> f64 {
        self.logprob / self.tokens.len().max(1) as f64
    }
}

/// What samples are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankBy {
    /// The log-probability of the whole sample, which favours short ones.
    Total,
    /// The mean log-probability of its tokens.
    #[default]
    Mean,
}

/// Draws `n` sequences after `context`, and ranks them, best first; of equal ones the lower sequence
/// number first.
///
/// Sample i is what [`generate`](crate::generate()) gives for sequence number `seed.sequence` + i: being
/// drawn together changes nothing. `model` is one row, and `context` the whole sequence, whatever the row
/// has seen of it; the rest of it is fed once and then forked. Passed by `&mut`, the batch is left without
/// rows.
///
/// ```
/// use enredo_decoding::{Clones, GenerationConfig, RankBy, best_of, testing::Hashed};
///
/// let model = Clones::new(Hashed::new(50, 1));
/// let samples = best_of(model, &[7], &GenerationConfig::sampling(), 4, RankBy::Mean, 42)?;
/// assert!(samples[0].mean_logprob() >= samples[3].mean_logprob());
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Errors
/// [`Error::Parameter`] where `n` is 0, [`Error::BatchRows`] where `model` has not one row, and those
/// of [`generate`](crate::generate()).
///
/// # Performance
/// A step feeds one token to each row that has not ended.
pub fn best_of<M: BatchLm>(
    mut model: M,
    context: &[u32],
    config: &GenerationConfig,
    n: usize,
    rank_by: RankBy,
    seed: impl Into<Seed>,
) -> Result<Vec<Sample>> {
    Error::unless(n > 0, "n", n as f32, "at least 1 sample is needed")?;
    one_row(&model)?;
    let seen = resume(context, model.position(0), model.vocab_size())?;
    model.truncate(0, seen);
    let streams = streams(context, config, n, seed.into())?;
    let mut samples = draw(&mut model, streams, context.len() - seen)?;
    let rank = |sample: &Sample| match rank_by {
        RankBy::Total => sample.logprob,
        RankBy::Mean => sample.mean_logprob(),
    };
    samples.sort_by(|a, b| descending(rank(a), rank(b)).then(a.sequence.cmp(&b.sequence)));
    Ok(samples)
}

/// A sample on its way.
struct Stream {
    tokens: Vec<u32>,
    prompt_len: usize,
    logprob: f64,
    sampler: Sampler,
    sequence: u64,
    limits: Limits,
    row: usize,
}

fn streams(
    context: &[u32],
    config: &GenerationConfig,
    n: usize,
    Seed { seed, sequence }: Seed,
) -> Result<Vec<Stream>> {
    let stream = |i| {
        let sequence = sequence.wrapping_add(i);
        Ok(Stream {
            tokens: context.to_vec(),
            prompt_len: context.len(),
            logprob: 0.0,
            sampler: config.sampler(Seed { seed, sequence })?,
            sequence,
            limits: Limits::new(config)?,
            row: 0,
        })
    };
    (0..n as u64).map(stream).collect()
}

/// Runs all streams to their ends. At first they share a row, which `unfed` tokens are left to feed to.
fn draw<M: BatchLm>(model: &mut M, streams: Vec<Stream>, mut unfed: usize) -> Result<Vec<Sample>> {
    let (mut logits, v) = (Vec::new(), model.vocab_size());
    let (mut ended, mut alive): (Vec<_>, Vec<_>) = streams.into_iter().partition(Stream::has_ended);
    while !alive.is_empty() {
        feed(model, &alive, unfed, &mut logits)?;
        alive.iter_mut().try_for_each(|stream| stream.step(&logits[stream.row * v..][..v]))?;
        ended.extend(alive.extract_if(.., |stream| stream.has_ended()));
        keep(model, &mut alive)?;
        unfed = 1;
    }
    Ok(ended.into_iter().map(Stream::into_sample).collect())
}

/// Feeds each row the last `unfed` tokens of a stream that it holds.
fn feed<M: BatchLm>(
    model: &mut M,
    streams: &[Stream],
    unfed: usize,
    logits: &mut Vec<f32>,
) -> Result<()> {
    let mut tokens = vec![&[][..]; model.rows()];
    for stream in streams {
        tokens[stream.row] = &stream.tokens[stream.tokens.len() - unfed..];
    }
    last_scores(model, &tokens, logits)
}

/// Gives each stream a row of its own, and no row to any other.
fn keep<M: BatchLm>(model: &mut M, streams: &mut [Stream]) -> Result<()> {
    let rows: Vec<usize> = streams.iter().map(|stream| stream.row).collect();
    streams.iter_mut().enumerate().for_each(|(row, stream)| stream.row = row);
    let settled = rows.len() == model.rows() && rows.is_sorted_by(|a, b| a < b);
    if settled { Ok(()) } else { model.gather(&rows).map_err(Error::model) }
}

impl Stream {
    fn has_ended(&self) -> bool {
        self.limits.end(&self.tokens, self.prompt_len)
    }

    fn step(&mut self, logits: &[f32]) -> Result<()> {
        let context = Context::new(&self.tokens).with_prompt_len(self.prompt_len);
        let token = self.sampler.sample(context, logits)?;
        self.logprob += log_softmax(logits)?[token as usize];
        self.tokens.push(token);
        Ok(())
    }

    fn into_sample(mut self) -> Sample {
        let tokens = self.tokens.split_off(self.prompt_len);
        Sample { sequence: self.sequence, tokens, logprob: self.logprob }
    }
}
