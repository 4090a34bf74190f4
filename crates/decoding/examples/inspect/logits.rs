//! A row of logits out of a file, whichever kind it is.

use std::{ffi::OsStr, fs, path::Path};

use anyhow::{Context, Result, anyhow, bail, ensure};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::Value;

use super::{
    array::{Array, LastRow, Number},
    npy,
};

/// How many names of tensors a message lists.
const NAMES: usize = 8;

/// The last row of logits in a `.npy`, `.safetensors` or `.json` file.
pub(crate) fn read(path: &Path, tensor: Option<&str>) -> Result<LastRow> {
    let name = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read {name}"))?;
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    ensure!(
        tensor.is_none() || extension == "safetensors",
        "--tensor is for .safetensors files, and {name} is none; leave it out"
    );
    let row = match extension {
        "npy" => npy::parse(&bytes).and_then(|array| array.last_row()),
        "safetensors" => from_safetensors(&bytes, tensor),
        "json" => from_json(&bytes),
        _ => bail!("{name} is of no known kind; logits are read from .npy, .safetensors and .json"),
    };
    row.with_context(|| format!("cannot take logits from {name}"))
}

fn from_safetensors(bytes: &[u8], tensor: Option<&str>) -> Result<LastRow> {
    let file = SafeTensors::deserialize(bytes)
        .context("it is no safetensors file; write it with safetensors.numpy.save_file")?;
    let view = choose(&file, tensor)?;
    let number = match view.dtype() {
        Dtype::F32 => Number::F32,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::BF16,
        other => bail!("its numbers are {other:?}; save them as float32"),
    };
    Array { shape: view.shape().to_vec(), number, bytes: view.data() }.last_row()
}

/// The tensor of that name, or the only one.
fn choose<'a>(file: &SafeTensors<'a>, tensor: Option<&str>) -> Result<TensorView<'a>> {
    let mut names = file.names();
    names.sort_unstable();
    let listed = names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
    match (tensor, &names[..]) {
        (Some(name), _) => file.tensor(name).map_err(|_| {
            anyhow!("it has no tensor '{name}'; among its {} are: {listed}", names.len())
        }),
        (None, [name]) => Ok(file.tensor(name)?),
        (None, _) => bail!("it holds {} tensors; name one with --tensor: {listed}", names.len()),
    }
}

fn from_json(bytes: &[u8]) -> Result<LastRow> {
    let values: Vec<Value> = serde_json::from_slice(bytes).context(
        "it is no JSON array; write numbers, and null or \"-inf\" for masked tokens \
         (NaN and a bare -Infinity are not JSON)",
    )?;
    let row: Result<_> = values.iter().enumerate().map(|(i, value)| logit(i, value)).collect();
    Ok(LastRow { row: row?, rows: 1 })
}

fn logit(i: usize, value: &Value) -> Result<f32> {
    match value {
        Value::Null => Ok(f32::NEG_INFINITY),
        Value::String(text) if text == "-inf" || text == "-Infinity" => Ok(f32::NEG_INFINITY),
        Value::Number(number) => {
            let score = number.as_f64().map(|x| x as f32).filter(|x| x.is_finite());
            score.with_context(|| format!("logit {i} is {number}, which is no float32"))
        }
        Value::Array(_) => bail!("logit {i} is an array; write one row alone: [0.5, -1, ...]"),
        other => {
            bail!("logit {i} is {other}; write a number, or null or \"-inf\" for a masked token")
        }
    }
}
