//! Parameters as safetensors, under the names of the model's type; strict both ways.

use std::{fs, path::Path};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use tch::{Device, Kind, Tensor};

use crate::{Error, Misshapen, Model, ModelConfig, ModelType, Result};

impl Model {
    /// A model with the parameters of a safetensors file (f32, f16 or bf16).
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotSafetensors`] for a file that cannot be read,
    /// [`Error::WeightsMismatch`] names every tensor that is missing, not the model's, or misshapen.
    ///
    /// # Performance
    /// Holds the file and the parameters in memory at once.
    pub fn load(config: ModelConfig, path: impl AsRef<Path>, device: Device) -> Result<Self> {
        let model = Self::blank(config, device)?;
        model.load_weights(path)?;
        Ok(model)
    }

    /// Replaces every parameter by the file's; none where the file does not fit.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|e| Error::Io { path: path.into(), source: e })?;
        self.take_weights(&bytes, path)
    }

    /// As [`load_weights`](Self::load_weights), of a file that has been read; `path` names it in errors.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn take_weights(&self, bytes: &[u8], path: &Path) -> Result<()> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| Error::NotSafetensors { path: path.into(), reason: e.to_string() })?;
        self.check_fit(&file, path)?;
        for (name, variable) in self.vars().variables() {
            // check_fit has seen every name and every type.
            if let Ok(view) = file.tensor(&name) {
                self.copy(&name, variable, &view)?;
            }
        }
        Ok(())
    }

    /// Replaces a parameter by a tensor of a file, which has its shape.
    pub(crate) fn copy(
        &self,
        name: &str,
        mut variable: Tensor,
        view: &TensorView<'_>,
    ) -> Result<()> {
        let Some(kind) = kind(view.dtype()) else { return Ok(()) };
        let shape = self.shape_in_file(name, &variable);
        let value = Tensor::f_from_data_size(view.data(), &shape, kind)?;
        let value = if self.config().is_across(name) { value.f_t_copy()? } else { value };
        tch::no_grad(|| variable.f_copy_(&value))?;
        Ok(())
    }

    fn shape_in_file(&self, name: &str, variable: &Tensor) -> Vec<i64> {
        let mut shape = variable.size();
        if self.config().is_across(name) {
            shape.reverse();
        }
        shape
    }

    /// The parameters as the bytes of a safetensors file (f32), names in alphabetical order; of Llama and GPT-2 as
    /// `transformers` reads them.
    ///
    /// # Errors
    /// [`Error::Torch`] where a parameter cannot be copied from its device.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let in_file = |(name, parameter): (String, Tensor)| {
            let across = self.config().is_across(&name);
            Ok((name, if across { parameter.f_detach()?.f_t_copy()? } else { parameter }))
        };
        let parameters = self.named_parameters().into_iter().map(in_file);
        let parameters = parameters.collect::<Result<Vec<_>>>()?;
        let is_foreign = self.config().model_type != ModelType::Enredo;
        let notes = is_foreign.then(|| ("format".to_owned(), "pt".to_owned()));
        let named = parameters.iter().map(|(name, parameter)| (name.clone(), parameter));
        Ok(enredo_torch_ext::to_safetensors(named, notes.into_iter().collect())?)
    }

    /// Writes [`to_safetensors`](Self::to_safetensors) to a file.
    ///
    /// # Errors
    /// [`Error::Io`] names the file; [`Error::Torch`] as above.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        fs::write(path, self.to_safetensors()?)
            .map_err(|e| Error::Io { path: path.into(), source: e })
    }

    /// What is wrong with a file's tensor, if anything.
    pub(crate) fn misshapen(
        &self,
        view: &TensorView<'_>,
        name: &str,
        variable: &Tensor,
    ) -> Option<Misshapen> {
        let expected = self.shape_in_file(name, variable);
        let same = view.shape().iter().map(|&n| n as i64).eq(expected.iter().copied());
        (!same || kind(view.dtype()).is_none()).then(|| Misshapen {
            name: name.to_owned(),
            got: format!("{:?} {:?}", view.dtype(), view.shape()),
            expected,
        })
    }

    fn check_fit(&self, file: &SafeTensors<'_>, path: &Path) -> Result<()> {
        let variables = self.named_parameters();
        let has = |name: &str| file.tensor(name).is_ok();
        let missing: Vec<_> = variables.keys().filter(|name| !has(name)).cloned().collect();
        let mut extra: Vec<_> =
            file.names().into_iter().filter(|name| !variables.contains_key(*name)).collect();
        extra.sort_unstable();
        let misshapen: Vec<_> = variables
            .iter()
            .filter_map(|(name, v)| self.misshapen(&file.tensor(name).ok()?, name, v))
            .collect();
        if missing.is_empty() && extra.is_empty() && misshapen.is_empty() {
            return Ok(());
        }
        let extra = extra.into_iter().map(str::to_owned).collect();
        Err(Error::WeightsMismatch { path: path.into(), missing, extra, misshapen })
    }
}

/// The floating-point types that can become parameters.
fn kind(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F32 => Some(Kind::Float),
        Dtype::F16 => Some(Kind::Half),
        Dtype::BF16 => Some(Kind::BFloat16),
        _ => None,
    }
}
