//! Whatever ends a training, it goes on as if nothing had happened: rows, samples and weights are, bit for
//! bit, those of a run that nobody disturbed.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod program;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::LazyLock,
    thread::sleep,
    time::{Duration, Instant},
};

use enredo::{
    corpus::Grammar,
    run::{Eval, Metric, RunFolder, Sample, layout},
};
use program::{example, program, refusal, rows, scratch, stdout};

/// Saves often, so that it can be disturbed often.
const TINY: &str = "--threads 1 --hidden-size 32 --layers 2 --heads 2 --ffn-size 32 --batch-size 8 \
    --log-every 50 --sample-every 40 --eval-every 60 --checkpoint-every 10 \
    --schedule cosine --warmup-steps 10 --accumulation 2";

/// All of a run that must be the same: everything but the times.
#[derive(Debug, PartialEq)]
struct Record {
    metrics: Vec<Metric>,
    evals: Vec<Eval>,
    samples: Vec<Sample>,
    checkpoints: Vec<(u64, Vec<u8>)>,
    model: Vec<u8>,
}

impl Record {
    fn of(path: &Path) -> Self {
        let run = RunFolder::open(path).unwrap();
        let train_seconds = 0.0;
        let metrics = rows::<Metric>(path).into_iter().map(|row| Metric { train_seconds, ..row });
        let evals = rows::<Eval>(path).into_iter().map(|row| Eval { train_seconds, ..row });
        let weights = |step| (step, run.weights(step).unwrap());
        Self {
            metrics: metrics.collect(),
            evals: evals.collect(),
            samples: rows(path),
            checkpoints: run.checkpoints().unwrap().into_iter().map(weights).collect(),
            model: run.read(layout::MODEL).unwrap(),
        }
    }
}

fn train(args: &str, more: &[&str]) -> String {
    stdout(&example("train", args, more))
}

/// Two hundred texts, so that a run begins at once; nine tenths are trained on.
static DATA: LazyLock<String> = LazyLock::new(|| {
    let path = scratch().join("texts.txt");
    fs::write(&path, Grammar::new().documents(200, 1).join("\n")).unwrap();
    path.to_str().unwrap().to_owned()
});

fn undisturbed(args: &str) -> Record {
    let out = scratch().join("run");
    train(args, &["--data", &DATA, "--out", out.to_str().unwrap()]);
    Record::of(&out)
}

static WHOLE: LazyLock<Record> = LazyLock::new(|| undisturbed(&format!("{TINY} --steps 120")));

