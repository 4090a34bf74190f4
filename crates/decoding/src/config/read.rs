//! How fields are read: null means absent, and one value may stand for a list of one.

use serde::{Deserialize, Deserializer, Serializer};

/// The notebook's limit, and Hugging Face's.
pub(super) const MAX_NEW_TOKENS: usize = 20;

pub(super) fn false_or<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(false))
}

pub(super) fn twenty_or<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(MAX_NEW_TOKENS))
}

/// A number that f32 can hold: what is read can be written again.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f32>, D::Error> {
    Option::<f64>::deserialize(deserializer)?.map(narrow).transpose()
}

fn narrow<E: serde::de::Error>(number: f64) -> Result<f32, E> {
    let narrow = number as f32;
    let refused = || E::custom(format!("{number:e} is beyond what f32 can hold"));
    if narrow.is_finite() { Ok(narrow) } else { Err(refused()) }
}

/// Hugging Face's pair of a start and a factor.
pub(super) fn decay<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<(usize, f32)>, D::Error> {
    let pair = Option::<(usize, f64)>::deserialize(deserializer)?;
    pair.map(|(start, factor)| Ok((start, narrow(factor)?))).transpose()
}

/// Hugging Face's pairs of a sequence and a bias.
pub(super) fn sequence_biases<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(Vec<u32>, f32)>, D::Error> {
    let pairs: Vec<(Vec<u32>, f64)> = list(deserializer)?;
    pairs.into_iter().map(|(ids, bias)| Ok((ids, narrow(bias)?))).collect()
}

/// A count that some systems switch off with −1.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let count = Option::<i64>::deserialize(deserializer)?;
    Ok(count.map(|count| usize::try_from(count).unwrap_or(0)))
}

/// A list, empty where it is null.
pub(super) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

pub(super) fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<u32>, D::Error> {
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::One(id)) => vec![id],
        Some(OneOrMany::Many(ids)) => ids,
    })
}

pub(super) fn optional_ids<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<u32>>, D::Error> {
    Ok(Some(one_or_many(deserializer)?).filter(|ids| !ids.is_empty()))
}

pub(super) fn one_if_single<S: Serializer>(ids: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    match ids {
        [id] => serializer.serialize_u32(*id),
        ids => serializer.collect_seq(ids),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MapOrPairs {
    Map(std::collections::BTreeMap<String, Bias>),
    Pairs(Vec<(u32, Bias)>),
}

/// A bias; `false` is llama.cpp's way to write −∞, and so is null ours.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bias {
    Number(f64),
    Banned(Option<bool>),
}

impl Bias {
    fn value<E: serde::de::Error>(&self) -> Result<f32, E> {
        match self {
            Self::Number(bias) => narrow(*bias),
            Self::Banned(None | Some(false)) => Ok(f32::NEG_INFINITY),
            Self::Banned(Some(true)) => {
                Err(E::custom("a bias is a number, or false to ban a token"))
            }
        }
    }
}

/// Biases as OpenAI writes them (`{"5": 1.5}`) or as llama.cpp does (`[[5, 1.5]]`).
pub(super) fn biases<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(u32, f32)>, D::Error> {
    let id = |key: &str| {
        key.parse().map_err(|_| serde::de::Error::custom(format!("`{key}` is no token id")))
    };
    let pairs: Vec<(u32, Bias)> = match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(MapOrPairs::Pairs(pairs)) => pairs,
        Some(MapOrPairs::Map(map)) => {
            map.into_iter().map(|(key, bias)| Ok((id(&key)?, bias))).collect::<Result<_, _>>()?
        }
    };
    pairs.into_iter().map(|(id, bias)| Ok((id, bias.value()?))).collect()
}

/// −∞ has no number in JSON: null stands for it.
pub(super) fn write_biases<S: Serializer>(
    biases: &[(u32, f32)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(biases.iter().map(|&(id, bias)| (id, bias.is_finite().then_some(bias))))
}
