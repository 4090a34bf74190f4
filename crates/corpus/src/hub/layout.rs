//! Which of a data set's files are its training split and which its validation split.

use std::collections::BTreeMap;

use super::branch::Branch;
use super::name::Name;
use crate::error::{Error, Result};
use crate::format::Format;

/// The chosen files of one configuration, sorted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) config: Option<String>,
    pub(super) train: Vec<String>,
    pub(super) validation: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Split {
    Train,
    Validation,
    Test,
    /// The name says nothing.
    Unmarked,
}

impl Layout {
    /// Chooses among `paths`, or `None` if there is no data among them.
    pub(super) fn of<'p>(
        branch: Branch,
        paths: impl Iterator<Item = &'p str>,
        name: &Name,
    ) -> Result<Option<Self>> {
        match branch {
            Branch::Convert => converted(paths, name),
            Branch::Main => uploaded(paths, name),
        }
    }

    pub(super) fn holds(&self, path: &str) -> bool {
        self.train.iter().chain(&self.validation).any(|chosen| chosen == path)
    }
}

/// The hub's conversion: `CONFIG/SPLIT/NNNN.parquet`, and `partial-SPLIT` where it stopped early.
fn converted<'p>(paths: impl Iterator<Item = &'p str>, name: &Name) -> Result<Option<Layout>> {
    let mut configs: BTreeMap<&str, Vec<(Split, &str)>> = BTreeMap::new();
    for path in paths.filter(|path| Format::of(path) == Some(Format::Parquet)) {
        if let [config, split, _] = path.split('/').collect::<Vec<_>>()[..] {
            configs.entry(config).or_default().push((split_of(split), path));
        }
    }
    if configs.is_empty() {
        return Ok(None);
    }
    let config = choose(&configs.keys().copied().collect::<Vec<_>>(), name)?;
    let files = configs.remove(config.as_str()).unwrap_or_default();
    layout(Some(config), &files, name).map(Some)
}

/// The configuration asked for, else `default`, else the only one.
fn choose(configs: &[&str], name: &Name) -> Result<String> {
    let chosen = match (&name.config, configs) {
        (Some(asked), _) => configs.iter().find(|config| *config == asked),
        (None, [only]) => Some(only),
        (None, _) => configs.iter().find(|config| **config == "default"),
    };
    chosen.map(|config| (*config).to_owned()).ok_or_else(|| Error::HubConfig {
        name: name.to_string(),
        configs: configs.iter().map(|config| (*config).to_owned()).collect(),
    })
}

/// What the owner uploaded, in the first format there is. A configuration is a top folder.
fn uploaded<'p>(paths: impl Iterator<Item = &'p str>, name: &Name) -> Result<Option<Layout>> {
    let files = of_one_format(paths.filter(|path| !is_hidden(path)));
    if files.is_empty() {
        return Ok(None);
    }
    if name.config.is_none() {
        return layout(None, &marked(&files), name).map(Some);
    }
    let mut folders: Vec<_> = files.iter().filter_map(|path| top_folder(path)).collect();
    folders.dedup();
    let config = choose(&folders, name)?;
    let inside = |path: &&str| top_folder(path) == Some(config.as_str());
    let files: Vec<_> = files.into_iter().filter(inside).collect();
    layout(Some(config), &marked(&files), name).map(Some)
}

fn top_folder(path: &str) -> Option<&str> {
    path.split_once('/').map(|(folder, _)| folder)
}

/// The paths in the first format that any of them has, sorted.
fn of_one_format<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<&'p str> {
    let mut ranked: Vec<_> =
        paths.filter_map(|path| Some((rank(Format::of(path)?), path))).collect();
    ranked.sort_unstable();
    let Some((first, _)) = ranked.first().copied() else { return Vec::new() };
    ranked.into_iter().take_while(|(rank, _)| *rank == first).map(|(_, path)| path).collect()
}

fn rank(format: Format) -> usize {
    match format {
        Format::Parquet => 0,
        Format::Delimited(_) => 1,
        Format::JsonLines => 2,
        Format::Text => 3,
    }
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}

fn marked<'p>(paths: &[&'p str]) -> Vec<(Split, &'p str)> {
    paths.iter().map(|path| (split_of(path), *path)).collect()
}

