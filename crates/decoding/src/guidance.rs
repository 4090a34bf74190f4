//! Classifier-free guidance: away from what a model would say without the prompt.

use crate::{CausalLm, Error, Result, check_row};

/// Guides a row of scores: g = u + scale · (c − u), where c and u are the log-probabilities of the
/// conditional and the unconditional row. Writes g over `conditional`.
///
/// A scale of 1 leaves c, above 1 g moves away from u, 0 gives u. A token that the conditional row masks
/// stays masked; one that only the unconditional row masks keeps c.
///
/// Source: Sanchez et al., "Stay on topic with classifier-free guidance", arXiv:2306.17806, eq. 7, as
/// Hugging Face's `UnbatchedClassifierFreeGuidanceLogitsProcessor`. There a token masked in both rows
/// becomes NaN, and one masked in the unconditional row alone +∞.
///
/// # Errors
/// [`Error::Parameter`] where `scale` is not finite, [`Error::GuidanceVocabulary`] for rows of two
/// lengths, or where [`check_row`] refuses one of them.
///
/// # Performance
/// One pass of exponentials over each row, in f64; no allocation.
pub fn guide(conditional: &mut [f32], unconditional: &[f32], scale: f32) -> Result<()> {
    same_vocabulary(conditional.len(), unconditional.len())?;
    let scale = f64::from(checked(scale)?);
    let (c_total, u_total) = (log_sum_exp(conditional)?, log_sum_exp(unconditional)?);
    for (c, &u) in conditional.iter_mut().zip(unconditional) {
        let (log_c, log_u) = (f64::from(*c) - c_total, f64::from(u) - u_total);
        let guided = if log_u.is_finite() { log_u + scale * (log_c - log_u) } else { log_c };
        *c = if c.is_finite() { guided as f32 } else { f32::NEG_INFINITY };
    }
    Ok(())
}

/// Two models as one: a conditional one, guided away from an unconditional one. It is a [`CausalLm`]
/// itself, so every strategy decodes from it.
///
/// The conditional model is fed everything. The unconditional one is fed a negative prompt in place of
/// the prompt, and then the same new tokens. Scores from the prompt's last token on are guided, earlier ones are the conditional model's.
///
/// ```
/// use enredo_decoding::{GenerationConfig, Guided, generate, testing::Cycle};
///
/// let prompt = [3, 1, 2];
/// let model = Guided::new(Cycle::new(5), Cycle::new(5), 1.5, &prompt)?;
/// let tokens: Result<Vec<u32>, _> =
///     generate(model, &prompt, &GenerationConfig::default(), 0)?.take(3).collect();
/// assert_eq!(tokens?, [3, 4, 0]);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
#[derive(Debug)]
pub struct Guided<M, N> {
    conditional: M,
    unconditional: N,
    scale: f32,
    /// Where the conditional model has read the prompt.
    prompt_end: usize,
    negative_prompt: Vec<u32>,
    /// Where the unconditional model reads the negative prompt.
    negative_start: usize,
    pending: Vec<u32>,
    unconditional_logits: Vec<f32>,
}

impl<M: CausalLm, N: CausalLm> Guided<M, N> {
    /// Guidance by `scale` on what follows `prompt`, which is yet to be fed. The unconditional model
    /// starts from the prompt's last token, as in Hugging Face.
    ///
    /// # Errors
    /// [`Error::EmptyPrompt`], [`Error::Parameter`] where `scale` is not finite, or
    /// [`Error::GuidanceVocabulary`] where the models do not score the same tokens.
    pub fn new(conditional: M, unconditional: N, scale: f32, prompt: &[u32]) -> Result<Self> {
        same_vocabulary(conditional.vocab_size(), unconditional.vocab_size())?;
        let last = prompt.last().ok_or(Error::EmptyPrompt)?;
        Ok(Self {
            scale: checked(scale)?,
            prompt_end: conditional.position() + prompt.len(),
            negative_prompt: vec![*last],
            negative_start: unconditional.position(),
            conditional,
            unconditional,
            pending: Vec::new(),
            unconditional_logits: Vec::new(),
        })
    }

    /// The same, where the unconditional model starts from `negative_prompt`: what to move away from.
    ///
    /// # Errors
    /// [`Error::EmptyPrompt`] where it has no tokens.
    pub fn with_negative_prompt(self, negative_prompt: impl Into<Vec<u32>>) -> Result<Self> {
        let negative_prompt = negative_prompt.into();
        if negative_prompt.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        Ok(Self { negative_prompt, ..self })
    }

    /// Feeds the unconditional model what it lacks; writes its rows for the last `rows` tokens.
    fn feed_unconditional(&mut self, tokens: &[u32], rows: usize) -> Result<()> {
        let new = tokens.len().min(self.position() - self.prompt_end);
        self.pending.clear();
        if self.unconditional.position() == self.negative_start {
            self.pending.extend_from_slice(&self.negative_prompt);
        }
        self.pending.extend_from_slice(&tokens[tokens.len() - new..]);
        self.unconditional_logits.resize(rows * self.vocab_size(), 0.0);
        let logits = &mut self.unconditional_logits;
        self.unconditional.feed(&self.pending, logits).map_err(Error::model)
    }
}

