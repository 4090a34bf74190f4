//! The example `inspect` as a user runs it, with good and bad input; and its readers' own tests.
#![allow(clippy::unwrap_used)]

#[path = "../examples/inspect/array.rs"]
mod array;
#[path = "../examples/inspect/npy.rs"]
mod npy;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use safetensors::{Dtype, tensor::TensorView};
use serde_json::Value;
use tempfile::TempDir;

const SAMPLING: &str = r#"{"do_sample": true, "temperature": 0.5, "top_k": 2}"#;
const ROW: [f32; 4] = [1.0, 3.0, f32::NEG_INFINITY, 2.0];

/// A folder with a configuration in `config.json`, and the program to run in it.
struct Folder(TempDir);

impl Folder {
    fn new(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.with("config.json", config)
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        fs::write(self.0.path().join(name), bytes).unwrap();
        self
    }

    /// Runs `inspect` with arguments that are split at spaces, after `--config config.json`.
    fn inspect(&self, args: &str) -> Output {
        self.command("--config config.json").args(args.split_whitespace()).output().unwrap()
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::new(program());
        command.current_dir(self.0.path()).args(args.split_whitespace());
        command
    }

    /// What a refusal says: an error of ours with this exit code, and no panic.
    fn refused(&self, code: i32, args: &str) -> String {
        let output = self.inspect(args);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args}: {text}");
        assert!(output.stdout.is_empty() && !text.contains("panicked"), "{text}");
        assert!(code != 1 || text.lines().count() == 1, "{text}");
        text
    }
}

fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("examples/inspect");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is built by `cargo test -p enredo-decoding`", program.display());
    program
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The JSON objects it printed.
fn lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(output: &Output) -> Vec<u64> {
    lines(output).iter().map(|line| line["id"].as_u64().unwrap()).collect()
}

