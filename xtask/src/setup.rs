//! Provides libtorch: the nearest folder that will do, or else a download, and the link to it.

use crate::cache;
use crate::command::Run;
use crate::compiler;
use crate::error::{Error, IoContext, Result};
use crate::host::Host;
use crate::libtorch::{self, Device, Fault, VERSION};
use crate::python::Python;
use crate::wheel;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Finds or fetches a libtorch for `device` and makes `.libtorch` point at it. Returns its folder.
pub(crate) fn provide(host: &Host, device: Device) -> Result<PathBuf> {
    compiler::check(host.cxx.as_deref())?;
    let folder = find(host, device)?;
    let folder = fs::canonicalize(&folder).context("read", &folder)?;
    link(host, &folder)?;
    Ok(folder)
}

/// The user's own `LIBTORCH` or nothing; without one, the first of [`Source`] that will do, else the wheel.
///
/// The official archive of a CPU libtorch is not among them: no hash is published for it, and all
/// that is downloaded here is checked by hash.
fn find(host: &Host, device: Device) -> Result<PathBuf> {
    if let Some(folder) = &host.libtorch {
        return own(folder, device);
    }
    let mut passed_over = Vec::new();
    for source in [Source::Link, Source::Cache, Source::Python] {
        match source.folder(host, device) {
            Ok(folder) => return Ok(folder),
            Err(fault) => passed_over.push((source, fault)),
        }
    }
    for (source, fault) in passed_over.iter().filter(|(_, fault)| *fault != Fault::Absent) {
        eprintln!("libtorch: {source} is passed over: {fault}");
    }
    wheel::fetch(host, device).map_err(|error| nothing_left(&passed_over, &error))
}

fn own(folder: &Path, device: Device) -> Result<PathBuf> {
    let refused = |fault| {
        Error::new(format!(
            "LIBTORCH={}: {fault}; name another folder, or unset LIBTORCH and let \
             `cargo xtask setup` find or fetch one",
            folder.display()
        ))
    };
    libtorch::check(folder, device).map_err(refused).map(|()| folder.to_path_buf())
}

fn nothing_left(passed_over: &[(Source, Fault)], error: &Error) -> Error {
    let lines: String =
        passed_over.iter().map(|(source, fault)| format!("  {source}: {fault}\n")).collect();
    Error::new(format!(
        "no libtorch {VERSION} was found, and none could be fetched\n{lines}  the wheel: {error}"
    ))
}

/// A place where a libtorch may already be, nearest first.
#[derive(Clone, Copy)]
enum Source {
    Link,
    Cache,
    Python,
}

impl Source {
    fn folder(self, host: &Host, device: Device) -> Result<PathBuf, Fault> {
        let folder = match self {
            Self::Link => fs::canonicalize(host.link()).map_err(|_| Fault::Absent)?,
            Self::Cache => cache::folder(&host.cache, device),
            Self::Python => Python::find(&host.path)
                .ok()
                .and_then(|python| python.torch_folder())
                .ok_or(Fault::Absent)?,
        };
        libtorch::check(&folder, device).map(|()| folder)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link => ".libtorch",
            Self::Cache => "the cache",
            Self::Python => "Python's torch",
        })
    }
}

/// Points `.libtorch` at `folder`.
fn link(host: &Host, folder: &Path) -> Result<()> {
    let link = host.link();
    if points_at(&link, folder) {
        return Ok(());
    }
    let replaces = link.is_symlink();
    if replaces {
        fs::remove_file(&link).context("remove", &link)?;
    } else if link.exists() {
        return Err(Error::new(format!(
            "{} is not a link that set-up made; move it away and run set-up again \
             (to use that very libtorch, name its new place in LIBTORCH)",
            link.display()
        )));
    }
    symlink(folder, &link)?;
    if replaces { forget_build(host) } else { Ok(()) }
}

fn points_at(link: &Path, folder: &Path) -> bool {
    matches!((fs::canonicalize(link), fs::canonicalize(folder)), (Ok(a), Ok(b)) if a == b)
}

