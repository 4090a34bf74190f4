//! A data set's name, which becomes part of addresses and of a folder's name.

use std::fmt;

use crate::error::{Error, Result};

/// `NAME` or `OWNER/NAME`, and perhaps a configuration.
#[derive(Debug)]
pub(super) struct Name {
    repository: String,
    pub(super) config: Option<String>,
}

impl Name {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (repository, config) = match text.split_once(':') {
            Some((repository, config)) => (repository, Some(config)),
            None => (text, None),
        };
        let parts: Vec<_> = repository.split('/').collect();
        let config_is_good = config.is_none_or(|config| !config.is_empty());
        if parts.len() > 2 || !parts.iter().all(|part| is_part(part)) || !config_is_good {
            return Err(Error::HubName { name: text.to_owned() });
        }
        Ok(Self { repository: repository.to_owned(), config: config.map(str::to_owned) })
    }

    /// The folder's name in the cache. Names cannot hold `--`, so no two share one.
    pub(super) fn folder(&self) -> String {
        format!("datasets--{}", self.repository.replace('/', "--"))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)
    }
}

/// The hub's own rule.
fn is_part(part: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !part.is_empty()
        && part.len() <= 96
        && part.chars().all(allowed)
        && !part.contains("--")
        && !part.contains("..")
        && !part.starts_with(['-', '.'])
        && !part.ends_with(['-', '.'])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_configuration_are_optional() {
        let name = Name::parse("acme/films-2.0:en").unwrap();
        assert_eq!(name.to_string(), "acme/films-2.0");
        assert_eq!(name.folder(), "datasets--acme--films-2.0");
        assert_eq!(name.config.as_deref(), Some("en"));
        assert_eq!(Name::parse("squad").unwrap().folder(), "datasets--squad");
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["", "/x", "x/", "a/b/c", "..", "a/..", "a b", "a\\b", "a--b", "a?b", "a:"] {
            let error = Name::parse(name).unwrap_err();
            assert!(matches!(error, Error::HubName { .. }), "{name}: {error}");
        }
    }
}
