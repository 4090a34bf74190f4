//! Stopping from outside.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A flag that another thread, a signal handler or a closed connection raises to end a generation.
///
/// Clones share the flag. It is looked at before each feed of the model, costs one atomic load there, and
/// once raised stays so.
///
/// ```
/// use enredo_decoding::{Cancel, GenerationConfig, generate, testing::Cycle};
///
/// let cancel = Cancel::new();
/// let config = GenerationConfig { max_new_tokens: 1_000_000, ..GenerationConfig::default() };
/// let mut tokens = generate(Cycle::new(5), &[2], &config, 0)?.with_cancel(&cancel);
/// for token in tokens.by_ref() {
///     if token? == 4 {
///         cancel.cancel();
///     }
/// }
/// assert_eq!(tokens.context(), [2, 3, 4]);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is down.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is up.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
