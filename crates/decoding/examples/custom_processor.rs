//! A processor of one's own: no token twice in a row.
#![allow(clippy::print_stdout)]

use enredo_decoding::{Chain, Context, Processor, Result, Sampler, Temperature};

#[derive(Debug)]
struct NoStutter;

impl Processor for NoStutter {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if let Some(&token) = context.tokens().last() {
            logits[token as usize] = f32::NEG_INFINITY;
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let chain = Chain::new().with(NoStutter).with(Temperature::new(0.5)?);
    let mut sampler = Sampler::seeded(chain, 42);
    let mut tokens = vec![0];
    for _ in 0..20 {
        tokens.push(sampler.sample(&tokens, &[1.0, 0.5, 0.0])?);
    }
    println!("{tokens:?}");
    Ok(())
}
