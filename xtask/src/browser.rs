//! Tests of the explorer's page: what they need on this machine, and how they are run.

use crate::command::Run;
use crate::error::{Error, IoContext, Result};
use crate::host::Host;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What drives the browser and what checks the page for accessibility. They are of the tests alone.
const PACKAGES: [(&str, &str); 2] = [("playwright-core", "1.65.1"), ("axe-core", "4.14.1")];
/// The first Node that tells modules by their syntax.
const NODE: (u32, u32) = (20, 19);
const BROWSERS: [&str; 4] =
    ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
const TESTS: [&str; 2] = ["crates/explorer/web/tests", "crates/explorer/web/tests/browser"];

/// Runs every test of the page with `args` for `node --test`. Pictures and timings go to `browser` in the target folder.
pub(crate) fn test(host: &Host, args: &[OsString]) -> Result<()> {
    let node = node(host)?;
    let browser = browser(host)?;
    let out = host.target_folder().join("browser");
    install(host, &out)?;
    let toy = toy(host)?;
    Command::new(node)
        .current_dir(&host.root)
        .args(["--test", "--test-concurrency=1"])
        .args(args)
        .args(scripts(host)?)
        .env("CHROMIUM", browser)
        .env("EXPLORER_TOY", toy)
        .env("EXPLORER_OUT", out)
        .run()
}

fn node(host: &Host) -> Result<PathBuf> {
    let (major, minor) = NODE;
    let wanted = format!("Node {major}.{minor} or later");
    let node = host.program("node").ok_or_else(|| {
        Error::new(format!(
            "`node` is not on PATH, and the tests of the page need {wanted}; install it \
             (Debian, Ubuntu: `apt-get install nodejs npm`; elsewhere nodejs.org)"
        ))
    })?;
    let output = Command::new(&node).arg("--version").output().context("run", &node)?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if parsed(&version).is_some_and(|version| version >= NODE) {
        return Ok(node);
    }
    Err(Error::new(format!(
        "{} is Node {version:?}, and the tests of the page need {wanted}; put one first on PATH \
         (nodejs.org has them)",
        node.display()
    )))
}

/// Major and minor number of `v20.19.2`.
fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// What `CHROMIUM` names, or else the first of the browsers on `PATH`.
fn browser(host: &Host) -> Result<PathBuf> {
    if let Some(own) = &host.chromium {
        return Some(own.into()).filter(|own: &PathBuf| own.is_file()).ok_or_else(|| {
            Error::new(format!(
                "CHROMIUM={} is no file; name a Chromium by its path, or unset CHROMIUM",
                own.display()
            ))
        });
    }
    BROWSERS.iter().find_map(|name| host.program(name)).ok_or_else(|| {
        Error::new(format!(
            "no Chromium is on PATH ({}), and the tests of the page need one; install it (Debian: \
             `apt-get install chromium-headless-shell`), or name yours in CHROMIUM",
            BROWSERS.join(", ")
        ))
    })
}

/// Fetches the packages that `out` does not have yet.
fn install(host: &Host, out: &Path) -> Result<()> {
    let missing: Vec<_> =
        PACKAGES.iter().filter(|(name, version)| !has(out, name, version)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|(name, version)| format!("{name}@{version}")).collect();
    let npm = host.program("npm").ok_or_else(|| {
        Error::new(format!(
            "`npm` is not on PATH, and {} must be fetched; install it (Debian, Ubuntu: \
             `apt-get install npm`; elsewhere it comes with Node)",
            names.join(" and ")
        ))
    })?;
    fs::create_dir_all(out).context("create", out)?;
    Command::new(npm)
        .args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix"])
        .arg(out)
        // All of them: npm takes away what it is not told of.
        .args(PACKAGES.map(|(name, version)| format!("{name}@{version}")))
        .run()
}

fn has(out: &Path, name: &str, version: &str) -> bool {
    let about = out.join("node_modules").join(name).join("package.json");
    fs::read_to_string(about)
        .is_ok_and(|text| text.contains(&format!("\"version\": \"{version}\"")))
}

/// Builds the server that the tests ask, and tells where it is.
fn toy(host: &Host) -> Result<PathBuf> {
    Command::new(&host.cargo)
        .current_dir(&host.root)
        .args(["build", "--package", "enredo-explorer", "--example", "toy"])
        .run()?;
    Ok(host.target_folder().join("debug/examples").join(format!("toy{}", env::consts::EXE_SUFFIX)))
}

/// The files of tests, by name: not every Node looks for them in a folder.
fn scripts(host: &Host) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in TESTS.map(|folder| host.root.join(folder)) {
        for entry in fs::read_dir(&folder).context("read", &folder)? {
            found.push(entry.context("read", &folder)?.path());
        }
    }
    found.retain(|path| path.to_string_lossy().ends_with(".test.js"));
    found.sort();
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Folder, host};

    #[test]
    fn a_node_that_is_missing_or_old_is_told() {
        let folder = Folder::new("node");
        let message = node(&host(&folder)).unwrap_err().to_string();
        assert!(message.contains("apt-get install nodejs npm"), "{message}");
        folder.program("node", "echo v18.20.4");
        let message = node(&host(&folder)).unwrap_err().to_string();
        assert!(message.contains("v18.20.4") && message.contains("20.19"), "{message}");
        folder.program("node", "echo v22.0.1");
        assert_eq!(node(&host(&folder)).unwrap(), folder.join("node"));
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parsed("v20.19.2") >= Some(NODE) && parsed("v100.0.0") >= Some(NODE));
        assert!(parsed("v20.9.0") < Some(NODE));
        assert_eq!(parsed("what"), None);
    }

    #[test]
    fn the_users_own_browser_comes_first() {
        let folder = Folder::new("chromium");
        let mut host = host(&folder);
        let message = browser(&host).unwrap_err().to_string();
        assert!(message.contains("apt-get install chromium-headless-shell"), "{message}");
        folder.program("google-chrome", "true");
        assert_eq!(browser(&host).unwrap(), folder.join("google-chrome"));
        folder.program("own", "true");
        host.chromium = Some(folder.join("own").into());
        assert_eq!(browser(&host).unwrap(), folder.join("own"));
        host.chromium = Some(folder.join("gone").into());
        assert!(browser(&host).unwrap_err().to_string().contains("unset CHROMIUM"));
    }

    #[test]
    fn packages_are_fetched_once() {
        let folder = Folder::new("packages");
        let host = host(&folder);
        let out = folder.join("out");
        let message = install(&host, &out).unwrap_err().to_string();
        for part in ["`npm` is not on PATH", "playwright-core@1", "axe-core@4"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
        folder.program("npm", "exit 3");
        assert!(install(&host, &out).unwrap_err().to_string().contains("npm install"));
        for (name, version) in PACKAGES {
            let package = out.join("node_modules").join(name);
            fs::create_dir_all(&package).unwrap();
            let about = format!("{{\n  \"version\": \"{version}\"\n}}");
            fs::write(package.join("package.json"), about).unwrap();
        }
        install(&host, &out).unwrap();
        assert!(!has(&out, PACKAGES[0].0, "0.0.1"));
    }
}
