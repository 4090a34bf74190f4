//! Texts and beams: the same as `enredo-decoding` makes, told as they are made.

use std::{cell::Cell, io::Read, thread, time::Duration};

use enredo_decoding::{
    BeamConfig, CausalLm, Clones, GenerationConfig, Trace, beam_search, generate,
};
use serde_json::{Value, json};

use crate::{
    client::{Events, finish},
    toy::{self, BREAK, FAIL, NAN, PANIC, Server, V, WAIT},
};

const GENERATE: &str = "/api/v1/generate";
const BEAMS: &str = "/api/v1/beams";

/// The toy as a model of its own, at a step.
#[derive(Clone)]
struct Model {
    step: u64,
    ids: Vec<u32>,
}

impl Model {
    fn new(step: u64) -> Self {
        Self { step, ids: Vec::new() }
    }
}

impl CausalLm for Model {
    type Error = std::fmt::Error;

    fn vocab_size(&self) -> usize {
        V
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Self::Error> {
        self.ids.extend(tokens);
        assert!(logits.len() <= V);
        if !logits.is_empty() {
            logits.copy_from_slice(&toy::logits(self.step, &self.ids));
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.ids.len()
    }

    fn truncate(&mut self, position: usize) {
        self.ids.truncate(position);
    }
}

fn config(json: &Value) -> GenerationConfig {
    serde_json::from_str(&json.to_string()).unwrap()
}

#[test]
fn a_text_is_the_one_that_decoding_makes() {
    let server = Server::start();
    let sampling = |more: Value| {
        let mut config = json!({"do_sample": true, "max_new_tokens": 30});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    let ends = Cell::new(0);
    for config_json in [
        json!({"max_new_tokens": 7}),
        sampling(json!({})),
        sampling(json!({"temperature": 1.5, "top_k": 5, "top_p": 0.9, "suppress_tokens": [2]})),
        sampling(json!({"eos_token_id": 7})),
        sampling(json!({"stop_sequences": [[1], [2, 3]], "repetition_penalty": 1.3})),
        sampling(json!({"mirostat": 2, "mirostat_tau": 1.0})),
        json!({"max_length": 3}),
        json!({"max_new_tokens": 0}),
    ] {
        for seed in [3, u64::MAX] {
            let body = json!({"ids": [1, 2, 3], "step": 10, "config": config_json, "seed": seed, "top_n": 4});
            let answer = server.post(GENERATE, &body.to_string());
            let events = answer.events();
            let config = config(&config_json);
            let mut tokens = generate(Model::new(10), &[1, 2, 3], &config, seed).unwrap();
            let expected: Vec<u32> = tokens.by_ref().map(Result::unwrap).collect();
            let ids: Vec<u64> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
            assert_eq!(json!(ids), json!(expected), "{config_json}");
            let start =
                json!({"event": "start", "step": 10, "ids": [1, 2, 3], "cut": 0, "seed": seed});
            assert_eq!(events[0], start);
            let end = events.last().unwrap();
            let reason = match tokens.stop_reason().unwrap() {
                enredo_decoding::StopReason::EndOfText(_) => "eos",
                enredo_decoding::StopReason::Sequence(_) => "stop",
                _ => "length",
            };
            ends.set(ends.get() + usize::from(reason != "length"));
            assert_eq!((&end["event"], &end["reason"]), (&"end".into(), &reason.into()));
            assert!(end["seconds"].as_f64().unwrap() >= 0.0);
            assert_eq!(events.len(), expected.len() + 2);
            let traces = generate(Model::new(10), &[1, 2, 3], &config, seed).unwrap();
            for ((place, event), trace) in (3..).zip(&events[1..]).zip(traces.with_traces()) {
                same_token(event, place, &trace.unwrap(), 4);
            }
        }
    }
    assert!(ends.get() >= 2, "no text came to an end of its own");
}

fn same_token(event: &Value, place: usize, trace: &Trace, top_n: usize) {
    let near = |name: &str, expected: f64| {
        let got = event[name].as_f64().unwrap();
        assert!((got - expected).abs() < 1e-12, "{name}: {got} and {expected}");
    };
    let picked = trace.tokens.iter().find(|token| token.id == trace.picked).unwrap();
    assert_eq!((&event["event"], &event["position"]), (&"token".into(), &place.into()));
    assert_eq!((&event["rank"], &event["kept"]), (&picked.rank.into(), &trace.kept().into()));
    near("p_raw", picked.p_raw);
    near("p_final", picked.p_final);
    near("surprisal_bits", -picked.p_raw.log2());
    near("entropy_bits", trace.entropy_raw() / 2f64.ln());
    near("entropy_final_bits", trace.entropy_final() / 2f64.ln());
    let top = serde_json::to_string(&trace.tokens[..top_n]).unwrap();
    assert_eq!(event["top"], serde_json::from_str::<Value>(&top).unwrap());
}

#[test]
fn a_prompt_longer_than_the_window_is_cut_in_words_only() {
    let server = Server::start();
    let body = r#"{"prompt": "a bb ccc a bb ccc", "config": {"max_new_tokens": 2}}"#;
    let events = server.post(GENERATE, body).events();
    assert_eq!((&events[0]["cut"], &events[0]["ids"]), (&2.into(), &json!([1, 2, 3, 1, 2, 3])));
    assert_eq!((&events[0]["step"], &events[0]["seed"]), (&20.into(), &42.into()));
    assert_eq!((&events[1]["position"], &events[2]["position"]), (&6.into(), &7.into()));
    assert_eq!(events[1]["top"].as_array().unwrap().len(), V);
}

#[test]
fn what_cannot_be_generated_is_refused_before_the_stream() {
    let server = Server::start();
    for (body, status, field) in [
        (json!({"ids": [1]}), 422, None),
        (json!({"config": {}}), 422, None),
        (json!({"ids": [1], "config": {}, "beams": {}}), 422, Some("/beams")),
        (json!({"ids": [8], "config": {}}), 422, Some("/ids/0")),
        (json!({"ids": [1], "config": {}, "step": 1}), 422, Some("/step")),
        (json!({"ids": [1], "config": {}, "top_n": 101}), 422, Some("/top_n")),
        (
            json!({"ids": [1], "config": {"max_new_tokens": 1025}}),
            422,
            Some("/config/max_new_tokens"),
        ),
        (
            json!({"ids": [1], "config": {"do_sample": true, "top_p": 2}}),
            422,
            Some("/config/top_p"),
        ),
        (json!({"ids": [1], "config": {"stop_sequences": [[]]}}), 422, Some("/config")),
        (json!({"prompt": "nothing", "config": {}}), 422, Some("/prompt")),
        (json!({"prompt": "fail", "config": {}}), 500, None),
        (json!({"prompt": "lies id", "config": {}}), 500, None),
    ] {
        let answer = server.post(GENERATE, &body.to_string());
        let (found, at) = answer.problem();
        // An unknown field is named, but is no field of its own.
        let field = field.filter(|_| body["beams"].is_null());
        let at = at.filter(|_| body["beams"].is_null());
        assert_eq!((found, at.as_deref()), (status, field), "{body}: {}", answer.detail());
    }
    assert!(server.watch.asked.lock().unwrap().is_empty(), "the model was asked");
}

fn last(server: &Server, body: &Value) -> (usize, Value) {
    let events = server.post(GENERATE, &body.to_string()).events();
    assert_eq!(events[0]["event"], "start");
    (events.len() - 2, events.last().unwrap().clone())
}

#[test]
fn what_breaks_on_the_way_is_an_event() {
    let server = Server::start();
    let problem = |status: u16, title: &str, detail: &str| json!({"event": "problem", "type": "about:blank", "title": title, "status": status, "detail": detail});
    let fault = |detail| problem(500, "Internal Server Error", detail);
    let (tokens, end) = last(&server, &json!({"ids": BREAK, "config": {"max_new_tokens": 9}}));
    assert_eq!((tokens, end), (3, fault("the toy's model broke on its way")));
    let (tokens, end) = last(&server, &json!({"ids": [FAIL], "config": {}}));
    assert_eq!((tokens, end), (0, fault("the toy's model broke")));
    let (_, end) = last(&server, &json!({"ids": [NAN], "config": {}}));
    assert!(end["status"] == 500 && end["detail"].as_str().unwrap().contains("NaN"), "{end}");
    let banned = json!({"suppress_tokens": [1, 2, 3, 4, 5, 6, 7]});
    let (_, end) = last(&server, &json!({"ids": [1], "config": banned}));
    assert_eq!((&end["status"], &end["field"]), (&422.into(), &"/config".into()));
    let (_, end) = last(&server, &json!({"ids": [PANIC], "config": {}}));
    assert!(end["detail"].as_str().unwrap().contains("thread has ended"), "{end}");
}

#[test]
fn each_token_is_told_before_the_next_is_made() {
    let server = Server::start();
    let body = json!({"ids": [WAIT], "config": {"max_new_tokens": 3}});
    let mut events = Events::new(server.begin(GENERATE, &body.to_string()));
    assert_eq!(events.next().unwrap()["event"], "start");
    for place in 1..=3 {
        server.watch.waiting.recv().unwrap();
        assert_eq!(server.watch.asked.lock().unwrap().len(), place);
        server.watch.gate.send(()).unwrap();
        let token = events.next().unwrap();
        assert_eq!((&token["event"], &token["position"]), (&"token".into(), &place.into()));
    }
    assert_eq!(events.next().unwrap()["event"], "end");
    assert!(events.next().is_none());
}

#[test]
fn a_client_that_leaves_a_stream_ends_it() {
    let server = Server::start();
    let body = json!({"ids": [WAIT], "config": {"max_new_tokens": 50}});
    let mut events = Events::new(server.begin(GENERATE, &body.to_string()));
    assert_eq!(events.next().unwrap()["event"], "start");
    server.watch.waiting.recv().unwrap();
    drop(events);
    thread::sleep(Duration::from_millis(1_000)); // so that its going is seen
    server.watch.gate.send(()).unwrap();
    assert_eq!(server.post("/api/v1/logits", r#"{"ids": [1]}"#).status, 200);
    assert_eq!(*server.watch.asked.lock().unwrap(), [vec![WAIT], vec![1]]);
}

#[test]
fn long_work_ends_with_its_client() {
    let server = Server::start();
    let beams = json!({"ids": [WAIT], "config": {"max_new_tokens": 9}, "beams": {"num_beams": 4}});
    for (path, body) in [(BEAMS, beams), ("/api/v1/probe", json!({"ids": [WAIT, 1, 2, 3]}))] {
        let stream = server.begin(path, &body.to_string());
        server.watch.waiting.recv().unwrap();
        drop(stream);
        thread::sleep(Duration::from_millis(1_000)); // so that its going is seen
        server.watch.gate.send(()).unwrap();
        assert_eq!(server.post("/api/v1/logits", r#"{"ids": [1]}"#).status, 200);
        let asked = std::mem::take(&mut *server.watch.asked.lock().unwrap());
        assert_eq!(asked.len(), 2, "{path}: {asked:?}");
    }
}

#[test]
fn a_slow_reader_holds_nobody_up() {
    let server = Server::start();
    let config = json!({"max_new_tokens": 1_024});
    let body = json!({"ids": [1], "config": config, "top_n": 100}).to_string();
    let slow: Vec<_> = (0..5).map(|_| server.begin(GENERATE, &body)).collect();
    assert_eq!(server.post("/api/v1/logits", r#"{"ids": [1]}"#).status, 200);
    for stream in slow {
        assert_eq!(finish(stream).events().len(), 1_026);
    }
}

#[test]
fn beams_are_the_ones_that_decoding_finds() {
    let server = Server::start();
    for (config_json, beams_json) in [
        (json!({"max_new_tokens": 5}), json!({"num_beams": 3, "num_return_sequences": 2})),
        (
            json!({"max_new_tokens": 9, "eos_token_id": [7, 3]}),
            json!({"num_beams": 4, "length_penalty": 0.5, "early_stopping": true}),
        ),
        (
            json!({"max_new_tokens": 4}),
            json!({"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 1.0}),
        ),
        (json!({"max_new_tokens": 4, "do_sample": true, "top_k": 5}), json!({"num_beams": 2})),
        (json!({"max_new_tokens": 3}), json!({})),
    ] {
        let body = json!({"ids": [1, 2], "step": 10, "config": config_json, "beams": beams_json, "seed": 5});
        let answer = server.post(BEAMS, &body.to_string());
        let beams: BeamConfig = serde_json::from_str(&beams_json.to_string()).unwrap();
        let model = Clones::new(Model::new(10));
        let found = beam_search(model, &[1, 2], &config(&config_json), &beams, 5).unwrap();
        let expected = serde_json::to_string(&found.steps).unwrap();
        assert!(answer.text().contains(&expected), "{}", answer.text());
        let expected = serde_json::to_string(&found.hypotheses).unwrap();
        assert!(answer.text().contains(&expected), "{}", answer.text());
        let answer = answer.json();
        assert_eq!((&answer["step"], &answer["ids"]), (&10.into(), &json!([1, 2])));
        assert_eq!((&answer["cut"], &answer["seed"]), (&0.into(), &5.into()));
        let fates = answer["steps"][0]["candidates"].as_array().unwrap();
        assert!(fates.iter().any(|candidate| candidate["fate"]["alive"]["beam"].is_u64()));
    }
    let body = json!({"ids": [1, 2, 3, 1, 2], "config": {"max_new_tokens": 1}, "beams": {}});
    let answer = server.post(BEAMS, &body.to_string()).json();
    assert_eq!((&answer["cut"], &answer["seed"]), (&1.into(), &42.into()));
}

#[test]
fn beams_that_cannot_be_are_refused_by_their_field() {
    let server = Server::start();
    for (config, beams, field) in [
        (json!({"max_new_tokens": 64}), json!({"num_beams": 17}), "/beams/num_beams"),
        (json!({"max_new_tokens": 2}), json!({"num_beams": usize::MAX}), "/beams/num_beams"),
        (json!({"max_new_tokens": 4}), json!({"num_beams": 0}), "/beams/num_beams"),
        (
            json!({"max_new_tokens": 4}),
            json!({"num_beams": 4, "num_beam_groups": 3}),
            "/beams/num_beam_groups",
        ),
        (
            json!({"max_new_tokens": 4}),
            json!({"num_return_sequences": 2}),
            "/beams/num_return_sequences",
        ),
        (
            json!({"max_new_tokens": 4}),
            json!({"num_beams": 2, "num_beam_groups": 2, "diversity_penalty": -1.0}),
            "/beams/diversity_penalty",
        ),
        (json!({"max_new_tokens": 4}), json!({"num_beams": "x"}), "/beams/num_beams"),
        (json!({"max_new_tokens": 0}), json!({}), "/config/max_new_tokens"),
        (
            json!({"max_new_tokens": 4, "eos_token_id": vec![1; 65]}),
            json!({}),
            "/config/eos_token_id",
        ),
        (json!({"max_new_tokens": 4, "do_sample": true, "top_p": 2}), json!({}), "/config/top_p"),
        (
            json!({"max_new_tokens": 4, "suppress_tokens": [1, 2, 3, 4, 5, 6, 7]}),
            json!({}),
            "/config",
        ),
    ] {
        let body = json!({"ids": [1], "config": config, "beams": beams});
        let answer = server.post(BEAMS, &body.to_string());
        assert_eq!(answer.problem(), (422, Some(field.into())), "{body}: {}", answer.detail());
    }
    let failed = json!({"ids": [FAIL], "config": {"max_new_tokens": 4}, "beams": {}});
    let failed = server.post(BEAMS, &failed.to_string());
    assert_eq!((failed.problem(), failed.detail()), ((500, None), "the toy's model broke".into()));
}

#[test]
fn a_stream_ends_where_the_server_does() {
    let mut server = Server::start();
    let body = json!({"ids": [WAIT], "config": {"max_new_tokens": 9}});
    let mut stream = server.begin(GENERATE, &body.to_string());
    server.watch.waiting.recv().unwrap();
    server.stop();
    assert!(stream.read_to_end(&mut Vec::new()).is_ok());
}