impl<M: CausalLm, N: CausalLm> CausalLm for Guided<M, N> {
    type Error = Error;

    fn vocab_size(&self) -> usize {
        self.conditional.vocab_size()
    }

    /// # Errors
    /// [`Error::Model`] where one of the models fails, or where [`check_row`] refuses a row of theirs.
    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<()> {
        self.conditional.feed(tokens, logits).map_err(Error::model)?;
        if self.scale == 1.0 || self.position() < self.prompt_end {
            return Ok(());
        }
        let vocab_size = self.vocab_size().max(1);
        let rows = (logits.len() / vocab_size).min(self.position() + 1 - self.prompt_end);
        self.feed_unconditional(tokens, rows)?;
        let guided = logits.len() - rows * vocab_size;
        let conditional = logits[guided..].chunks_exact_mut(vocab_size);
        let mut pairs = conditional.zip(self.unconditional_logits.chunks_exact(vocab_size));
        pairs.try_for_each(|(c, u)| guide(c, u, self.scale))
    }

    fn position(&self) -> usize {
        self.conditional.position()
    }

    fn truncate(&mut self, position: usize) {
        self.conditional.truncate(position);
        let new = position.checked_sub(self.prompt_end);
        let kept = new.map_or(0, |new| self.negative_prompt.len() + new);
        self.unconditional.truncate(self.negative_start + kept);
    }
}

fn checked(scale: f32) -> Result<f32> {
    let range = "it must be finite, and 1 switches guidance off";
    Error::unless(scale.is_finite(), "guidance_scale", scale, range).map(|()| scale)
}

fn same_vocabulary(conditional: usize, unconditional: usize) -> Result<()> {
    if conditional == unconditional {
        Ok(())
    } else {
        Err(Error::GuidanceVocabulary { conditional, unconditional })
    }
}

