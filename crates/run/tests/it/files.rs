//! Files, rows and checkpoints of a run.

use std::{collections::BTreeMap, fs, path::Path};

use enredo_run::{DataInfo, Eval, Metric, Result, RunFolder, RunInfo, Sample, Strategy, layout};
use serde_json::{Value, json};

use crate::{dir, message, run, save};

#[test]
fn the_description_comes_back_whole() {
    let dir = dir();
    let info = RunInfo {
        crate_versions: BTreeMap::from([("enredo".into(), "0.1.0".into())]),
        command_line: vec!["train".into(), "--seed".into(), "7".into()],
        preset: "causal".into(),
        settings: json!({"lr": 1e-3, "batch": 32}).as_object().unwrap().clone(),
        seed: u64::MAX,
        device: "cpu".into(),
        threads: 2,
        dtype: "float32".into(),
        data: DataInfo {
            source: "built-in".into(),
            fingerprint: "c0ffee".into(),
            documents: 100,
            train: 90,
            held_out: 10,
            other: json!({"cleaned": true}).as_object().unwrap().clone(),
        },
        ..RunInfo::default()
    };
    let run = run(dir.path());
    run.write_info(&info).unwrap();
    assert_eq!(run.info().unwrap(), info);

    let fields: Value = run.read_json(layout::RUN).unwrap();
    assert_eq!(fields["format_version"], 1);
    assert_eq!(fields["data"]["held_out"], 10);
}

#[test]
fn whole_files_are_replaced() {
    let dir = dir();
    let run = run(dir.path());
    run.write(layout::MODEL, &[1; 1000]).unwrap();
    run.write(layout::MODEL, &[2; 10]).unwrap();
    assert_eq!(run.read(layout::MODEL).unwrap(), [2; 10]);

    run.write_json(layout::CONFIG, &json!({"hidden_size": 128})).unwrap();
    assert_eq!(run.read(layout::CONFIG).unwrap(), b"{\n  \"hidden_size\": 128\n}\n");
}

#[test]
fn a_name_outside_the_format_is_refused() {
    let dir = dir();
    let run = run(dir.path());
    for name in ["model.bin", "", "../run.json", "checkpoints", "./run.json"] {
        for refused in [run.write(name, b""), run.write_json(name, &1), run.read(name).map(drop)] {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains(&format!("`{name}`")) && text.contains(layout::MODEL), "{text}");
        }
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_missing_or_damaged_file_is_named() {
    let dir = dir();
    let run = run(dir.path());
    let path = run.file(layout::CONFIG).unwrap();
    assert!(message(run.read(layout::CONFIG), &path).contains("cannot read"));
    fs::write(&path, "{\n\"a\": ?\n}").unwrap();
    let text = message(run.read_json::<Value>(layout::CONFIG), &path);
    assert!(text.contains("config.json, line 2, column 6: expected value;"), "{text}");
}

#[test]
fn what_json_cannot_say_is_an_error_and_writes_nothing() {
    let dir = dir();
    let run = run(dir.path());
    let path = run.file(layout::CONFIG).unwrap();
    let map = BTreeMap::from([([1, 2], 3)]);
    assert!(message(run.write_json(layout::CONFIG, &map), &path).contains("keys"));
    assert!(!path.exists());
}

#[test]
fn rows_of_each_kind_come_back() {
    let dir = dir();
    let run = run(dir.path());
    let metric = Metric { step: 3, loss: 1.0 / 3.0, tokens: 9, ..Metric::default() };
    let eval = Eval { step: 3, val_loss: 0.1, ..Eval::default() };
    let strategy = Strategy { label: "greedy".into(), config: json!({"do_sample": false}) };
    let text = "line\nbreak, \"quotes\", ação".to_owned();
    let sample = Sample { strategy, text, tokens: vec![0, u32::MAX], ..Sample::default() };
    run.writer().unwrap().append(&metric).unwrap();
    run.writer().unwrap().append(&eval).unwrap();
    run.writer().unwrap().append(&sample).unwrap();
    assert_eq!(run.rows().unwrap().collect::<Result<Vec<Metric>>>().unwrap(), [metric]);
    assert_eq!(run.rows().unwrap().collect::<Result<Vec<Eval>>>().unwrap(), [eval]);
    assert_eq!(run.rows().unwrap().collect::<Result<Vec<Sample>>>().unwrap(), [sample]);
    assert_eq!(fs::read_to_string(run.file("samples.jsonl").unwrap()).unwrap().lines().count(), 1);
}

#[test]
fn rows_never_written_are_none() {
    let dir = dir();
    assert_eq!(run(dir.path()).rows::<Sample>().unwrap().count(), 0);
}

#[test]
fn rows_are_seen_while_they_are_written() {
    let dir = dir();
    let run = run(dir.path());
    let mut writer = run.writer::<Metric>().unwrap();
    let mut rows = run.rows::<Metric>().unwrap();
    for step in 1..=3 {
        writer.append(&Metric { step, ..Metric::default() }).unwrap();
        assert_eq!(rows.next().unwrap().unwrap().step, step);
    }
    assert!(rows.next().is_none());
    assert!(rows.next().is_none());
}

#[test]
fn a_folder_in_the_way_of_a_file_is_named() {
    let dir = dir();
    let run = run(dir.path());
    let path = run.file(layout::MODEL).unwrap();
    fs::create_dir(&path).unwrap();
    message(run.write(layout::MODEL, b"weights"), &path);
    message(RunFolder::create(dir.path(), true), &path);
    fs::write(dir.path().join("checkpoints"), "").unwrap();
    message(save(&run, 5), dir.path().join("checkpoints"));
    message(run.checkpoints(), dir.path().join("checkpoints"));
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_an_error_that_names_the_path() {
    let dir = dir();
    let run = run(dir.path());
    allow(dir.path(), 0o555);
    // The superuser may write everywhere.
    if fs::write(dir.path().join("probe"), "").is_err() {
        let path = run.file(layout::MODEL).unwrap();
        assert!(message(run.write(layout::MODEL, b"weights"), &path).contains("cannot write"));
        let path = run.file(layout::METRICS).unwrap();
        assert!(message(run.writer::<Metric>(), &path).contains("cannot write"));
        let path = dir.path().join("inner");
        assert!(message(RunFolder::create(&path, false), &path).contains("cannot write"));
    }
    allow(dir.path(), 0o755);
}

#[cfg(unix)]
fn allow(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
