//! The processors that look at the context, on the cases that configure nothing else.

use crate::recording::{Case, Recording};
use enredo_decoding::{
    BadWords, BeginSuppress, Chain, Context, Dry, ForcedBos, ForcedEos, FrequencyPenalty,
    LengthDecay, LogitBias, MinLength, MinNewTokens, NoRepeatNgram, PresencePenalty, Processor,
    RepetitionPenalty, SequenceBias, SuppressTokens, Window, softmax,
};
use serde_json::{Map, Value};

/// What a case configures.
struct Config<'a>(&'a Map<String, Value>);

impl Config<'_> {
    fn get<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.0.get(key).map(|value| serde_json::from_value(value.clone()).unwrap())
    }

    fn tokens(&self, key: &str) -> Option<Vec<u32>> {
        let value = self.0.get(key)?;
        Some(value.as_u64().map_or_else(|| self.get(key).unwrap(), |id| vec![id as u32]))
    }

    /// Whether it sets one of `keys`, and nothing beside them and `others`.
    fn is_about(&self, keys: &[&str], others: &[&str]) -> bool {
        let sets = |key: &&String| keys.contains(&key.as_str());
        self.0.keys().any(|key| sets(&key))
            && self.0.keys().all(|key| sets(&key) || others.contains(&key.as_str()))
    }
}

/// Appends a processor where a parameter is set.
fn add<P: Processor + 'static>(chain: Chain, processor: Option<P>) -> Chain {
    match processor {
        Some(processor) => chain.with(processor),
        None => chain,
    }
}

const TRANSFORMERS: [&str; 11] = [
    "sequence_bias",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "bad_words_ids",
    "min_length",
    "min_new_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
];

/// In the order of its `_get_logits_processor`.
fn transformers(config: &Config<'_>) -> Chain {
    let eos = || config.tokens("eos_token_id").unwrap_or_default();
    let bias = config.get::<Vec<(Vec<u32>, f32)>>("sequence_bias").map(SequenceBias::new);
    let chain = add(Chain::new(), bias.map(Result::unwrap));
    let chain =
        add(chain, config.get("repetition_penalty").map(|r| RepetitionPenalty::new(r).unwrap()));
    let chain =
        add(chain, config.get("no_repeat_ngram_size").map(|n| NoRepeatNgram::new(n).unwrap()));
    let words = config.get::<Vec<Vec<u32>>>("bad_words_ids").map(|mut words| {
        words.retain(|word| !eos().iter().any(|token| word == &[*token]));
        BadWords::new(words).unwrap()
    });
    let chain = add(chain, words);
    let chain = add(chain, config.get("min_length").map(|n| MinLength::new(n, eos()).unwrap()));
    let chain =
        add(chain, config.get("min_new_tokens").map(|n| MinNewTokens::new(n, eos()).unwrap()));
    let chain = add(chain, config.get("forced_bos_token_id").map(ForcedBos::new));
    let forced = config.tokens("forced_eos_token_id");
    let forced =
        forced.map(|eos| ForcedEos::at_new_tokens(config.get("max_new_tokens").unwrap(), eos));
    let chain = add(chain, forced.map(Result::unwrap));
    let decay = config.get("exponential_decay_length_penalty");
    let decay = decay.map(|(start, factor)| LengthDecay::new(start, factor, eos()).unwrap());
    let chain = add(chain, decay);
    let chain = add(chain, config.tokens("suppress_tokens").map(SuppressTokens::new));
    add(chain, config.tokens("begin_suppress_tokens").map(BeginSuppress::new))
}

const VLLM: [&str; 4] =
    ["bad_words_ids", "repetition_penalty", "frequency_penalty", "presence_penalty"];

fn vllm(config: &Config<'_>) -> Chain {
    let words = config
        .get::<Vec<Vec<u32>>>("bad_words_ids")
        .map(|words| BadWords::new(words).unwrap().over(Window::Generated));
    let chain = add(Chain::new(), words);
    let chain =
        add(chain, config.get("repetition_penalty").map(|r| RepetitionPenalty::new(r).unwrap()));
    let chain =
        add(chain, config.get("frequency_penalty").map(|f| FrequencyPenalty::new(f).unwrap()));
    add(chain, config.get("presence_penalty").map(|p| PresencePenalty::new(p).unwrap()))
}

const LLAMA_CPP: [&str; 10] = [
    "logit_bias",
    "repeat_penalty",
    "repeat_last_n",
    "frequency_penalty",
    "presence_penalty",
    "dry_multiplier",
    "dry_base",
    "dry_allowed_length",
    "dry_penalty_last_n",
    "dry_sequence_breakers",
];

