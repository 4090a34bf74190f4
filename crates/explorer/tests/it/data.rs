//! The training's curves and the texts it was of.

use enredo_explorer::{Documents, State, Training};
use serde_json::json;

use crate::toy::{self, Parts, Server};

const TRAINING: &str = "/api/v1/training";
const DOCUMENTS: &str = "/api/v1/documents";

#[test]
fn training_is_the_rows_in_buckets() {
    let server = Server::start();
    let answer = server.get(&format!("{TRAINING}?points=10"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = answer.json();
    assert_eq!((&answer["state"], &answer["steps"]), (&"running".into(), &40.into()));
    assert_eq!((&answer["rows"], &answer["window"]), (&25.into(), &100.into()));
    assert_eq!(answer["floor"], json!({"nats": 1.5, "standard_error": 0.125}));
    assert_eq!(answer["fault"], "line 26 is no row");
    assert_eq!(answer["checkpoints"][1], json!({"step": 20, "val_loss": 2.5}));
    let eval =
        |step| json!({"step": step, "train_loss": 3.0, "val_loss": null, "train_seconds": 2.5});
    assert_eq!(answer["evals"], json!([eval(10), eval(20)]));
    let series = &answer["series"];
    assert_eq!(series["step"], json!([2, 5, 7, 10, 12, 15, 17, 20, 22, 25]));
    assert_eq!((&series["loss"][0], &series["low"][0]), (&6.0.into(), &4.0.into()));
    assert_eq!((&series["high"][0], &series["average"][0]), (&8.0.into(), &6.0.into()));
    assert_eq!((&series["loss"][2], &series["high"][2]), (&json!(null), &json!(8.0 / 6.0)));
    assert_eq!((&series["tokens"][9], &series["seconds"][9]), (&1_600.into(), &6.25.into()));
    assert_eq!((&series["lr"][9], &series["grad_norm"][9]), (&0.5.into(), &25.0.into()));
    let whole = server.get(TRAINING).json();
    assert_eq!(whole["series"]["step"].as_array().unwrap().len(), 25);
}

#[test]
fn a_training_is_told_again_when_it_has_gone_on() {
    let server = Server::start();
    let path = format!("{TRAINING}?points=100");
    let first = server.get(&path);
    let held = format!("If-None-Match: {}", first.header("etag").unwrap());
    let ask = |held: &str| server.send("GET", &path, &[held], "");
    assert_eq!((ask(&held).status, ask(&held).body.len()), (304, 0));
    let other = server.send("GET", TRAINING, &[&held], "");
    assert_eq!(other.status, 304, "of the same rows, the same points");
    server.watch.parts.lock().unwrap().progress.state = State::Ended;
    let ended = ask(&held);
    assert_eq!((ended.status, &ended.json()["state"]), (200, &"ended".into()));
    let held = format!("If-None-Match: {}", ended.header("etag").unwrap());
    assert_eq!(ask(&held).status, 304);
    let more = |training: &mut Training| training.metrics.push(training.metrics[0].clone());
    more(server.watch.parts.lock().unwrap().training.as_mut().unwrap());
    assert_eq!((ask(&held).status, ask(&held).json()["rows"].as_u64()), (200, Some(26)));
}

#[test]
fn what_is_not_there_is_404_and_what_does_not_fit_422() {
    let bare = Server::on(Parts { training: None, documents: None, ..Parts::default() });
    for path in [TRAINING, DOCUMENTS] {
        assert_eq!(bare.get(path).problem(), (404, None), "{path}");
    }
    assert!(bare.get(TRAINING).detail().contains("no curve"));
    let server = Server::start();
    for (path, query, field) in [
        (TRAINING, "points=9", Some("/points")),
        (TRAINING, "points=10001", Some("/points")),
        (TRAINING, "points=-1", Some("/points")),
        (TRAINING, "points=", Some("/points")),
        (TRAINING, "dots=10", None),
        (DOCUMENTS, "limit=101", Some("/limit")),
        (DOCUMENTS, "limit=1e3", Some("/limit")),
        (DOCUMENTS, "offset=-1", Some("/offset")),
        (DOCUMENTS, "offset=99999999999999999999", Some("/offset")),
        (DOCUMENTS, "split=both", Some("/split")),
        (DOCUMENTS, "order=up", None),
    ] {
        let answer = server.get(&format!("{path}?{query}"));
        let (status, found) = answer.problem();
        assert_eq!(status, 422, "{query}");
        if field.is_some() {
            assert_eq!(found.as_deref(), field, "{query}: {}", answer.detail());
        }
    }
    let long = |n: usize| server.get(&format!("{DOCUMENTS}?q={}", "%C3%A9".repeat(n)));
    assert_eq!((long(200).status, long(201).problem()), (200, (422, Some("/q".into()))));
}

#[test]
fn documents_come_in_pages_and_by_words() {
    let server = Server::start();
    let first = server.get(DOCUMENTS).json();
    let Documents { source, documents, .. } = toy::documents();
    assert_eq!((&first["source"], &first["is_the_runs_own"]), (&source.into(), &true.into()));
    assert_eq!((&first["total"], &first["matching"]), (&50.into(), &50.into()));
    assert_eq!(first["offset"], 0);
    let listed = first["documents"].as_array().unwrap();
    assert_eq!(listed.len(), 20);
    for (i, (listed, document)) in listed.iter().zip(&documents).enumerate() {
        let expected = json!({"index": i, "held_out": document.held_out, "text": document.text});
        assert_eq!(*listed, expected);
    }
    let query = "split=held_out&q=%C3%89%3C%2Fb%3E+mOON&offset=2&limit=3";
    let found = server.get(&format!("{DOCUMENTS}?{query}")).json();
    // Of 4, 9, 14, … the even ones hold it: 4, 14, 24, 34, 44.
    assert_eq!((&found["total"], &found["matching"]), (&10.into(), &5.into()));
    let indices: Vec<_> =
        found["documents"].as_array().unwrap().iter().map(|d| d["index"].as_u64()).collect();
    assert_eq!(indices, [Some(24), Some(34), Some(44)]);
    let train = server.get(&format!("{DOCUMENTS}?split=train&limit=0")).json();
    assert_eq!((&train["total"], &train["documents"]), (&40.into(), &json!([])));
}
