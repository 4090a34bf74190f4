//! What a libtorch folder is, and whether one will do.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The version that is fetched; any of its patch releases will do.
pub(crate) const VERSION: &str = "2.11.0";

/// The end of many a message.
pub(crate) const OR_NAME_ONE: &str = "or point LIBTORCH at a libtorch 2.11.0 folder";

/// What libtorch has to compute on. One with CUDA computes on the CPU as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Device {
    Cpu,
    Cuda,
}

/// Why a folder will not do.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    /// There is no such folder.
    Absent,
    /// It is a folder, but lacks this.
    Lacks(PathBuf),
    /// It does not say which version it is.
    NoVersion,
    /// It is another version.
    Version(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => write!(f, "there is none"),
            Self::Lacks(path) => write!(f, "it lacks {}", path.display()),
            Self::NoVersion => write!(f, "neither build-version nor version.py names its version"),
            Self::Version(found) => write!(f, "it is version {found}, and {VERSION} is needed"),
        }
    }
}

/// Whether `folder` has the headers and libraries of a libtorch of our version, for `device`.
pub(crate) fn check(folder: &Path, device: Device) -> Result<(), Fault> {
    if !folder.is_dir() {
        return Err(Fault::Absent);
    }
    for part in parts(device) {
        if !folder.join(part).exists() {
            return Err(Fault::Lacks(folder.join(part)));
        }
    }
    let version = version(folder).ok_or(Fault::NoVersion)?;
    if is_supported(&version) { Ok(()) } else { Err(Fault::Version(version)) }
}

fn parts(device: Device) -> &'static [&'static str] {
    const PARTS: [&str; 3] = ["include/torch", "lib/libtorch_cpu.so", "lib/libtorch_cuda.so"];
    match device {
        Device::Cpu => &PARTS[..2],
        Device::Cuda => &PARTS,
    }
}

/// As an archive of libtorch tells it, or as a Python package does.
fn version(folder: &Path) -> Option<String> {
    if let Ok(version) = fs::read_to_string(folder.join("build-version")) {
        return Some(version.trim().to_owned());
    }
    let text = fs::read_to_string(folder.join("version.py")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("__version__"))?;
    Some(line.trim_matches([' ', '=', '\'', '"']).to_owned())
}

/// `2.11.0`, `2.11.1+cu130`, …: the patch release and the build do not matter.
fn is_supported(version: &str) -> bool {
    let series = &VERSION[..=VERSION.rfind('.').unwrap_or(0)];
    version.starts_with(series)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Folder, fake_libtorch};

    #[test]
    fn only_patch_releases_are_supported() {
        for (version, supported) in [
            ("2.11.0", true),
            ("2.11.0+cpu", true),
            ("2.11.1+cu130", true),
            ("2.1.0", false),
            ("2.12.0", false),
            ("2.110.0", false),
            ("12.11.0", false),
            ("", false),
        ] {
            assert_eq!(is_supported(version), supported, "{version}");
        }
    }

    #[test]
    fn the_version_is_read_from_either_file() {
        let folder = Folder::new("version");
        assert_eq!(version(folder.path()), None);
        let python = "from typing import Optional\n\n__all__ = ['__version__']\n__version__ = '2.11.0+cu130'\n";
        fs::write(folder.join("version.py"), python).unwrap();
        assert_eq!(version(folder.path()).unwrap(), "2.11.0+cu130");
        fs::write(folder.join("build-version"), "2.11.0+cpu\n").unwrap();
        assert_eq!(version(folder.path()).unwrap(), "2.11.0+cpu");
    }

    #[test]
    fn each_fault_is_told_apart() {
        let folder = Folder::new("faults");
        let libtorch = fake_libtorch(&folder.join("libtorch"), "2.11.0");
        assert_eq!(check(&libtorch, Device::Cpu), Ok(()));
        assert_eq!(check(&folder.join("no"), Device::Cpu), Err(Fault::Absent));
        let cuda = libtorch.join("lib/libtorch_cuda.so");
        assert_eq!(check(&libtorch, Device::Cuda), Err(Fault::Lacks(cuda)));
        fs::write(libtorch.join("build-version"), "2.10.0").unwrap();
        assert_eq!(check(&libtorch, Device::Cpu), Err(Fault::Version("2.10.0".into())));
        fs::remove_file(libtorch.join("build-version")).unwrap();
        assert_eq!(check(&libtorch, Device::Cpu), Err(Fault::NoVersion));
    }
}
