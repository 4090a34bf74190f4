//! Records what llama.cpp's samplers keep of given logits, in its default order.
//!
//!     cargo run --release --bin record_llama
//!
//! The rows are those of `transformers.json`, which therefore has to be there.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context, Result, ensure};
use enredo_peers_sampling::llama::{Chain, Left, Link};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const VERSION: &str = "llama-cpp-sys-2 0.1.161";
/// llama.cpp asks for seeds; only mirostat's draws, which are recorded, depend on one.
const SEED: u32 = 20;
/// Longer lists of kept tokens are left out, for the size of the file.
const LONGEST: usize = 60;
const CONTEXT: [i32; 16] = [1, 5, 3, 7, 2, 1, 5, 3, 6, 4, 2, 1, 5, 3, 2, 2];
/// The context repeats "1 5 3", and goes on after it with 7, 6 and 2.
const REPEATING: [i32; 12] = [1, 5, 3, 7, 2, 1, 5, 3, 6, 1, 5, 3];

fn main() -> Result<()> {
    let rows = Rows::load()?;
    let cases = cases(&rows)?;
    let sequences = mirostat(&rows)?;
    let path = fixtures().join("llama_cpp.json");
    std::fs::write(&path, text(&rows, &cases, &sequences)?)?;
    eprintln!("{} cases, {} sequences of mirostat", cases.len(), sequences.len());
    Ok(())
}

fn fixtures() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "crates", "decoding", "tests", "fixtures"]
        .iter()
        .collect()
}

/// One row and one case a line, so that a difference can be read.
fn text(rows: &Rows, cases: &[Case], sequences: &[Sequence]) -> Result<String> {
    Ok(format!(
        "{{\"system\":\"llama.cpp\",\n\"version\":\"{VERSION}\",\n\"row_names\":{},\n\"rows\":[\n{}\n],\n\
         \"cases\":[\n{}\n],\n\"mirostat\":[\n{}\n]}}\n",
        serde_json::to_string(&rows.row_names)?,
        lines(&rows.rows)?,
        lines(cases)?,
        lines(sequences)?
    ))
}

fn lines<T: Serialize>(items: &[T]) -> Result<String> {
    Ok(items.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?.join(",\n"))
}

/// Rows of logits by name; null stands for −∞.
#[derive(Deserialize)]
struct Rows {
    row_names: Vec<String>,
    rows: Vec<Vec<Option<f32>>>,
}

impl Rows {
    fn load() -> Result<Self> {
        let path = fixtures().join("transformers.json");
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("{} is missing: run record_transformers.py", path.display())
        })?;
        Ok(serde_json::from_str(&text)?)
    }

    fn index(&self, name: &str) -> Result<usize> {
        let found = self.row_names.iter().position(|n| n == name);
        found.with_context(|| format!("transformers.json has no row {name}"))
    }

    fn logits(&self, index: usize) -> Vec<f32> {
        self.rows[index].iter().map(|l| l.unwrap_or(f32::NEG_INFINITY)).collect()
    }
}

#[derive(Serialize)]
struct Case {
    name: String,
    row: usize,
    input_ids: Vec<i32>,
    prompt_len: usize,
    config: Value,
    #[serde(flatten)]
    distribution: Distribution,
}

/// What is kept, and with which probability, to six digits.
#[derive(Serialize)]
struct Distribution {
    kept: Vec<i32>,
    probabilities: Vec<f64>,
}

impl Distribution {
    fn new(left: &Left<'_>) -> Self {
        let mut kept: Vec<_> =
            left.candidates.iter().filter(|c| c.p > 0.0).map(|c| (c.id, six_digits(c.p))).collect();
        kept.sort_by_key(|&(id, _)| id);
        let (kept, probabilities) = kept.into_iter().unzip();
        Self { kept, probabilities }
    }
}

fn six_digits(p: f32) -> f64 {
    format!("{p:.5e}").parse().unwrap_or_default()
}

fn cases(rows: &Rows) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (row, context, config) in configs() {
        let index = rows.index(row)?;
        let name = format!("{}, {row}", config.as_object().map(keys).unwrap_or_default());
        match stable(&config, context, &rows.logits(index)) {
            Some(distribution) if distribution.kept.len() > LONGEST => {}
            Some(distribution) => cases.push(Case {
                name,
                row: index,
                input_ids: context.to_vec(),
                prompt_len: 4,
                config,
                distribution,
            }),
            None => eprintln!("left out, rounding or a tie decides: {name} {config}"),
        }
    }
    Ok(cases)
}

