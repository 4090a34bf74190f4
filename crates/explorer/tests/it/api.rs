//! The endpoints, and what they refuse.

use base64::{Engine, engine::general_purpose::STANDARD};
use enredo_decoding::{Context, GenerationConfig, TracedToken};
use enredo_explorer::{About, Checkpoint, Error, Explorer, Progress};
use serde_json::{Value, json};

use crate::toy::{self, FAIL, NAN, PANIC, Parts, Server, TEXTS};

fn bind(addr: &str, parts: Parts) -> Error {
    Explorer::bind(addr.parse().unwrap(), toy::toy(parts).0).unwrap_err()
}

#[test]
fn the_page_is_at_the_root_and_each_file_under_its_name() {
    let server = Server::start();
    for (path, kind, file) in [
        ("/", "text/html; charset=utf-8", include_str!("../../web/index.html")),
        ("/style.css", "text/css; charset=utf-8", include_str!("../../web/style.css")),
        ("/i18n/pt.js", "text/javascript; charset=utf-8", include_str!("../../web/i18n/pt.js")),
    ] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.text()), (200, file), "{path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        let held = format!("If-None-Match: {}", answer.header("etag").unwrap());
        let again = server.send("GET", path, &[&held], "");
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
}

#[test]
fn meta_says_what_the_subject_says() {
    let server = Server::start();
    let meta = server.get("/api/v1/meta");
    assert_eq!(meta.header("content-type"), Some("application/json"));
    let mut expected = serde_json::to_value(toy::about()).unwrap();
    expected["api"] = 1.into();
    expected["version"] = env!("CARGO_PKG_VERSION").into();
    expected["state"] = "running".into();
    expected["steps"] = 40.into();
    expected["checkpoints"] =
        json!([{"step": 10, "val_loss": null}, {"step": 20, "val_loss": 2.5}]);
    assert_eq!(meta.json(), expected);
    assert_eq!((&expected["layers"], &expected["end_of_text"]), (&2.into(), &json!([7])));
}

