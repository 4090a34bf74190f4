//! The C++ compiler that the bindings to libtorch are built with.

use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// Whether there is one: `cxx` (the variable `CXX`), or else `c++`.
pub(crate) fn check(cxx: Option<&OsStr>) -> Result<()> {
    let program = program(cxx);
    let silent =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if silent.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Error::new(format!(
        "no C++ compiler: `{program}` did not run; install one \
         (Debian, Ubuntu: `apt-get install g++`) or name yours in CXX"
    )))
}

/// `CXX` may name a wrapper and its compiler: `ccache g++`.
fn program(cxx: Option<&OsStr>) -> &str {
    cxx.and_then(|cxx| cxx.to_str()?.split_whitespace().next()).unwrap_or("c++")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_it() {
        assert_eq!(program(None), "c++");
        assert_eq!(program(Some(OsStr::new("clang++"))), "clang++");
        assert_eq!(program(Some(OsStr::new("ccache g++"))), "ccache");
        assert_eq!(program(Some(OsStr::new(""))), "c++");
    }

    #[test]
    fn a_missing_or_failing_one_is_named() {
        for program in ["/nowhere/c++", "false"] {
            let message = check(Some(OsStr::new(program))).unwrap_err().to_string();
            assert!(message.contains(&format!("`{program}` did not run")), "{message}");
        }
    }
}
