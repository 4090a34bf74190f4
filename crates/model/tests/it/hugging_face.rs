//! Folders in Hugging Face's form: the same logits and texts as `transformers`, and what is not such a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use enredo_decoding::{BeamConfig, GenerationConfig, beam_search, generate};
use enredo_model::{Batch, CausalLm, Device, Dtype, Error, Model, ModelConfig};
use serde_json::{Value, json};
use tch::Tensor;

const NAMES: [&str; 4] = ["llama-tied", "llama-untied", "llama-long", "gpt2"];
const NEW_TOKENS: usize = 12;

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/hugging_face");
    fixtures.join(name)
}

fn open(folder: &Path) -> Model {
    Model::from_hugging_face(folder, Device::Cpu).unwrap()
}

fn fault(folder: &Path) -> String {
    Model::from_hugging_face(folder, Device::Cpu).unwrap_err().to_string()
}

/// A copy that can be spoilt.
fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(fixture(name).join(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn tensors(folder: &Path) -> Vec<(String, Tensor)> {
    Tensor::read_safetensors(folder.join("model.safetensors")).unwrap()
}

fn configure(folder: &Path, change: impl Fn(&mut Value)) {
    let path = folder.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut config);
    fs::write(path, config.to_string()).unwrap();
}

/// What `transformers` said, by prompt.
fn expected(name: &str) -> Vec<(Vec<u32>, Value)> {
    let said: Value =
        serde_json::from_slice(&fs::read(fixture(name).join("expected.json")).unwrap()).unwrap();
    said.as_array().unwrap().iter().map(|said| (ids(&said["prompt"]), said.clone())).collect()
}

fn ids(list: &Value) -> Vec<u32> {
    list.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn logits(model: &Model, prompt: &[u32]) -> Vec<f32> {
    let mut ours = vec![f32::NAN; prompt.len() * model.config().vocab_size];
    model.session().feed(prompt, &mut ours).unwrap();
    ours
}

fn check(name: &str, model: &Model) {
    let config = GenerationConfig { max_new_tokens: NEW_TOKENS, ..GenerationConfig::default() };
    for (prompt, said) in expected(name) {
        let rows =
            said["logits"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
        let theirs: Vec<f32> = rows.map(|x| x.as_f64().unwrap() as f32).collect();
        approx::assert_abs_diff_eq!(
            logits(model, &prompt).as_slice(),
            theirs.as_slice(),
            epsilon = 1e-4
        );
        let batch = Batch::new(&[&prompt], 64, model.config()).unwrap();
        approx::assert_abs_diff_eq!(
            model.logits(&batch).unwrap().as_slice(),
            theirs.as_slice(),
            epsilon = 1e-4
        );
        let greedy: Vec<u32> =
            generate(model.session(), &prompt, &config, 0).unwrap().map(Result::unwrap).collect();
        assert_eq!(greedy, ids(&said["greedy"]), "{name}");
        let beams = BeamConfig { num_beams: 3, ..BeamConfig::default() };
        let found = beam_search(model.sessions(), &prompt, &config, &beams, 0).unwrap();
        assert_eq!(found.hypotheses[0].tokens, ids(&said["beams"]), "{name}");
    }
}

#[test]
fn say_what_transformers_says() {
    NAMES.iter().for_each(|name| check(name, &open(&fixture(name))));
}

#[test]
fn survive_being_written() {
    for name in NAMES {
        let (model, folder) = (open(&fixture(name)), tempfile::tempdir().unwrap());
        model.save(folder.path().join("model.safetensors")).unwrap();
        fs::write(folder.path().join("config.json"), serde_json::to_vec(model.config()).unwrap())
            .unwrap();
        let again = open(folder.path());
        assert_eq!(again.config(), model.config());
        check(name, &again);
    }
}

#[test]
fn are_read_from_several_files() {
    for name in NAMES {
        let folder = copy(name);
        let tensors = tensors(folder.path());
        let file = |i: usize| format!("model-{:05}-of-00003.safetensors", i % 3 + 1);
        for part in 0..3 {
            let own: Vec<_> = tensors
                .iter()
                .skip(part)
                .step_by(3)
                .map(|(name, t)| (name.clone(), t.shallow_clone()))
                .collect();
            Tensor::write_safetensors(&own, folder.path().join(file(part))).unwrap();
        }
        let map: serde_json::Map<String, Value> = tensors
            .iter()
            .enumerate()
            .map(|(i, (name, _))| (name.clone(), file(i).into()))
            .collect();
        fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        let index = json!({"metadata": {}, "weight_map": map});
        fs::write(folder.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
        check(name, &open(folder.path()));

        fs::remove_file(folder.path().join(file(1))).unwrap();
        let missing = fault(folder.path());
        assert!(
            missing.contains("model-00002-of-00003.safetensors") && missing.contains("not here"),
            "{missing}"
        );
    }
}

#[test]
fn an_index_names_files_of_its_folder_alone() {
    for outside in ["../model.safetensors", "/etc/passwd", "a/b.safetensors", "..", "."] {
        let folder = copy("gpt2");
        let index = json!({"weight_map": {"transformer.wte.weight": outside}});
        fs::write(folder.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
        let said = fault(folder.path());
        assert!(said.contains("index.json") && said.contains("no file of this folder"), "{said}");
    }
}

#[test]
fn are_read_in_half_the_bytes() {
    for (kind, tolerance) in [(tch::Kind::Half, 0.05), (tch::Kind::BFloat16, 0.5)] {
        let folder = copy("llama-untied");
        let exact = logits(&open(folder.path()), &[1, 7, 22]);
        let half: Vec<_> =
            tensors(folder.path()).into_iter().map(|(name, t)| (name, t.to_kind(kind))).collect();
        Tensor::write_safetensors(&half, folder.path().join("model.safetensors")).unwrap();
        let rounded = logits(&open(folder.path()), &[1, 7, 22]);
        approx::assert_abs_diff_eq!(rounded.as_slice(), exact.as_slice(), epsilon = tolerance);
        assert_ne!(rounded, exact);
    }
}

#[test]
fn gpt2s_first_files_are_read() {
    let folder = copy("gpt2");
    let strip =
        |name: String| name.strip_prefix("transformer.").map_or(name.clone(), str::to_owned);
    let mut old: Vec<_> =
        tensors(folder.path()).into_iter().map(|(name, t)| (strip(name), t)).collect();
    old.push((
        "h.0.attn.bias".to_owned(),
        Tensor::ones([1, 1, 64, 64], (tch::Kind::Uint8, Device::Cpu)),
    ));
    Tensor::write_safetensors(&old, folder.path().join("model.safetensors")).unwrap();
    check("gpt2", &open(folder.path()));
}

#[test]
fn what_does_not_fit_is_named() {
    let spoilt = |name: &str, change: &dyn Fn(&Path)| {
        let folder = copy(name);
        change(folder.path());
        fault(folder.path())
    };
    let set = |key: &'static str, value: Value| {
        move |folder: &Path| configure(folder, |config| config[key] = value.clone())
    };
    let has = |said: String, parts: &[&str]| {
        parts.iter().for_each(|part| assert!(said.contains(part), "{said}"));
    };

    has(
        spoilt("gpt2", &set("model_type", "bloom".into())),
        &["config.json", "'bloom' is not supported", "llama, gpt2"],
    );
    has(
        spoilt("gpt2", &set("vocab_size", 41.into())),
        &["misshapen", "transformer.wte.weight is F32 [40, 16], not [41, 16]"],
    );
    has(
        spoilt("llama-untied", &set("num_hidden_layers", 1.into())),
        &["not the model's", "model.layers.1."],
    );
    has(spoilt("llama-untied", &set("vocab_size", 1_000_000_000_000u64.into())), &["parameters"]);
    has(spoilt("llama-untied", &set("num_hidden_layers", u64::MAX.into())), &["parameters"]);
    has(spoilt("llama-untied", &set("hidden_size", u64::MAX.into())), &["parameters"]);
    has(spoilt("llama-tied", &set("num_key_value_heads", 3.into())), &["num_key_value_heads is 3"]);
    has(spoilt("llama-tied", &set("vocab_size", (-1).into())), &["config.json", "vocab_size"]);
    has(
        spoilt("llama-tied", &|folder| fs::write(folder.join("config.json"), "{").unwrap()),
        &["config.json", "EOF"],
    );
    has(
        spoilt("llama-tied", &|folder| fs::remove_file(folder.join("config.json")).unwrap()),
        &["config.json", "No such file"],
    );
    has(
        spoilt("llama-tied", &|folder| fs::remove_file(folder.join("model.safetensors")).unwrap()),
        &["no weights here"],
    );
    has(
        spoilt("llama-tied", &|folder| {
            let some: Vec<_> = tensors(folder).into_iter().skip(1).collect();
            Tensor::write_safetensors(&some, folder.join("model.safetensors")).unwrap();
        }),
        &["missing: model."],
    );
    has(
        spoilt("llama-tied", &|folder| {
            let whole: Vec<_> = tensors(folder)
                .into_iter()
                .map(|(name, t)| (name, t.to_kind(tch::Kind::Int64)))
                .collect();
            Tensor::write_safetensors(&whole, folder.join("model.safetensors")).unwrap();
        }),
        &["misshapen", "I64"],
    );
}

#[test]
fn a_header_that_lies_is_refused() {
    let path = fixture("llama-tied").join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    let with = |header: &str| {
        let folder = copy("llama-tied");
        let file =
            [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]]
                .concat();
        fs::write(folder.path().join("model.safetensors"), file).unwrap();
        fault(folder.path())
    };
    let offsets = header.find("\"data_offsets\":[").unwrap();
    let end = offsets + header[offsets..].find(']').unwrap();
    for lie in ["[0,18446744073709551615", "[64,0", "[0,4", "[9,9999999999"] {
        let said = with(&[&header[..offsets], "\"data_offsets\":", lie, &header[end..]].concat());
        assert!(said.contains("not a whole safetensors file"), "{lie}: {said}");
    }
    let shape = with(&header.replacen("\"shape\":[", "\"shape\":[4294967296,4294967296,", 1));
    assert!(shape.contains("not a whole safetensors file"), "{shape}");
    let dtype = with(&header.replacen("\"F32\"", "\"F16\"", 1));
    assert!(dtype.contains("not a whole safetensors file"), "{dtype}");
    for length in [u64::MAX, 1 << 40, bytes.len() as u64] {
        let folder = copy("llama-tied");
        let file = [&length.to_le_bytes()[..], &bytes[8..]].concat();
        fs::write(folder.path().join("model.safetensors"), file).unwrap();
        assert!(fault(folder.path()).contains("not a whole safetensors file"));
    }
}

#[test]
fn compute_in_bf16_too() {
    let mut model = open(&fixture("llama-long"));
    let exact = logits(&model, &[1, 7, 22]);
    model.compute_in(Dtype::Bfloat16);
    approx::assert_abs_diff_eq!(
        logits(&model, &[1, 7, 22]).as_slice(),
        exact.as_slice(),
        epsilon = 0.5
    );
}

#[test]
fn a_model_of_our_own_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let model = super::random(super::tiny());
    model.save(folder.path().join("model.safetensors")).unwrap();
    fs::write(folder.path().join("config.json"), serde_json::to_vec(model.config()).unwrap())
        .unwrap();
    assert_eq!(open(folder.path()).config(), &ModelConfig { ..super::tiny() });
    assert!(matches!(Model::from_hugging_face("nowhere", Device::Cpu), Err(Error::Io { .. })));
}
