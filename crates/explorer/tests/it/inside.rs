//! Attention, lens and probe: the subject's numbers, and what of them is refused.

use base64::{Engine, engine::general_purpose::STANDARD};
use enredo_explorer::{About, LensCell};
use serde_json::{Value, json};

use crate::toy::{self, HEADS, LAYERS, Parts, Server, V};

const ATTENTION: &str = "/api/v1/attention";
const LENS: &str = "/api/v1/lens";
const PROBE: &str = "/api/v1/probe";

fn floats(value: &Value) -> Vec<f32> {
    let bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn attention_is_the_layers_own() {
    let server = Server::start();
    let body = json!({"ids": [1, 2, 3, 1, 2, 3], "step": 10, "layer": 1});
    let answer = server.post(ATTENTION, &body.to_string()).json();
    assert_eq!((&answer["step"], &answer["layer"]), (&10.into(), &1.into()));
    assert_eq!((&answer["ids"], &answer["cut"]), (&json!([3, 1, 2, 3]), &2.into()));
    let maps = answer["maps"].as_array().unwrap();
    let expected = toy::attention(&[3, 1, 2, 3]);
    assert_eq!(maps.len(), 2);
    for (map, expected) in maps.iter().zip(&expected[1..]) {
        assert_eq!(map["reads_the_future"], expected.reads_the_future);
        assert_eq!((&map["heads"], &map["dtype"]), (&HEADS.into(), &"f32le".into()));
        assert_eq!(floats(&map["weights"]), expected.weights);
    }
    let first = server.post(ATTENTION, r#"{"prompt": "a bb", "layer": 0}"#).json();
    assert_eq!((&first["step"], first["maps"].as_array().map(Vec::len)), (&20.into(), Some(1)));
    assert_eq!(floats(&first["maps"][0]["weights"]).len(), HEADS * 4);
}

#[test]
fn the_lens_gives_a_row_a_layer_and_one_before() {
    let server = Server::start();
    let body = json!({"ids": [1, 2, 3, 1, 2], "step": 10, "top_n": 2});
    let answer = server.post(LENS, &body.to_string()).json();
    assert_eq!((&answer["step"], &answer["cut"]), (&10.into(), &1.into()));
    assert_eq!(answer["ids"], json!([2, 3, 1, 2]));
    let layers = answer["layers"].as_array().unwrap();
    assert_eq!(layers.len(), LAYERS + 1);
    assert!(layers.iter().all(|row| row.as_array().unwrap().len() == 4));
    let top = json!([{"id": 1, "p": 0.5}, {"id": 2, "p": 0.25}]);
    let cell = |entropy: f64, divergence: Value| json!({"top": top, "entropy_bits": entropy, "divergence_bits": divergence, "rank": 1});
    assert_eq!(layers[0][1], cell(2.0, Value::Null));
    assert_eq!(layers[2][1], cell(0.0, 0.0.into()));
    let five = server.post(LENS, r#"{"ids": [1]}"#).json();
    assert_eq!(five["layers"][0][0]["top"].as_array().unwrap().len(), 5);
    let all = server.post(LENS, r#"{"ids": [1], "top_n": 20}"#).json();
    assert_eq!(all["layers"][0][0]["top"].as_array().unwrap().len(), V);
}

/// What the answer must be, by another road.
fn moved(step: u64, ids: &[u32], replacements: &[u32]) -> Vec<f32> {
    let before = toy::logits_of_each(step, ids);
    let mut moved = Vec::new();
    for changed in 0..ids.len() {
        let mut other = ids.to_vec();
        other[changed] = replacements[changed];
        let after = toy::logits_of_each(step, &other);
        for position in 0..ids.len() {
            let at = |id| (before[position * V + id], after[position * V + id]);
            let differences = (1..V).map(|id| (at(id).0 - at(id).1).abs()); // token 0 is masked
            moved.push(differences.fold(0.0, f32::max));
        }
    }
    moved
}

#[test]
fn the_probe_tells_who_reads_the_future() {
    let server = Server::start();
    for (step, token, replacements) in
        [(10, None, [0, 1, 2]), (20, None, [0, 1, 2]), (20, Some(2), [2, 1, 2])]
    {
        let body = json!({"ids": [3, 3, 1, 2, 3], "step": step, "token": token});
        let answer = server.post(PROBE, &body.to_string()).json();
        let ids = [3, 1, 2, 3];
        assert_eq!((&answer["step"], &answer["ids"]), (&step.into(), &json!(ids)));
        assert_eq!((&answer["cut"], &answer["dtype"]), (&1.into(), &"f32le".into()));
        let replacements: Vec<u32> = if token.is_none() {
            ids.iter().map(|id| (id + 7) % 8).collect()
        } else {
            vec![2, 2, replacements[1], 2]
        };
        assert_eq!(answer["replacements"], json!(replacements));
        let expected = moved(step, &ids, &replacements);
        assert_eq!(floats(&answer["moved"]), expected);
        let greatest = |earlier: bool| {
            let of = (0..16).filter(|i| (i % 4 < i / 4) == earlier);
            of.map(|i| expected[i]).fold(0.0, f32::max)
        };
        assert_eq!(answer["leak"].as_f64().unwrap() as f32, greatest(true));
        assert_eq!(answer["effect"].as_f64().unwrap() as f32, greatest(false));
        assert_eq!(answer["sees_the_future"], step == 20);
        assert_eq!(greatest(true) > 0.0, step == 20);
    }
    let one = server.post(PROBE, r#"{"ids": [1]}"#).json();
    assert_eq!((&one["leak"], &one["sees_the_future"]), (&0.0.into(), &false.into()));
}

#[test]
fn what_cannot_be_looked_at_is_refused_by_its_field() {
    let server = Server::start();
    for (path, body, field) in [
        (ATTENTION, r#"{"ids": [1]}"#, None),
        (ATTENTION, r#"{"ids": [1], "layer": 2}"#, Some("/layer")),
        (ATTENTION, r#"{"ids": [1], "layer": -1}"#, Some("/layer")),
        (ATTENTION, r#"{"ids": [9], "layer": 0}"#, Some("/ids/0")),
        (ATTENTION, r#"{"ids": [1], "layer": 0, "step": 3}"#, Some("/step")),
        (LENS, r#"{"ids": [1], "top_n": 21}"#, Some("/top_n")),
        (LENS, r#"{"ids": []}"#, Some("/ids")),
        (PROBE, r#"{"ids": [1], "token": 8}"#, Some("/token")),
        (PROBE, r#"{"prompt": "nothing"}"#, Some("/prompt")),
    ] {
        let answer = server.post(path, body);
        let field = field.map(str::to_owned);
        assert_eq!(answer.problem(), (422, field), "{path} {body}: {}", answer.detail());
    }
}

#[test]
fn a_model_without_layers_is_not_looked_into() {
    let about = About { layers: 0, ..toy::about() };
    let server = Server::on(Parts { about, ..Parts::default() });
    for (path, body) in [(ATTENTION, r#"{"ids": [1], "layer": 0}"#), (LENS, r#"{"ids": [1]}"#)] {
        assert_eq!(server.post(path, body).problem(), (404, None), "{path}");
    }
}

/// Changes one answer of the subject, and expects words about it.
fn refused(path: &str, body: &str, change: fn(&mut Parts), words: &str) {
    let mut parts = Parts::default();
    change(&mut parts);
    let answer = Server::on(parts).post(path, body);
    assert_eq!(answer.problem(), (500, None), "{words}");
    assert!(answer.detail().contains(words), "{}", answer.detail());
}

#[test]
fn a_subject_that_breaks_its_word_is_told_of_and_not_believed() {
    fn cells(change: fn(&mut LensCell)) -> Vec<Vec<LensCell>> {
        let mut rows = toy::lens(&[1, 2], 5);
        change(&mut rows[2][1]);
        rows
    }
    let body = r#"{"ids": [1, 2], "layer": 0}"#;
    let none: fn(&mut Parts) = |parts| parts.attention = |_| Vec::new();
    refused(ATTENTION, body, none, "no attention of layer 0");
    let heads: fn(&mut Parts) = |parts| {
        parts.attention = |ids| {
            toy::attention(ids)
                .into_iter()
                .map(|mut map| {
                    map.heads = 3;
                    map
                })
                .collect()
        };
    };
    refused(ATTENTION, body, heads, "8 weights for 3 heads of 2 by 2");
    let nan: fn(&mut Parts) = |parts| {
        parts.attention = |ids| {
            toy::attention(ids)
                .into_iter()
                .map(|mut map| {
                    map.weights[3] = f32::NAN;
                    map
                })
                .collect()
        };
    };
    refused(ATTENTION, body, nan, "the weight NaN");

    let body = r#"{"ids": [1, 2]}"#;
    refused(
        LENS,
        body,
        |parts| parts.lens = |ids, n| toy::lens(&ids[1..], n),
        "rows of [1, 1, 1] cells",
    );
    refused(LENS, body, |parts| parts.lens = |ids, n| toy::lens(ids, n - 1), "has 4 tokens");
    type Change = fn(&mut Parts);
    let changes: [(Change, &str); 5] = [
        (|parts| parts.lens = |_, _| cells(|cell| cell.top[0].0 = 8), "token 8 of 8"),
        (|parts| parts.lens = |_, _| cells(|cell| cell.top[0].1 = 1.5), "probability 1.5"),
        (|parts| parts.lens = |_, _| cells(|cell| cell.entropy = f64::NAN), "entropy NaN"),
        (|parts| parts.lens = |_, _| cells(|cell| cell.divergence = f64::NAN), "divergence NaN"),
        (|parts| parts.lens = |_, _| cells(|cell| cell.rank = 8), "rank 8 of 8"),
    ];
    changes.into_iter().for_each(|(change, words)| refused(LENS, body, change, words));

    let short: fn(&mut Parts) = |parts| parts.logits_of_each = |_, _| vec![0.0; 15];
    refused(PROBE, body, short, "15 scores for 2 times 8 tokens");
    let nan: fn(&mut Parts) = |parts| parts.logits_of_each = |_, _| vec![f32::NAN; 16];
    refused(PROBE, body, nan, "NaN");
    let one: fn(&mut Parts) = |parts| {
        parts.logits_of_each = |_, ids| if ids == [1, 2] { vec![0.0; 16] } else { vec![0.0; 1] }
    };
    refused(PROBE, body, one, "1 scores");
}
