//! The loop that generates many texts at once: feed all, choose for each, drop those that are over.

use std::collections::VecDeque;

use crate::{
    BatchLm, Cancel, Context, Error, GenerationConfig, Result, Sampler, Seed, Stop, StopReason,
    Task,
    batch_model::{last_scores, one_row},
    resume::resume,
};

/// Continues each of `contexts` in a row of `batch`, which has one row at first; what that was fed is forgotten.
///
/// Text i is the one that [`generate`](crate::generate) gives for that context alone, with the i-th sequence after
/// `seed`'s; the texts may be of any lengths, and what is over takes no more work.
///
/// ```
/// use enredo_decoding::{Clones, GenerationConfig, generate_batch, testing::Cycle};
///
/// let config = GenerationConfig { max_new_tokens: 2, ..GenerationConfig::default() };
/// let mut texts = generate_batch(Clones::new(Cycle::new(5)), &[vec![0], vec![1, 2]], &config, 0)?;
/// let first = texts.next().expect("two texts of two tokens");
/// assert_eq!((first.0, first.1?), (0, 1));
/// assert!(texts.by_ref().all(|(_, token)| token.is_ok()));
/// assert_eq!(texts.contexts(), [vec![0, 1, 2], vec![1, 2, 3, 4]]);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Errors
/// Where `config` is out of range, a context is empty or has an unknown token, or `batch` has not one row.
///
/// # Performance
/// One call of the model for each new token of the longest text.
pub fn generate_batch<B: BatchLm>(
    mut batch: B,
    contexts: &[Vec<u32>],
    config: &GenerationConfig,
    seed: impl Into<Seed>,
) -> Result<GenerateBatch<B>> {
    one_row(&batch)?;
    let (stop, seed, vocab_size) = (config.stop()?, seed.into(), batch.vocab_size());
    let text = |(i, context): (usize, &Vec<u32>)| {
        resume(context, 0, vocab_size)?;
        let sequence = seed.sequence.wrapping_add(i as u64);
        let ended = stop.reason(context, &[]);
        Ok((config.sampler(Seed { sequence, ..seed })?, Text { prompt_len: context.len(), ended }))
    };
    let texts = contexts.iter().enumerate().map(text).collect::<Result<Vec<_>>>()?;
    batch.truncate(0, 0);
    let rows: Vec<usize> = (0..texts.len()).filter(|&i| texts[i].1.ended.is_none()).collect();
    batch.gather(&vec![0; rows.len()]).map_err(Error::model)?;
    let (samplers, texts): (Vec<_>, _) = texts.into_iter().unzip();
    let samplers = samplers
        .into_iter()
        .enumerate()
        .filter(|(i, _)| rows.contains(i))
        .map(|(_, sampler)| sampler)
        .collect();
    Ok(GenerateBatch {
        batch,
        stop,
        texts,
        contexts: contexts.to_vec(),
        rows,
        samplers,
        logits: Vec::new(),
        drawn: VecDeque::new(),
        is_first: true,
        cancel: Cancel::new(),
    })
}

/// So few rows are no work for a thread.
const FEW: usize = 8;

/// Many growing texts: an iterator of the number of a text and its next token. Made by [`generate_batch`].
///
/// A text that gives no token is over after its error, and spoils no other; where the model itself fails, the error comes
/// with the first text that was still growing, and all are over.
#[derive(Debug)]
pub struct GenerateBatch<B> {
    batch: B,
    stop: Stop,
    texts: Vec<Text>,
    contexts: Vec<Vec<u32>>,
    /// The text of each row, and its sampler.
    rows: Vec<usize>,
    samplers: Vec<Sampler>,
    logits: Vec<f32>,
    drawn: VecDeque<(usize, Result<u32>)>,
    is_first: bool,
    cancel: Cancel,
}

#[derive(Debug)]
struct Text {
    prompt_len: usize,
    ended: Option<StopReason>,
}