fn llama_cpp(config: &Config<'_>) -> Chain {
    let bias =
        config.get::<Vec<(u32, f32)>>("logit_bias").map(|bias| LogitBias::new(bias).unwrap());
    let chain = add(Chain::new(), bias);
    let last = Window::Last(config.get("repeat_last_n").unwrap_or(64));
    let repeat =
        config.get("repeat_penalty").map(|r| RepetitionPenalty::new(r).unwrap().over(last));
    let chain = add(chain, repeat);
    let frequency =
        config.get("frequency_penalty").map(|f| FrequencyPenalty::new(f).unwrap().over(last));
    let chain = add(chain, frequency);
    let presence =
        config.get("presence_penalty").map(|p| PresencePenalty::new(p).unwrap().over(last));
    let chain = add(chain, presence);
    let dry = config.get("dry_multiplier").map(|multiplier| {
        let [base, length, last] =
            ["base", "allowed_length", "penalty_last_n"].map(|key| format!("dry_{key}"));
        let length = config.get(&length).unwrap();
        let dry = Dry::new(multiplier, config.get(&base).unwrap(), length).unwrap();
        let breakers: Vec<Vec<u32>> = config.get("dry_sequence_breakers").unwrap_or_default();
        let last = Window::Last(config.get(&last).unwrap());
        dry.over(last).with_breakers(breakers).unwrap()
    });
    add(chain, dry)
}

/// Compares every case that is about `keys`; each of them must be among these.
fn compare(system: &str, keys: &[&str], chain: fn(&Config<'_>) -> Chain) {
    let recording = Recording::of(system);
    let others = ["do_sample", "eos_token_id", "max_new_tokens"];
    let about = |case: &&Case| Config(&case.config).is_about(keys, &others);
    for key in keys {
        let set = |case: &Case| case.config.contains_key(*key);
        assert!(recording.cases.iter().filter(about).any(set), "no case sets {key}");
    }
    for case in recording.cases.iter().filter(about) {
        let mut row = recording.logits(case.row);
        let context = Context::new(&case.input_ids).with_prompt_len(case.prompt_len);
        chain(&Config(&case.config)).process(&context, &mut row).unwrap();
        let kept: Vec<usize> = (0..row.len()).filter(|&i| row[i] > f32::NEG_INFINITY).collect();
        assert_eq!(kept, case.kept, "{}", case.name);
        let ours = softmax(&row).unwrap();
        for (&token, theirs) in kept.iter().zip(&case.probabilities) {
            let (ours, name) = (ours[token], &case.name);
            assert!(
                (ours - theirs).abs() <= 1e-5 * theirs,
                "{name}: {token} has {ours}, not {theirs}"
            );
        }
    }
}

#[test]
fn transformers_leaves_the_same() {
    compare("transformers", &TRANSFORMERS, transformers);
}

#[test]
fn vllm_leaves_the_same() {
    compare("vllm", &VLLM, vllm);
}

#[test]
fn llama_cpp_leaves_the_same() {
    compare("llama_cpp", &LLAMA_CPP, llama_cpp);
}

#[test]
fn a_trace_calls_them_by_their_names_in_a_configuration() {
    let config = serde_json::json!({
        "sequence_bias": [[[1], 1.0]], "repetition_penalty": 1.5, "no_repeat_ngram_size": 2,
        "bad_words_ids": [[1, 2]], "min_length": 3, "min_new_tokens": 2, "forced_bos_token_id": 1,
        "forced_eos_token_id": 2, "max_new_tokens": 9, "exponential_decay_length_penalty": [3, 1.5],
        "suppress_tokens": [3], "begin_suppress_tokens": [4], "eos_token_id": 2,
    });
    let chain = transformers(&Config(config.as_object().unwrap()));
    let names: Vec<&str> = chain.links().map(Processor::name).collect();
    let expected = "sequence_bias repetition_penalty no_repeat_ngram bad_words min_length min_new_tokens \
                    forced_bos forced_eos length_decay suppress_tokens begin_suppress";
    assert_eq!(names.join(" "), expected);
    let config = serde_json::json!({
        "logit_bias": [[1, 1.0]], "frequency_penalty": 0.5, "presence_penalty": 0.5,
        "dry_multiplier": 0.8, "dry_base": 1.75, "dry_allowed_length": 2, "dry_penalty_last_n": 64,
    });
    let chain = llama_cpp(&Config(config.as_object().unwrap()));
    let names: Vec<&str> = chain.links().map(Processor::name).collect();
    assert_eq!(names.join(" "), "logit_bias frequency_penalty presence_penalty dry");
}
