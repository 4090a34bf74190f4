//! Event files, read back by a reader of its own.

use std::{fs, path::PathBuf, time::SystemTime};

use enredo_run::{Eval, EventWriter, Metric, Row, RunFolder, Sample, Strategy};

use crate::{dir, message, run, save};

/// A number of a step, or a text.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Scalar(f32),
    Text(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Shown {
    wall_time: f64,
    step: u64,
    tag: String,
    value: Value,
}

/// The event files of a run.
fn files(run: &RunFolder) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.path().join("tensorboard")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// What TensorBoard would show of the run's only event file.
fn shown(run: &RunFolder) -> Vec<Shown> {
    let [file] = &files(run)[..] else { panic!("one file") };
    let events = records(&fs::read(file).unwrap());
    assert_eq!(bytes(&fields(&events[0]), 3), [b"brain.Event:2"]);
    events[1..].iter().flat_map(|event| values(event)).collect()
}

/// The whole records of a file; one that is cut short ends it.
fn records(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((length, rest)) = file.split_first_chunk() {
        let length = u64::from_le_bytes(*length) as usize;
        let Some(data) = rest.get(4..4 + length).filter(|_| rest.len() >= 8 + length) else {
            break;
        };
        records.push(data.to_vec());
        file = &rest[8 + length..];
    }
    records
}

/// A message's fields: number and value, an integer as its eight bytes.
fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let length = match key & 7 {
            0 => {
                fields.push((key >> 3, varint(&mut message).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut message) as usize,
            _ => 4,
        };
        let (value, rest) = message.split_at(length);
        fields.push((key >> 3, value.to_vec()));
        message = rest;
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let length = 1 + bytes.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let (value, rest) = bytes.split_at(length);
    *bytes = rest;
    value.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}

/// The values of a field.
fn bytes(fields: &[(u64, Vec<u8>)], number: u64) -> Vec<&[u8]> {
    fields.iter().filter(|field| field.0 == number).map(|field| &field.1[..]).collect()
}

fn values(event: &[u8]) -> Vec<Shown> {
    let event = fields(event);
    let wall_time = f64::from_le_bytes(bytes(&event, 1)[0].try_into().unwrap());
    let step = u64::from_le_bytes(bytes(&event, 2)[0].try_into().unwrap());
    let summary = bytes(&event, 5).concat();
    let shown = |value: &[u8]| {
        let value = fields(value);
        let tag = String::from_utf8(bytes(&value, 1).concat()).unwrap();
        Shown { wall_time, step, tag, value: number_or_text(&value) }
    };
    bytes(&fields(&summary), 1).into_iter().map(shown).collect()
}

fn number_or_text(value: &[(u64, Vec<u8>)]) -> Value {
    match bytes(value, 2)[..] {
        [number] => Value::Scalar(f32::from_le_bytes(number.try_into().unwrap())),
        _ => {
            let tensor = fields(&bytes(value, 8).concat());
            Value::Text(String::from_utf8(bytes(&tensor, 8).concat()).unwrap())
        }
    }
}

fn with_tag<'a>(shown: &'a [Shown], tag: &str) -> Vec<&'a Shown> {
    shown.iter().filter(|shown| shown.tag == tag).collect()
}

fn scalars(shown: &[Shown], tag: &str) -> Vec<(u64, f32)> {
    let number = |shown: &Shown| match shown.value {
        Value::Scalar(number) => (shown.step, number),
        Value::Text(_) => panic!("{shown:?}"),
    };
    with_tag(shown, tag).into_iter().map(number).collect()
}

/// Sixteen target tokens and a quarter of a second a step.
fn metric(step: u64) -> Metric {
    Metric {
        step,
        loss: 8.0 / step as f64,
        lr: 0.25,
        grad_norm: 2.0,
        tokens: 16 * step,
        train_seconds: step as f64 / 4.0,
        ..Metric::default()
    }
}

fn eval(step: u64) -> Eval {
    Eval { step, val_loss: 0.0, bits_per_byte: Some(1.5), ..Eval::default() }
}

fn sample(step: u64) -> Sample {
    let strategy = Strategy { label: "greedy".into(), ..Strategy::default() };
    Sample { step, strategy, text: format!("{step}\nAção"), ..Sample::default() }
}

fn append<R: Row>(run: &RunFolder, row: &R) {
    run.writer().unwrap().append(row).unwrap();
}

fn append_steps(run: &RunFolder, steps: impl IntoIterator<Item = u64>) {
    for step in steps {
        append(run, &metric(step));
        if step % 2 == 0 {
            append(run, &sample(step));
            append(run, &eval(step));
        }
    }
}

#[test]
fn rows_are_shown_by_their_tags() {
    let dir = dir();
    let run = run(dir.path());
    let mut events = EventWriter::new(&run).unwrap();
    events.metric(&metric(1)).unwrap();
    events.metric(&metric(2)).unwrap();
    events.eval(&eval(2)).unwrap();
    events.sample(&sample(2)).unwrap();
    assert!(shown(&run).is_empty());
    events.flush().unwrap();

    let shown = shown(&run);
    assert_eq!(scalars(&shown, "train/loss"), [(1, 8.0), (2, 4.0)]);
    assert_eq!(scalars(&shown, "train/learning_rate"), [(1, 0.25), (2, 0.25)]);
    assert_eq!(scalars(&shown, "train/grad_norm"), [(1, 2.0), (2, 2.0)]);
    assert_eq!(scalars(&shown, "train/tokens_per_second"), [(1, 64.0), (2, 64.0)]);
    assert_eq!(scalars(&shown, "eval/loss"), [(2, 0.0)]);
    assert_eq!(scalars(&shown, "eval/perplexity"), [(2, 1.0)]);
    assert_eq!(scalars(&shown, "eval/bits_per_byte"), [(2, 1.5)]);
    let texts = with_tag(&shown, "samples/greedy");
    assert_eq!(texts[0].value, Value::Text("2<br>Ação".into()));
    assert_eq!(shown.len(), 12);
}

