//! Many rows at once, each with a sampler of its own.

use std::{num::NonZero, thread};

use crate::{Context, Error, Result, Sampler};

/// So many scores are worth a thread: drawing from them takes longer than starting it.
const SCORES_PER_THREAD: usize = 1 << 18;

/// The next token of each sequence: row i of `logits` (B×V, row after row) goes through `samplers[i]`.
///
/// Each token is the one that [`Sampler::sample`] gives for that row alone: neighbours, their number and
/// `threads` change nothing. A row that gives no token is an error of its own and spoils no other.
///
/// `threads` is the most to use, 0 for as many as the machine has; a batch too small to gain from them is
/// worked through on the calling one.
///
/// ```
/// use enredo_decoding::{Chain, Context, Sampler, Temperature, sample_batch};
///
/// let warm = Chain::new().with(Temperature::new(0.8)?);
/// let mut samplers = [Sampler::greedy(Chain::new()), Sampler::seeded(warm, 42)];
/// let contexts = [Context::from(&[7]), Context::from(&[8, 9])];
/// let tokens = sample_batch(&mut samplers, &contexts, &[0.0, 2.0, 1.0, f32::NAN, 0.0, 0.0], 0)?;
/// assert_eq!(*tokens[0].as_ref().unwrap(), 1);
/// assert!(tokens[1].as_ref().unwrap_err().to_string().contains("token 0 is NaN"));
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Errors
/// [`Error::BatchRows`] where there is not one context a sampler, [`Error::BatchLogits`] where `logits` does
/// not divide into as many rows.
pub fn sample_batch(
    samplers: &mut [Sampler],
    contexts: &[Context<'_>],
    logits: &[f32],
    threads: usize,
) -> Result<Vec<Result<u32>>> {
    let rows = samplers.len();
    if contexts.len() != rows {
        return Err(Error::BatchRows { got: contexts.len(), rows });
    }
    if rows == 0 || !logits.len().is_multiple_of(rows) {
        let fits = rows == 0 && logits.is_empty();
        let refused = Err(Error::BatchLogits { got: logits.len(), rows });
        return if fits { Ok(Vec::new()) } else { refused };
    }
    let vocab_size = logits.len() / rows;
    let mut tokens: Vec<Result<u32>> = (0..rows).map(|_| Err(Error::EmptyRow)).collect();
    if vocab_size > 0 {
        let share = rows.div_ceil(threads_for(logits.len(), threads));
        spread(samplers, contexts, logits, &mut tokens, share);
    }
    Ok(tokens)
}

fn threads_for(scores: usize, most: usize) -> usize {
    let machine = || thread::available_parallelism().map_or(1, NonZero::get);
    let most = if most == 0 { machine() } else { most };
    (scores / SCORES_PER_THREAD).clamp(1, most)
}

/// Gives every thread `share` rows; the calling one takes the last.
fn spread(
    samplers: &mut [Sampler],
    contexts: &[Context<'_>],
    logits: &[f32],
    tokens: &mut [Result<u32>],
    share: usize,
) {
    let vocab_size = logits.len() / samplers.len();
    let parts = samplers
        .chunks_mut(share)
        .zip(contexts.chunks(share))
        .zip(logits.chunks(share * vocab_size))
        .zip(tokens.chunks_mut(share));
    thread::scope(|scope| {
        let mut parts = parts.peekable();
        while let Some((((samplers, contexts), logits), tokens)) = parts.next() {
            let work = move || {
                let rows = logits.chunks(vocab_size).zip(contexts);
                for ((sampler, token), (row, context)) in samplers.iter_mut().zip(tokens).zip(rows)
                {
                    *token = sampler.sample(*context, row);
                }
            };
            if parts.peek().is_some() {
                scope.spawn(work);
            } else {
                work();
            }
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Chain, MinP, Mirostat, Seed, Temperature, TopK, TopP, Typical, uniform};

    fn samplers(rows: usize) -> Vec<Sampler> {
        let chain = |i: usize| match i % 5 {
            0 => Chain::new().with(Temperature::new(0.7).unwrap()),
            1 => Chain::new().with(TopK::new(40).unwrap()).with(TopP::new(0.8).unwrap()),
            2 => Chain::new().with(TopP::new(0.9).unwrap()),
            3 => Chain::new().with(Typical::new(0.8).unwrap()),
            _ => Chain::new().with(MinP::new(0.02).unwrap()),
        };
        let seed = |i: usize| Seed { seed: 3, sequence: i as u64 };
        let sampler = |i: usize| match i % 7 {
            5 => Sampler::greedy(chain(i)),
            6 => Sampler::mirostat(chain(i), Mirostat::v2(4.0, 0.2).unwrap(), seed(i)),
            _ => Sampler::seeded(chain(i), seed(i)),
        };
        (0..rows).map(sampler).collect()
    }

    fn logits(len: usize, step: u64) -> Vec<f32> {
        (0..len).map(|i| uniform(step, 1, i as u64).ln() as f32 * -3.0).collect()
    }

    #[test]
    fn a_batch_gives_what_each_row_gives_alone() {
        let (rows, vocab_size) = (21, 40_000);
        let tokens = [0u32; 32];
        for threads in [0, 1, 2, 64] {
            let (mut together, mut alone) = (samplers(rows), samplers(rows));
            for step in 0..2 {
                let logits = logits(rows * vocab_size, step);
                let contexts: Vec<_> = (0..rows).map(|i| Context::new(&tokens[..i])).collect();
                let batch = sample_batch(&mut together, &contexts, &logits, threads).unwrap();
                for (i, row) in logits.chunks(vocab_size).enumerate() {
                    let one = alone[i].sample(contexts[i], row).unwrap();
                    assert_eq!(*batch[i].as_ref().unwrap(), one, "row {i} step {step}");
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refuse = |contexts: &[Context<'_>], logits: &[f32]| {
            sample_batch(&mut samplers(2), contexts, logits, 0).unwrap_err().to_string()
        };
        let context = Context::new(&[]);
        assert!(refuse(&[context], &[0.0; 4]).contains("1 rows are wanted, but the batch has 2"));
        assert!(refuse(&[context; 2], &[0.0; 5]).contains("5 logits do not divide into 2 rows"));
        assert!(sample_batch(&mut [], &[], &[], 0).unwrap().is_empty());
        let empty = sample_batch(&mut samplers(2), &[context; 2], &[], 0).unwrap();
        assert!(empty.iter().all(|row| matches!(row, Err(Error::EmptyRow))));
    }
}
