//! The vectors that the page's arithmetic is held to (`web/tests/golden.test.js`): what `enredo-decoding` makes
//! of a few rows. `ENREDO_BLESS=1` writes them anew.

use std::{env, fs};

use enredo_decoding::{GenerationConfig, TracedToken, uniform};
use serde_json::{Value, json};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/tests/golden.json");

/// Wide, tied, masked, flat, steep, and of one token.
fn rows() -> Vec<Vec<f32>> {
    let noise = |row: u64, i: usize| uniform(1, row, i as u64) as f32;
    let wide = (0..40).map(|i| 12.0 * noise(0, i)).collect();
    let tied = (0..24).map(|i| (4.0 * noise(1, i)).floor()).collect();
    let masked =
        (0..30).map(|i| if noise(2, i) < 0.5 { f32::NEG_INFINITY } else { 6.0 * noise(3, i) });
    let flat = (0..32).map(|i| 0.1 * noise(4, i)).collect();
    let steep = (0..16).map(|i| -30.0 * i as f32).collect();
    vec![wide, tied, masked.collect(), flat, steep, vec![-3.5]]
}

/// Every filter alone, at its edges, and all of them.
fn configs() -> Vec<Value> {
    let alone = [
        ("temperature", vec![0.0, 0.1, 0.7, 3.0]),
        ("top_p", vec![0.1, 0.5, 0.95, 1.0]),
        ("min_p", vec![0.02, 0.3, 1.0]),
        ("typical_p", vec![0.2, 0.5, 0.9]),
    ];
    let mut configs: Vec<Value> = alone
        .into_iter()
        .flat_map(|(name, at)| at.into_iter().map(move |x| json!({ name: x })))
        .collect();
    configs.extend([1, 2, 5, 15].map(|k| json!({"top_k": k})));
    configs.push(json!({"suppress_tokens": [0, 2, 3]}));
    configs.push(json!({"temperature": 0.8, "top_k": 10, "top_p": 0.9}));
    configs.push(
        json!({"temperature": 1.5, "top_k": 12, "top_p": 0.95, "min_p": 0.05, "typical_p": 0.9,
                        "suppress_tokens": [1, 5]}),
    );
    configs
}

fn case(row: usize, logits: &[f32], config: &Value) -> Option<Value> {
    let configured: GenerationConfig = serde_json::from_value(config.clone()).unwrap();
    let mut sampler = GenerationConfig { do_sample: true, ..configured }.sampler(0).unwrap();
    let trace = sampler.trace(&[0], logits).ok()?; // all is banned
    let token = |t: &TracedToken| json!([t.id, t.p_raw, t.p_final, t.cut_by.as_deref()]);
    let tokens: Vec<Value> = trace.tokens.iter().map(token).collect();
    let entropy = trace.entropy_final();
    Some(json!({"row": row, "config": config, "entropy": entropy, "tokens": tokens}))
}

fn golden() -> Value {
    let rows = rows();
    let of = |(i, row): (usize, &Vec<f32>)| -> Vec<Value> {
        configs().iter().filter_map(|config| case(i, row, config)).collect()
    };
    let cases: Vec<Value> = rows.iter().enumerate().flat_map(of).collect();
    let score = |x: &f32| x.is_finite().then_some(*x);
    let rows: Vec<Vec<Option<f32>>> =
        rows.iter().map(|row| row.iter().map(score).collect()).collect();
    json!({"rows": rows, "cases": cases})
}

/// Equal up to the last digits, which instruction sets round apart.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-12 * a.abs().max(1e-3)
        }
        _ => a == b,
    }
}

#[test]
fn the_pages_vectors_are_what_the_crate_makes() {
    let ours = golden();
    if env::var_os("ENREDO_BLESS").is_some() {
        fs::write(PATH, serde_json::to_string(&ours).unwrap()).unwrap();
    }
    let recorded: Value = serde_json::from_str(&fs::read_to_string(PATH).unwrap()).unwrap();
    assert!(
        same(&ours, &recorded),
        "{PATH} is not what the crate makes; ENREDO_BLESS=1 writes it anew"
    );
}