#[test]
fn numbers_may_be_missing_or_not_finite() {
    let dir = dir();
    let run = run(dir.path());
    let mut events = EventWriter::new(&run).unwrap();
    for (step, loss) in [(1, f64::INFINITY), (2, f64::NAN), (3, 1e300)] {
        // No time passes.
        events.metric(&Metric { step, loss, ..Metric::default() }).unwrap();
    }
    events.eval(&Eval { step: 3, val_loss: 1e3, ..Eval::default() }).unwrap();
    drop(events);

    let shown = shown(&run);
    let losses: Vec<f32> = scalars(&shown, "train/loss").into_iter().map(|(_, x)| x).collect();
    assert!(losses[0] == f32::INFINITY && losses[1].is_nan() && losses[2] == f32::INFINITY);
    assert_eq!(scalars(&shown, "eval/perplexity"), [(3, f32::INFINITY)]);
    assert!(with_tag(&shown, "train/tokens_per_second").is_empty());
    assert!(with_tag(&shown, "eval/bits_per_byte").is_empty());
}

#[test]
fn a_resumed_run_shows_each_step_once() {
    let dir = dir();
    let run = run(dir.path());
    append_steps(&run, 1..=4);
    save(&run, 4).unwrap();
    append_steps(&run, 5..=8);
    EventWriter::new(&run).unwrap();
    let older = files(&run).remove(0).with_file_name("events.out.tfevents.0000000001.enredo");
    fs::rename(&files(&run)[0], &older).unwrap();

    run.cut_back(&run.open_checkpoint(4).unwrap()).unwrap();
    let mut events = EventWriter::new(&run).unwrap();
    events.metric(&metric(5)).unwrap();
    events.flush().unwrap();

    assert!(!older.exists());
    let shown = shown(&run);
    let steps = |tag| with_tag(&shown, tag).iter().map(|shown| shown.step).collect::<Vec<_>>();
    assert_eq!(steps("train/loss"), [1, 2, 3, 4, 5]);
    assert_eq!(steps("eval/loss"), [2, 4]);
    assert_eq!(steps("samples/greedy"), [2, 4]);
    assert!(scalars(&shown, "train/tokens_per_second").iter().all(|&(_, speed)| speed == 64.0));
}

#[test]
fn wall_times_are_seconds_of_training_up_to_now() {
    let dir = dir();
    let run = run(dir.path());
    append(&run, &eval(0));
    append_steps(&run, 1..=8);
    append(&run, &Metric { train_seconds: f64::NAN, ..metric(9) });
    let mut events = EventWriter::new(&run).unwrap();
    events.metric(&metric(10)).unwrap();
    drop(events);

    let shown = shown(&run);
    assert!(shown.is_sorted_by_key(|shown| shown.wall_time));
    let time = |step| shown.iter().rfind(|shown| shown.step == step).unwrap().wall_time;
    assert_eq!(time(8) - time(4), 1.0);
    assert_eq!(time(9), time(8));
    assert_eq!(time(10) - time(8), 0.5);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((0.0..60.0).contains(&(now - time(8))));
}

#[test]
fn a_file_cut_short_keeps_its_whole_records() {
    let dir = dir();
    let run = run(dir.path());
    append_steps(&run, 1..=4);
    EventWriter::new(&run).unwrap();
    let whole = fs::read(&files(&run)[0]).unwrap();
    let count = records(&whole).len();
    assert_eq!(count, 9);
    assert_eq!(records(&whole[..whole.len() - 1]).len(), count - 1);
}

#[test]
fn files_of_others_stay() {
    let dir = dir();
    let run = run(dir.path());
    EventWriter::new(&run).unwrap();
    let other = run.path().join("tensorboard/events.out.tfevents.1767225600.host");
    fs::write(&other, "theirs").unwrap();
    EventWriter::new(&run).unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"theirs");
}

#[test]
fn faults_of_the_disk_are_named() {
    let dir = dir();
    let run = run(dir.path());
    let folder = run.path().join("tensorboard");
    fs::write(&folder, "in the way").unwrap();
    message(EventWriter::new(&run), &folder);

    fs::remove_file(&folder).unwrap();
    let old = folder.join("events.out.tfevents.1767225600.enredo");
    fs::create_dir_all(old.join("in the way")).unwrap();
    assert!(message(EventWriter::new(&run), &old).contains("cannot write"));
}

#[test]
fn a_damaged_row_is_named() {
    let dir = dir();
    let run = run(dir.path());
    append_steps(&run, 1..=4);
    for name in ["metrics.jsonl", "evals.jsonl", "samples.jsonl"] {
        let path = run.file(name).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, b"[]\n").unwrap();
        assert!(message(EventWriter::new(&run), &path).contains("line 1"));
        fs::write(&path, whole).unwrap();
    }
}
