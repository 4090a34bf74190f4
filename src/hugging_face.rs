//! Folders in Hugging Face's form, read and written: weights, tokenizer, strategy, and a card.

use std::{fs, path::Path};

use enredo_decoding::GenerationConfig;
use enredo_model::{Device, Model, ModelType};
use enredo_run::layout;
use enredo_tokenization::{SpecialTokens, Tokenizer};
use serde_json::{Map, Value, json};

use crate::{Error, LanguageModel, Result};

const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const CARD: &str = "README.md";
const INDEX: &str = "model.safetensors.index.json";

impl LanguageModel {
    /// The model of a Hugging Face folder ([`Model::from_hugging_face`]) with its `tokenizer.json` and, where it has one,
    /// its `generation_config.json`. Text is framed as the tokenizer's own post-processor says.
    ///
    /// # Errors
    /// [`Error::Model`], [`Error::Tokenization`] or [`Error::File`] names the file that is missing, damaged or not supported;
    /// [`Error::VocabularyMismatch`] where the tokenizer has more tokens than the model.
    pub fn from_hugging_face(folder: impl AsRef<Path>, device: Device) -> Result<Self> {
        let folder = folder.as_ref();
        let model = Model::from_hugging_face(folder, device)?;
        let file = read(&folder.join(layout::CONFIG))?;
        let path = folder.join(layout::GENERATION_CONFIG);
        let mut strategy = if path.exists() { read(&path)? } else { json!({}) };
        let eos = [ids(&strategy["eos_token_id"]), named(&file, "eos_token_id")];
        let eos = eos.into_iter().find(|ids| !ids.is_empty()).unwrap_or_default();
        strategy.as_object_mut().map(|fields| fields.remove("eos_token_id"));
        let mut config: GenerationConfig = serde_json::from_value(strategy)
            .map_err(|e| Error::File { path, reason: e.to_string() })?;
        config.eos_token_id.clone_from(&eos);
        let bos = named(&file, "bos_token_id").first().copied();
        let end = eos.first().copied().or(bos).unwrap_or(0);
        let special = SpecialTokens {
            pad: model.config().pad_token_id,
            unk: SpecialTokens::NONE,
            bos: bos.unwrap_or(end),
            eos: end,
        };
        let tokenizer = Tokenizer::from_hugging_face(folder.join(layout::TOKENIZER), special)?;
        let unk = unknown(folder)?.and_then(|token| tokenizer.id(&token));
        let special = SpecialTokens { unk: unk.unwrap_or(SpecialTokens::NONE), ..special };
        Self::foreign(model, tokenizer.with_special_tokens(special), config)
    }

    /// Writes a folder that `transformers` opens: `config.json`, `model.safetensors`, `tokenizer.json` with what begins a text,
    /// `tokenizer_config.json`, `generation_config.json`, and a `README.md` as its card, which says `about`. Files of these names
    /// are replaced.
    ///
    /// # Errors
    /// [`Error::NotExportable`] for a model of the notebook's blocks, before anything is written; [`Error::File`] names the file.
    pub fn export(&self, folder: impl AsRef<Path>, about: &str) -> Result<()> {
        let (folder, model) = (folder.as_ref(), self.model());
        if model.config().model_type == ModelType::Enredo {
            return Err(Error::NotExportable);
        }
        let weights = model.to_safetensors()?;
        fs::create_dir_all(folder).map_err(fault(folder))?;
        let index = folder.join(INDEX); // of what is replaced
        if index.exists() {
            fs::remove_file(&index).map_err(fault(&index))?;
        }
        write(&folder.join(layout::CONFIG), &pretty(&self.config_file()))?;
        write(&folder.join(layout::TOKENIZER), self.tokenizer().to_hugging_face()?.as_bytes())?;
        write(&folder.join(TOKENIZER_CONFIG), &pretty(&self.tokenizer_config()))?;
        write(&folder.join(layout::GENERATION_CONFIG), &pretty(&self.strategy_file()))?;
        write(&folder.join(CARD), self.card(about).as_bytes())?;
        write(&folder.join(layout::MODEL), &weights)
    }

    fn config_file(&self) -> Value {
        let special = self.tokenizer().special();
        let mut file = serde_json::to_value(self.model().config()).unwrap_or_default();
        file["bos_token_id"] = special.bos.into();
        file["eos_token_id"] = special.eos.into();
        file["torch_dtype"] = "float32".into();
        file
    }

