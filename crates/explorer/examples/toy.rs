//! The page on a model of nothing: scores from a hash, and texts that mean no good. Browser tests run it.
//!
//!     cargo run -p enredo-explorer --example toy -- [--vocab N] [--port N]

// It says where the page is.
#![allow(clippy::print_stdout)]

use std::{
    env,
    error::Error,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    thread,
    time::Duration,
};

use enredo_explorer::{About, Checkpoint, Explorer, Fault, Subject, Token};

/// The first texts of the vocabulary; `LONG` comes after them, then plain ones.
const TEXTS: [&str; 18] = [
    "[BOS]",
    "[UNK]",
    "<script>alert(1)</script>",
    "</table>",
    "</svg><img src=x onerror=alert(1)>",
    "\"'&amp;",
    "\u{202e}txet",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "e\u{301}\u{323}",
    "\u{301}",
    "\u{fffd}",
    "line\nline",
    "\t",
    "",
    "\u{0}\u{1b}[31m",
    "\u{1f469}\u{200d}\u{1f680}",
    " the",
    "=1+1,\"2\"",
];
/// No answer may ever hold it.
const MASKED: u32 = 0;
/// Likely, and yet the preset never draws it.
const NEVER_DRAWN: u32 = 1;
const WINDOW: usize = 16;
const STEPS: [u64; 4] = [100, 200, 400, 800];
const SLOW: Duration = Duration::from_millis(1_500);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut vocab, mut port) = (2_000, 0);
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let number = words.next().unwrap_or_default().parse::<u32>();
        match (&*word, number) {
            ("--vocab", Ok(number)) if number as usize > TEXTS.len() => vocab = number,
            ("--port", Ok(number)) => port = u16::try_from(number)?,
            _ => return Err("usage: toy [--vocab N] [--port N], N a number, V at least 19".into()),
        }
    }
    let explorer = Explorer::bind(([127, 0, 0, 1], port).into(), Box::new(Toy { vocab }))?;
    println!("{}", explorer.url());
    io::stdout().flush()?;
    explorer.run();
    Ok(())
}

struct Toy {
    vocab: u32,
}

impl Subject for Toy {
    fn about(&self) -> About {
        let checkpoint = |step: u64| Checkpoint {
            step,
            val_loss: (step != 400).then(|| 7.0 - (step as f64).ln() / 2.0),
        };
        About {
            run: "<b>toy</b>".into(),
            preset: "faithful".into(),
            vocab_size: self.vocab as usize,
            window: WINDOW,
            parameters: 1_234_567,
            fingerprint: format!("toy-{}", self.vocab),
            checkpoints: STEPS.map(checkpoint).into(),
            prompts: ["This movie is a", "A story about love and", "In the future, the world"]
                .map(String::from)
                .into(),
            never_drawn: vec![NEVER_DRAWN],
        }
    }

    fn vocabulary(&self) -> Vec<Token> {
        let texts = TEXTS.map(String::from).into_iter().chain([" very long".repeat(30)]);
        let plain = (0..).map(|id| format!("word{id}"));
        let token = |(id, text)| Token { text, special: id < 2 };
        texts.chain(plain).enumerate().map(token).take(self.vocab as usize).collect()
    }

    /// An id a word. `fail` fails, and `slow` is slow.
    fn tokenize(&mut self, prompt: &str) -> Result<Vec<u32>, Fault> {
        if prompt.contains("fail") {
            return Err("the toy's <i>tokenizer</i> broke".into());
        }
        if prompt.contains("slow") {
            thread::sleep(SLOW);
        }
        let id = |word| 20 + (hash(&word) % u64::from(self.vocab - 19)) as u32;
        Ok(prompt.split_whitespace().map(|word| id(word).min(self.vocab - 1)).collect())
    }

    /// In steps of 1/8, so that many tie; the texts at the head of the vocabulary are the likeliest.
    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        let read = &ids[ids.len().saturating_sub(WINDOW)..];
        let score = |id: u32| {
            let random = hash(&(step, read, id)) as f64 / 2_f64.powi(64);
            let likely = id as usize <= TEXTS.len();
            let score = if likely { 8.0 + 5.0 * random } else { 9.0 * random.powi(3) };
            ((8.0 * score).round() / 8.0) as f32
        };
        let scored = |id| match id {
            MASKED => f32::NEG_INFINITY,
            NEVER_DRAWN => 12.0,
            id => score(id),
        };
        Ok((0..self.vocab).map(scored).collect())
    }
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
