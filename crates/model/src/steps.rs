//! A model as a step of decoding reads it: new tokens of any number of sequences through all layers, on plain memory.

use std::{mem, ops::Range};

use enredo_torch_ext::decode::{
    Act, Cache, CacheShape, Layer, Room, Seen, StepNorm, Weights, add_row, attend, rotate,
};

use crate::{Dtype, Model, Result, block::Block, layers::in_type, rotary::Rotary};

/// The weights, in the memory that training writes to, or rounded once.
#[derive(Debug)]
pub(crate) struct Steps {
    tokens: Weights,
    positions: Option<Weights>,
    blocks: Vec<BlockSteps>,
    norm: Option<StepNorm>,
    head: Layer,
    norm_first: bool,
    act: Act,
    cache: CacheShape,
}

#[derive(Debug)]
struct BlockSteps {
    projections: [Layer; 3],
    out_proj: Layer,
    gate: Option<Layer>,
    up: Layer,
    down: Layer,
    norms: [StepNorm; 2],
}

/// A token to be read, and what it attends to: the places of its sequence's cache up to its own, which is the last.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) id: u32,
    pub(crate) position: usize,
    pub(crate) seen: Seen,
}

/// Room for what one layer hands to the next, used again by each step.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    x: Vec<f32>,       // (N, C), the residual stream
    h: Vec<f32>,       // (N, C), normalised
    y: Vec<f32>,       // (N, C), what a layer adds
    q: Vec<f32>,       // (N, H, D)
    k: Vec<f32>,       // (N, K, D)
    v: Vec<f32>,       // (N, K, D)
    answers: Vec<f32>, // (N, H, D)
    gate: Vec<f32>,    // (N, intermediate_size)
    up: Vec<f32>,      // (N, intermediate_size)
    cosines: Vec<f32>, // (N, D / 2)
    sines: Vec<f32>,
    seen: Vec<Seen>,
    scores: Room,
}

impl Steps {
    pub(crate) fn new(model: &Model) -> Result<Self> {
        let (config, dtype) = (model.config(), model.dtype());
        let tokens = in_type(&model.token_emb, dtype)?;
        let positions = model.positions.as_ref().map(|table| in_type(table, dtype));
        Ok(Self {
            head: match config.tie_word_embeddings {
                true => Layer::of(&tokens, None)?,
                false => model.lm_head.step(dtype)?,
            },
            tokens: Weights::of(&tokens)?,
            positions: positions.transpose()?.as_ref().map(Weights::of).transpose()?,
            blocks: model
                .blocks
                .iter()
                .map(|block| BlockSteps::new(block, dtype))
                .collect::<Result<_>>()?,
            norm: model.norm.as_ref().map(|norm| norm.step(dtype)).transpose()?,
            norm_first: config.norm_first,
            act: config.hidden_act.step(),
            cache: CacheShape {
                layers: config.num_hidden_layers,
                heads: config.kv_heads(),
                size: config.head_size(),
                half: dtype == Dtype::Bfloat16 && config.head_size().is_multiple_of(2),
            },
        })
    }

