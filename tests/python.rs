//! Parity with Python over the whole sample and at full size. Runs where the Python packages, the sample
//! and the reference lie beside the project; elsewhere each test says that it skips.
//!
//! `ENREDO_PYTHON` names the interpreter (`python3` without it).
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use enredo::{
    Preset,
    corpus::{Cleaning, Corpus, Reader},
    model::{Batch, Device, Model, ModelConfig},
    tokenization::{Tokenizer, WordLevelConfig},
};
use serde_json::Value;

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path)
}

fn python() -> Command {
    Command::new(std::env::var_os("ENREDO_PYTHON").unwrap_or_else(|| "python3".into()))
}

/// The file, where it is there and Python can import `packages`; otherwise says what is missing.
fn available(file: &str, packages: &str) -> Option<PathBuf> {
    let path = shared(file);
    let imports = || python().args(["-c", &format!("import {packages}")]).output();
    if !path.exists() {
        skip(&format!("../shared/{file} is not there"));
    } else if !imports().is_ok_and(|output| output.status.success()) {
        skip(&format!("Python cannot import {packages} (ENREDO_PYTHON names another)"));
    } else {
        return Some(path);
    }
    None
}

/// The test harness swallows what passing tests print with a macro; this it lets through.
fn skip(reason: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// Runs a script of `tests/python`; returns what it printed.
fn script(name: &str, args: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name);
    let output = python().arg(path).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn digest(lines: impl Iterator<Item = String>) -> String {
    use sha2::{Digest, Sha256};
    let text = lines.collect::<Vec<_>>().join("\n");
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn cleaning_and_tokenizer_agree_on_the_whole_sample() {
    let sample = "data/imdb_genres_sample.parquet";
    let Some(path) = available(sample, "tokenizers, pyarrow") else { return };
    let mut reader = Reader::open(&path, "description").unwrap();
    let corpus = Corpus::read(&mut reader, &Cleaning::notebook()).unwrap();
    let tokenizer = Tokenizer::train(&corpus.documents, &WordLevelConfig::default()).unwrap();
    let out = tempfile::tempdir().unwrap();
    tokenizer.save(out.path().join("rust.json")).unwrap();
    let ids = tokenizer.encode_documents(&corpus.documents).unwrap();

    let out_path = out.path().to_str().unwrap();
    let printed = script("compare_texts.py", &[path.to_str().unwrap(), "description", out_path]);
    let theirs: Value = serde_json::from_str(&printed).unwrap();
    let line = |ids: &Vec<u32>| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(theirs["documents"], corpus.documents.len());
    assert_eq!(theirs["texts"], digest(corpus.documents.iter().cloned()));
    assert_eq!(theirs["ids"], digest(ids.iter().map(line)));
    let json = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(out.path().join(name)).unwrap()).unwrap()
    };
    assert_eq!(json("rust.json"), json("python.json"));
}

#[test]
fn weights_load_strictly_both_ways_and_logits_agree() {
    let Some(script_path) = available("reference/pytorch_notebook.py", "torch, safetensors") else {
        return;
    };
    for (preset, arch) in [(Preset::Causal, "causal"), (Preset::Faithful, "notebook")] {
        let config: ModelConfig = preset.model_config();
        let out = tempfile::tempdir().unwrap();
        let file = |name: &str| out.path().join(name);
        let ids: Vec<Vec<u32>> =
            (0..4).map(|i| (0..32).map(|t| (37 * t + 11 * i) % 2000).collect()).collect();
        fs::write(file("ids.json"), serde_json::to_string(&ids).unwrap()).unwrap();
        let batch = Batch::new(&ids, 32, &config).unwrap();
        let ours = Model::new(config.clone(), Device::Cpu).unwrap();
        ours.save(file("rust.safetensors")).unwrap();

        let reference = script_path.parent().unwrap().to_str().unwrap();
        script("compare_weights.py", &[reference, arch, out.path().to_str().unwrap()]);
        let theirs = Model::load(config, file("python.safetensors"), Device::Cpu).unwrap();
        for (model, name) in [(ours, "logits.json"), (theirs, "python_logits.json")] {
            let expected: Vec<f32> =
                serde_json::from_str(&fs::read_to_string(file(name)).unwrap()).unwrap();
            let difference = largest_difference(&model.logits(&batch).unwrap(), &expected);
            assert!(difference < 1e-5, "{arch}, {name}: {difference}");
        }
    }
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