/// Makes cargo look at libtorch again: it watches the name `.libtorch`, not what it points at.
fn forget_build(host: &Host) -> Result<()> {
    for profile in ["dev", "release"] {
        Command::new(&host.cargo)
            .current_dir(&host.root)
            .args(["clean", "--quiet", "--package", "torch-sys", "--profile", profile])
            .run()?;
    }
    Ok(())
}

#[cfg(unix)]
fn symlink(folder: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(folder, link).context("link", link)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> Result<()> {
    Err(Error::new(wheel::ELSEWHERE))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Folder, fake_libtorch, host};

    #[test]
    fn the_users_own_folder_comes_first_and_is_linked() {
        let folder = Folder::new("own");
        let mut host = host(&folder);
        let own = fake_libtorch(&folder.join("own"), "2.11.0");
        fake_libtorch(&cache::folder(&host.cache, Device::Cpu), "2.11.0");
        host.libtorch = Some(own.clone());
        provide(&host, Device::Cpu).unwrap();
        assert!(points_at(&host.link(), &own));
    }

    #[test]
    fn the_users_own_folder_is_never_passed_over() {
        let folder = Folder::new("own-old");
        let mut host = host(&folder);
        fake_libtorch(&cache::folder(&host.cache, Device::Cpu), "2.11.0");
        host.libtorch = Some(fake_libtorch(&folder.join("own"), "2.9.1"));
        let message = provide(&host, Device::Cpu).unwrap_err().to_string();
        assert!(message.contains("2.9.1") && message.contains("unset LIBTORCH"), "{message}");
    }

    #[test]
    fn a_good_link_is_kept() {
        let folder = Folder::new("kept");
        let host = host(&folder);
        let linked = fake_libtorch(&folder.join("linked"), "2.11.0");
        fake_libtorch(&cache::folder(&host.cache, Device::Cpu), "2.11.0");
        symlink(&linked, &host.link()).unwrap();
        assert!(points_at(&provide(&host, Device::Cpu).unwrap(), &linked));
    }

    #[test]
    fn a_dangling_link_gives_way_to_the_cache() {
        let folder = Folder::new("dangling");
        let host = host(&folder);
        let cached = fake_libtorch(&cache::folder(&host.cache, Device::Cpu), "2.11.0");
        symlink(&folder.join("gone"), &host.link()).unwrap();
        provide(&host, Device::Cpu).unwrap();
        assert!(points_at(&host.link(), &cached));
    }

    #[test]
    fn an_installed_torch_is_taken_when_its_version_fits() {
        let folder = Folder::new("installed");
        let host = host(&folder);
        let torch = fake_libtorch(&folder.join("torch"), "2.11.1+cu130");
        folder.python(&format!("echo '{}'", torch.display()));
        provide(&host, Device::Cpu).unwrap();
        assert!(points_at(&host.link(), &torch));
    }

    #[test]
    fn what_was_passed_over_is_told_when_nothing_is_left() {
        let folder = Folder::new("nothing");
        let host = host(&folder);
        let torch = fake_libtorch(&folder.join("torch"), "2.4.0");
        folder.python(&format!("test $1 = -c && echo '{}'", torch.display()));
        let message = provide(&host, Device::Cpu).unwrap_err().to_string();
        for part in [".libtorch: ", "the cache: ", "Python's torch: ", "2.4.0", "has no pip"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
        assert!(!host.link().is_symlink());
    }

    #[test]
    fn a_folder_named_libtorch_is_left_alone() {
        let folder = Folder::new("real");
        let host = host(&folder);
        fake_libtorch(&cache::folder(&host.cache, Device::Cpu), "2.11.0");
        fs::create_dir_all(host.link()).unwrap();
        let message = provide(&host, Device::Cpu).unwrap_err().to_string();
        assert!(message.contains("not a link"), "{message}");
        assert!(host.link().is_dir());
    }
}
