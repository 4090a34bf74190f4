//! Constrained decoding with llguidance: whatever the model prefers, the text matches a regular
//! expression.
//!
//!     cargo run --manifest-path crates/decoding/examples/llguidance/Cargo.toml

use std::convert::Infallible;

use enredo_decoding::{
    BitMask, CausalLm, Chain, Constrained, Error, Generate, GenerationConfig, Incremental, Matcher,
    Result, Sampler, TopP, uniform_at,
};
use llguidance::{ParserFactory, api::TopLevelGrammar, toktrie::ApproximateTokEnv};

const SYNOPSIS: &str = "(Two|Three) (friends|spies) from [A-Z][a-z]{3,7} steal (19|20)[0-9]{2} \
                        (stars|songs)(, and (one|all) of them (sings?|falls?)){1,2}\\.";

/// Knows nothing: its scores are noise.
#[derive(Default)]
struct Noise {
    tokens: Vec<u32>,
    vocab_size: usize,
}

impl CausalLm for Noise {
    type Error = Infallible;

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Infallible> {
        self.tokens.extend_from_slice(tokens);
        let position = self.tokens.len() as u64;
        let scores = (0..).map(|i| 4.0 * uniform_at(7, 0, position, i) as f32);
        logits.iter_mut().zip(scores).for_each(|(logit, score)| *logit = score);
        Ok(())
    }

    fn position(&self) -> usize {
        self.tokens.len()
    }

    fn truncate(&mut self, position: usize) {
        self.tokens.truncate(position);
    }
}

/// llguidance's matcher, walked by `Incremental`.
#[derive(Clone)]
struct Grammar(llguidance::Matcher);

impl Matcher for Grammar {
    fn advance(&mut self, token: u32) -> Result<()> {
        self.0.consume_token(token).map_err(Error::mask)
    }

    fn mask(&mut self, mask: &mut BitMask) -> Result<()> {
        mask.copy_from(self.0.compute_mask_or_eos().map_err(Error::mask)?.as_slice());
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    // A vocabulary of single bytes, and a few special tokens of which the last ends the text.
    let tokenizer = ApproximateTokEnv::single_byte_env();
    let (vocab_size, eos) = (tokenizer.tok_trie().vocab_size(), tokenizer.eos_token());
    let factory = ParserFactory::new_simple(&tokenizer)?;
    let parser = factory.create_parser(TopLevelGrammar::from_regex(SYNOPSIS));
    let grammar = Grammar(llguidance::Matcher::new(parser));

    let eos_token_id = vec![eos];
    let config = GenerationConfig { max_new_tokens: 200, eos_token_id, ..Default::default() };
    for seed in 0..5 {
        let constrained = Constrained::new(Incremental::new(grammar.clone()));
        let chain = Chain::new().with(constrained).with(TopP::new(0.95)?);
        let sampler = Sampler::seeded(chain, seed);
        let model = Noise { vocab_size, ..Noise::default() };
        let tokens: Result<Vec<u32>> = Generate::new(model, &[eos], &config, sampler)?.collect();
        println!("{}", tokenizer.tok_trie().decode_str(&tokens?));
    }
    Ok(())
}
