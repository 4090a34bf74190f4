//! The user's Python: it has pip, may have torch, and unpacks archives.

use crate::error::{Error, Result};
use crate::libtorch::OR_NAME_ONE;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Finds the package without importing it, which would take seconds.
const TORCH_FOLDER: &str = "
import importlib.util
spec = importlib.util.find_spec('torch')
print(spec.submodule_search_locations[0] if spec else '')";

const FREE_SPACE: &str = "
import shutil, sys
print(shutil.disk_usage(sys.argv[1]).free)";

/// A Python 3 interpreter.
#[derive(Debug)]
pub(crate) struct Python {
    program: PathBuf,
}

impl Python {
    /// The first `python3` on `path`, or the first `python`.
    pub(crate) fn find(path: &OsStr) -> Result<Self> {
        ["python3", "python"]
            .iter()
            .flat_map(|name| env::split_paths(path).map(move |folder| folder.join(name)))
            .find(|program| program.is_file())
            .map(|program| Self { program })
            .ok_or_else(|| {
                Error::new(format!(
                    "neither `python3` nor `python` is on PATH; install Python 3 with pip \
                     (Debian, Ubuntu: `apt-get install python3-pip`), {OR_NAME_ONE}"
                ))
            })
    }

    /// The folder of the installed package `torch`.
    pub(crate) fn torch_folder(&self) -> Option<PathBuf> {
        let output = self.output(&[OsStr::new("-c"), OsStr::new(TORCH_FOLDER)]).ok()?;
        (!output.is_empty()).then(|| output.into())
    }

    /// Free bytes on the disk of `folder`.
    pub(crate) fn free_space(&self, folder: &Path) -> Result<u64> {
        let output =
            self.output(&[OsStr::new("-c"), OsStr::new(FREE_SPACE), folder.as_os_str()])?;
        output.parse().map_err(|_| self.broken(&format!("it printed {output:?} as free space")))
    }

    /// A command that runs the script `code`.
    pub(crate) fn script(&self, code: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(code);
        command
    }

    /// A command that runs pip.
    pub(crate) fn pip(&self) -> Result<Command> {
        let pip = ["-m", "pip"];
        let output = Command::new(&self.program).args(pip).arg("--version").output();
        if !output.is_ok_and(|output| output.status.success()) {
            return Err(Error::new(format!(
                "{} has no pip; install it (Debian, Ubuntu: `apt-get install python3-pip`; \
                 elsewhere `python3 -m ensurepip`), {OR_NAME_ONE}",
                self.program.display()
            )));
        }
        let mut command = Command::new(&self.program);
        command.args(pip);
        Ok(command)
    }

    fn output(&self, args: &[&OsStr]) -> Result<String> {
        let output = Command::new(&self.program).args(args).output();
        let Output { status, stdout, stderr } =
            output.map_err(|error| self.broken(&error.to_string()))?;
        if !status.success() {
            return Err(self.broken(String::from_utf8_lossy(&stderr).trim()));
        }
        Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
    }

    fn broken(&self, fault: &str) -> Error {
        Error::new(format!(
            "{} failed: {fault}; put a Python 3 that works first on PATH, {OR_NAME_ONE}",
            self.program.display()
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    fn python(folder: &Folder, script: &str) -> Python {
        folder.python(script);
        Python::find(folder.path().as_os_str()).unwrap()
    }

    #[test]
    fn no_python_is_told() {
        let folder = Folder::new("no-python");
        let message = Python::find(folder.path().as_os_str()).unwrap_err().to_string();
        assert!(message.contains("python3") && message.contains("LIBTORCH"), "{message}");
    }

    #[test]
    fn no_pip_is_told() {
        let folder = Folder::new("no-pip");
        let message = python(&folder, "exit 1").pip().unwrap_err().to_string();
        assert!(message.contains("has no pip"), "{message}");
        assert!(message.contains(&folder.path().display().to_string()), "{message}");
    }

    #[test]
    fn a_failing_python_says_why() {
        let folder = Folder::new("failing");
        let python = python(&folder, "echo no disk_usage >&2; exit 1");
        let message = python.free_space(folder.path()).unwrap_err().to_string();
        assert!(message.contains("no disk_usage"), "{message}");
        assert_eq!(python.torch_folder(), None);
    }

    #[test]
    fn nonsense_is_not_taken_for_free_space() {
        let folder = Folder::new("nonsense");
        let message =
            python(&folder, "echo much").free_space(folder.path()).unwrap_err().to_string();
        assert!(message.contains("\"much\""), "{message}");
    }

    #[test]
    fn a_python_without_torch_has_no_folder() {
        let folder = Folder::new("no-torch");
        assert_eq!(python(&folder, "echo").torch_folder(), None);
    }
}
