//! Makes a libtorch from the wheels of PyTorch, which every one of pip's mirrors has.

use crate::cache::{self, Partial};
use crate::command::Run;
use crate::error::{Error, IoContext, Result};
use crate::host::Host;
use crate::libtorch::{self, Device, VERSION};
use crate::python::Python;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const UNPACK: &str = include_str!("../libtorch/unpack.py");

/// What to do where the wheels do not run.
pub(crate) const ELSEWHERE: &str = "there is no download for this platform (only for Linux with \
     glibc on x86_64); point LIBTORCH at a libtorch 2.11.0 folder";

const GB: u64 = 1_000_000_000;

/// Any Python takes these wheels: pip is told for what they are, not for what it runs on.
/// pip reads no older platform into `manylinux_2_28`, so each that a wheel is named for is named.
const WHEELS: [&str; 15] = [
    "--require-hashes",
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--disable-pip-version-check",
    "--python-version=3.12",
    "--implementation=cp",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_27_x86_64",
    "--platform=manylinux_2_25_x86_64",
    "--platform=manylinux_2_18_x86_64",
    "--platform=manylinux_2_17_x86_64",
    "--platform=manylinux2014_x86_64",
    "--platform=manylinux2010_x86_64",
    "--platform=manylinux1_x86_64",
];

/// Downloads, checks and unpacks a libtorch for `device` into the cache. Returns its folder.
pub(crate) fn fetch(host: &Host, device: Device) -> Result<PathBuf> {
    supported()?;
    let python = Python::find(&host.path)?;
    let pip = python.pip()?;
    let partial = Partial::new(&host.cache, device)?;
    check_space(python.free_space(&host.cache)?, &host.cache, device)?;
    eprintln!("libtorch: downloading {VERSION}, once, into {}", host.cache.display());
    match device {
        Device::Cpu => download(pip, &python, &partial)?,
        Device::Cuda => install(pip, &partial)?,
    }
    partial.commit()?;
    let folder = cache::folder(&host.cache, device);
    let refused = |fault| Error::new(format!("{} was fetched, but {fault}", folder.display()));
    libtorch::check(&folder, device).map_err(refused)?;
    Ok(folder)
}

/// Whether the wheels run here.
fn supported() -> Result<()> {
    let tried = cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"));
    if tried { Ok(()) } else { Err(Error::new(ELSEWHERE)) }
}

/// The CPU's part of the wheel is a fifth of what CUDA needs.
fn download(pip: Command, python: &Python, partial: &Partial) -> Result<()> {
    wheels(pip, "download", include_str!("../libtorch/cpu.txt"), partial)?
        .arg("--dest")
        .arg(partial.wheels())
        .run()
        .map_err(|error| pip_failed(&error))?;
    python.script(UNPACK).arg(partial.wheels()).arg(partial.libtorch()).run()?;
    let version = partial.libtorch().join("build-version");
    fs::write(&version, VERSION).context("write", &version)
}

fn install(pip: Command, partial: &Partial) -> Result<()> {
    wheels(pip, "install", include_str!("../libtorch/cuda.txt"), partial)?
        .arg("--no-compile")
        .arg("--target")
        .arg(partial.libtorch())
        .run()
        .map_err(|error| pip_failed(&error))
}

/// `pip TASK` of the pinned `requirements`. It inherits the terminal, and so draws its progress bar.
fn wheels(mut pip: Command, task: &str, requirements: &str, partial: &Partial) -> Result<Command> {
    let file = partial.temporary().join("requirements.txt");
    fs::write(&file, requirements).context("write", &file)?;
    pip.arg(task).args(WHEELS).arg("--requirement").arg(file).env("TMPDIR", partial.temporary());
    Ok(pip)
}

fn pip_failed(error: &Error) -> Error {
    Error::new(format!(
        "{error}; pip says why above. Without a network, point LIBTORCH at a libtorch {VERSION} \
         folder; behind a proxy or a mirror, configure pip for it. Nothing is left half done: \
         run the same command again"
    ))
}

fn check_space(free: u64, folder: &Path, device: Device) -> Result<()> {
    let needed = match device {
        Device::Cpu => 2 * GB,
        Device::Cuda => 8 * GB,
    };
    if free >= needed {
        return Ok(());
    }
    Err(Error::new(format!(
        "{} has {:.1} GB free and {:.1} GB are needed; make room, or name another cache \
         folder in XDG_CACHE_HOME",
        folder.display(),
        free as f64 / GB as f64,
        needed as f64 / GB as f64
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Folder, host};

    /// A Python whose pip does `pip`, and whose scripts do `script`.
    fn python(pip: &str, script: &str) -> String {
        format!(
            "case \"$*\" in
               *--version) ;;
               *disk_usage*) echo 9000000000 ;;
               *-m\\ pip*) {pip} ;;
               *) {script} ;;
             esac"
        )
    }

    /// As `unpack.py` is called: python3 -c CODE WHEELS FOLDER.
    const UNPACKS: &str = "test -s \"$3/a.whl\" && mkdir -p \"$4/include/torch\" \"$4/lib\" && touch \"$4/lib/libtorch_cpu.so\"";
    /// The last argument is where to.
    const DOWNLOADS: &str = "for to; do :; done; echo wheel > \"$to/a.whl\"";

    #[test]
    fn a_fetched_libtorch_is_whole_and_alone_in_the_cache() {
        let folder = Folder::new("fetch");
        let host = host(&folder);
        folder.python(&python(DOWNLOADS, UNPACKS));
        let libtorch = fetch(&host, Device::Cpu).unwrap();
        assert_eq!(libtorch::check(&libtorch, Device::Cpu), Ok(()));
        assert_eq!(fs::read_dir(&host.cache).unwrap().count(), 1);
    }

    #[test]
    fn a_failing_pip_leaves_nothing_and_says_what_to_do() {
        let folder = Folder::new("pip");
        let host = host(&folder);
        folder.python(&python("exit 3", UNPACKS));
        for device in [Device::Cpu, Device::Cuda] {
            let message = fetch(&host, device).unwrap_err().to_string();
            assert!(message.contains("exit status: 3") && message.contains("network"), "{message}");
            assert_eq!(fs::read_dir(&host.cache).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_failing_unpack_leaves_nothing() {
        let folder = Folder::new("unpack");
        let host = host(&folder);
        folder.python(&python(DOWNLOADS, "exit 1"));
        assert!(fetch(&host, Device::Cpu).is_err());
        assert_eq!(fs::read_dir(&host.cache).unwrap().count(), 0);
    }

    #[test]
    fn a_full_disk_is_told_before_the_download() {
        let error = check_space(GB, Path::new("/cache"), Device::Cpu).unwrap_err();
        let message = error.to_string();
        for part in ["/cache", "1.0 GB", "2.0 GB", "XDG_CACHE_HOME"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
        assert!(check_space(2 * GB, Path::new("/cache"), Device::Cpu).is_ok());
        assert!(check_space(2 * GB, Path::new("/cache"), Device::Cuda).is_err());
    }

    #[test]
    fn every_requirement_is_pinned_and_hashed() {
        for requirements in
            [include_str!("../libtorch/cpu.txt"), include_str!("../libtorch/cuda.txt")]
        {
            let lines = requirements.lines().filter(|line| !line.starts_with('#'));
            for line in lines {
                let (package, hash) = line.split_once("--hash=sha256:").unwrap();
                assert!(package.contains("=="), "{line}");
                assert_eq!(hash.len(), 64, "{line}");
            }
            assert!(requirements.contains(&format!("torch=={VERSION} ")));
        }
    }
}
