//! The examples as programs, for the tests that run them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use enredo::run::{Row, RunFolder};

/// Runs an example with `args`, which are split at spaces, and `more` as they are.
pub(crate) fn example(name: &str, args: &str, more: &[&str]) -> Output {
    program(name).args(args.split_whitespace()).args(more).output().unwrap()
}

pub(crate) fn program(name: &str) -> Command {
    let folder =
        std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples");
    let program = folder.join(name);
    assert!(program.exists(), "{} is built by `cargo test --workspace`", program.display());
    let mut program = Command::new(program);
    // Threads that wait for one another turn in circles, which on busy cores takes many times as long.
    program.env("OMP_NUM_THREADS", "1");
    program
}

pub(crate) fn stdout(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What a refusal says; it must be an error of ours and no panic.
pub(crate) fn refusal(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success(),
        "it was not refused: {}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(!text.contains("panicked"), "{text}");
    text
}

pub(crate) fn scratch() -> PathBuf {
    tempfile::tempdir().unwrap().keep()
}

/// The rows of one kind that a run has written.
pub(crate) fn rows<R: Row>(path: &Path) -> Vec<R> {
    RunFolder::open(path).unwrap().rows().unwrap().collect::<Result<_, _>>().unwrap()
}
