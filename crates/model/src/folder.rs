//! A folder in Hugging Face's form: `config.json`, and weights in one safetensors file or in several with an index.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use safetensors::SafeTensors;
use serde::{Deserialize, de::DeserializeOwned};
use tch::{Device, Tensor};

use crate::{Error, Misshapen, Model, ModelConfig, ModelType, Result};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// A configuration or an index is no larger.
const MOST: u64 = 64 << 20;

#[derive(Debug, Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Model {
    /// The model of a Hugging Face folder: a `LlamaForCausalLM` or `GPT2LMHeadModel`, with weights in f32, f16 or bf16.
    ///
    /// # Errors
    /// [`Error::ConfigFile`] for a configuration that is not supported, and says which are; [`Error::NoWeights`],
    /// [`Error::WeightsIndex`], [`Error::TooFewWeights`], [`Error::NotSafetensors`] and [`Error::WeightsMismatch`] name what does not
    /// fit; [`Error::Io`] the file that cannot be read.
    ///
    /// # Performance
    /// Holds the parameters in f32 and one file of weights at a time.
    pub fn from_hugging_face(folder: impl AsRef<Path>, device: Device) -> Result<Self> {
        let folder = folder.as_ref();
        let config: ModelConfig = json(&folder.join(CONFIG))?;
        let refused =
            |e: Error| Error::ConfigFile { path: folder.join(CONFIG), reason: e.to_string() };
        config.validate().map_err(refused)?;
        let files = weight_files(folder)?;
        enough(folder, &files, &config)?;
        let model = Self::blank(config, device)?;
        let mut loading = Loading::new(&model);
        files.iter().try_for_each(|file| loading.read(file))?;
        loading.complete(folder)?;
        Ok(model)
    }
}

/// Whether the files can hold the model, before memory is taken for it.
fn enough(folder: &Path, files: &[PathBuf], config: &ModelConfig) -> Result<()> {
    let size = |file: &PathBuf| Ok(fs::metadata(file).map_err(io(file))?.len());
    let got: u64 = files.iter().map(size).sum::<Result<_>>()?;
    let parameters = config.parameter_count();
    if u128::from(got) < 2 * parameters {
        return Err(Error::TooFewWeights { path: folder.into(), got, parameters });
    }
    Ok(())
}

/// A model whose parameters come from several files.
#[derive(Debug)]
struct Loading<'m> {
    model: &'m Model,
    variables: BTreeMap<String, Tensor>,
    missing: BTreeSet<String>,
    extra: Vec<String>,
    misshapen: Vec<Misshapen>,
}

impl<'m> Loading<'m> {
    fn new(model: &'m Model) -> Self {
        let variables = model.named_parameters();
        let missing = variables.keys().cloned().collect();
        Self { model, variables, missing, extra: Vec::new(), misshapen: Vec::new() }
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        let bytes = fs::read(path).map_err(io(path))?;
        let not_safetensors = |e: safetensors::SafeTensorError| Error::NotSafetensors {
            path: path.into(),
            reason: e.to_string(),
        };
        let file = SafeTensors::deserialize(&bytes).map_err(not_safetensors)?;
        for (name, view) in file.iter() {
            let Some(own) = self.own_name(name) else { continue };
            match self.variables.get(&own) {
                None => self.extra.push(name.to_owned()),
                Some(variable) => {
                    self.missing.remove(&own);
                    match self.model.misshapen(&view, &own, variable) {
                        Some(fault) => self.misshapen.push(fault),
                        None => self.model.copy(&own, variable.shallow_clone(), &view)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// The name that this tensor has here; none for what is computed, or stored twice. GPT-2's first files lack the
    /// prefix.
    fn own_name(&self, name: &str) -> Option<String> {
        let config = self.model.config();
        let is_computed = [".attn.bias", ".attn.masked_bias", "rotary_emb.inv_freq"];
        let is_tied = config.tie_word_embeddings && name == "lm_head.weight";
        if is_tied || is_computed.iter().any(|end| name.ends_with(end)) {
            return None;
        }
        let whole = format!("transformer.{name}");
        let lacks = config.model_type == ModelType::Gpt2 && self.variables.contains_key(&whole);
        Some(if lacks { whole } else { name.to_owned() })
    }

    fn complete(mut self, folder: &Path) -> Result<()> {
        if self.missing.is_empty() && self.extra.is_empty() && self.misshapen.is_empty() {
            return Ok(());
        }
        self.extra.sort_unstable();
        Err(Error::WeightsMismatch {
            path: folder.into(),
            missing: self.missing.into_iter().collect(),
            extra: self.extra,
            misshapen: self.misshapen,
        })
    }
}

/// The files of weights: those of the index where there is one.
fn weight_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (index, whole) = (folder.join(INDEX), folder.join(WEIGHTS));
    if !index.exists() {
        return if whole.exists() {
            Ok(vec![whole])
        } else {
            Err(Error::NoWeights { path: folder.into() })
        };
    }
    let names: BTreeSet<String> = json::<Index>(&index)?.weight_map.into_values().collect();
    names.iter().map(|name| shard(folder, &index, name)).collect()
}

/// A file of the index, which lies in the folder itself.
fn shard(folder: &Path, index: &Path, name: &str) -> Result<PathBuf> {
    let refuse = |reason| Err(Error::WeightsIndex { path: index.into(), reason });
    if Path::new(name).file_name().is_none_or(|file| file != name) {
        return refuse(format!("it names '{name}', which is no file of this folder"));
    }
    let path = folder.join(name);
    if !path.is_file() {
        return refuse(format!(
            "it names '{name}', and that is not here; download all files again"
        ));
    }
    Ok(path)
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let mut text = String::new();
    let file = fs::File::open(path).map_err(io(path))?;
    file.take(MOST).read_to_string(&mut text).map_err(io(path))?;
    serde_json::from_str(&text)
        .map_err(|e| Error::ConfigFile { path: path.into(), reason: e.to_string() })
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Io { path: path.into(), source }
}
