//! Making, opening and finding runs.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use enredo_run::{Error, RunFolder, RunInfo, layout};

use crate::{dir, message, run, save};

#[test]
fn a_new_run_has_its_parents_made() {
    let dir = dir();
    let path = dir.path().join("a/b/c");
    let made = RunFolder::create(&path, false).unwrap();
    assert!(path.is_dir());
    assert_eq!(made.path(), path);
}

#[test]
fn a_folder_with_other_files_is_free() {
    let dir = dir();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    RunFolder::create(dir.path(), false).unwrap();
}

#[test]
fn any_file_of_the_format_occupies_a_folder() {
    for name in layout::FILES {
        let dir = dir();
        fs::write(dir.path().join(name), "").unwrap();
        let text = message(RunFolder::create(dir.path(), false), dir.path());
        assert!(text.contains(name) && text.contains("overwrite"), "{text}");
        assert!(dir.path().join(name).exists());
    }
    for name in ["checkpoints", "tensorboard"] {
        let dir = dir();
        fs::create_dir(dir.path().join(name)).unwrap();
        let refused = RunFolder::create(dir.path(), false).unwrap_err();
        assert!(matches!(refused, Error::Occupied { found, .. } if found == name), "{refused:?}");
    }
}

#[test]
fn overwriting_removes_the_run_and_nothing_else() {
    let dir = dir();
    let mine = [
        "notes.txt",
        "old/run.json",
        "checkpoints/step-5/a",
        "checkpoints/best.txt",
        "tensorboard/events.out.tfevents.1767225600.host",
    ];
    for name in mine {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "mine").unwrap();
    }
    for name in layout::FILES {
        fs::write(dir.path().join(name), "old").unwrap();
        fs::write(dir.path().join(format!(".{name}.tmp")), "half").unwrap();
    }
    fs::create_dir_all(dir.path().join("checkpoints/step-00000005/deep")).unwrap();
    let events = dir.path().join("tensorboard/events.out.tfevents.1767225600.enredo");
    fs::write(&events, "old").unwrap();

    RunFolder::create(dir.path(), true).unwrap();
    for name in mine {
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), b"mine", "{name}");
    }
    let mut left: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["checkpoints", "notes.txt", "old", "tensorboard"]);
    assert!(!events.exists());
    assert!(!dir.path().join("checkpoints/step-00000005").exists());
}

#[test]
fn overwriting_removes_a_folder_of_checkpoints_that_is_all_ours() {
    let dir = dir();
    save(&run(dir.path()), 5).unwrap();
    RunFolder::create(dir.path(), true).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_run_opens() {
    let dir = dir();
    let made = run(dir.path());
    assert_eq!(RunFolder::open(dir.path()).unwrap(), made);
}

#[test]
fn what_is_missing_is_named_with_what_would_do() {
    let dir = dir();
    let text = message(RunFolder::open(dir.path()), dir.path());
    assert!(text.contains("no run.json") && text.contains("train one first"), "{text}");

    let real = run(dir.path().join("real"));
    let absent = dir.path().join("absent");
    let text = message(RunFolder::open(&absent), &absent);
    assert!(text.contains("no such folder"), "{text}");
    assert!(text.contains(real.path().to_str().unwrap()), "{text}");

    let text = message(RunFolder::open(dir.path()), dir.path());
    assert!(text.contains(real.path().to_str().unwrap()), "{text}");
}

#[test]
fn a_damaged_run_json_is_named_by_line() {
    let dir = dir();
    let path = run(dir.path()).file(layout::RUN).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"seed\": 0", "\"seed\": oh")).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("seed")).unwrap();
    let fault = message(RunFolder::open(dir.path()), &path);
    assert!(fault.contains(&format!("run.json, line {line}, column")), "{fault}");

    for cut in ["", "{", "[]", "\u{0}", "{\"format_version\": 1}"] {
        fs::write(&path, cut).unwrap();
        let fault = message(RunFolder::open(dir.path()), &path);
        assert!(fault.contains("run.json, line 1"), "{fault}");
    }
}

#[test]
fn a_newer_format_says_so() {
    let dir = dir();
    run(dir.path()).write_info(&RunInfo { format_version: 9, ..RunInfo::default() }).unwrap();
    let text = message(RunFolder::open(dir.path()), dir.path());
    assert!(text.contains("version 9") && text.contains("up to 1"), "{text}");
}

#[test]
fn the_newest_run_is_the_one_described_last() {
    let dir = dir();
    fs::create_dir(dir.path().join("z-no-run")).unwrap();
    fs::write(dir.path().join("z-file"), "").unwrap();
    for (name, age) in [("a", 30), ("b", 10), ("c", 20)] {
        let path = run(dir.path().join(name)).file(layout::RUN).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    }
    assert_eq!(RunFolder::newest(dir.path()).unwrap().path(), dir.path().join("b"));
}

#[test]
fn no_newest_run_among_none() {
    let dir = dir();
    assert!(message(RunFolder::newest(dir.path()), dir.path()).contains("train one first"));
    let absent = dir.path().join("absent");
    assert!(message(RunFolder::newest(&absent), &absent).contains("no run"));
}

#[test]
fn a_file_in_the_way_is_named() {
    let dir = dir();
    let path = dir.path().join("taken");
    fs::write(&path, "").unwrap();
    message(RunFolder::create(&path, false), &path);
    message(RunFolder::create(path.join("below"), false), path.join("below"));
    message(RunFolder::open(&path), &path);
    message(RunFolder::newest(&path), &path);
}
