//! Checkpoints: saved whole, found again, never taken for what they are not.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
};

use enredo_run::{Error, Eval, Metric, RunFolder, Saver, layout};

use crate::{dir, run, save};

fn newest(run: &RunFolder) -> Option<u64> {
    run.newest_checkpoint().unwrap().0.map(|checkpoint| checkpoint.step)
}

fn train(run: &RunFolder, steps: impl IntoIterator<Item = u64>) {
    let mut writer = run.writer::<Metric>().unwrap();
    steps
        .into_iter()
        .for_each(|step| writer.append(&Metric { step, ..Metric::default() }).unwrap());
}

fn trained(run: &RunFolder) -> Vec<u64> {
    run.rows::<Metric>().unwrap().map(|row| row.unwrap().step).collect()
}

#[test]
fn what_was_saved_is_found_again() {
    let dir = dir();
    let run = run(dir.path());
    assert_eq!(newest(&run), None);
    for step in [100_000_000, 500, 99_999_999, 1000] {
        save(&run, step).unwrap();
    }
    fs::create_dir(dir.path().join("checkpoints/step-7")).unwrap();
    fs::write(dir.path().join("checkpoints/step-00000009"), "a file").unwrap();
    assert_eq!(run.checkpoints().unwrap(), [500, 1000, 99_999_999, 100_000_000]);
    assert_eq!(run.checkpoint(500), dir.path().join("checkpoints/step-00000500"));
    let (found, faults) = run.newest_checkpoint().unwrap();
    let found = found.unwrap();
    assert!(found.step == 100_000_000 && faults.is_empty());
    assert!(found.model.starts_with(b"weights of step 100000000 "));
    assert!(found.trainer.unwrap().starts_with(b"moments of step 100000000 "));
    assert_eq!(
        fs::read_dir(dir.path().join("checkpoints")).unwrap().count(),
        6,
        "nothing is left beside"
    );
}

#[test]
fn a_step_is_saved_again_in_place_of_the_first() {
    let dir = dir();
    let run = run(dir.path());
    run.save(&run.snapshot(5, b"old".into(), b"old".into()).unwrap()).unwrap();
    run.save(&run.snapshot(5, b"new".into(), b"new".into()).unwrap()).unwrap();
    assert_eq!(run.open_checkpoint(5).unwrap().model, b"new");
    assert_eq!(fs::read_dir(dir.path().join("checkpoints")).unwrap().count(), 1);
}

#[test]
fn a_checkpoint_stands_in_for_weights_that_are_not_there() {
    let dir = dir();
    let run = run(dir.path().join("run"));
    assert!(matches!(run.newest_weights(), Err(Error::Read { .. })));
    save(&run, 900).unwrap();
    save(&run, 1_000).unwrap();
    assert_eq!(run.newest_weights().unwrap().2, Some(1_000));
    fs::write(run.checkpoint(1_000).join(layout::MODEL), "other").unwrap();
    assert_eq!(run.newest_weights().unwrap().2, Some(900), "damaged weights are passed over");
    run.write(layout::MODEL, b"weights").unwrap();
    let (weights, path, step) = run.newest_weights().unwrap();
    assert_eq!((&*weights, path, step), (&b"weights"[..], run.path().join(layout::MODEL), None));
}

#[test]
fn weights_of_an_earlier_version_have_no_manifest() {
    let dir = dir();
    let run = run(dir.path());
    fs::create_dir_all(run.checkpoint(5)).unwrap();
    fs::write(run.checkpoint(5).join(layout::MODEL), "weights").unwrap();
    assert_eq!(run.weights(5).unwrap(), b"weights");
    assert_eq!(newest(&run), None);
}