    fn tokenizer_config(&self) -> Value {
        let special = self.tokenizer().special();
        let named = [
            ("pad_token", special.pad),
            ("unk_token", special.unk),
            ("bos_token", special.bos),
            ("eos_token", special.eos),
        ];
        let mut file = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.model().config().window(),
            "clean_up_tokenization_spaces": false,
        });
        for (name, token) in named {
            if let Some(token) = self.tokenizer().token(token) {
                file[name] = token.into();
            }
        }
        file
    }

    /// The strategy with what the preset adds, without what is off.
    fn strategy_file(&self) -> Value {
        let (special, strategy) =
            (self.tokenizer().special(), self.strategy(self.generation_config()));
        // By way of text, where an f32 has its own shortest digits.
        let text = serde_json::to_string(&strategy).unwrap_or_default();
        let all: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        let is_on = |(name, value): &(String, Value)| {
            let is_empty = value.as_array().is_some_and(Vec::is_empty);
            !value.is_null() && !is_empty && name != "preset"
        };
        let mut file: Map<String, Value> = all.into_iter().filter(is_on).collect();
        file.insert("bos_token_id".to_owned(), special.bos.into());
        file.insert("pad_token_id".to_owned(), special.pad.into());
        Value::Object(file)
    }

    fn card(&self, about: &str) -> String {
        let config = self.model().config();
        format!(
            "---\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n\n# {name}\n\n{about}\n\n\
             | | |\n|---|---|\n| parameters | {parameters} |\n| vocabulary | {vocabulary} |\n| width | {width} |\n| layers | {layers} |\n\
             | heads | {heads} of queries, {shared} of keys and values |\n| tokens it has learnt to read at once | {window} |\n\n\
             ```python\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\n\
             tokenizer = AutoTokenizer.from_pretrained(\".\")\nmodel = AutoModelForCausalLM.from_pretrained(\".\")\n\
             ids = tokenizer(\"This movie is a\", return_tensors=\"pt\", return_token_type_ids=False)\n\
             print(tokenizer.decode(model.generate(**ids)[0], skip_special_tokens=True))\n```\n",
            name = match config.model_type {
                ModelType::Gpt2 => "A GPT-2",
                _ => "A Llama",
            },
            parameters = self.model().parameter_count(),
            vocabulary = config.vocab_size,
            width = config.hidden_size,
            layers = config.num_hidden_layers,
            heads = config.num_attention_heads,
            shared = config.kv_heads(),
            window = config.window(),
        )
    }
}

/// As `run.json` keeps them of a tokenizer of someone else's.
#[cfg(feature = "cli")]
pub(crate) fn special_to_json(special: SpecialTokens) -> Value {
    let SpecialTokens { pad, unk, bos, eos } = special;
    json!({ "pad": pad, "unk": unk, "bos": bos, "eos": eos })
}

pub(crate) fn special_from_json(value: &Value) -> Option<SpecialTokens> {
    let id = |name: &str| value[name].as_u64().and_then(|id| u32::try_from(id).ok());
    Some(SpecialTokens { pad: id("pad")?, unk: id("unk")?, bos: id("bos")?, eos: id("eos")? })
}

/// What stands for unknown words, as `tokenizer_config.json` says.
fn unknown(folder: &Path) -> Result<Option<String>> {
    let path = folder.join(TOKENIZER_CONFIG);
    let file = if path.exists() { read(&path)? } else { return Ok(None) };
    let token = &file["unk_token"];
    Ok(token.as_str().or(token["content"].as_str()).map(str::to_owned))
}

/// The ids in a field of `config.json`; where it is absent, those of Hugging Face's own configurations.
fn named(file: &Value, field: &str) -> Vec<u32> {
    let default = match (file["model_type"].as_str(), field) {
        _ if file.get(field).is_some() => return ids(&file[field]),
        (Some("gpt2"), _) => 50_256,
        (Some("llama"), "bos_token_id") => 1,
        (Some("llama"), _) => 2,
        _ => return Vec::new(),
    };
    let fits = file["vocab_size"].as_u64().is_some_and(|size| u64::from(default) < size);
    if fits { vec![default] } else { Vec::new() }
}

/// One id, or a list of them.
fn ids(value: &Value) -> Vec<u32> {
    let one = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok());
    value.as_array().map_or_else(
        || one(value).into_iter().collect(),
        |list| list.iter().filter_map(one).collect(),
    )
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).map_err(fault(path))?;
    serde_json::from_str(&text)
        .map_err(|e| Error::File { path: path.into(), reason: e.to_string() })
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(fault(path))
}

fn fault(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::File { path: path.into(), reason: error.to_string() }
}
