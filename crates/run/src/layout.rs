//! The names inside a run folder.

/// What ran, on what: [`RunInfo`](crate::RunInfo).
pub const RUN: &str = "run.json";
/// The model's configuration, in Hugging Face's names.
pub const CONFIG: &str = "config.json";
/// The default decoding strategy, in Hugging Face's names.
pub const GENERATION_CONFIG: &str = "generation_config.json";
/// The tokenizer, in the format of the `tokenizers` library.
pub const TOKENIZER: &str = "tokenizer.json";
/// The weights.
pub const MODEL: &str = "model.safetensors";
/// A [`Metric`](crate::Metric) a line.
pub const METRICS: &str = "metrics.jsonl";
/// An [`Eval`](crate::Eval) a line.
pub const EVALS: &str = "evals.jsonl";
/// A [`Sample`](crate::Sample) a line.
pub const SAMPLES: &str = "samples.jsonl";
/// The loss curve as a drawing.
pub const LOSS_SVG: &str = "loss.svg";
/// The loss curve as an image.
pub const LOSS_PNG: &str = "loss.png";
/// The run as a web page.
pub const REPORT: &str = "report.html";
/// The folder of the checkpoints.
pub const CHECKPOINTS: &str = "checkpoints";
/// The folder of the event file that TensorBoard reads.
pub const TENSORBOARD: &str = "tensorboard";

/// What else than the weights a training needs to go on, inside a checkpoint.
pub const TRAINER: &str = "trainer.safetensors";
/// Sizes and hashes of a checkpoint's files, inside it.
pub const MANIFEST: &str = "manifest.json";
pub(crate) const NEW_MANIFEST: &str = ".manifest.json.tmp";
/// Held by whoever trains the run.
pub(crate) const LOCK: &str = ".lock";
/// Where a checkpoint is made, inside [`CHECKPOINTS`].
pub(crate) const SAVING: &str = ".saving";
/// Where one waits that is being replaced, inside [`CHECKPOINTS`].
pub(crate) const REPLACED: &str = ".replaced";

/// Every file that lies directly in a run folder.
pub const FILES: [&str; 11] = [
    RUN,
    CONFIG,
    GENERATION_CONFIG,
    TOKENIZER,
    MODEL,
    METRICS,
    EVALS,
    SAMPLES,
    LOSS_SVG,
    LOSS_PNG,
    REPORT,
];

/// The name of a step's folder inside [`CHECKPOINTS`]: eight digits, so that names sort like steps.
pub fn checkpoint_name(step: u64) -> String {
    format!("step-{step:08}")
}

/// The step that a folder inside [`CHECKPOINTS`] is named after; `None` for any other name.
pub fn checkpoint_step(name: &str) -> Option<u64> {
    let step = name.strip_prefix("step-")?.parse().ok()?;
    (checkpoint_name(step) == name).then_some(step)
}

/// The name inside [`TENSORBOARD`] of an event file made at this time, in seconds since 1970.
///
/// TensorBoard knows event files by `tfevents`, and takes them in the order of their names. Where
/// others write the name of the machine stands whose file it is.
#[cfg(feature = "tensorboard")]
pub(crate) fn event_file(seconds: u64) -> String {
    format!("events.out.tfevents.{seconds:010}.enredo")
}

/// Whether a file inside [`TENSORBOARD`] is one of this crate's.
pub(crate) fn is_event_file(name: &str) -> bool {
    name.starts_with("events.out.tfevents.") && name.ends_with(".enredo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoint_names_read_back() {
        for step in [0, 500, 99_999_999, 100_000_000] {
            assert_eq!(checkpoint_step(&checkpoint_name(step)), Some(step));
        }
        assert_eq!(checkpoint_name(500), "step-00000500");
    }

    #[test]
    fn other_names_are_no_checkpoints() {
        for name in ["", "step-", "step-500", "step-+0000500", "step-0000000500", "notes"] {
            assert_eq!(checkpoint_step(name), None, "{name}");
        }
    }

    #[test]
    fn event_files_of_others_are_not_ours() {
        assert!(is_event_file("events.out.tfevents.1767225600.enredo"));
        for name in ["", "notes.enredo", "events.out.tfevents.1767225600.host.7.0"] {
            assert!(!is_event_file(name), "{name}");
        }
    }
}