fn npy(descr: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), numbers].concat()
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn safetensors(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

mod a_row {
    use super::*;

    fn folder() -> Folder {
        Folder::new(SAMPLING).with("row.json", r#"[1, 3.0, null, 2]"#)
    }

    #[test]
    fn is_shown_as_a_table_of_what_is_kept() {
        let output = folder().inspect("row.json");
        let table = stdout(&output);
        let rows: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.trim_start_matches('*').split_whitespace().collect())
            .collect();
        assert_eq!(rows[0], ["rank", "id", "logit", "p", "raw", "p", "final", "cut", "by"]);
        assert_eq!(rows[1], ["0", "1", "3.0000", "0.665241", "0.880797", "-"]);
        assert_eq!(rows[2], ["1", "3", "2.0000", "0.244728", "0.119203", "-"]);
        assert_eq!(rows.len(), 3);
        let starred: Vec<_> = table.lines().filter(|line| line.starts_with('*')).collect();
        let picked = starred[0].split_whitespace().nth(2).unwrap();
        let summary = stderr(&output);
        for part in [
            "the chain is temperature, top_k, then a draw",
            "V = 4, kept 2 with a mass of 0.909969",
            "entropy 0.8324 -> 0.3653 nats",
            &format!("picked token {picked}\n"),
        ] {
            assert!(summary.contains(part), "'{part}' is not in {summary}");
        }
        assert_eq!(starred.len(), 1);
    }

    #[test]
    fn is_shown_whole_and_as_json() {
        let lines = lines(&folder().inspect("row.json --all --json"));
        let column = |name: &str| lines.iter().map(|l| l[name].clone()).collect::<Vec<_>>();
        assert_eq!(column("id"), [1, 3, 0, 2]);
        assert_eq!(column("rank"), [0, 1, 2, 3]);
        assert_eq!(column("kept"), [true, true, false, false]);
        assert_eq!(column("logit"), [Value::from(3.0), 2.0.into(), 1.0.into(), Value::Null]);
        let cuts = [Value::Null, Value::Null, "top_k".into(), "model".into()];
        assert_eq!(column("cut_by"), cuts);
        let table = stdout(&folder().inspect("row.json --all"));
        assert!(table.lines().nth(3).unwrap().ends_with("  top_k"), "{table}");
        assert!(table.lines().nth(4).unwrap().contains("-inf"), "{table}");
    }

    #[test]
    fn comes_in_every_format() {
        let by_json = ids(&folder().inspect("row.json --json --all"));
        let two_rows = [[9.0; 4], ROW].concat();
        let bf16: Vec<u8> =
            ROW.iter().flat_map(|x| x.to_bits().to_le_bytes()[2..].to_vec()).collect();
        let f16: Vec<u8> =
            [0x3c00u16, 0x4200, 0xfc00, 0x4000].iter().flat_map(|x| x.to_le_bytes()).collect();
        let one =
            |dtype, shape: &[usize], bytes: &[u8]| safetensors(&[("logits", dtype, shape, bytes)]);
        let several = safetensors(&[
            ("a", Dtype::F32, &[4], &bytes(&[0.0; 4])),
            ("b", Dtype::F32, &[4], &bytes(&ROW)),
        ]);
        let folder = folder()
            .with("words.json", r#"[1, 3, "-inf", 2.0]"#)
            .with("row.npy", npy("<f4", "(4,)", &bytes(&ROW)))
            .with("rows.npy", npy("<f4", "(2, 4)", &bytes(&two_rows)))
            .with("half.npy", npy("<f2", "(1, 4)", &f16))
            .with("row.safetensors", one(Dtype::F32, &[1, 4], &bytes(&ROW)))
            .with("rows.safetensors", one(Dtype::F32, &[1, 2, 4], &bytes(&two_rows)))
            .with("bf16.safetensors", one(Dtype::BF16, &[4], &bf16))
            .with("several.safetensors", several);
        for file in [
            "words.json",
            "row.npy",
            "rows.npy",
            "half.npy",
            "row.safetensors",
            "rows.safetensors",
            "bf16.safetensors",
            "several.safetensors --tensor b",
        ] {
            let output = folder.inspect(&format!("{file} --json --all"));
            assert_eq!(lines(&output), lines(&folder.inspect("row.json --json --all")), "{file}");
            assert_eq!(ids(&output), by_json);
            assert_eq!(stderr(&output).contains("the last of 2 rows"), file.starts_with("rows"));
        }
    }

    #[test]
    fn follows_the_seed_and_the_preset() {
        let folder = folder();
        let picked = |seed: u64| {
            let summary = stderr(&folder.inspect(&format!("row.json --seed {seed}")));
            summary.trim_end().rsplit(' ').next().unwrap().to_owned()
        };
        let picks: Vec<String> = (0..40).map(picked).collect();
        assert!(picks.iter().any(|id| id == "1") && picks.iter().any(|id| id == "3"), "{picks:?}");
        assert_eq!(picked(7), picks[7]);
        let notebook = stderr(&folder.inspect("row.json --preset notebook"));
        assert!(notebook.contains("notebook_temperature, top_k"), "{notebook}");
    }

    #[test]
    fn may_be_greedy() {
        let folder = Folder::new(r#"{"top_k": 1}"#).with("row.json", "[1, 2, 2]");
        let output = folder.inspect("row.json --json");
        assert_eq!(ids(&output), [1, 2, 0], "top-k is for sampling");
        let summary = stderr(&output);
        assert!(summary.contains("the chain is nothing, then the best (do_sample is false)"));
        assert!(summary.contains("picked token 1\n"), "{summary}");
    }

    #[test]
    fn takes_the_context_into_account() {
        let config = r#"{"do_sample": true}"#;
        let folder = Folder::new(config)
            .with("row.json", format!("{:?}", [0.0; 64]))
            .with("ids.txt", "5, 6\n7\t8,\n");
        // The length of the context keys the draw.
        let picked = |args: &str| stderr(&folder.inspect(&format!("row.json {args}")));
        assert_ne!(picked(""), picked("--context 5,6,7,8"));
        assert_eq!(picked("--context @ids.txt"), picked("--context 5,6,7,8 --prompt-len 2"));
        let spaced =
            folder.command("--config config.json row.json --context").arg("5 6, 7 8").output();
        assert_eq!(stderr(&spaced.unwrap()), picked("--context 5,6,7,8"));
    }

    #[test]
    fn may_be_read_only_in_part() {
        let folder = Folder::new("{}").with("row.json", format!("{:?}", vec![0.0; 50_000]));
        let mut child = folder
            .command("--config config.json row.json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap(); // and closes it
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

mod bad_input {
    use super::*;

    #[track_caller]
    fn assert_says(text: &str, parts: &[&str]) {
        parts.iter().for_each(|part| assert!(text.contains(part), "'{part}' is not in: {text}"));
    }

    /// What is said of such a file of logits.
    #[track_caller]
    fn refused(name: &str, contents: impl AsRef<[u8]>) -> String {
        let text = Folder::new(SAMPLING).with(name, contents).refused(1, name);
        assert_says(&text, &[name]);
        text
    }

    #[test]
    fn in_json_is_named() {
        assert_says(&refused("a.json", "[1, NaN]"), &["no JSON array", "null", "column 5"]);
        assert_says(&refused("b.json", r#"{"logits": [1]}"#), &["no JSON array"]);
        assert_says(&refused("c.json", "[1, 1e39]"), &["logit 1 is 1e+39", "float32"]);
        assert_says(&refused("d.json", "[[1, 2]]"), &["logit 0 is an array", "one row alone"]);
        assert_says(&refused("e.json", r#"[1, "x"]"#), &[r#"logit 1 is "x""#, "masked"]);
        assert_says(&refused("f.json", ""), &["no JSON array"]);
    }

    #[test]
    fn in_npy_is_named() {
        assert_says(&refused("a.npy", "hello"), &["no .npy file", "numpy.save"]);
        assert_says(&refused("b.npy", npy("<f8", "(1,)", &[0; 8])), &["float64", "astype('<f4')"]);
        assert_says(&refused("c.npy", npy("<f4", "(9,)", &[0; 8])), &["takes 36 bytes", "has 8"]);
        assert_says(&refused("d.npy", npy("<f4", "(2, 2, 2)", &[0; 32])), &["one sequence"]);
        assert_says(&refused("e.npy", npy("<f4", "(0, 5)", &[])), &["no row"]);
        assert_says(&refused("f.npy", &npy("<f4", "(1,)", &[0; 4])[..20]), &["within its header"]);
    }

    #[test]
    fn in_safetensors_is_named() {
        assert_says(&refused("a.safetensors", "hello"), &["no safetensors file"]);
        let doubles = safetensors(&[("x", Dtype::F64, &[1], &[0; 8])]);
        assert_says(&refused("b.safetensors", doubles), &["F64", "float32"]);
        let two =
            safetensors(&[("x", Dtype::F32, &[1], &[0; 4]), ("y", Dtype::F32, &[1], &[0; 4])]);
        assert_says(&refused("c.safetensors", &two), &["2 tensors", "--tensor", "x, y"]);
        let folder = Folder::new("{}").with("c.safetensors", two);
        let other = folder.refused(1, "c.safetensors --tensor z");
        assert_says(&other, &["no tensor 'z'", "x, y"]);
        assert_says(&refused("d.safetensors", safetensors(&[])), &["0 tensors"]);
    }

    #[test]
    fn in_the_row_itself_is_named() {
        let nan = npy("<f4", "(2,)", &bytes(&[0.0, f32::NAN]));
        assert_says(&refused("a.npy", nan), &["token 1 is NaN"]);
        let infinite = npy("<f4", "(2,)", &bytes(&[f32::INFINITY, 0.0]));
        assert_says(&refused("b.npy", infinite), &["token 0 is +inf"]);
        assert_says(&refused("c.json", "[]"), &["row of logits is empty"]);
        assert_says(&refused("d.json", "[null, null]"), &["all 2 tokens are masked"]);
    }

    #[test]
    fn in_the_configuration_is_named() {
        let refused = |config: &str| {
            let text = Folder::new(config).with("row.json", "[1, 2]").refused(1, "row.json");
            assert_says(&text, &["config.json"]);
            text
        };
        assert_says(&refused("{"), &["no generation_config.json", "line 1"]);
        assert_says(&refused(r#"{"top_k": "many"}"#), &["many"]);
        assert_says(&refused(r#"{"do_sample": true, "top_p": 1.5}"#), &["top-p is 1.5"]);
    }

    #[test]
    fn of_missing_and_unknown_files_is_named() {
        let folder = Folder::new("{}").with("row.txt", "[1]").with("row.json", "[1]");
        assert_says(&folder.refused(1, "none.npy"), &["cannot read none.npy", "No such file"]);
        assert_says(&folder.refused(1, "."), &["cannot read ."]);
        assert_says(&folder.refused(1, "row.txt"), &["row.txt", ".npy, .safetensors and .json"]);
        assert_says(&folder.refused(1, "row.json --tensor x"), &["--tensor", "row.json"]);
        let no_config = folder.command("row.json --config none.json").output().unwrap();
        assert_eq!(no_config.status.code(), Some(1));
        assert_says(&stderr(&no_config), &["cannot read none.json"]);
    }

    #[test]
    fn in_the_context_is_named() {
        let folder = Folder::new("{}").with("row.json", "[1, 2]").with("ids.txt", "1 x");
        let beyond = folder.refused(1, "row.json --context 1,2");
        assert_says(&beyond, &["has token 2", "2 logits"]);
        assert_says(&folder.refused(1, "row.json --context @ids.txt"), &["ids.txt", "'x'"]);
        assert_says(&folder.refused(1, "row.json --context @none"), &["the ids in none"]);
        assert_says(&folder.refused(2, "row.json --context 1,-2"), &["'-2'", "whole numbers"]);
    }

    #[test]
    fn in_the_arguments_is_usage() {
        let folder = Folder::new("{}").with("row.json", "[1]");
        assert_says(&folder.refused(2, ""), &["<LOGITS>"]);
        assert_says(&folder.refused(2, "row.json --preset gpt"), &["gpt", "enredo", "notebook"]);
        assert_says(&folder.refused(2, "row.json --seed x"), &["--seed"]);
        assert_says(&folder.refused(2, "row.json --colour"), &["--colour"]);
        let without = folder.command("row.json").output().unwrap();
        assert_eq!(without.status.code(), Some(2));
        assert_says(&stderr(&without), &["--config"]);
    }
}