/// Everything that can be changed in a checkpoint: the reader must tell.
#[test]
fn any_change_is_found_and_the_one_before_is_taken() {
    let dir = dir();
    let run = run(dir.path());
    save(&run, 1).unwrap();
    save(&run, 2).unwrap();
    let files = [layout::MODEL, layout::TRAINER, layout::MANIFEST];
    for path in files.map(|name| run.checkpoint(2).join(name)) {
        let whole = fs::read(&path).unwrap();
        let check = |bytes: &[u8], what: &str| {
            fs::write(&path, bytes).unwrap();
            let (found, faults) = run.newest_checkpoint().unwrap();
            assert_eq!(found.unwrap().step, 1, "{}: {what}", path.display());
            let told = faults[0].to_string();
            assert!(told.contains("step-00000002"), "{told}");
        };
        for length in (0..whole.len()).step_by(4096).chain([whole.len() - 2]) {
            check(&whole[..length], "truncated");
        }
        check(&[&whole[..], b"x"].concat(), "longer");
        check(
            &[&whole[..whole.len() / 2], &vec![0; whole.len().div_ceil(2)][..]].concat(),
            "zeroed",
        );
        // A prime step, so that every bit of a byte is met; what JSON calls white space is none of them.
        let bits = if path.ends_with(layout::MANIFEST) { Vec::new() } else { (0..1000).collect() };
        for bit in bits.into_iter().map(|i| i * 7_919 % (8 * whole.len())) {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            check(&flipped, "a flipped bit");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(newest(&run), Some(1), "{} is missing", path.display());
        fs::write(&path, &whole).unwrap();
        assert_eq!(newest(&run), Some(2));
    }
}

/// A bit of the manifest may be one of its spaces; whatever it is, what is loaded is what was saved.
#[test]
fn no_bit_of_the_manifest_makes_another_checkpoint() {
    let dir = dir();
    let run = run(dir.path());
    train(&run, 1..=2);
    save(&run, 1).unwrap();
    save(&run, 2).unwrap();
    let [first, second] = [1, 2].map(|step| run.open_checkpoint(step).unwrap());
    let path = run.checkpoint(2).join(layout::MANIFEST);
    let whole = fs::read(&path).unwrap();
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let found = run.newest_checkpoint().unwrap().0.unwrap();
        let same = |other: &enredo_run::Checkpoint| {
            found.model == other.model && found.trainer == other.trainer
        };
        assert!(found == first || same(&second), "bit {bit}");
    }
}

#[test]
fn rows_are_cut_back_to_the_checkpoint() {
    let dir = dir();
    let run = run(dir.path());
    train(&run, 1..=3);
    save(&run, 3).unwrap();
    train(&run, 4..=9);
    run.writer::<Eval>().unwrap().append(&Eval { step: 8, ..Eval::default() }).unwrap();
    OpenOptions::new()
        .append(true)
        .open(run.file(layout::METRICS).unwrap())
        .unwrap()
        .write_all(b"{\"st")
        .unwrap();
    run.cut_back(&run.open_checkpoint(3).unwrap()).unwrap();
    assert_eq!(trained(&run), [1, 2, 3]);
    assert_eq!(run.rows::<Eval>().unwrap().count(), 0);
    train(&run, 4..=5);
    assert_eq!(trained(&run), [1, 2, 3, 4, 5]);
}

#[test]
fn rows_that_are_gone_are_found_missing() {
    let dir = dir();
    let run = run(dir.path());
    train(&run, 1..=3);
    save(&run, 3).unwrap();
    train(&run, 4..=9);
    save(&run, 9).unwrap();
    let path = run.file(layout::METRICS).unwrap();
    let length = run.rows::<Metric>().unwrap().count() as u64;
    assert_eq!(length, 9);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    assert_eq!(newest(&run), Some(3));
}

#[test]
fn what_training_needs_stays_in_the_newest_and_the_best() {
    let dir = dir();
    let run = run(dir.path());
    let mut saver = Saver::new(&run, 2).unwrap();
    for step in 1..=6 {
        let snapshot = run.snapshot(step, b"weights".into(), b"moments".into()).unwrap();
        saver.save(snapshot, Some(2)).unwrap();
    }
    saver.wait().unwrap();
    let has_state = |&step: &u64| run.open_checkpoint(step).unwrap().trainer.is_some();
    assert_eq!((1..=6).filter(has_state).collect::<Vec<_>>(), [2, 5, 6]);
    assert_eq!((1..=6).map(|step| run.weights(step).unwrap()).collect::<Vec<_>>(), [b"weights"; 6]);
    let left = |step| fs::read_dir(run.checkpoint(step)).unwrap().count();
    assert_eq!([left(1), left(2), left(6)], [2, 3, 3]);
}

#[test]
fn a_save_that_fails_is_told_and_spares_the_others() {
    let dir = dir();
    let run = run(dir.path());
    save(&run, 1).unwrap();
    let mut saver = Saver::new(&run, 2).unwrap();
    let blocked: PathBuf = dir.path().join("checkpoints/.saving");
    fs::write(&blocked, "in the way").unwrap();
    let snapshot = |step| run.snapshot(step, b"weights".into(), b"moments".into()).unwrap();
    saver.save(snapshot(2), None).unwrap();
    let told = saver.save(snapshot(3), None).unwrap_err().to_string();
    assert!(told.contains(".saving"), "{told}");
    assert!(saver.wait().is_err());
    assert_eq!(newest(&run), Some(1));
    fs::remove_file(&blocked).unwrap();
    saver.save(snapshot(4), None).unwrap();
    drop(saver); // finishes
    assert_eq!(newest(&run), Some(4));
}