#[test]
fn a_run_that_goes_on_is_asked_each_time() {
    let server = Server::start();
    let late = r#"{"ids": [1], "step": 30}"#;
    assert_eq!(server.post("/api/v1/logits", late).problem(), (422, Some("/step".into())));
    let third = Checkpoint { step: 30, val_loss: None };
    server.watch.parts.lock().unwrap().progress.checkpoints.push(third);
    assert_eq!(server.get("/api/v1/meta").json()["checkpoints"][2]["step"], 30);
    assert_eq!(server.post("/api/v1/logits", late).json()["step"], 30);
    assert_eq!(server.post("/api/v1/logits", r#"{"ids": [1]}"#).json()["step"], 30);
    server.watch.parts.lock().unwrap().progress.checkpoints.clear();
    for answer in [server.get("/api/v1/meta"), server.post("/api/v1/logits", late)] {
        assert_eq!(answer.problem(), (500, None));
        assert!(answer.detail().contains("the steps are []"), "{}", answer.detail());
    }
}

#[test]
fn vocab_gives_every_text_as_it_is_and_is_asked_for_once() {
    let server = Server::start();
    let vocab = server.get("/api/v1/vocab");
    let tokens = vocab.json()["tokens"].as_array().unwrap().clone();
    assert_eq!(tokens.len(), TEXTS.len());
    for (id, (token, text)) in tokens.iter().zip(TEXTS).enumerate() {
        assert_eq!(*token, json!({"id": id, "text": text, "special": id == 0}));
    }
    assert_eq!(
        (vocab.json()["fingerprint"].as_str(), vocab.header("etag")),
        (Some("toy-1"), Some("\"toy-1\""))
    );
    let again = server.send("GET", "/api/v1/vocab", &["If-None-Match: \"toy-1\""], "");
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn tokenize_gives_ids_and_where_they_come_from() {
    let server = Server::start();
    let answer = server.post("/api/v1/tokenize", r#"{"prompt": "a éé ccc"}"#);
    let piece = |id, start, end| json!({"id": id, "start": start, "end": end});
    let pieces = [piece(1, 0, 1), piece(2, 2, 4), piece(3, 5, 8)];
    let expected = json!({"ids": [1, 2, 3], "pieces": pieces});
    assert_eq!((answer.status, answer.json()), (200, expected));
    for lie in ["lies id", "lies end", "lies order"] {
        let answer = server.post("/api/v1/tokenize", &json!({"prompt": lie}).to_string());
        assert_eq!(answer.problem(), (500, None), "{lie}");
        assert!(answer.detail().contains("the tokenizer found token"), "{}", answer.detail());
    }
    let failed = server.post("/api/v1/tokenize", r#"{"prompt": "fail"}"#);
    assert_eq!(
        (failed.problem(), failed.detail()),
        ((500, None), "the toy's tokenizer broke".into())
    );
}

#[test]
fn logits_are_the_models_bit_for_bit() {
    let server = Server::start();
    let check = |body: &str, step: u64, ids: &[u32], cut: u32| {
        let answer = server.post("/api/v1/logits", body).json();
        let bytes = STANDARD.decode(answer["logits"].as_str().unwrap()).unwrap();
        let bits = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
        let expected: Vec<u32> = toy::logits(step, ids).iter().map(|x| x.to_bits()).collect();
        assert_eq!(bytes.chunks(4).map(bits).collect::<Vec<_>>(), expected);
        assert_eq!(answer["logits"].as_str().map(str::len), Some(44));
        assert_eq!((&answer["step"], &answer["ids"]), (&step.into(), &json!(ids)));
        assert_eq!((&answer["cut"], &answer["vocab_size"]), (&cut.into(), &8.into()));
        assert_eq!(answer["dtype"], "f32le");
    };
    check(r#"{"ids": [1, 2]}"#, 20, &[1, 2], 0);
    check(r#"{"ids": [1, 2], "step": 10}"#, 10, &[1, 2], 0);
    check(r#"{"prompt": "a bb", "step": null}"#, 20, &[1, 2], 0);
    check(r#"{"ids": [1, 2, 3, 1, 2, 3]}"#, 20, &[1, 2, 3, 1, 2, 3], 2);
}

#[test]
fn apply_is_the_samplers_own_trace() {
    let server = Server::start();
    let ids = [1, 2, 3];
    for config in [
        json!({}),
        json!({"do_sample": true}),
        json!({"do_sample": true, "temperature": 0.7, "top_k": 5, "top_p": 0.8, "min_p": 0.1}),
        json!({"do_sample": true, "typical_p": 0.5, "suppress_tokens": [1]}),
        json!({"do_sample": true, "temperature": 3.0, "top_k": 1, "preset": "notebook", "top_p": 1.0}),
        json!({"do_sample": true, "repetition_penalty": 1.5, "min_new_tokens": 1, "eos_token_id": 7}),
    ] {
        for seed in [0, u64::MAX] {
            let body = json!({"ids": ids, "step": 10, "config": config, "seed": seed, "top_n": 3});
            let answer = server.post("/api/v1/apply", &body.to_string());
            let strategy: GenerationConfig = serde_json::from_str(&config.to_string()).unwrap();
            let context = Context::from(&ids).with_prompt_len(3);
            let mut sampler = strategy.sampler(seed).unwrap();
            let trace = sampler.trace(context, &toy::logits(10, &ids)).unwrap();
            let rows = serde_json::to_string(&trace.tokens[..3]).unwrap();
            assert!(
                answer.text().contains(&format!("\"rows\":{rows}")),
                "{config} {}",
                answer.text()
            );
            let answer = answer.json();
            let (picked, kept) = (trace.picked.into(), trace.kept().into());
            assert_eq!((&answer["picked"], &answer["kept"]), (&picked, &kept), "{config}");
            assert_eq!(
                (&answer["step"], &answer["ids"], &answer["seed"]),
                (&10.into(), &json!(ids), &seed.into())
            );
            let near =
                |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-12;
            assert!(near(&answer["entropy_bits"], trace.entropy_final() / 2f64.ln()), "{config}");
            assert_eq!(answer["other"]["n"], 5);
            let rest =
                |p: fn(&TracedToken) -> f64| -> f64 { trace.tokens[3..].iter().map(p).sum() };
            assert!(near(&answer["other"]["p_raw"], rest(|token| token.p_raw)), "{config}");
            assert!(near(&answer["other"]["p_final"], rest(|token| token.p_final)), "{config}");
        }
    }
}

#[test]
fn apply_has_defaults() {
    let server = Server::start();
    let answer = server.post("/api/v1/apply", r#"{"prompt": "a", "config": {}}"#).json();
    assert_eq!((&answer["seed"], &answer["step"]), (&42.into(), &20.into()));
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!((rows.len(), answer["other"]["n"].as_u64()), (8, Some(0)));
    assert_eq!(
        (&rows[7]["id"], &rows[7]["logit"], &rows[7]["cut_by"]),
        (&0.into(), &Value::Null, &"model".into())
    );
    assert_eq!(answer["picked"], rows[0]["id"]);
    assert_eq!(answer["other"].to_string(), r#"{"n":0,"p_final":0.0,"p_raw":0.0}"#);
    let none = server.post("/api/v1/apply", r#"{"ids": [1], "config": {}, "top_n": 0}"#).json();
    assert_eq!((&none["rows"], &none["other"]["n"]), (&json!([]), &8.into()));
}

#[test]
fn a_value_that_cannot_be_is_422_with_its_field() {
    let server = Server::start();
    for (path, body, field) in [
        ("logits", "{}", None),
        ("logits", "[]", None),
        ("logits", r#"{"prompt": "a", "ids": [1]}"#, Some("/ids")),
        ("logits", r#"{"ids": []}"#, Some("/ids")),
        ("logits", r#"{"ids": [1, 8]}"#, Some("/ids/1")),
        ("logits", r#"{"ids": [1, -1]}"#, Some("/ids/1")),
        ("logits", r#"{"ids": [1, 4294967296]}"#, Some("/ids/1")),
        ("logits", r#"{"ids": [1, 1.5]}"#, Some("/ids/1")),
        ("logits", r#"{"ids": "1"}"#, Some("/ids")),
        ("logits", r#"{"prompt": 1}"#, Some("/prompt")),
        ("logits", r#"{"prompt": "nothing"}"#, Some("/prompt")),
        ("logits", r#"{"ids": [1], "step": 11}"#, Some("/step")),
        ("logits", r#"{"ids": [1], "step": -1}"#, Some("/step")),
        ("tokenize", "{}", None),
        ("tokenize", r#"{"prompt": null}"#, Some("/prompt")),
        ("apply", r#"{"ids": [1]}"#, None),
        ("apply", r#"{"ids": [1], "config": {}, "top_n": 9}"#, Some("/top_n")),
        ("apply", r#"{"ids": [1], "config": {}, "seed": -1}"#, Some("/seed")),
        ("apply", r#"{"ids": [1], "config": 1}"#, Some("/config")),
        ("apply", r#"{"ids": [1], "config": {"top_p": "x"}}"#, Some("/config/top_p")),
        ("apply", r#"{"ids": [1], "config": {"top_p": 1e39}}"#, Some("/config/top_p")),
        (
            "apply",
            r#"{"ids": [1], "config": {"do_sample": true, "top_p": 1.5}}"#,
            Some("/config/top_p"),
        ),
        (
            "apply",
            r#"{"ids": [1], "config": {"do_sample": true, "min_p": 2}}"#,
            Some("/config/min_p"),
        ),
        (
            "apply",
            r#"{"ids": [1], "config": {"do_sample": true, "temperature": -1}}"#,
            Some("/config/temperature"),
        ),
        (
            "apply",
            r#"{"ids": [1], "config": {"suppress_tokens": [1, 2, 3, 4, 5, 6, 7]}}"#,
            Some("/config"),
        ),
    ] {
        let answer = server.post(&format!("/api/v1/{path}"), body);
        let (status, found) = answer.problem();
        assert_eq!((status, found.as_deref()), (422, field), "{body}: {}", answer.detail());
    }
}

#[test]
fn a_field_that_is_not_known_is_refused_by_its_name() {
    let server = Server::start();
    let answer = server.post("/api/v1/logits", r#"{"ids": [1], "setp": 10}"#);
    assert_eq!(answer.problem().0, 422);
    assert!(answer.detail().contains("`setp`"), "{}", answer.detail());
}

#[test]
fn what_is_no_request_is_refused_by_its_kind() {
    let server = Server::start();
    for body in ["", "{", "nonsense", "{\"ids\": [1]} more"] {
        assert_eq!(server.post("/api/v1/logits", body).problem(), (400, None), "{body}");
    }
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let header = format!("Content-Type: {kind}");
        let answer = server.send("POST", "/api/v1/logits", &[&header], r#"{"ids": [1]}"#);
        assert_eq!(answer.problem(), (415, None), "{kind}");
    }
    let json = ["Content-Type: Application/JSON; charset=utf-8"];
    assert_eq!(server.send("POST", "/api/v1/logits", &json, r#"{"ids": [1]}"#).status, 200);
    for (method, path, allow) in [
        ("GET", "/api/v1/logits", "POST"),
        ("POST", "/api/v1/meta", "GET,HEAD"),
        ("PUT", "/", "GET,HEAD"),
    ] {
        let answer = server.send(method, path, &[], "");
        assert_eq!(answer.problem(), (405, None), "{method} {path}");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    assert_eq!(server.get("/api/v2/meta").problem(), (404, None));
}

#[test]
fn the_models_fault_is_500_in_its_words() {
    let server = Server::start();
    let ask = |id: u32| server.post("/api/v1/logits", &format!(r#"{{"ids": [{id}]}}"#));
    let failed = ask(FAIL);
    assert_eq!((failed.problem(), failed.detail()), ((500, None), "the toy's model broke".into()));
    let nan = ask(NAN);
    assert_eq!(nan.problem(), (500, None));
    assert!(nan.detail().contains("token 0 is NaN"), "{}", nan.detail());
    assert_eq!(ask(1).status, 200, "a fault is the end of nothing");
    for id in [PANIC, 1] {
        let ended = ask(id);
        assert_eq!(ended.problem(), (500, None));
        assert!(ended.detail().contains("start the explorer again"), "{}", ended.detail());
    }
    assert_eq!(server.get("/api/v1/vocab").status, 200);
}

#[test]
fn what_cannot_be_served_is_refused_with_the_way_out() {
    for addr in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        assert!(
            bind(addr, Parts::default()).to_string().contains("take a loopback address"),
            "{addr}"
        );
    }
    let server = Server::start();
    let taken = bind(&server.addr.to_string(), Parts::default()).to_string();
    assert!(
        taken.contains(&server.addr.to_string()) && taken.contains("take another port"),
        "{taken}"
    );
    let here = "127.0.0.1:0";
    for (about, words) in [
        (About { vocab_size: 9, ..toy::about() }, "it has 8 tokens, and vocab_size is 9"),
        (About { window: 0, ..toy::about() }, "window"),
        (About { fingerprint: "a\"b\r\n".into(), ..toy::about() }, "fingerprint"),
        (About { fingerprint: String::new(), ..toy::about() }, "fingerprint"),
    ] {
        let refused = bind(here, Parts { about, ..Parts::default() }).to_string();
        assert!(refused.contains(words), "{refused}");
    }
    for (checkpoints, words) in
        [(Vec::new(), "checkpoints"), (vec![toy::progress().checkpoints[1]; 2], "[20, 20]")]
    {
        let progress = Progress { checkpoints, ..toy::progress() };
        let refused = bind(here, Parts { progress, ..Parts::default() }).to_string();
        assert!(refused.contains(words), "{refused}");
    }
}
