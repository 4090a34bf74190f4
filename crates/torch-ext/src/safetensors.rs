//! Named tensors as the bytes of a safetensors file, and back.

use std::{borrow::Cow, collections::HashMap};

use safetensors::{Dtype, SafeTensors, View};
use tch::{Device, Kind, Tensor};

use crate::{Error, Result};

/// What such a file holds.
#[derive(Debug, Default)]
pub struct Tensors {
    /// The tensors by their names, on the CPU.
    pub tensors: HashMap<String, Tensor>,
    /// The notes in the file's header.
    pub notes: HashMap<String, String>,
}

/// The bytes of a safetensors file of these tensors, in their own types, with `notes` in its header.
///
/// # Errors
/// [`Error::NotSafetensors`] for a type that is neither floating-point nor bytes, [`Error::Torch`] where a
/// tensor cannot be copied from its device.
pub fn to_safetensors<'a>(
    tensors: impl IntoIterator<Item = (String, &'a Tensor)>,
    notes: HashMap<String, String>,
) -> Result<Vec<u8>> {
    let stored = tensors.into_iter().map(|(name, tensor)| Ok((name, Stored::new(tensor)?)));
    let stored = stored.collect::<Result<Vec<_>>>()?;
    safetensors::serialize(stored, (!notes.is_empty()).then_some(notes))
        .map_err(|error| refused(&error))
}

/// The tensors and notes of a safetensors file.
///
/// # Errors
/// [`Error::NotSafetensors`] for bytes that are none.
pub fn from_safetensors(bytes: &[u8]) -> Result<Tensors> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| refused(&error))?;
    let notes = header.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(bytes).map_err(|error| refused(&error))?;
    let mut tensors = HashMap::new();
    for (name, view) in file.iter() {
        let kind = kind(view.dtype()).ok_or_else(|| unknown(view.dtype()))?;
        let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
        tensors.insert(name.to_owned(), Tensor::f_from_data_size(view.data(), &shape, kind)?);
    }
    Ok(Tensors { tensors, notes })
}

fn refused(error: &safetensors::SafeTensorError) -> Error {
    Error::NotSafetensors { reason: error.to_string() }
}

fn unknown(dtype: impl std::fmt::Debug) -> Error {
    Error::NotSafetensors { reason: format!("a tensor of type {dtype:?}") }
}

const KINDS: [(Kind, Dtype); 5] = [
    (Kind::Float, Dtype::F32),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Half, Dtype::F16),
    (Kind::Double, Dtype::F64),
    (Kind::Uint8, Dtype::U8),
];

fn kind(dtype: Dtype) -> Option<Kind> {
    KINDS.iter().find(|(_, d)| *d == dtype).map(|(kind, _)| *kind)
}

/// A tensor as safetensors stores it: its numbers in row-major order.
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    fn new(tensor: &Tensor) -> Result<Self> {
        let kind = tensor.f_kind()?;
        let dtype = KINDS.iter().find(|(k, _)| *k == kind).map(|(_, dtype)| *dtype);
        let dtype = dtype.ok_or_else(|| unknown(kind))?;
        let shape = tensor.size().into_iter().map(|n| n as usize).collect();
        let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
        let mut bytes = vec![0; flat.numel() * kind.elt_size_in_bytes()];
        flat.f_copy_data_u8(&mut bytes, flat.numel())?;
        Ok(Self { dtype, shape, bytes })
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_back_bit_for_bit() {
        let all = [
            Tensor::from_slice(&[1.5f32, f32::NAN, -0.0, 1e-42]).view([2, 2]),
            Tensor::from_slice(&[1.5f32, 3.0]).to_kind(Kind::BFloat16),
            Tensor::from_slice(&[7u8, 255, 0]),
            Tensor::from_slice(&[0.1f64]),
            Tensor::from_slice(&[1f32, 2.0, 3.0, 4.0]).view([2, 2]).tr(), // not contiguous
        ];
        let named = all.iter().enumerate().map(|(i, tensor)| (i.to_string(), tensor));
        let notes = HashMap::from([("step".to_owned(), "7".to_owned())]);
        let bytes = to_safetensors(named, notes.clone()).unwrap();
        let back = from_safetensors(&bytes).unwrap();
        assert_eq!(back.notes, notes);
        for (i, tensor) in all.iter().enumerate() {
            let found = &back.tensors[&i.to_string()];
            assert_eq!((found.size(), found.kind()), (tensor.size(), tensor.kind()));
            let again = |t: &Tensor| Stored::new(t).unwrap().bytes;
            assert_eq!(again(found), again(tensor));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for bytes in [&b""[..], b"{}", &[255; 64]] {
            assert!(matches!(from_safetensors(bytes), Err(Error::NotSafetensors { .. })));
        }
        let whole = Tensor::from_slice(&[1i64]);
        let error = to_safetensors([("a".to_owned(), &whole)], HashMap::new()).unwrap_err();
        assert!(error.to_string().contains("Int64"), "{error}");
    }
}
