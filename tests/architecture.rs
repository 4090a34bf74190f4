//! The arrows between the crates, held: who may depend on whom, and who alone knows which library.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Every crate and the crates of this workspace that it may depend on.
const ARROWS: [(&str, &[&str]); 11] = [
    (
        "enredo",
        &["corpus", "decoding", "explorer", "link", "model", "run", "tokenization", "trainer"],
    ),
    ("enredo-corpus", &[]),
    ("enredo-decoding", &[]),
    ("enredo-explorer", &["decoding", "run"]),
    ("enredo-link", &[]),
    ("enredo-model", &["decoding", "link", "torch-ext"]),
    ("enredo-run", &[]),
    ("enredo-tokenization", &[]),
    ("enredo-torch-ext", &["link"]),
    ("enredo-trainer", &["link", "model", "run", "torch-ext"]),
    ("xtask", &[]),
];

/// Libraries that are one layer's business.
const OWNERS: [(&str, &[&str]); 13] = [
    ("arrow", &["enredo-corpus"]),
    ("axum", &["enredo-explorer"]),
    ("cc", &["enredo-torch-ext"]),
    ("clap", &["enredo"]),
    ("open", &["enredo"]),
    ("parquet", &["enredo-corpus"]),
    ("rand", &["enredo-corpus", "enredo-trainer"]),
    ("resvg", &["enredo-run"]),
    ("signal-hook", &["enredo"]),
    ("tch", &["enredo-model", "enredo-torch-ext", "enredo-trainer"]),
    ("tokenizers", &["enredo-tokenization"]),
    ("tokio", &["enredo-explorer"]),
    ("ureq", &["enredo-corpus"]),
];

/// The dependencies of each package, those of tests and benches left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|d| d["kind"] != "dev").map(|d| text(&d["name"])).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (text(&package["name"]), of(package))).collect()
}

#[test]
fn arrows_run_one_way() {
    let found = dependencies();
    assert!(found.keys().map(String::as_str).eq(ARROWS.iter().map(|(name, _)| *name)));
    for (name, allowed) in ARROWS {
        let ours = found[name].iter().filter_map(|d| d.strip_prefix("enredo-"));
        let stray: Vec<_> = ours.filter(|d| !allowed.contains(d)).collect();
        assert!(stray.is_empty(), "{name} depends on {stray:?}");
    }
}

#[test]
fn a_library_is_one_layers_business() {
    let found = dependencies();
    for (library, owners) in OWNERS {
        let users: Vec<_> =
            found.iter().filter(|(_, d)| d.contains(library)).map(|(name, _)| name).collect();
        assert_eq!(users, owners, "{library}");
    }
}
