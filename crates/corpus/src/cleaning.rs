//! Cleaning: a chain of small steps, each of which may change a text or drop its document.

mod steps;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

pub use steps::{CutAt, KeepAscii, LongerThan};

/// One step of a [`Cleaning`].
///
/// ```
/// use std::borrow::Cow;
/// use enredo_corpus::{Cleaning, Step};
///
/// struct Lowercase;
///
/// impl Step for Lowercase {
///     fn name(&self) -> String {
///         "lowercase".to_owned()
///     }
///     fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
///         Some(text.to_lowercase().into())
///     }
/// }
///
/// let cleaning = Cleaning::new().with(Lowercase);
/// assert_eq!(cleaning.apply("Vertigo").as_deref(), Some("vertigo"));
/// ```
pub trait Step: Send + Sync {
    /// What the report calls the step.
    fn name(&self) -> String;

    /// The cleaned text, borrowed where nothing needs to be copied, or `None` to drop the document.
    fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>>;
}

/// Steps that are applied in order; the default has none and keeps everything.
///
/// A step of one's own is a [`Step`], or a closure:
///
/// ```
/// use enredo_corpus::{Cleaning, LongerThan};
///
/// let cleaning = Cleaning::new()
///     .with_fn("trim", |text| Some(text.trim().into()))
///     .with(LongerThan(3));
/// assert_eq!(cleaning.apply("  Alien "), Some("Alien".to_owned()));
/// assert_eq!(cleaning.apply("  It  "), None);
/// ```
#[derive(Default)]
pub struct Cleaning {
    steps: Vec<Box<dyn Step>>,
}

/// What one step of a [`Cleaning`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepCount {
    /// The step's name.
    pub name: String,
    /// Documents that it dropped.
    pub dropped: usize,
    /// Documents whose text it changed and did not drop.
    pub changed: usize,
}

impl Cleaning {
    /// A chain without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// The notebook's cleaning, byte for byte: in Python,
    /// `re.sub(r"[^A-Za-z0-9 .,:;!?'\-]", "", text.encode("ascii", errors="ignore").decode()).split(" - ")[0]`,
    /// kept if it is longer than 20 characters.
    pub fn notebook() -> Self {
        Self::new()
            .with(KeepAscii::alphanumeric_and(" .,:;!?'-"))
            .with(CutAt(" - ".to_owned()))
            .with(LongerThan(20))
    }

    /// Adds a step at the end.
    #[must_use]
    pub fn with(mut self, step: impl Step + 'static) -> Self {
        self.steps.push(Box::new(step));
        self
    }

    /// Adds a closure as a step at the end, under a name for the report.
    #[must_use]
    pub fn with_fn<F>(self, name: &str, apply: F) -> Self
    where
        F: Fn(&str) -> Option<Cow<'_, str>> + Send + Sync + 'static,
    {
        self.with(Named { name: name.to_owned(), apply })
    }

    /// The cleaned text, or `None` if a step drops it.
    pub fn apply(&self, text: &str) -> Option<String> {
        self.apply_counted(text.to_owned(), &mut self.counts())
    }

    /// A count of zero for every step.
    pub(crate) fn counts(&self) -> Vec<StepCount> {
        let names = self.steps.iter().map(|step| step.name());
        names.map(|name| StepCount { name, ..StepCount::default() }).collect()
    }

    /// [`Self::apply`], with a count for every step.
    pub(crate) fn apply_counted(
        &self,
        mut text: String,
        counts: &mut [StepCount],
    ) -> Option<String> {
        for (step, count) in self.steps.iter().zip(counts) {
            match step.apply(&text) {
                None => {
                    count.dropped += 1;
                    return None;
                }
                Some(cleaned) if cleaned != text => {
                    count.changed += 1;
                    text = cleaned.into_owned();
                }
                Some(_) => {}
            }
        }
        Some(text)
    }
}

impl fmt::Debug for Cleaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.steps.iter().map(|step| step.name())).finish()
    }
}

struct Named<F> {
    name: String,
    apply: F,
}

impl<F> Step for Named<F>
where
    F: Fn(&str) -> Option<Cow<'_, str>> + Send + Sync,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        (self.apply)(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notebook(text: &str) -> Option<String> {
        Cleaning::notebook().apply(text)
    }

    #[test]
    fn the_notebook_keeps_its_characters_only() {
        let dirty = "L\u{e9}on's \u{201c}job\u{201d}: kill; or_die?!\n\t(1994) \u{1f3ac}.,";
        assert_eq!(notebook(dirty).as_deref(), Some("Lon's job: kill; ordie?!1994 .,"));
    }

    #[test]
    fn the_notebook_cuts_at_the_first_dash_that_cleaning_leaves() {
        let text = "A man-made plan-to-escape -again -\u{2014} See more - and more";
        assert_eq!(notebook(text).as_deref(), Some("A man-made plan-to-escape -again"));
    }

    #[test]
    fn the_notebook_keeps_what_is_longer_than_twenty() {
        assert_eq!(notebook("12345678901234567890"), None);
        assert_eq!(notebook("123456789012345678901").as_deref(), Some("123456789012345678901"));
        assert_eq!(notebook("12345678901234567890\u{e9}"), None);
    }

    #[test]
    fn every_step_counts_what_it_dropped_and_changed() {
        let cleaning = Cleaning::notebook();
        let mut counts = cleaning.counts();
        for text in ["short", "a caf\u{e9} - by the sea and far away", "nothing is wrong with this"]
        {
            cleaning.apply_counted(text.to_owned(), &mut counts);
        }
        let seen: Vec<_> = counts.iter().map(|count| (count.dropped, count.changed)).collect();
        assert_eq!(seen, [(0, 1), (0, 1), (2, 0)]);
        assert_eq!(counts[1].name, "cut at \" - \"");
    }

    #[test]
    fn a_change_that_keeps_the_length_is_a_change() {
        let cleaning = Cleaning::new().with_fn("upper", |text| Some(text.to_uppercase().into()));
        let mut counts = cleaning.counts();
        assert_eq!(cleaning.apply_counted("it".to_owned(), &mut counts).as_deref(), Some("IT"));
        assert_eq!(counts[0].changed, 1);
    }

    #[test]
    fn an_empty_chain_keeps_everything() {
        assert_eq!(Cleaning::new().apply(" \u{e9} ").as_deref(), Some(" \u{e9} "));
    }
}
