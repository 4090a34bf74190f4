//! From a file, a folder or a glob to the data files it means.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::format::Format;

/// The data files that `source` means, sorted by path, at least one.
///
/// What exists under that very name wins over its reading as a glob.
pub(crate) fn resolve(source: &Path) -> Result<Vec<PathBuf>> {
    if source.is_dir() {
        return in_folder(source);
    }
    if source.exists() {
        return Ok(vec![source.to_owned()]);
    }
    match source.to_str() {
        Some(pattern) if pattern.contains(['*', '?', '[']) => matching(pattern),
        _ => Err(Error::Missing { path: source.to_owned() }),
    }
}

/// The data files anywhere under `folder`, sorted.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = walk(folder)?;
    if files.is_empty() { Err(Error::NoData { path: folder.to_owned() }) } else { Ok(files) }
}

/// The data files anywhere under `folder`, sorted, perhaps none.
///
/// Hidden entries are left out. Links to files are followed, links to folders are not: they can turn in a circle.
pub(crate) fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::unreadable(folder))? {
        let entry = entry.map_err(Error::unreadable(folder))?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().map_err(Error::unreadable(&path))?.is_dir() {
            collect(&path, files)?;
        } else if is_data(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>> {
    let bad = |source| Error::BadGlob { pattern: pattern.to_owned(), source };
    let mut files = Vec::new();
    for path in glob::glob(pattern).map_err(bad)? {
        files.push(path.map_err(|e| Error::unreadable(e.path())(e.into()))?);
    }
    files.retain(|path| is_data(path));
    files.sort();
    if files.is_empty() { Err(Error::NoMatch { pattern: pattern.to_owned() }) } else { Ok(files) }
}

fn is_data(path: &Path) -> bool {
    Format::of(path).is_some() && path.is_file()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    fn found(folder: &tempfile::TempDir, source: &str) -> Vec<String> {
        let files = resolve(&folder.path().join(source)).unwrap();
        let relative = |file: PathBuf| file.strip_prefix(folder.path()).unwrap().to_owned();
        files.into_iter().map(|file| relative(file).to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_folder_is_read_recursively_and_in_order() {
        let folder = folder(&["b.csv", "a/z.txt", "a/b/c.jsonl", "README.md", ".git/x.csv"]);
        assert_eq!(found(&folder, ""), ["a/b/c.jsonl", "a/z.txt", "b.csv"]);
    }

    #[test]
    fn a_glob_takes_data_files_only() {
        let folder = folder(&["b.csv", "a.csv", "a.md", "deep/c.csv"]);
        assert_eq!(found(&folder, "*"), ["a.csv", "b.csv"]);
        assert_eq!(found(&folder, "**/c.csv"), ["deep/c.csv"]);
    }

    #[test]
    fn a_file_whose_name_looks_like_a_glob_is_a_file() {
        let folder = folder(&["films[1].csv", "films1.csv"]);
        assert_eq!(found(&folder, "films[1].csv"), ["films[1].csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_files_are_followed_and_circles_are_not() {
        let folder = folder(&["a.csv"]);
        std::os::unix::fs::symlink("a.csv", folder.path().join("link.csv")).unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("circle")).unwrap();
        assert_eq!(found(&folder, ""), ["a.csv", "link.csv"]);
    }
}
