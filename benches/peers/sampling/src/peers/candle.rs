//! candle's `LogitsProcessor`, on tensors that are ready.

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling};
use enredo_peers_sampling::{
    case::{Case, K, P, TEMPERATURE},
    row::Row,
};

use crate::measure::{Draw, SEED};

pub fn draw<'a>(case: Case, rows: &[Row]) -> Result<Option<Draw<'a>>> {
    let Some(sampling) = sampling(case) else { return Ok(None) };
    let tensor = |row: &Row| Tensor::new(row.logits(), &Device::Cpu);
    let tensors = rows.iter().map(tensor).collect::<Result<Vec<_>, _>>()?;
    let mut processor = LogitsProcessor::from_sampling(SEED, sampling);
    Ok(Some(Box::new(move |row| Ok(processor.sample(&tensors[row])?))))
}

fn sampling(case: Case) -> Option<Sampling> {
    let (t, p) = (f64::from(TEMPERATURE), f64::from(P));
    Some(match case {
        Case::Greedy => Sampling::ArgMax,
        Case::Temperature => Sampling::All { temperature: t },
        Case::TopK => Sampling::TopK { k: K, temperature: 1.0 },
        Case::TopP => Sampling::TopP { p, temperature: 1.0 },
        Case::Gumbel => Sampling::GumbelSoftmax { temperature: 1.0 },
        Case::Chain | Case::Notebook => Sampling::TopKThenTopP { k: K, p, temperature: t },
        _ => return None,
    })
}
