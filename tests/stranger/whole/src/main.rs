//! Trains a small model on the built-in corpus and continues a prompt, by the facade alone.

use std::{error::Error, ops::ControlFlow};

use enredo::{
    LanguageModel, Preset,
    corpus::Grammar,
    decoding::GenerationConfig,
    model::{Device, Model, ModelConfig},
    tokenization::{Tokenizer, WordLevelConfig},
    trainer::{BatchConfig, Batches, TrainConfig, Trainer},
};

fn main() -> Result<(), Box<dyn Error>> {
    let texts = Grammar::new().documents(500, 1);
    let tokenizer = Tokenizer::train(&texts, &WordLevelConfig::default())?;
    let documents = tokenizer.encode_documents(&texts)?;
    let vocab_size = tokenizer.vocab_size();
    let config = ModelConfig {
        vocab_size,
        hidden_size: 32,
        trained_length: Some(31),
        ..Preset::Causal.model_config()
    };

    let model = LanguageModel::new(Model::new(config, Device::Cpu)?, tokenizer, Preset::Causal)?;
    let mut batches = Batches::random(&documents, model.model().config(), BatchConfig::default())?;
    let mut losses = Vec::new();
    Trainer::new(model.model(), TrainConfig { steps: 30, ..TrainConfig::default() })?.fit(
        &mut batches,
        |trainer| {
            losses.push(trainer.metric().loss);
            Ok::<_, enredo::Error>(ControlFlow::Continue(()))
        },
    )?;
    assert!(losses[29] < losses[0]);

    let text = model.complete("This movie is a", &GenerationConfig::sampling(), 42)?.text;
    assert!(text.starts_with("This movie is a"));
    println!("{text}");
    Ok(())
}
