//! The one place where the environment is read.

use std::fs;
use std::path::{Path, PathBuf};

use super::Hub;

const ENDPOINT: &str = "https://huggingface.co";

/// The hub that the variables describe; an empty one counts as unset.
pub(super) fn hub(variable: impl Fn(&str) -> Option<String>) -> Hub {
    let variable = |name: &str| variable(name).and_then(|value| filled(&value));
    let home = variable("HF_HOME").map_or_else(|| default_home(variable), PathBuf::from);
    Hub {
        endpoint: variable("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()),
        cache: variable("HF_HUB_CACHE").map_or_else(|| home.join("hub"), PathBuf::from),
        token: variable("HF_TOKEN").or_else(|| stored_token(&home)),
        offline: variable("HF_HUB_OFFLINE").is_some_and(|value| is_true(&value)),
    }
}

fn default_home(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let user = || std::env::home_dir().unwrap_or_default().join(".cache");
    variable("XDG_CACHE_HOME").map_or_else(user, PathBuf::from).join("huggingface")
}

fn stored_token(home: &Path) -> Option<String> {
    filled(&fs::read_to_string(home.join("token")).ok()?)
}

fn is_true(value: &str) -> bool {
    ["1", "true", "yes", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}

/// `value` without space around it, if anything is left.
fn filled(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Hub {
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name);
        hub(|name| value(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_variables_it_is_the_public_hub() {
        let hub = with(&[("XDG_CACHE_HOME", "/c")]);
        assert_eq!(hub.endpoint, "https://huggingface.co");
        assert_eq!(hub.cache, Path::new("/c/huggingface/hub"));
        assert_eq!((hub.token, hub.offline), (None, false));
        assert!(with(&[]).cache.ends_with(".cache/huggingface/hub"));
    }

    #[test]
    fn every_variable_is_heard() {
        let hub = with(&[
            ("HF_ENDPOINT", "http://mirror"),
            ("HF_HOME", "/home"),
            ("HF_HUB_CACHE", "/cache"),
            ("HF_TOKEN", " hf_x\n"),
            ("HF_HUB_OFFLINE", "YES"),
        ]);
        assert_eq!(hub.endpoint, "http://mirror");
        assert_eq!(hub.cache, Path::new("/cache"));
        assert_eq!((hub.token.as_deref(), hub.offline), (Some("hf_x"), true));
        assert_eq!(with(&[("HF_HOME", "/home")]).cache, Path::new("/home/hub"));
        assert!(!with(&[("HF_HUB_OFFLINE", "0")]).offline);
    }

    #[test]
    fn the_token_file_is_read_and_never_shown() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("token"), "hf_secret\n").unwrap();
        let hub = with(&[("HF_HOME", home.path().to_str().unwrap()), ("HF_TOKEN", "")]);
        assert_eq!(hub.token.as_deref(), Some("hf_secret"));
        assert!(!format!("{hub:?}").contains("secret"));
    }
}