/// Starts the run, or goes on with it where there is one.
fn start(out: &Path, steps: &str) -> Child {
    let mut train = program("train");
    if out.join(layout::RUN).exists() {
        train.arg("--resume").arg(out);
    } else {
        train
            .args(TINY.split_whitespace())
            .args(["--steps", steps, "--data", &DATA, "--overwrite", "--out"])
            .arg(out);
    }
    train.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A number in 0..most, from a fixed sequence (Knuth's multiplicative hashing).
fn random(i: u64, most: u64) -> u64 {
    ((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % most.max(1)
}

#[test]
fn killed_at_any_moment_it_goes_on() {
    let kills: u64 = std::env::var("ENREDO_KILLS").map_or(6, |n| n.parse().unwrap());
    let begun = Instant::now();
    let whole = undisturbed(&format!("{TINY} --steps 120"));
    let half = begun.elapsed().as_millis() as u64 / 2; // about so long it starts, and so long it runs
    let (mut done, mut amid, mut runs) = (0, 0, 0);
    let mut moments = 0..;
    while done < kills {
        let out = scratch().join("run");
        while done < kills {
            let had = length(&out);
            let mut child = start(&out, "120");
            if done % 2 == 0 {
                wait_for_rows(&mut child, &out, had); // else it may be killed before it begins
            }
            sleep(Duration::from_millis(random(moments.next().unwrap(), half)));
            if child.try_wait().unwrap().is_some() {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            done += 1;
            amid += u64::from(length(&out) > 0);
        }
        stdout(&start(&out, "120").wait_with_output().unwrap());
        runs += 1;
        assert_eq!(Record::of(&out), whole, "after {done} kills");
        fs::remove_dir_all(out.parent().unwrap()).unwrap();
    }
    assert!(amid >= kills / 3, "{amid} of {kills} kills came after the first step");
    println!(
        "{done} kills, {amid} of them after the first step, in {runs} runs: each run is bit-equal to the undisturbed one"
    );
}

/// Of the rows that a run has written, in bytes.
fn length(out: &Path) -> u64 {
    out.join(layout::METRICS).metadata().map_or(0, |file| file.len())
}

/// Until it writes more than it had, or ends.
fn wait_for_rows(child: &mut Child, out: &Path, had: u64) {
    while length(out) <= had && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
}

/// A run that has taken some steps, and is at it.
fn under_way() -> (Child, PathBuf) {
    under_way_to("120")
}

fn under_way_to(steps: &str) -> (Child, PathBuf) {
    let out = scratch().join("run");
    let child = start(&out, steps);
    let rows = || {
        fs::read(out.join(layout::METRICS))
            .map_or(0, |text| text.iter().filter(|&&b| b == b'\n').count())
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while rows() < 5 {
        assert!(Instant::now() < deadline, "it does not begin");
        sleep(Duration::from_millis(2));
    }
    (child, out)
}

#[cfg(unix)]
#[test]
fn told_to_end_it_saves_and_says_how_to_go_on() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let (child, out) = under_way();
        let told =
            std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(told.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let command = format!("--resume {}", out.display());
        assert!(text.contains("Stopped after step") && text.contains(&command), "{text}");
        let last = rows::<Metric>(&out).last().unwrap().step;
        assert_eq!(RunFolder::open(&out).unwrap().checkpoints().unwrap().last(), Some(&last));
        stdout(&start(&out, "120").wait_with_output().unwrap());
        let mut found = Record::of(&out);
        found.checkpoints.retain(|(step, _)| *step != last || last.is_multiple_of(10));
        assert_eq!(found, *WHOLE);
    }
}

/// Ended after its first step, amid an epoch and at the end of one, and gone on with: by all settings that
/// change what a step draws, each part a process of its own.
#[test]
fn gone_on_with_it_is_the_same_run() {
    let all = |flag: &'static str, values: [&'static str; 2]| {
        values.map(|value| format!(" {flag} {value}"))
    };
    for accumulation in all("--accumulation", ["1", "2"]) {
        // 180 documents in batches of 20: an epoch is nine batches.
        let stops = if accumulation.ends_with('1') { ["1", "5", "9"] } else { ["1", "4", "9"] };
        for dropout in all("--dropout", ["0", "0.1"]) {
            for threads in all("--threads", ["1", "2"]) {
                for dtype in all("--dtype", ["float32", "bfloat16"]) {
                    goes_on(
                        &format!("--order epochs{accumulation}{dropout}{threads}{dtype}"),
                        &stops,
                    );
                }
            }
        }
    }
    goes_on("--order random --threads 1", &["1", "5"]);
    goes_on("--preset fast --schedule constant --threads 2", &["1", "5"]);
}

fn goes_on(args: &str, stops: &[&str]) {
    let sizes = "--hidden-size 32 --layers 1 --heads 2 --ffn-size 32 --batch-size 20";
    let args = format!("{sizes} --sample-every 100 --eval-every 1 --checkpoint-every 20 {args}");
    let whole = undisturbed(&format!("{args} --steps 12"));
    for stop in stops {
        let out = scratch().join("run");
        train(&args, &["--data", &DATA, "--steps", stop, "--out", out.to_str().unwrap()]);
        train("--steps 12", &["--resume", out.to_str().unwrap()]);
        let found = Record::of(&out);
        let same = (&found.metrics, &found.evals, &found.model)
            == (&whole.metrics, &whole.evals, &whole.model);
        assert!(same, "{args}, stopped after {stop}");
    }
}

mod damage {
    use super::*;

    fn interrupted() -> PathBuf {
        let (mut child, out) = under_way();
        let run = RunFolder::open(&out).unwrap();
        while run.checkpoints().unwrap().len() < 3 {
            sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        out
    }

    fn flip(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn of_the_newest_checkpoint_is_told_and_the_one_before_is_taken() {
        let out = interrupted();
        let run = RunFolder::open(&out).unwrap();
        let steps = run.checkpoints().unwrap();
        let path = out.to_str().unwrap();
        assert!(stdout(&example("verify", "", &[path])).contains("The run is whole"));
        flip(&run.checkpoint(*steps.last().unwrap()).join(layout::TRAINER));
        let verified = example("verify", "", &[path]);
        let text = String::from_utf8_lossy(&verified.stdout).into_owned();
        let before = steps[steps.len() - 2];
        assert!(!verified.status.success());
        assert!(
            text.contains("DAMAGED") && text.contains(&format!("from step {before}")),
            "{text}"
        );
        let text = train("", &["--resume", path]);
        assert!(text.contains("Passed over: ") && text.contains("SHA-256"), "{text}");
        assert!(text.contains(&format!("Going on from step {before}.")), "{text}");
        assert_eq!(Record::of(&out), *WHOLE);
    }

    #[test]
    fn of_all_of_them_is_a_refusal() {
        let out = interrupted();
        let run = RunFolder::open(&out).unwrap();
        for step in run.checkpoints().unwrap() {
            flip(&run.checkpoint(step).join(layout::MODEL));
        }
        let text = refusal(&example("train", "", &["--resume", out.to_str().unwrap()]));
        assert!(text.contains("no checkpoint from which to go on"), "{text}");
    }

    /// A limit on the size of files stands for a disk that is full.
    #[cfg(unix)]
    #[test]
    fn of_the_disk_keeps_the_last_good_checkpoint() {
        let out = interrupted();
        let before = RunFolder::open(&out).unwrap().newest_checkpoint().unwrap().0.unwrap().step;
        let (train, run) = (program("train"), out.to_str().unwrap());
        let script = format!(
            "ulimit -f 40; trap '' XFSZ; exec {} --resume {run}",
            train.get_program().display()
        );
        let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(refusal(&output).contains("could not be saved"), "{text}");
        assert!(text.contains("NOT SAVED: cannot write"), "{text}");
        let left = RunFolder::open(&out).unwrap().newest_checkpoint().unwrap().0.unwrap().step;
        assert_eq!(left, before);
        stdout(&start(&out, "120").wait_with_output().unwrap());
        assert_eq!(Record::of(&out), *WHOLE);
    }
}

#[test]
fn what_cannot_be_gone_on_with_is_refused() {
    let refused = |args: &[&str]| refusal(&example("train", "", args));
    assert!(refused(&["--resume", "nowhere"]).contains("nowhere is no run"));
    assert!(refused(&["--resume", "x", "--lr", "1"]).contains("cannot be used with"));
    let (mut child, out) = under_way_to("100000");
    let path = out.to_str().unwrap();
    assert!(refused(&["--resume", path]).contains("is being trained by another process"));
    let again = refused(&["--steps", "9", "--data", &DATA, "--overwrite", "--out", path]);
    assert!(again.contains("is being trained by another process"), "{again}");
    child.kill().unwrap();
    child.wait().unwrap();
    let other = scratch().join("other.txt");
    fs::write(&other, "A text that is long enough to be kept.\n".repeat(99)).unwrap();
    let args = ["--resume", out.to_str().unwrap(), "--data", other.to_str().unwrap()];
    let text = refused(&args);
    assert!(text.contains("does not hold the documents"), "{text}");
}

#[test]
fn a_refusal_changes_nothing() {
    let out = scratch().join("run");
    let path = out.to_str().unwrap();
    let args = format!("{TINY} --steps 120 --max-grad-norm inf");
    train(&args, &["--data", &DATA, "--out", path]);
    let record = Record::of(&out);
    let text = refusal(&example("train", "", &["--resume", path, "--steps", "60"]));
    assert!(text.contains("at step 120 already"), "{text}");
    assert_eq!(Record::of(&out), record);
    train("", &["--resume", path]); // nothing is left to do
    assert_eq!(Record::of(&out), record);
    let info = RunFolder::open(&out).unwrap().info().unwrap();
    assert_eq!(info.settings["max_grad_norm"], "inf", "a setting that JSON has no number for");
    fs::remove_dir_all(out.join("checkpoints")).unwrap();
    let text = refusal(&example("train", "", &["--resume", path, "--steps", "200"]));
    assert!(text.contains("has ended, and has no checkpoint"), "{text}");
    assert_eq!(rows::<Metric>(&out).len(), 120);
}
