//! One row, one context, one chain.

use arbitrary::{Arbitrary, Result, Unstructured};
use enredo_decoding::{Context, Isa, Mirostat, Sampler, Seed};

use crate::{
    bytes::{Few, Token, tokens},
    links::Links,
    properties::{Step, check, check_greedy, check_state, check_top_k},
    row::Row,
};

/// All that a choice of one token depends on.
#[derive(Arbitrary, Clone, Debug)]
pub struct Case {
    links: Links,
    seed: u64,
    sequence: u8,
    isa: u8,
    tau: u8,
    k: u16,
    prompt_len: u8,
    #[arbitrary(with = context)]
    context: Vec<Token>,
    row: Row,
}

/// Up to 32 tokens, with a stretch of them repeated, for the processors that look for repeats.
fn context(u: &mut Unstructured<'_>) -> Result<Vec<Token>> {
    let Few(words) = Few::<Few<Token>>::arbitrary(u)?;
    let mut context: Vec<Token> = words.into_iter().flat_map(|Few(word)| word).take(24).collect();
    let repeated = usize::from(u8::arbitrary(u)? % 9).min(context.len());
    context.extend_from_within(..repeated);
    Ok(context)
}

impl Case {
    /// Asserts what must hold of a draw, of the best token, and of top-k on the row itself.
    pub fn check(&self) {
        let Row(row) = &self.row;
        let chain = || self.links.chain(row.len());
        let seed = Seed { seed: self.seed, sequence: self.sequence.into() };
        let context = tokens(&Few(self.context.clone()), row.len());
        let context = Context::new(&context).with_prompt_len(self.prompt_len.into());
        let step = Step { context: context.with_seed(seed), logits: row, isa: self.isa() };
        check(&step, &chain(), Sampler::seeded(chain(), seed));
        check_greedy(&step, &chain(), Sampler::greedy(chain()));
        check(&step, &chain(), Sampler::gumbel(chain(), seed));
        let tau = f32::from(self.tau) / 16.0;
        for mirostat in [Mirostat::v1(tau, 0.3, 10), Mirostat::v2(tau, 0.3)] {
            let mirostat = mirostat.expect("a valid target");
            check_state(&step, Sampler::mirostat(chain(), mirostat, seed));
        }
        check_top_k(&step, usize::from(self.k % 640).max(1));
    }

    fn isa(&self) -> Isa {
        let available = Isa::available();
        available[usize::from(self.isa) % available.len()]
    }
}