    /// What is to be kept of each sequence.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(self.cache)
    }

    /// Reads `new` tokens, of one sequence in order, through every block: their keys and values are kept, and `rooms` holds
    /// what the head reads.
    pub(crate) fn read(
        &self,
        rotary: Option<&Rotary>,
        new: &[New],
        caches: &mut [Cache],
        rooms: &mut Rooms,
    ) -> Result<()> {
        rooms.set_up(self, rotary, new);
        self.embed(new, &mut rooms.x);
        for (i, block) in self.blocks.iter().enumerate() {
            self.attention(i, block, caches, rooms)?;
            self.feed_forward(block, rooms)?;
        }
        if let Some(norm) = &self.norm {
            norm.apply(&mut rooms.x, Some(&rooms.y), &mut rooms.h);
            mem::swap(&mut rooms.x, &mut rooms.h);
        }
        Ok(())
    }

    /// The scores that follow some of the tokens read: (rows, V).
    pub(crate) fn score(
        &self,
        rows: Range<usize>,
        rooms: &Rooms,
        logits: &mut [f32],
    ) -> Result<()> {
        let c = self.tokens.width();
        Ok(self.head.apply(&rooms.x[rows.start * c..rows.end * c], logits)?)
    }

    fn embed(&self, new: &[New], x: &mut [f32]) {
        x.fill(0.0);
        for (new, x) in new.iter().zip(x.chunks_exact_mut(self.tokens.width())) {
            add_row(&self.tokens, new.id as usize, x);
            if let Some(positions) = &self.positions {
                add_row(positions, new.position, x);
            }
        }
    }

    /// What the block before has left in `y` is added on the way in where norms come first.
    fn attention(
        &self,
        i: usize,
        block: &BlockSteps,
        caches: &mut [Cache],
        rooms: &mut Rooms,
    ) -> Result<()> {
        self.enter(&block.norms[0], i > 0, rooms);
        let x = if self.norm_first { &rooms.h } else { &rooms.x };
        for (layer, to) in block.projections.iter().zip([&mut rooms.q, &mut rooms.k, &mut rooms.v])
        {
            layer.apply(x, to)?;
        }
        rooms.turn();
        rooms.keep(i, caches);
        let Rooms { q, seen, answers, scores, y, .. } = rooms;
        attend(i, q, caches, seen, answers, scores)?;
        block.out_proj.apply(answers, y)?;
        self.leave(&block.norms[0], rooms);
        Ok(())
    }

    fn feed_forward(&self, block: &BlockSteps, rooms: &mut Rooms) -> Result<()> {
        self.enter(&block.norms[1], true, rooms);
        let x = if self.norm_first { &rooms.h } else { &rooms.x };
        block.up.apply(x, &mut rooms.up)?;
        match &block.gate {
            None => self.act.apply(&mut rooms.up, None),
            Some(gate) => {
                gate.apply(x, &mut rooms.gate)?;
                self.act.apply(&mut rooms.gate, Some(&rooms.up));
                mem::swap(&mut rooms.gate, &mut rooms.up);
            }
        }
        block.down.apply(&rooms.up, &mut rooms.y)?;
        self.leave(&block.norms[1], rooms);
        Ok(())
    }

    /// Norms first: h = norm(x += y).
    fn enter(&self, norm: &StepNorm, has_more: bool, rooms: &mut Rooms) {
        if self.norm_first {
            norm.apply(&mut rooms.x, has_more.then_some(&rooms.y), &mut rooms.h);
        }
    }

    /// Norms last: x = norm(x + y).
    fn leave(&self, norm: &StepNorm, rooms: &mut Rooms) {
        if !self.norm_first {
            norm.apply(&mut rooms.x, Some(&rooms.y), &mut rooms.h);
            mem::swap(&mut rooms.x, &mut rooms.h);
        }
    }
}

impl BlockSteps {
    fn new(block: &Block, dtype: Dtype) -> Result<Self> {
        let [q, k, v] = block.self_attn.projections()?;
        let [first, second, ..] = &block.norms[..] else { unreachable!("a block has two norms") };
        let feed_forward = &block.feed_forward;
        Ok(Self {
            projections: [q.step(dtype)?, k.step(dtype)?, v.step(dtype)?],
            out_proj: block.self_attn.out_proj.step(dtype)?,
            gate: feed_forward.gate.as_ref().map(|gate| gate.step(dtype)).transpose()?,
            up: feed_forward.up.step(dtype)?,
            down: feed_forward.down.step(dtype)?,
            norms: [first.step(dtype)?, second.step(dtype)?],
        })
    }
}

impl Rooms {
    fn set_up(&mut self, steps: &Steps, rotary: Option<&Rotary>, new: &[New]) {
        let (n, c, block) = (new.len(), steps.tokens.width(), &steps.blocks[0]);
        let [q, k, _] = block.projections.each_ref().map(Layer::outputs);
        let inner = block.up.outputs();
        let sizes = [c, c, c, q, k, k, q, inner, inner];
        let Self { x, h, y, q, k, v, answers, gate, up, .. } = self;
        for (room, size) in [x, h, y, q, k, v, answers, gate, up].into_iter().zip(sizes) {
            room.resize(n * size, 0.0);
        }
        self.seen.clear();
        self.seen.extend(new.iter().map(|new| new.seen.clone()));
        self.cosines.clear();
        self.sines.clear();
        if let Some(rotary) = rotary {
            new.iter().for_each(|new| rotary.at(new.position, &mut self.cosines, &mut self.sines));
        }
    }

    /// Turns queries and keys by their positions, where there are angles.
    fn turn(&mut self) {
        let half = self.cosines.len() / self.seen.len().max(1);
        if half == 0 {
            return;
        }
        for heads in [&mut self.q, &mut self.k] {
            let width = heads.len() / self.seen.len();
            let angles = self.cosines.chunks_exact(half).zip(self.sines.chunks_exact(half));
            for (row, (cosines, sines)) in heads.chunks_exact_mut(width).zip(angles) {
                rotate(row, cosines, sines);
            }
        }
    }

    fn keep(&self, layer: usize, caches: &mut [Cache]) {
        let width = self.k.len() / self.seen.len().max(1);
        let rows = self.k.chunks_exact(width).zip(self.v.chunks_exact(width));
        for (Seen { cache, places }, (k, v)) in self.seen.iter().zip(rows) {
            caches[*cache].keep(layer, places.end - 1, k, v);
        }
    }
}
