//! Data sets of the Hugging Face hub, downloaded into the cache that Python's libraries share.
//!
//! What the hub says is not trusted: paths are checked before they touch the disk, contents against their hash before
//! they are kept, and the token goes to the hub's own origin only.

mod branch;
mod cache;
mod client;
mod environment;
mod layout;
mod name;
mod oid;
mod remote;

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, Result};
use branch::Branch;
use cache::Cache;
use client::Client;
use layout::Layout;
use name::Name;
use remote::RemoteFile;

/// Where data sets come from and where they are kept.
///
/// [`Hub::from_env`] reads the variables that Python's `huggingface_hub` reads; the fields can be set by hand too.
#[derive(Clone)]
pub struct Hub {
    /// The hub's address, such as `https://huggingface.co`.
    pub endpoint: String,
    /// The cache's folder, such as `~/.cache/huggingface/hub`.
    pub cache: PathBuf,
    /// The access token for private and gated data sets. `Debug` does not show it.
    pub token: Option<String>,
    /// Whether to use only what is in the cache.
    pub offline: bool,
}

/// A data set's files on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Its name, such as `acme/films`.
    pub name: String,
    /// The configuration that was asked for or found, where the data set has them.
    pub config: Option<String>,
    /// The commit that the files are from.
    pub revision: String,
    /// The training files, at least one, for [`Reader::open_files`](crate::Reader::open_files).
    pub train: Vec<PathBuf>,
    /// The files of the validation split, perhaps none.
    pub validation: Vec<PathBuf>,
    /// Whether the hub was not reached, so that a newer revision may exist.
    pub from_cache: bool,
}

/// How far the download of one file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Download<'a> {
    /// The file's path in the data set.
    pub file: &'a str,
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

impl Hub {
    /// The hub as the environment describes it.
    ///
    /// | variable | meaning | without it |
    /// |---|---|---|
    /// | `HF_ENDPOINT` | the hub's address | `https://huggingface.co` |
    /// | `HF_HOME` | Hugging Face's folder | `huggingface` in `XDG_CACHE_HOME`, or in `~/.cache` |
    /// | `HF_HUB_CACHE` | the cache | `$HF_HOME/hub` |
    /// | `HF_TOKEN` | the access token | the file `$HF_HOME/token`, if it is there |
    /// | `HF_HUB_OFFLINE` | `1`, `true`, `yes` or `on`: use the cache only | ask the hub |
    pub fn from_env() -> Self {
        environment::hub(|name| std::env::var(name).ok())
    }

    /// Finds a data set and downloads what the cache lacks of it.
    ///
    /// `name` is `NAME`, `OWNER/NAME` or either with `:CONFIG` behind it. The hub's own conversion to Parquet (the branch
    /// `refs/convert/parquet`) is taken first, then the data files of `main`: Parquet, else CSV or TSV, else JSON Lines,
    /// else text. There, folders and file names that say train, validation, valid, val, dev or test name the split.
    /// `progress` is called as bytes arrive. If the hub cannot be reached, the revision in the cache is used.
    ///
    /// # Errors
    /// Those of [`Error`] that begin with `Hub`, and [`Error::Unreadable`] or [`Error::Unwritable`] for the cache.
    ///
    /// # Cost
    /// Two requests and one for every thousand files, even if all is cached; then one for each file that is not.
    pub fn dataset(&self, name: &str, progress: impl FnMut(Download<'_>)) -> Result<Dataset> {
        let name = Name::parse(name)?;
        let cache = Cache::new(&self.cache, &name);
        if self.offline {
            let offline =
                || Error::HubOffline { name: name.to_string(), cache: self.cache.clone() };
            return cached(&cache, &name)?.ok_or_else(offline);
        }
        match self.download(&cache, &name, progress) {
            Err(unreachable @ Error::HubUnreachable { .. }) => {
                cached(&cache, &name)?.ok_or(unreachable)
            }
            outcome => outcome,
        }
    }

    fn download(
        &self,
        cache: &Cache,
        name: &Name,
        mut progress: impl FnMut(Download<'_>),
    ) -> Result<Dataset> {
        let client = Client::new(self, name);
        let mut known = false;
        for branch in Branch::ALL {
            let Some(revision) = client.revision(branch)? else { continue };
            known = true;
            let files = client.tree(branch)?;
            let paths = files.iter().map(|file| file.path.as_str());
            let Some(layout) = Layout::of(branch, paths, name)? else { continue };
            let wanted: Vec<_> = files.iter().filter(|file| layout.holds(&file.path)).collect();
            fetch(&client, cache, &revision, &wanted, &mut progress)?;
            cache.publish(branch, &revision, &wanted)?;
            return Ok(dataset(cache, name, revision, &layout, false));
        }
        Err(if known { Error::HubNoData { name: name.to_string() } } else { client.not_found() })
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("offline", &self.offline)
            .finish()
    }
}

/// Downloads the contents that the cache lacks.
fn fetch(
    client: &Client<'_>,
    cache: &Cache,
    revision: &str,
    files: &[&RemoteFile],
    progress: &mut dyn FnMut(Download<'_>),
) -> Result<()> {
    for file in files.iter().filter(|file| !cache.holds(file)) {
        client.download(revision, file, |body| cache.store(file, body, progress))?;
    }
    Ok(())
}

/// The data set as the cache has it, or `None` if it has none.
fn cached(cache: &Cache, name: &Name) -> Result<Option<Dataset>> {
    for branch in Branch::ALL {
        let Some(revision) = cache.revision(branch) else { continue };
        let paths = cache.paths(&revision)?;
        if let Some(layout) = Layout::of(branch, paths.iter().map(String::as_str), name)? {
            return Ok(Some(dataset(cache, name, revision, &layout, true)));
        }
    }
    Ok(None)
}

fn dataset(
    cache: &Cache,
    name: &Name,
    revision: String,
    layout: &Layout,
    from_cache: bool,
) -> Dataset {
    let local = |paths: &[String]| paths.iter().map(|path| cache.path(&revision, path)).collect();
    let (train, validation) = (local(&layout.train), local(&layout.validation));
    let config = layout.config.clone();
    Dataset { name: name.to_string(), config, revision, train, validation, from_cache }
}