impl<B: BatchLm> GenerateBatch<B> {
    /// Ends without an error before the next call of the model once `cancel` is raised.
    #[must_use]
    pub fn with_cancel(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    /// Each prompt and what follows it so far.
    #[must_use]
    pub fn contexts(&self) -> &[Vec<u32>] {
        &self.contexts
    }

    /// Why a text is over, where it is; nothing for one that failed or is not there.
    #[must_use]
    pub fn stop_reason(&self, text: usize) -> Option<StopReason> {
        self.texts.get(text)?.ended
    }

    /// One token for each text that grows.
    fn step(&mut self) -> Result<()> {
        let Self { batch, contexts, rows, logits, .. } = self;
        let unfed = |&text: &usize| {
            let context = &contexts[text];
            &context[if self.is_first { 0 } else { context.len() - 1 }..]
        };
        let tokens: Vec<&[u32]> = rows.iter().map(unfed).collect();
        last_scores(batch, &tokens, logits)?;
        let tokens = self.draw();
        self.is_first = false;
        self.take(tokens)
    }

    /// One token a row, the rows shared out among the model's threads.
    fn draw(&mut self) -> Vec<Result<u32>> {
        let Self { batch, contexts, texts, rows, samplers, logits, .. } = self;
        let (vocab_size, share) =
            (batch.vocab_size(), rows.len().div_ceil(batch.threads()).max(FEW));
        let mut tokens: Vec<Result<u32>> = rows.iter().map(|_| Err(Error::EmptyRow)).collect();
        let (contexts, texts) = (&*contexts, &*texts);
        let context =
            |text: usize| Context::new(&contexts[text]).with_prompt_len(texts[text].prompt_len);
        let parts = samplers.chunks_mut(share).zip(rows.chunks(share));
        let parts = parts.zip(logits.chunks(share * vocab_size)).zip(tokens.chunks_mut(share));
        let mut tasks: Vec<Task<'_>> = Vec::new();
        for (((samplers, rows), logits), tokens) in parts {
            tasks.push(Box::new(move || {
                let rows = rows.iter().zip(logits.chunks(vocab_size));
                for ((sampler, token), (&text, row)) in
                    samplers.iter_mut().zip(&mut *tokens).zip(rows)
                {
                    *token = sampler.sample(context(text), row);
                }
            }));
        }
        batch.run(&mut tasks);
        drop(tasks);
        tokens
    }

    /// Notes what was drawn, and drops the rows that are over.
    fn take(&mut self, tokens: Vec<Result<u32>>) -> Result<()> {
        let mut growing = Vec::with_capacity(tokens.len());
        for (i, token) in tokens.into_iter().enumerate() {
            let (number, failed) = (self.rows[i], token.is_err());
            let (text, context) = (&mut self.texts[number], &mut self.contexts[number]);
            context.extend(&token);
            let (prompt, generated) = context.split_at(text.prompt_len);
            text.ended = self.stop.reason(prompt, generated).filter(|_| !failed);
            if !failed && text.ended.is_none() {
                growing.push(i);
            }
            self.drawn.push_back((number, token));
        }
        if growing.len() < self.rows.len() {
            self.keep(&growing)?;
        }
        Ok(())
    }

    fn keep(&mut self, growing: &[usize]) -> Result<()> {
        self.rows = growing.iter().map(|&i| self.rows[i]).collect();
        let mut kept = growing.iter().copied().peekable();
        let mut i = 0;
        self.samplers.retain(|_| {
            i += 1;
            kept.next_if_eq(&(i - 1)).is_some()
        });
        self.batch.gather(growing).map_err(Error::model)
    }
}

impl<B: BatchLm> Iterator for GenerateBatch<B> {
    type Item = (usize, Result<u32>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.drawn.is_empty() && !self.rows.is_empty() && !self.cancel.is_cancelled() {
            let first = self.rows[0];
            if let Err(error) = self.step() {
                self.rows.clear();
                self.drawn.push_back((first, Err(error)));
            }
        }
        self.drawn.pop_front()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        Clones, generate,
        testing::{Cycle, Hashed},
    };

    fn config(max_new_tokens: usize) -> GenerationConfig {
        GenerationConfig { max_new_tokens, ..GenerationConfig::sampling() }
    }

    #[test]
    fn every_text_is_its_single_run() {
        let config = GenerationConfig { eos_token_id: vec![3, 5], ..config(20) };
        let contexts = [vec![1, 2, 0], vec![4], vec![2, 2], vec![1, 1, 1, 1], vec![0]];
        let (model, seed) = (Hashed::new(9, 4), Seed { seed: 7, sequence: 2 });
        let mut texts =
            generate_batch(Clones::new(model.clone()), &contexts, &config, seed).unwrap();
        let mut drawn: Vec<Vec<u32>> = contexts.to_vec();
        texts.by_ref().for_each(|(text, token)| drawn[text].push(token.unwrap()));
        assert_eq!(drawn, texts.contexts());
        for (i, context) in contexts.iter().enumerate() {
            let seed = Seed { sequence: 2 + i as u64, ..seed };
            let mut alone = generate(model.clone(), context, &config, seed).unwrap();
            assert!(alone.by_ref().all(|token| token.is_ok()));
            assert_eq!(
                (alone.context(), alone.stop_reason()),
                (&drawn[i][..], texts.stop_reason(i))
            );
        }
        let lengths: std::collections::HashSet<usize> = drawn.iter().map(Vec::len).collect();
        assert!(lengths.len() > 2, "texts that end at other times are meant: {lengths:?}");
    }

    #[test]
    fn a_row_that_fails_spoils_no_other() {
        let mut model = Cycle::new(6);
        model.break_at(3);
        let mut texts =
            generate_batch(Clones::new(model), &[vec![0, 1], vec![2]], &config(4), 0).unwrap();
        let failed: Vec<usize> =
            texts.by_ref().filter(|(_, token)| token.is_err()).map(|(text, _)| text).collect();
        assert_eq!(failed, [0, 1]);
        assert_eq!(texts.contexts().iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
    }

    #[test]
    fn nothing_is_fed_after_a_raised_flag_or_without_texts() {
        let cancel = Cancel::new();
        let mut model = Clones::new(Cycle::new(6));
        let mut texts = generate_batch(&mut model, &[vec![0], vec![1]], &config(4), 0)
            .unwrap()
            .with_cancel(&cancel);
        assert!(texts.next().is_some());
        cancel.cancel();
        assert_eq!((texts.next().is_some(), texts.next().is_some()), (true, false));
        assert_eq!(
            generate_batch(Clones::new(Cycle::new(6)), &[], &config(4), 0).unwrap().count(),
            0
        );
        let none = generate_batch(Clones::new(Cycle::new(6)), &[vec![1]], &config(0), 0).unwrap();
        assert_eq!((none.stop_reason(0), none.count()), (Some(StopReason::Length), 0));
    }

    #[test]
    fn bad_contexts_are_refused() {
        let said = |contexts: &[Vec<u32>]| {
            generate_batch(Clones::new(Cycle::new(6)), contexts, &config(4), 0)
                .unwrap_err()
                .to_string()
        };
        assert!(said(&[vec![1], vec![]]).contains("no tokens"));
        assert!(said(&[vec![6]]).contains("token 6"));
    }
}
