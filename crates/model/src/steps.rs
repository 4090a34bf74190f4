//! A model as a step of decoding reads it: new tokens of any number of sequences through all layers, on plain memory.

use std::{mem, ops::Range};

use enredo_torch_ext::decode::{
    Act, Cache, CacheShape, Layer, Room, Seen, StepNorm, Table, attend, rotate,
};

use crate::{Dtype, Model, Result, block::Block, layers::Linear, rotary::Angles};

/// The weights: tables and norms in the memory that training writes to, matrices in an order of their own.
#[derive(Debug)]
pub(crate) struct Steps {
    tokens: Table,
    positions: Option<Table>,
    angles: Option<Angles>,
    blocks: Vec<BlockSteps>,
    norm: Option<StepNorm>,
    head: Layer,
    norm_first: bool,
    act: Act,
    cache: CacheShape,
}

#[derive(Debug)]
struct BlockSteps {
    /// To queries, keys and values, one after another.
    projections: Layer,
    out_proj: Layer,
    /// Up, or gate and up.
    into: Layer,
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
    qkv: Vec<f32>,     // (N, (H + 2 K) D)
    answers: Vec<f32>, // (N, H D)
    into: Vec<f32>,    // (N, I), or (N, 2 I) with a gate
    active: Vec<f32>,  // (N, I)
    cosines: Vec<f32>, // (N, D / 2)
    sines: Vec<f32>,
    seen: Vec<Seen>,
    scores: Room,
}

impl Steps {
    pub(crate) fn new(model: &Model) -> Result<Self> {
        let (config, half) = (model.config(), model.dtype() == Dtype::Bfloat16);
        Ok(Self {
            tokens: Table::of(&model.token_emb)?,
            positions: model.positions.as_ref().map(Table::of).transpose()?,
            angles: config.is_rotary().then(|| Angles::new(config)),
            blocks: model
                .blocks
                .iter()
                .map(|block| BlockSteps::new(block, half))
                .collect::<Result<_>>()?,
            norm: model.norm.as_ref().map(|norm| norm.step()).transpose()?,
            head: Layer::of(&[model.lm_head.parts()], half)?,
            norm_first: config.norm_first,
            act: config.hidden_act.step(),
            cache: CacheShape {
                layers: config.num_hidden_layers,
                heads: config.kv_heads(),
                size: config.head_size(),
                half,
            },
        })
    }

    /// What is to be kept of each sequence.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(self.cache)
    }

    /// How many numbers its matrices hold.
    pub(crate) fn size(&self) -> usize {
        let of = |layer: &Layer| layer.inputs() * layer.outputs();
        let block = |block: &BlockSteps| {
            of(&block.projections) + of(&block.out_proj) + of(&block.into) + of(&block.down)
        };
        self.blocks.iter().map(block).sum::<usize>() + of(&self.head)
    }

    /// Reads `new` tokens, of one sequence in order, through every block: their keys and values are kept, and `rooms` holds
    /// what the head reads.
    pub(crate) fn read(&self, new: &[New], caches: &mut [Cache], rooms: &mut Rooms) -> Result<()> {
        rooms.set_up(self, new);
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
        for (new, x) in new.iter().zip(x.chunks_exact_mut(self.tokens.width())) {
            self.tokens.copy(new.id as usize, x);
            if let Some(positions) = &self.positions {
                positions.add(new.position, x);
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
        block.projections.apply(x, &mut rooms.qkv)?;
        rooms.turn(self.cache);
        let Rooms { qkv, seen, answers, scores, y, .. } = rooms;
        attend(i, qkv, caches, seen, answers, scores)?;
        block.out_proj.apply(answers, y)?;
        self.leave(&block.norms[0], rooms);
        Ok(())
    }

    fn feed_forward(&self, block: &BlockSteps, rooms: &mut Rooms) -> Result<()> {
        self.enter(&block.norms[1], true, rooms);
        let x = if self.norm_first { &rooms.h } else { &rooms.x };
        block.into.apply(x, &mut rooms.into)?;
        rooms.activate(self.act);
        block.down.apply(&rooms.active, &mut rooms.y)?;
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
    fn new(block: &Block, half: bool) -> Result<Self> {
        let projections = block.self_attn.projections()?;
        let [first, second, ..] = &block.norms[..] else { unreachable!("a block has two norms") };
        let feed_forward = &block.feed_forward;
        let into: Vec<_> =
            feed_forward.gate.iter().chain([&feed_forward.up]).map(Linear::parts).collect();
        Ok(Self {
            projections: Layer::of(&projections.each_ref().map(Linear::parts), half)?,
            out_proj: Layer::of(&[block.self_attn.out_proj.parts()], half)?,
            into: Layer::of(&into, half)?,
            down: Layer::of(&[feed_forward.down.parts()], half)?,
            norms: [first.step()?, second.step()?],
        })
    }
}

impl Rooms {
    fn set_up(&mut self, steps: &Steps, new: &[New]) {
        let (n, c, block) = (new.len(), steps.tokens.width(), &steps.blocks[0]);
        let (qkv, into) = (block.projections.outputs(), block.into.outputs());
        let heads = qkv - 2 * steps.cache.heads * steps.cache.size;
        let sizes = [c, c, c, qkv, heads, into, block.down.inputs()];
        let Self { x, h, y, qkv, answers, into, active, .. } = self;
        for (room, size) in [x, h, y, qkv, answers, into, active].into_iter().zip(sizes) {
            room.resize(n * size, 0.0);
        }
        self.seen.clear();
        self.seen.extend(new.iter().map(|new| new.seen.clone()));
        self.cosines.clear();
        self.sines.clear();
        if let Some(angles) = &steps.angles {
            new.iter().for_each(|new| angles.at(new.position, &mut self.cosines, &mut self.sines));
        }
    }

    /// Turns queries and keys by their positions, where there are angles.
    fn turn(&mut self, cache: CacheShape) {
        let n = self.seen.len();
        let (half, width) = (self.cosines.len() / n, self.qkv.len() / n);
        if half == 0 {
            return;
        }
        let angles = self.cosines.chunks_exact(half).zip(self.sines.chunks_exact(half));
        for (row, (cosines, sines)) in self.qkv.chunks_exact_mut(width).zip(angles) {
            rotate(&mut row[..width - cache.heads * cache.size], cosines, sines);
        }
    }

    fn activate(&mut self, act: Act) {
        if self.into.len() == self.active.len() {
            return act.apply(&self.into, None, &mut self.active);
        }
        let inner = self.active.len() / self.seen.len();
        let rows = self.into.chunks_exact(2 * inner).zip(self.active.chunks_exact_mut(inner));
        for (row, active) in rows {
            let (gate, up) = row.split_at(inner);
            act.apply(gate, Some(up), active);
        }
    }
}
