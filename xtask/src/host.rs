//! What the environment says: folders, the user's own libtorch, programs.

use crate::error::{Error, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Everything a task reads from its surroundings.
#[derive(Debug)]
pub(crate) struct Host {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// The folder that every checkout of this user shares.
    pub(crate) cache: PathBuf,
    /// `LIBTORCH`, if the user set it.
    pub(crate) libtorch: Option<PathBuf>,
    /// `PATH`.
    pub(crate) path: OsString,
    /// `CXX`.
    pub(crate) cxx: Option<OsString>,
    /// `CHROMIUM`, the browser for tests.
    pub(crate) chromium: Option<OsString>,
    /// The cargo that runs this.
    pub(crate) cargo: PathBuf,
    target: Option<PathBuf>,
}

impl Host {
    pub(crate) fn from_env() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::new(manifest.parent().unwrap_or(manifest), |name| env::var_os(name))
    }

    /// The host of the workspace at `root`, with the variables that `var` knows.
    pub(crate) fn new(root: &Path, var: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        Ok(Self {
            root: root.to_path_buf(),
            cache: cache(var("XDG_CACHE_HOME"), var("HOME"))?,
            libtorch: own_libtorch(root, var("LIBTORCH"))?,
            path: var("PATH").unwrap_or_default(),
            cxx: var("CXX"),
            chromium: var("CHROMIUM").filter(|value| !value.is_empty()),
            cargo: var("CARGO").unwrap_or_else(|| "cargo".into()).into(),
            target: var("CARGO_TARGET_DIR").map(PathBuf::from),
        })
    }

    /// The link that `.cargo/config.toml` names.
    pub(crate) fn link(&self) -> PathBuf {
        link(&self.root)
    }

    /// The first program of that name on `PATH`.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).map(|folder| folder.join(name)).find(|path| path.is_file())
    }

    /// Where cargo builds.
    pub(crate) fn target_folder(&self) -> PathBuf {
        self.root.join(self.target.as_deref().unwrap_or(Path::new("target")))
    }
}

fn link(root: &Path) -> PathBuf {
    root.join(".libtorch")
}

/// Tells the user's `LIBTORCH` from the one that `.cargo/config.toml` gives to whatever cargo runs.
fn own_libtorch(root: &Path, value: Option<OsString>) -> Result<Option<PathBuf>> {
    let Some(folder) = value.filter(|value| !value.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if folder == link(root) {
        Ok(None)
    } else if folder.is_absolute() {
        Ok(Some(folder))
    } else {
        Err(Error::new(format!(
            "LIBTORCH={} is a relative path, which build scripts would seek elsewhere; \
             make it absolute",
            folder.display()
        )))
    }
}

/// A cache folder that is not absolute is to be ignored, says the XDG Base Directory Specification.
fn cache(xdg: Option<OsString>, home: Option<OsString>) -> Result<PathBuf> {
    let home = || home.map(|home| Path::new(&home).join(".cache"));
    xdg.map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(home)
        .map(|folder| folder.join("enredo"))
        .ok_or_else(|| {
            Error::new("there is no folder for the download: set HOME or XDG_CACHE_HOME")
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn own(value: &str) -> Result<Option<PathBuf>> {
        own_libtorch(Path::new("/checkout"), Some(value.into()))
    }

    #[test]
    fn cargos_default_is_not_the_users() {
        assert_eq!(own("/checkout/.libtorch").unwrap(), None);
        assert_eq!(own("").unwrap(), None);
        assert_eq!(own("/opt/libtorch").unwrap(), Some("/opt/libtorch".into()));
        assert_eq!(own("/other/.libtorch").unwrap(), Some("/other/.libtorch".into()));
    }

    #[test]
    fn a_relative_libtorch_is_refused() {
        let message = own("libtorch").unwrap_err().to_string();
        assert!(message.contains("LIBTORCH=libtorch") && message.contains("absolute"), "{message}");
    }

    #[test]
    fn the_cache_is_the_users() {
        let at = |xdg: Option<&str>, home: Option<&str>| {
            cache(xdg.map(OsString::from), home.map(OsString::from))
        };
        assert_eq!(at(Some("/c"), Some("/h")).unwrap(), Path::new("/c/enredo"));
        assert_eq!(at(None, Some("/h")).unwrap(), Path::new("/h/.cache/enredo"));
        assert_eq!(at(Some("c"), Some("/h")).unwrap(), Path::new("/h/.cache/enredo"));
        assert!(at(None, None).unwrap_err().to_string().contains("set HOME"));
    }

    #[test]
    fn a_relative_target_folder_is_the_workspaces() {
        let target = |dir: Option<&str>| {
            let var = |name: &str| match name {
                "HOME" => Some("/h".into()),
                "CARGO_TARGET_DIR" => dir.map(OsString::from),
                _ => None,
            };
            Host::new(Path::new("/checkout"), var).unwrap().target_folder()
        };
        assert_eq!(target(None), Path::new("/checkout/target"));
        assert_eq!(target(Some("out")), Path::new("/checkout/out"));
        assert_eq!(target(Some("/out")), Path::new("/out"));
    }
}