/// ln Σ exp(l) of a valid row.
fn log_sum_exp(logits: &[f32]) -> Result<f64> {
    check_row(logits)?;
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    Ok(max + logits.iter().map(|&l| (f64::from(l) - max).exp()).sum::<f64>().ln())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::{GenerationConfig, generate, philox4x32, testing::Cycle, uniform_at};

    const CUT: f32 = f32::NEG_INFINITY;

    fn guided(c: &[f32], u: &[f32], scale: f32) -> Vec<f32> {
        let mut row = c.to_vec();
        guide(&mut row, u, scale).unwrap();
        row
    }

    #[test]
    fn guidance_moves_away_from_the_unconditional_row() {
        // Probabilities 3/4, 1/4 and 1/2, 1/2 (scores shifted, which changes nothing):
        // ln ½ + 2 · (ln ¾ − ln ½) = ln 9/8, ln ½ + 2 · (ln ¼ − ln ½) = ln 1/8.
        let row = guided(&[3f32.ln() + 5.0, 5.0], &[-7.0, -7.0], 2.0);
        for (l, expected) in row.iter().zip([9.0f32 / 8.0, 1.0 / 8.0]) {
            assert!((l - expected.ln()).abs() < 1e-6, "{l} for {}", expected.ln());
        }
        let unconditional = guided(&[4.0, 1.0], &[0.0, 0.0], 0.0);
        assert!(unconditional.iter().all(|l| (l - 0.5f32.ln()).abs() < 1e-6), "{unconditional:?}");
    }

    #[test]
    fn a_masked_token_stays_masked_and_nothing_becomes_nan() {
        for scale in [-1.0, 0.0, 1.0, 1.5, 7.0] {
            let row = guided(&[1.0, CUT, CUT, 0.0], &[1.0, CUT, 0.0, CUT], scale);
            assert_eq!([row[1], row[2]], [CUT, CUT], "scale {scale}");
            assert!(row[0].is_finite(), "scale {scale}");
            assert!((row[3] - (1.0 / (1.0 + 1f32.exp())).ln()).abs() < 1e-6, "keeps c: {row:?}");
        }
    }

    #[test]
    fn bad_rows_and_scales_are_refused() {
        let refused = |c: &[f32], u: &[f32], scale| guide(&mut c.to_vec(), u, scale).unwrap_err();
        assert!(matches!(
            refused(&[0.0], &[0.0], f32::NAN),
            Error::Parameter { name: "guidance_scale", .. }
        ));
        assert!(matches!(refused(&[0.0], &[f32::NAN], 2.0), Error::NanLogit { token: 0 }));
        assert!(matches!(refused(&[CUT], &[0.0], 2.0), Error::AllMasked { .. }));
        let message = refused(&[0.0, 0.0], &[0.0], 2.0).to_string();
        assert!(message.contains("conditional model scores 2 tokens and the unconditional one 1"));
    }

    const V: usize = 5;

    /// Scores that depend on every token fed and on which model it is.
    #[derive(Debug)]
    struct Hash {
        salt: u32,
        tokens: Vec<u32>,
    }

    impl Hash {
        fn row(salt: u32, tokens: &[u32]) -> Vec<f32> {
            let hash = tokens.iter().fold([salt; 4], |h, &t| philox4x32(h, [t, 1]));
            (0..V as u32).map(|i| (philox4x32(hash, [i, 2])[0] >> 8) as f32 / 4e6).collect()
        }
    }

    impl CausalLm for Hash {
        type Error = Infallible;

        fn vocab_size(&self) -> usize {
            V
        }

        fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Infallible> {
            assert!(logits.len() <= tokens.len() * V);
            self.tokens.extend_from_slice(tokens);
            let first = self.tokens.len() + 1 - logits.len() / V;
            for (i, row) in logits.chunks_exact_mut(V).enumerate() {
                row.copy_from_slice(&Self::row(self.salt, &self.tokens[..first + i]));
            }
            Ok(())
        }

        fn position(&self) -> usize {
            self.tokens.len()
        }

        fn truncate(&mut self, position: usize) {
            self.tokens.truncate(position);
        }
    }

    /// The row after `tokens` by definition, everything computed anew.
    fn expected(tokens: &[u32], prompt_len: usize, negative: &[u32], scale: f32) -> Vec<f32> {
        let conditional = Hash::row(1, tokens);
        if tokens.len() < prompt_len || scale == 1.0 {
            return conditional;
        }
        let other = [&[9, 9], negative, &tokens[prompt_len..]].concat();
        guided(&conditional, &Hash::row(2, &other), scale)
    }

    #[test]
    fn a_guided_model_is_right_however_it_is_fed_and_truncated() {
        for case in 0..300 {
            let draw = |i: u32, n: usize| (uniform_at(11, case, 0, i) * n as f64) as usize;
            let prompt: Vec<u32> =
                (0..=draw(0, 4) as u32).map(|i| draw(10 + i, V) as u32).collect();
            let negative: Vec<u32> =
                (0..=draw(1, 3) as u32).map(|i| draw(20 + i, V) as u32).collect();
            let scale = [1.0, 1.5, 0.5][draw(2, 3)];
            let unconditional = Hash { salt: 2, tokens: vec![9, 9] };
            let conditional = Hash { salt: 1, tokens: vec![] };
            let model = Guided::new(conditional, unconditional, scale, &prompt).unwrap();
            let mut model = model.with_negative_prompt(negative.as_slice()).unwrap();
            let mut text: Vec<u32> = Vec::new();
            for step in 0..12 {
                let draw = |i, n| draw(100 * (step + 1) + i, n);
                if draw(0, 4) == 0 {
                    text.truncate(draw(1, text.len() + 2));
                    model.truncate(text.len());
                }
                let fed = 1 + draw(2, 4);
                let fed: Vec<u32> = (text.len()..text.len() + fed)
                    .map(|i| prompt.get(i).map_or_else(|| draw(10 + i as u32, V) as u32, |&t| t))
                    .collect();
                text.extend_from_slice(&fed);
                let rows = draw(3, fed.len() + 1);
                let mut logits = vec![0.0; rows * V];
                model.feed(&fed, &mut logits).unwrap();
                assert_eq!(model.position(), text.len());
                for (i, row) in logits.chunks_exact(V).enumerate() {
                    let before = &text[..text.len() + 1 + i - rows];
                    assert_eq!(
                        row,
                        expected(before, prompt.len(), &negative, scale),
                        "case {case}"
                    );
                }
            }
        }
    }

    #[test]
    fn it_generates_like_any_model() {
        let prompt = [1, 4, 2];
        let model = |salt| Hash { salt, tokens: vec![] };
        let guided = Guided::new(model(1), model(2), 3.0, &prompt).unwrap();
        let config = GenerationConfig { max_new_tokens: 8, ..GenerationConfig::default() };
        let tokens: Vec<u32> =
            generate(guided, &prompt, &config, 0).unwrap().map(Result::unwrap).collect();
        let mut text = prompt.to_vec();
        for &token in &tokens {
            let conditional = Hash::row(1, &text);
            let row = self::guided(&conditional, &Hash::row(2, &text[2..]), 3.0);
            assert_eq!(crate::greedy(&row).unwrap(), token);
            text.push(token);
        }
        assert_eq!(tokens.len(), 8);
    }

    #[test]
    fn models_of_two_vocabularies_and_missing_prompts_are_refused() {
        let refuse = |v, prompt: &[u32]| Guided::new(Cycle::new(4), Cycle::new(v), 2.0, prompt);
        assert!(matches!(refuse(5, &[1]), Err(Error::GuidanceVocabulary { .. })));
        assert!(matches!(refuse(4, &[]), Err(Error::EmptyPrompt)));
        let unprompted = refuse(4, &[1]).unwrap().with_negative_prompt([]);
        assert!(matches!(unprompted, Err(Error::EmptyPrompt)));
    }
}