/// Files that say nothing are for training, unless others say that they are.
fn layout(config: Option<String>, files: &[(Split, &str)], name: &Name) -> Result<Layout> {
    let of = |split| -> Vec<String> {
        let files = files.iter().filter(|file| file.0 == split);
        files.map(|(_, path)| (*path).to_owned()).collect()
    };
    let mut train = of(Split::Train);
    if train.is_empty() {
        train = of(Split::Unmarked);
    }
    if train.is_empty() {
        let files = files.iter().map(|(_, path)| (*path).to_owned()).collect();
        return Err(Error::HubNoTrain { name: name.to_string(), files });
    }
    Ok(Layout { config, train, validation: of(Split::Validation) })
}

/// The split that the last telling word of `path` names.
fn split_of(path: &str) -> Split {
    let words = path.rsplit(|c: char| !c.is_ascii_alphabetic());
    let mut splits = words.map(|word| match word.to_ascii_lowercase().as_str() {
        "train" | "training" => Split::Train,
        "validation" | "valid" | "val" | "dev" => Split::Validation,
        "test" | "testing" => Split::Test,
        _ => Split::Unmarked,
    });
    splits.find(|split| *split != Split::Unmarked).unwrap_or(Split::Unmarked)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn chosen(branch: Branch, name: &str, paths: &[&str]) -> Result<Option<Layout>> {
        Layout::of(branch, paths.iter().copied(), &Name::parse(name)?)
    }

    fn files(branch: Branch, name: &str, paths: &[&str]) -> (String, String) {
        let layout = chosen(branch, name, paths).unwrap().unwrap();
        (layout.train.join(" "), layout.validation.join(" "))
    }

    fn both(train: &str, validation: &str) -> (String, String) {
        (train.to_owned(), validation.to_owned())
    }

    #[test]
    fn the_conversion_says_config_and_split() {
        let paths =
            ["b/train/0.parquet", "default/partial-train/0.parquet", "default/test/0.parquet"];
        let found = files(Branch::Convert, "films", &paths);
        assert_eq!(found, both("default/partial-train/0.parquet", ""));
        assert_eq!(files(Branch::Convert, "films:b", &paths), both("b/train/0.parquet", ""));
    }

    #[test]
    fn the_only_configuration_needs_no_name() {
        let paths = ["en/train/0.parquet", "en/train/1.parquet", "en/validation/0.parquet"];
        let train = "en/train/0.parquet en/train/1.parquet";
        assert_eq!(files(Branch::Convert, "films", &paths), both(train, "en/validation/0.parquet"));
    }

    #[test]
    fn several_configurations_ask_for_a_choice() {
        let paths = ["en/train/0.parquet", "pt/train/0.parquet"];
        for name in ["films", "films:fr"] {
            let error = chosen(Branch::Convert, name, &paths).unwrap_err().to_string();
            assert_eq!(error, "films: choose a configuration, as in films:NAME, of: en, pt");
        }
    }

    #[test]
    fn a_conversion_without_parquet_is_none() {
        assert_eq!(chosen(Branch::Convert, "films", &["README.md", "x.parquet"]).unwrap(), None);
    }

    #[test]
    fn main_prefers_parquet_then_csv_then_json_then_text() {
        let all = ["d.txt", "c.jsonl", "b.csv", "a.parquet", "README.md"];
        for (taken, first) in ["a.parquet", "b.csv", "c.jsonl", "d.txt"].iter().enumerate() {
            assert_eq!(files(Branch::Main, "films", &all[..4 - taken]), both(first, ""));
        }
    }

    #[test]
    fn main_names_splits_by_whole_words() {
        let paths =
            ["data/train-00000-of-00001.csv", "data/dev.csv", "data/test2.csv", "notes.csv"];
        let found = files(Branch::Main, "films", &paths);
        assert_eq!(found, both("data/train-00000-of-00001.csv", "data/dev.csv"));
        let paths = ["developers.csv", "trainspotting.csv", "valid.csv"];
        let found = files(Branch::Main, "films", &paths);
        assert_eq!(found, both("developers.csv trainspotting.csv", "valid.csv"));
    }

    #[test]
    fn on_main_a_configuration_is_a_folder() {
        let paths = ["en/train.csv", "en/valid.csv", "pt/train.csv"];
        assert_eq!(files(Branch::Main, "films:en", &paths), both("en/train.csv", "en/valid.csv"));
        let error = chosen(Branch::Main, "films:fr", &paths).unwrap_err().to_string();
        assert!(error.ends_with("of: en, pt"), "{error}");
    }

    #[test]
    fn test_files_are_not_trained_on() {
        let error = chosen(Branch::Main, "films", &["test.csv"]).unwrap_err().to_string();
        assert!(error.contains("no training split, only test.csv"), "{error}");
    }
}
