//! The linker flags with which a binary finds libtorch at run time.
//!
//! `torch-sys` links libtorch but leaves no trace of where it lies, so that what is built runs only
//! with `LD_LIBRARY_PATH` set. A package can only set the run path of its own binaries, tests,
//! examples and benches, so each package that has any calls [`libtorch`] from its `build.rs`:
//!
//! ```
//! enredo_link::libtorch();
//! ```
//!
//! and has in its `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! torch-sys = { version = "=0.24.0", default-features = false }  # tells the build script where libtorch lies
//!
//! [build-dependencies]
//! enredo-link = { … }
//! ```

mod directives;

pub use directives::libtorch;