fn keys(config: &serde_json::Map<String, Value>) -> String {
    config.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// What the chain leaves, unless moving the scores by a few units in the last place changes it.
fn stable(config: &Value, context: &[i32], row: &[f32]) -> Option<Distribution> {
    let left = |row: &[f32]| {
        let mut chain = Chain::new(links(config, row.len() as i32));
        context.iter().for_each(|&token| chain.accept(token));
        Distribution::new(&chain.apply(row))
    };
    let distribution = left(row);
    let same = (1..4).all(|seed| left(&perturbed(row, seed)).kept == distribution.kept);
    same.then_some(distribution)
}

/// Each score moved by at most 2·10⁻⁶, ties broken.
fn perturbed(row: &[f32], seed: u64) -> Vec<f32> {
    let noise = |i: usize| (mix(seed << 32 | i as u64) >> 40) as f32 / 16_777_216.0 - 0.5;
    row.iter().enumerate().map(|(i, l)| l + 4e-6 * noise(i)).collect()
}

/// SplitMix64's finaliser.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The chain of llama.cpp's default order, as far as `config` switches it on.
fn links(config: &Value, vocab_size: i32) -> Vec<Link> {
    let has = |key: &str| config.get(key).is_some();
    let or = |key: &str, default: f64| config[key].as_f64().unwrap_or(default) as f32;
    let int = |key: &str, default: i64| config[key].as_i64().unwrap_or(default) as i32;
    let min_keep = int("min_keep", 0) as usize;
    let mut links = Vec::new();
    let mut add = |on: bool, link: &dyn Fn() -> Link| links.extend(on.then(link));
    add(has("logit_bias"), &|| {
        let pair = |pair: &Value| (pair[0].as_i64().unwrap_or(-1) as i32, as_f32(&pair[1]));
        let bias: Vec<_> =
            config["logit_bias"].as_array().into_iter().flatten().map(pair).collect();
        Link::logit_bias(vocab_size, &bias)
    });
    add(has("repeat_penalty") || has("frequency_penalty") || has("presence_penalty"), &|| {
        let [repeat, frequency, presence] =
            [or("repeat_penalty", 1.0), or("frequency_penalty", 0.0), or("presence_penalty", 0.0)];
        Link::penalties(vocab_size, int("repeat_last_n", 64), repeat, frequency, presence)
    });
    add(has("dry_multiplier"), &|| {
        let breakers: Vec<Vec<i32>> =
            serde_json::from_value(config["dry_sequence_breakers"].clone()).unwrap_or_default();
        let (length, last_n) = (int("dry_allowed_length", 2), int("dry_penalty_last_n", 64));
        Link::dry(or("dry_multiplier", 0.0), or("dry_base", 1.75), length, last_n, &breakers)
    });
    add(has("top_n_sigma"), &|| Link::top_n_sigma(or("top_n_sigma", -1.0)));
    add(has("top_k"), &|| Link::top_k(int("top_k", 0)));
    add(has("typical_p"), &|| Link::typical(or("typical_p", 1.0), min_keep));
    add(has("top_p"), &|| Link::top_p(or("top_p", 1.0), min_keep));
    add(has("min_p"), &|| Link::min_p(or("min_p", 0.0), min_keep));
    add(has("xtc_probability"), &|| {
        Link::xtc(or("xtc_probability", 0.0), or("xtc_threshold", 0.1), min_keep, SEED)
    });
    add(has("temperature"), &|| {
        let (range, exponent) = (or("dynatemp_range", 0.0), or("dynatemp_exponent", 1.0));
        Link::dynamic_temperature(or("temperature", 1.0), range, exponent)
    });
    let tau_eta = || (or("mirostat_tau", 5.0), or("mirostat_eta", 0.1));
    add(int("mirostat", 0) == 1, &|| {
        Link::mirostat(vocab_size, SEED, tau_eta().0, tau_eta().1, 100)
    });
    add(int("mirostat", 0) == 2, &|| Link::mirostat_v2(SEED, tau_eta().0, tau_eta().1));
    // Its draw is not looked at: it leaves the probabilities behind.
    add(!has("mirostat"), &|| Link::dist(SEED));
    links
}

fn as_f32(value: &Value) -> f32 {
    value.as_f64().unwrap_or(0.0) as f32
}

type Asked = (&'static str, &'static [i32], Value);

/// Each sampler alone with several parameters, then several in llama.cpp's order.
fn configs() -> Vec<Asked> {
    let near = ["gauss 8", "gauss 24", "peaked 24", "flat 24", "masked 24"];
    let wide = ["halves 24", "gauss 100", "zipf 300"];
    let all: Vec<_> = near.into_iter().chain(wide).collect();
    let unmasked: Vec<_> = all.iter().copied().filter(|&row| row != "masked 24").collect();
    let mut asked = Vec::new();
    let mut alone = |on: &[&'static str], values: Vec<Value>| {
        asked.extend(
            values.iter().flat_map(|v| on.iter().map(move |&row| (row, &CONTEXT[..], v.clone()))),
        );
    };
    alone(&near, [0.0, 0.1, 0.7, 1.0, 2.5].map(|t| json!({"temperature": t})).into());
    alone(&all, [1, 3, 7, 50].map(|k| json!({"top_k": k})).into());
    alone(&all, [0.05, 0.3, 0.55, 0.9, 0.99].map(|p| json!({"top_p": p})).into());
    alone(&near, [0.1, 0.6].map(|p| json!({"top_p": p, "min_keep": 3})).into());
    alone(&all, [0.02, 0.1, 0.6, 1.0].map(|p| json!({"min_p": p})).into());
    alone(&near, [0.1, 0.9].map(|p| json!({"min_p": p, "min_keep": 3})).into());
    // With a masked token llama.cpp's entropy is NaN, and its set arbitrary.
    alone(&unmasked, [0.1, 0.5, 0.9].map(|p| json!({"typical_p": p})).into());
    alone(&["gauss 24", "flat 24"], vec![json!({"typical_p": 0.2, "min_keep": 3})]);
    alone(&all, [0.3, 1.0, 2.0].map(|n| json!({"top_n_sigma": n})).into());
    let xtc = |t: f64| json!({"xtc_probability": 1.0, "xtc_threshold": t});
    alone(&all, [0.02, 0.05, 0.1, 0.2, 0.45, 0.6].map(xtc).into());
    let keeping = json!({"xtc_probability": 1.0, "xtc_threshold": 0.04, "min_keep": 20});
    alone(&["flat 24", "gauss 24"], vec![keeping]);
    alone(&near, [(0.8, 0.5, 1.0), (1.0, 0.9, 2.0), (0.3, 0.5, 1.0), (1.5, 1.5, 0.7)]
        .map(|(t, range, exponent)| {
            json!({"temperature": t, "dynatemp_range": range, "dynatemp_exponent": exponent})
        })
        .into());
    alone(&["gauss 24", "masked 24"], vec![json!({"logit_bias": [[5, 3.0], [7, -2.5], [0, 1.0]]})]);
    alone(&["gauss 8", "gauss 24", "masked 24", "zeros 6", "halves 24"], penalties());
    alone(&["gauss 24", "masked 24"], dry());
    for breakers in
        [json!([[3]]), json!([[5]]), json!([[7]]), json!([[6], [2, 1]]), json!([[1, 5]])]
    {
        let config = json!({"dry_multiplier": 0.8, "dry_base": 1.75, "dry_allowed_length": 2,
                            "dry_penalty_last_n": 64, "dry_sequence_breakers": breakers});
        asked.push(("gauss 24", &REPEATING, config.clone()));
        asked.push(("gauss 24", &CONTEXT, config));
    }
    for config in dry() {
        asked.push(("gauss 24", &REPEATING, config));
    }
    for config in together() {
        let masked = config.get("typical_p").is_none().then_some("masked 24");
        for row in unmasked.iter().copied().filter(|&row| row != "gauss 8").chain(masked) {
            asked.push((row, &REPEATING, config.clone()));
        }
    }
    asked
}

fn penalties() -> Vec<Value> {
    vec![
        json!({"repeat_penalty": 1.3, "repeat_last_n": 64}),
        json!({"repeat_penalty": 1.3, "repeat_last_n": 3}),
        json!({"repeat_penalty": 0.8, "repeat_last_n": 64}),
        json!({"frequency_penalty": 0.5, "repeat_last_n": 64}),
        json!({"frequency_penalty": 0.5, "repeat_last_n": 6}),
        json!({"presence_penalty": 0.9, "repeat_last_n": 64}),
        json!({"presence_penalty": -0.4, "repeat_last_n": 4}),
        json!({"repeat_penalty": 1.2, "frequency_penalty": 0.3, "presence_penalty": 0.4, "repeat_last_n": 8}),
        json!({"repeat_penalty": 1.5, "repeat_last_n": 0}),
    ]
}

fn dry() -> Vec<Value> {
    let dry = |multiplier: f64, base: f64, length: i32, last_n: i32| {
        json!({"dry_multiplier": multiplier, "dry_base": base, "dry_allowed_length": length,
               "dry_penalty_last_n": last_n})
    };
    vec![
        dry(0.8, 1.75, 2, 64),
        dry(2.0, 1.2, 1, 64),
        dry(0.5, 3.0, 3, 64),
        dry(0.8, 1.75, 4, 64),
        dry(0.8, 1.75, 2, 8),
    ]
}

fn together() -> Vec<Value> {
    vec![
        json!({"top_k": 40, "top_p": 0.95, "min_p": 0.05, "temperature": 0.8}),
        json!({"top_k": 5, "top_p": 0.8, "temperature": 1.5}),
        json!({"top_p": 0.7, "min_p": 0.1, "temperature": 0.4}),
        json!({"top_k": 10, "typical_p": 0.7, "top_p": 0.9, "temperature": 0.8}),
        json!({"top_n_sigma": 1.5, "top_k": 12, "min_p": 0.02, "temperature": 2.0}),
        json!({"top_k": 8, "xtc_probability": 1.0, "xtc_threshold": 0.1, "temperature": 0.9}),
        json!({"min_p": 0.02, "xtc_probability": 1.0, "xtc_threshold": 0.05, "temperature": 1.2}),
        json!({"repeat_penalty": 1.3, "repeat_last_n": 64, "top_k": 6, "top_p": 0.9, "temperature": 0.7}),
        json!({"repeat_penalty": 1.1, "presence_penalty": 0.5, "dry_multiplier": 0.8, "dry_base": 1.75,
               "dry_allowed_length": 2, "dry_penalty_last_n": 64, "top_p": 0.8, "temperature": 1.0}),
        json!({"logit_bias": [[6, 4.0], [2, -1.0]], "repeat_penalty": 1.4, "dry_multiplier": 1.0,
               "dry_base": 2.0, "dry_allowed_length": 1, "dry_penalty_last_n": 64,
               "dry_sequence_breakers": [[7]], "top_n_sigma": 2.0, "top_k": 10, "typical_p": 0.95,
               "top_p": 0.95, "min_p": 0.02, "xtc_probability": 1.0, "xtc_threshold": 0.2,
               "temperature": 0.8, "dynatemp_range": 0.3, "dynatemp_exponent": 1.5}),
        json!({"top_k": 40, "min_p": 0.03, "temperature": 1.0, "dynatemp_range": 0.7}),
        json!({"top_k": 4, "top_p": 0.1, "min_p": 0.9, "min_keep": 2, "temperature": 1.0}),
    ]
}

/// Mirostat over several rows: each step's cap μ, what it left, and the token it drew, which moves μ.
#[derive(Serialize)]
struct Sequence {
    config: Value,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    row: usize,
    /// Not told by llama.cpp: followed from its draws by its rule, in f32.
    mu: f32,
    #[serde(flatten)]
    distribution: Distribution,
    token: i32,
}

fn mirostat(rows: &Rows) -> Result<Vec<Sequence>> {
    let mut sequences = Vec::new();
    for version in [1, 2] {
        for (tau, eta, temperature) in
            [(1.0, 0.1, 1.0), (2.0, 0.5, 1.0), (3.0, 0.2, 1.5), (5.0, 0.1, 0.8)]
        {
            let config = json!({"mirostat": version, "mirostat_tau": tau, "mirostat_eta": eta,
                                "temperature": temperature});
            let names = ["gauss 24", "flat 24", "peaked 24", "masked 24"];
            // Version 1 divides neighbouring probabilities, which a masked token makes NaN.
            let names = names.into_iter().take(if version == 1 { 3 } else { 4 });
            let indices = names.map(|name| rows.index(name)).collect::<Result<Vec<_>>>()?;
            let rows: Vec<_> = indices.iter().map(|&i| (i, rows.logits(i))).collect();
            let moved: Vec<_> = rows.iter().map(|(i, row)| (*i, perturbed(row, 1))).collect();
            let (steps, again) = (steps(&config, &rows)?, steps(&config, &moved)?);
            let decided = |steps: &[Step]| -> Vec<_> {
                steps.iter().map(|s| (s.token, s.distribution.kept.clone())).collect()
            };
            ensure!(decided(&steps) == decided(&again), "rounding decides {config}");
            sequences.push(Sequence { config, steps });
        }
    }
    Ok(sequences)
}

fn steps(config: &Value, rows: &[(usize, Vec<f32>)]) -> Result<Vec<Step>> {
    let (tau, eta) = (as_f32(&config["mirostat_tau"]), as_f32(&config["mirostat_eta"]));
    let mut chain = Chain::new(links(config, rows[0].1.len() as i32));
    let (mut mu, mut steps) = (2.0 * tau, Vec::new());
    for (row, logits) in rows.iter().cycle().take(12) {
        let left = chain.apply(logits);
        let drawn = left.selected.context("mirostat drew nothing")?;
        let (token, p) = (left.candidates[drawn].id, left.candidates[drawn].p);
        let distribution = Distribution::new(&left);
        let ids: BTreeSet<_> = distribution.kept.iter().collect();
        ensure!(ids.contains(&token), "mirostat drew {token}, which it did not keep");
        steps.push(Step { row: *row, mu, distribution, token });
        mu -= eta * (-p.log2() - tau);
    }
    Ok(steps)
}
