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
    if !path.exists() {
        skip(&format!("../shared/{file} is not there"));
        return None;
    }
    imports(packages).then_some(path)
}

/// Whether Python can; otherwise says so.
fn imports(packages: &str) -> bool {
    let output = python().args(["-c", &format!("import {packages}")]).output();
    let can = output.is_ok_and(|output| output.status.success());
    if !can {
        skip(&format!("Python cannot import {packages} (ENREDO_PYTHON names another)"));
    }
    can
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

#[test]
fn transformers_opens_what_is_written_here() {
    if !imports("torch, transformers") {
        return;
    }
    for (config, class) in [
        (ModelConfig::llama(), "LlamaForCausalLM"),
        (ModelConfig { tie_word_embeddings: false, ..ModelConfig::llama() }, "LlamaForCausalLM"),
        (ModelConfig::gpt2(), "GPT2LMHeadModel"),
    ] {
        let config = ModelConfig {
            vocab_size: 60,
            hidden_size: 32,
            intermediate_size: 48,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: config.num_key_value_heads.map(|_| 2),
            ..config
        };
        let folder = tempfile::tempdir().unwrap();
        let model = Model::new(config, Device::Cpu).unwrap();
        model.save(folder.path().join("model.safetensors")).unwrap();
        let text = serde_json::to_string(model.config()).unwrap();
        fs::write(folder.path().join("config.json"), text).unwrap();

        let ids = [5u32, 17, 3, 59, 8];
        let args = ids.map(|id| id.to_string());
        let args: Vec<&str> = [folder.path().to_str().unwrap()]
            .into_iter()
            .chain(args.iter().map(String::as_str))
            .collect();
        let printed = script("open_hugging_face.py", &args);
        let theirs: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(theirs["class"], class);
        let ours = model.logits(&Batch::new(&[ids], 8, model.config()).unwrap()).unwrap();
        for (ours, theirs) in ours.iter().zip(theirs["logits"].as_array().unwrap()) {
            let theirs = theirs.as_f64().unwrap();
            assert!((f64::from(*ours) - theirs).abs() < 1e-4, "{ours} {theirs}");
        }
    }
}
