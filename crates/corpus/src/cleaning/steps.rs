//! The steps that come with the crate.

use std::borrow::Cow;

use super::Step;

/// Keeps some ASCII characters and leaves out every other character.
#[derive(Clone, Debug)]
pub struct KeepAscii {
    kept: [bool; 128],
}

/// Keeps the text before the first occurrence of a separator.
#[derive(Clone, Debug)]
pub struct CutAt(pub String);

/// Drops a text that does not have more than this many characters (Unicode scalar values, as in Python's `len`).
#[derive(Clone, Copy, Debug)]
pub struct LongerThan(pub usize);

impl KeepAscii {
    /// Keeps `A-Z`, `a-z`, `0-9` and the ASCII characters in `others`.
    pub fn alphanumeric_and(others: &str) -> Self {
        let keeps = |byte: u8| byte.is_ascii_alphanumeric() || others.as_bytes().contains(&byte);
        Self { kept: std::array::from_fn(|code| u8::try_from(code).is_ok_and(keeps)) }
    }

    fn keeps(&self, byte: u8) -> bool {
        self.kept.get(usize::from(byte)).copied().unwrap_or(false)
    }
}

impl Step for KeepAscii {
    fn name(&self) -> String {
        "keep characters".to_owned()
    }

    fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        if text.bytes().all(|byte| self.keeps(byte)) {
            return Some(text.into());
        }
        Some(text.bytes().filter(|byte| self.keeps(*byte)).map(char::from).collect())
    }
}

impl Step for CutAt {
    fn name(&self) -> String {
        format!("cut at {:?}", self.0)
    }

    fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        Some(text.split_once(&self.0).map_or(text, |(before, _)| before).into())
    }
}

impl Step for LongerThan {
    fn name(&self) -> String {
        format!("longer than {}", self.0)
    }

    fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        (text.chars().count() > self.0).then_some(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_in_characters() {
        assert!(LongerThan(3).apply("\u{e9}\u{e9}\u{e9}").is_none());
        assert!(LongerThan(2).apply("\u{e9}\u{e9}\u{e9}").is_some());
    }

    #[test]
    fn clean_text_is_not_copied() {
        let step = KeepAscii::alphanumeric_and(" ");
        assert!(matches!(step.apply("clean 1"), Some(Cow::Borrowed("clean 1"))));
        assert_eq!(step.apply("not, clean").as_deref(), Some("not clean"));
    }
}
