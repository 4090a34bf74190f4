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
    Number(f32),
    Banned(Option<bool>),
}

impl Bias {
    fn value(&self) -> Option<f32> {
        match self {
            Self::Number(bias) => Some(*bias),
            Self::Banned(None | Some(false)) => Some(f32::NEG_INFINITY),
            Self::Banned(Some(true)) => None,
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
    let value = |(id, bias): (u32, Bias)| match bias.value() {
        Some(bias) => Ok((id, bias)),
        None => Err(serde::de::Error::custom(format!("the bias of token {id} is true"))),
    };
    pairs.into_iter().map(value).collect()
}

/// −∞ has no number in JSON: null stands for it.
pub(super) fn write_biases<S: Serializer>(
    biases: &[(u32, f32)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(biases.iter().map(|&(id, bias)| (id, bias.is_finite().then_some(bias))))
}
