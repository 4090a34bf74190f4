//! A training run as a page on this machine: how the model chooses its next token, at every checkpoint.
//!
//! An [`Explorer`] serves the page and the JSON API under `/api/v1` that the page uses (`docs/api.md`
//! describes it). It knows no tensor, no tokenizer and no folder: what it shows comes through the trait
//! [`Subject`], which owns the model and lives on one thread. Requests wait for it in a short queue, and
//! one whose client has gone is passed over.
//!
//! Only this machine is served: the address must be a loopback one, the `Host` must name it, and no other
//! site's page may ask. All that the page needs is in the binary; nothing is read from disk, so that no
//! path can lead out of it.
//!
//! ```
//! use enredo_explorer::{About, Checkpoint, Explorer, Fault, Piece, Progress, Subject, Token};
//!
//! /// A model of a coin.
//! struct Coin;
//!
//! impl Subject for Coin {
//!     fn about(&self) -> About {
//!         About { vocab_size: 2, window: 8, fingerprint: "coin-1".into(), ..About::default() }
//!     }
//!     fn vocabulary(&self) -> Vec<Token> {
//!         ["heads", "tails"].map(|text| Token { text: text.into(), special: false }).into()
//!     }
//!     fn progress(&mut self) -> Result<Progress, Fault> {
//!         let checkpoints = vec![Checkpoint { step: 1, val_loss: None }];
//!         Ok(Progress { checkpoints, ..Progress::default() })
//!     }
//!     /// A character a toss: `t` is tails.
//!     fn tokenize(&mut self, prompt: &str) -> Result<Vec<Piece>, Fault> {
//!         let piece = |(start, toss)| Piece { id: u32::from(toss == 't'), start, end: start + 1 };
//!         Ok(prompt.chars().enumerate().map(piece).collect())
//!     }
//!     fn logits(&mut self, _step: u64, _ids: &[u32]) -> Result<Vec<f32>, Fault> {
//!         Ok(vec![0.0, 0.0])
//!     }
//!     fn logits_of_each(&mut self, _step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
//!         Ok(vec![0.0; 2 * ids.len()])
//!     }
//! }
//!
//! let explorer = Explorer::bind(([127, 0, 0, 1], 0).into(), Box::new(Coin))?; // port 0: any free one
//! assert!(explorer.url().starts_with("http://127.0.0.1:"));
//! let handle = explorer.handle();
//! let server = std::thread::spawn(|| explorer.run());
//! handle.stop();
//! assert!(server.join().is_ok());
//! # Ok::<(), enredo_explorer::Error>(())
//! ```

mod api;
mod assets;
mod checked;
mod connections;
mod error;
mod etag;
mod explorer;
mod guard;
mod headers;
mod json;
mod lines;
mod patience;
mod problem;
mod query;
mod queue;
mod subject;
mod time;

pub use error::{Error, Result};
pub use explorer::{Explorer, Handle};
pub use subject::{
    About, AttentionMap, Checkpoint, Document, Documents, Fault, Floor, LensCell, Piece, Progress,
    State, Subject, Token, Training,
};
