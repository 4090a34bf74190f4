//! Documents to token ids, and ids back to text.
//!
//! A [`Tokenizer`] is trained on texts ([`Tokenizer::train`]) or read from a `tokenizer.json`, which
//! Python's `tokenizers` reads too. It frames what it encodes: a document is `[BOS] … [EOS]`, a prompt
//! is `[BOS] …` and stays open, because generation goes on from it. Text is text: a document with
//! `[EOS]` in it does not end there. [`TextMode::Notebook`] repeats the course notebook instead, which
//! parses its texts for such markup and closes its prompts.
//!
//! The crate knows no tensor and no file of texts: texts come as `&str`, ids leave as `u32`.
//!
//! ```
//! use enredo_tokenization::{Tokenizer, WordLevelConfig};
//!
//! let texts = ["A thief falls in love.", "A thief returns."];
//! let tokenizer = Tokenizer::train(texts, &WordLevelConfig::default())?;
//! let prompt = tokenizer.encode_prompt("A thief")?;
//! assert_eq!(prompt, [tokenizer.special().bos, 5, 6]);
//! assert_eq!(tokenizer.decode(&prompt)?, "A thief");
//! # Ok::<(), enredo_tokenization::Error>(())
//! ```

mod error;
mod special;
mod stream;
mod tokenizer;
mod train;

pub use error::{Error, Result};
pub use special::SpecialTokens;
pub use stream::TextStream;
pub use tokenizer::{Piece, TextMode, Tokenizer};
pub use train::WordLevelConfig;
