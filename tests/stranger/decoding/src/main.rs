//! Decodes from a model of one's own with `enredo-decoding` alone: no libtorch, no text.

use std::convert::Infallible;

use enredo_decoding::{
    CausalLm, Chain, Context, GenerationConfig, Processor, Result, Sampler, Temperature, generate,
};

/// Knows how often each token followed each other one.
struct Bigrams {
    counts: [[f32; 4]; 4],
    tokens: Vec<u32>,
}

impl CausalLm for Bigrams {
    type Error = Infallible;

    fn vocab_size(&self) -> usize {
        4
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Infallible> {
        let scored = &tokens[tokens.len() - logits.len() / 4..];
        for (row, token) in logits.chunks_exact_mut(4).zip(scored) {
            row.iter_mut().zip(self.counts[*token as usize]).for_each(|(l, count)| *l = count.ln());
        }
        self.tokens.extend_from_slice(tokens);
        Ok(())
    }

    fn position(&self) -> usize {
        self.tokens.len()
    }

    fn truncate(&mut self, position: usize) {
        self.tokens.truncate(position);
    }
}

/// A processor of one's own: never the same token twice in a row.
#[derive(Debug)]
struct NoRepeat;

impl Processor for NoRepeat {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if let Some(&last) = context.tokens().last() {
            logits[last as usize] = f32::NEG_INFINITY;
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut model = Bigrams {
        counts: [[1., 5., 1., 0.], [1., 1., 5., 1.], [5., 1., 1., 1.], [1., 1., 1., 1.]],
        tokens: vec![],
    };
    let config = GenerationConfig { max_new_tokens: 6, ..GenerationConfig::default() };
    let greedy: Vec<u32> = generate(&mut model, &[0], &config, 0)?.collect::<Result<_>>()?;
    assert_eq!(greedy, [1, 2, 0, 1, 2, 0]);

    let chain = Chain::new().with(NoRepeat).with(Temperature::new(1.5)?);
    let mut sampler = Sampler::seeded(chain, 42);
    assert_ne!(sampler.sample(&[3], &[0.0, 0.0, 0.0, 9.0])?, 3);
    println!("decoded {greedy:?}");
    Ok(())
}
