//! How to search with beams, as data: Hugging Face's names and defaults.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// The settings of a beam search. An absent field, or one that is null, has its default; unknown fields
/// are ignored, so that a `generation_config.json` can be read as this too.
///
/// ```
/// use enredo_decoding::{BeamConfig, EarlyStopping};
///
/// let beams: BeamConfig =
///     serde_json::from_str(r#"{"num_beams": 4, "early_stopping": "never", "top_k": 50}"#)?;
/// assert_eq!((beams.num_beams, beams.early_stopping), (4, EarlyStopping::Never));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Partial")]
pub struct BeamConfig {
    /// How many sequences are kept alive at each step, over all groups. 1 by default, which is greedy.
    pub num_beams: usize,
    /// The power of its length that divides a finished sequence's log-probability. Log-probabilities are
    /// negative, so above 0 it favours long sequences, below 0 short ones. 1 by default.
    pub length_penalty: f64,
    /// When to stop once `num_beams` sequences have ended.
    pub early_stopping: EarlyStopping,
    /// How many sequences to return, at most `num_beams`. 1 by default.
    pub num_return_sequences: usize,
    /// How many groups the beams are split into; they search one after the other at each step, each
    /// avoiding what those before it chose. 1 by default: no groups.
    pub num_beam_groups: usize,
    /// What a token's log-probability loses for each beam of an earlier group that chose it at the same
    /// step. 0 by default.
    pub diversity_penalty: f64,
}

/// When a beam search stops once as many sequences have ended as it has beams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyStopping {
    /// `false`: once the best live beam, were it to end now, would not beat the worst of them.
    #[default]
    Heuristic,
    /// `true`: at once.
    AtOnce,
    /// `"never"`: once no live beam can ever beat the worst of them, however long it grows (with a
    /// positive length penalty it may grow up to the limit).
    Never,
}

impl Default for BeamConfig {
    /// One beam: greedy.
    fn default() -> Self {
        Self {
            num_beams: 1,
            length_penalty: 1.0,
            early_stopping: EarlyStopping::default(),
            num_return_sequences: 1,
            num_beam_groups: 1,
            diversity_penalty: 0.0,
        }
    }
}

impl BeamConfig {
    /// How many beams a group has.
    pub(super) fn group_size(&self) -> usize {
        self.num_beams / self.num_beam_groups
    }

    /// What a finished sequence of `length` generated tokens scores: Σ log p / length^penalty.
    pub(super) fn score(&self, logprob: f64, length: usize) -> f64 {
        logprob / (length as f64).powf(self.length_penalty)
    }

    /// # Errors
    /// [`Error::Parameter`] for a setting out of its range.
    pub(super) fn check(&self) -> Result<()> {
        let Self { num_beams, num_return_sequences, num_beam_groups, .. } = *self;
        let (length, diversity) = (self.length_penalty, self.diversity_penalty);
        let whole_groups = num_beam_groups > 0 && num_beams.is_multiple_of(num_beam_groups);
        let returned = (1..=num_beams).contains(&num_return_sequences);
        Error::unless(num_beams > 0, "num_beams", num_beams as f32, "at least 1 is needed")?;
        Error::unless(
            whole_groups,
            "num_beam_groups",
            num_beam_groups as f32,
            "it must divide num_beams, for groups are of one size",
        )?;
        Error::unless(
            returned,
            "num_return_sequences",
            num_return_sequences as f32,
            "it must be from 1 to num_beams",
        )?;
        let finite = "it must be a finite number";
        Error::unless(length.is_finite(), "length_penalty", length as f32, finite)?;
        Error::unless(
            diversity.is_finite() && diversity >= 0.0,
            "diversity_penalty",
            diversity as f32,
            "it must be a finite number of at least 0",
        )
    }
}

/// The file's view: everything may be missing or null.
#[derive(Deserialize)]
struct Partial {
    num_beams: Option<usize>,
    length_penalty: Option<f64>,
    early_stopping: Option<EarlyStopping>,
    num_return_sequences: Option<usize>,
    num_beam_groups: Option<usize>,
    diversity_penalty: Option<f64>,
}

impl From<Partial> for BeamConfig {
    fn from(partial: Partial) -> Self {
        let default = Self::default();
        Self {
            num_beams: partial.num_beams.unwrap_or(default.num_beams),
            length_penalty: partial.length_penalty.unwrap_or(default.length_penalty),
            early_stopping: partial.early_stopping.unwrap_or_default(),
            num_return_sequences: partial
                .num_return_sequences
                .unwrap_or(default.num_return_sequences),
            num_beam_groups: partial.num_beam_groups.unwrap_or(default.num_beam_groups),
            diversity_penalty: partial.diversity_penalty.unwrap_or(default.diversity_penalty),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FlagOrWord {
    Flag(bool),
    Word(String),
}

impl<'de> Deserialize<'de> for EarlyStopping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match FlagOrWord::deserialize(deserializer)? {
            FlagOrWord::Flag(false) => Ok(Self::Heuristic),
            FlagOrWord::Flag(true) => Ok(Self::AtOnce),
            FlagOrWord::Word(word) if word == "never" => Ok(Self::Never),
            FlagOrWord::Word(word) => Err(de::Error::custom(format!(
                "early_stopping is {word:?}; it must be false, true or \"never\""
            ))),
        }
    }
}

impl Serialize for EarlyStopping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Heuristic => serializer.serialize_bool(false),
            Self::AtOnce => serializer.serialize_bool(true),
            Self::Never => serializer.serialize_str("never"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hugging_faces_file_loads_and_survives() {
        for text in ["false", "true", r#""never""#] {
            let text = format!(r#"{{"early_stopping": {text}, "num_beams": 6, "top_p": null}}"#);
            let beams: BeamConfig = serde_json::from_str(&text).unwrap();
            let again = serde_json::to_string(&beams).unwrap();
            assert_eq!(serde_json::from_str::<BeamConfig>(&again).unwrap(), beams);
        }
        let text = r#"{"num_beams": null, "early_stopping": null, "length_penalty": null}"#;
        assert_eq!(serde_json::from_str::<BeamConfig>(text).unwrap(), BeamConfig::default());
        let wrong = serde_json::from_str::<BeamConfig>(r#"{"early_stopping": "soon"}"#);
        assert!(wrong.unwrap_err().to_string().contains("\"never\""));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let four = BeamConfig { num_beams: 4, ..BeamConfig::default() };
        let refused = |beams: BeamConfig| beams.check().unwrap_err().to_string();
        four.check().unwrap();
        for (beams, name) in [
            (BeamConfig { num_beams: 0, ..four.clone() }, "num_beams is 0"),
            (BeamConfig { num_beam_groups: 3, ..four.clone() }, "num_beam_groups is 3"),
            (BeamConfig { num_beam_groups: 0, ..four.clone() }, "num_beam_groups is 0"),
            (BeamConfig { num_return_sequences: 5, ..four.clone() }, "num_return_sequences is 5"),
            (BeamConfig { num_return_sequences: 0, ..four.clone() }, "num_return_sequences is 0"),
            (BeamConfig { length_penalty: f64::NAN, ..four.clone() }, "length_penalty is NaN"),
            (BeamConfig { diversity_penalty: -1.0, ..four }, "diversity_penalty is -1"),
        ] {
            let message = refused(beams);
            assert!(message.contains(name), "{message}");
        }
    }
}
