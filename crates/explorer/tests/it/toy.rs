//! A subject with hostile texts, and a server on it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use enredo_explorer::{
    About, AttentionMap, Checkpoint, Document, Documents, Explorer, Fault, Floor, Handle, LensCell,
    Piece, Progress, State, Subject, Token, Training,
};
use enredo_run::{Eval, Metric};

/// The texts of the vocabulary; the first is special.
pub(crate) const TEXTS: [&str; 8] = [
    "[BOS]",
    "<script>alert(1)</script>",
    "</table>\"'&",
    "\u{202e}txet",
    "\u{fffd}",
    "line\nline",
    "\u{0}\u{1b}[31m",
    " the",
];
pub(crate) const V: usize = TEXTS.len();
/// The model waits at the gate when it reads this token first.
pub(crate) const WAIT: u32 = 5;
/// It fails when it reads this token first, panics at the next, and gives a NaN at the last.
pub(crate) const FAIL: u32 = 6;
pub(crate) const PANIC: u32 = 7;
pub(crate) const NAN: u32 = 4;
/// Where a sequence begins so, the model fails at its fifth token.
pub(crate) const BREAK: [u32; 2] = [3, 3];
pub(crate) const LAYERS: usize = 2;
pub(crate) const HEADS: usize = 2;

pub(crate) fn about() -> About {
    About {
        run: "toy-001".into(),
        preset: "causal".into(),
        vocab_size: V,
        window: 4,
        parameters: 1_000,
        layers: LAYERS,
        heads: HEADS,
        fingerprint: "toy-1".into(),
        prompts: vec!["This movie is a".into()],
        never_drawn: vec![0],
        separator: " ".into(),
        unknown: Some(4),
        end_of_text: vec![7],
    }
}

pub(crate) fn progress() -> Progress {
    let checkpoint = |step, val_loss| Checkpoint { step, val_loss };
    let checkpoints = vec![checkpoint(10, None), checkpoint(20, Some(2.5))];
    Progress { state: State::Running, steps: Some(40), checkpoints }
}

/// The scores after `ids` at `step`; token 0 is masked.
pub(crate) fn logits(step: u64, ids: &[u32]) -> Vec<f32> {
    let key = step as u32 + ids.iter().sum::<u32>();
    let score =
        |id: u32| if id == 0 { f32::NEG_INFINITY } else { ((id * 7 + key) % 11) as f32 / 3.0 };
    (0..V as u32).map(score).collect()
}

/// Causal at step 10; at step 20 each position sees the last token, too.
pub(crate) fn logits_of_each(step: u64, ids: &[u32]) -> Vec<f32> {
    let last = if step == 10 { 0 } else { ids[ids.len() - 1] };
    let seen = |n: usize| [&ids[..n], &[last]].concat();
    (1..=ids.len()).flat_map(|n| logits(step, &seen(n))).collect()
}

/// Layer 1 has two maps.
pub(crate) fn attention(ids: &[u32]) -> Vec<AttentionMap> {
    let map = |layer, reads_the_future| {
        let n = HEADS * ids.len() * ids.len();
        let weights = (0..n).map(|i| (i + layer) as f32 / n as f32).collect();
        AttentionMap { layer, reads_the_future, heads: HEADS, weights }
    };
    vec![map(0, false), map(1, false), map(1, true)]
}

pub(crate) fn lens(ids: &[u32], top_n: usize) -> Vec<Vec<LensCell>> {
    let cell = |layer: usize, place: usize| LensCell {
        top: (0..top_n).map(|n| ((n + place) as u32 % V as u32, 0.5 / (n + 1) as f64)).collect(),
        entropy: std::f64::consts::LN_2 * (LAYERS - layer) as f64,
        divergence: if layer == LAYERS { 0.0 } else { f64::INFINITY },
        rank: place,
    };
    (0..=LAYERS).map(|layer| (0..ids.len()).map(|place| cell(layer, place)).collect()).collect()
}

pub(crate) fn training() -> Training {
    let metric = |step: u64| Metric {
        step,
        loss: if step == 7 { f64::NAN } else { 8.0 / step as f64 },
        lr: 0.5,
        grad_norm: step as f64,
        tokens: 64 * step,
        train_seconds: step as f64 / 4.0,
        skipped: 0,
    };
    let eval = |step| Eval {
        step,
        train_loss: 3.0,
        val_loss: f64::NAN,
        train_seconds: 2.5,
        bits_per_byte: None,
    };
    Training {
        metrics: (1..=25).map(metric).collect(),
        evals: vec![eval(10), eval(20)],
        floor: Some(Floor { nats: 1.5, standard_error: 0.125 }),
        fault: Some("line 26 is no row".into()),
    }
}

pub(crate) fn documents() -> Documents {
    let document = |i: usize| Document {
        text: format!(
            "{} {i} <b>É</b>{}",
            TEXTS[i % V],
            if i.is_multiple_of(2) { " Moon" } else { "" }
        ),
        held_out: i % 5 == 4,
    };
    let documents = (0..50).map(document).collect();
    Documents { source: "made up".into(), is_the_runs_own: true, documents }
}

/// What a test may change of the subject.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) about: About,
    pub(crate) progress: Progress,
    pub(crate) training: Option<Training>,
    pub(crate) documents: Option<Documents>,
    pub(crate) attention: fn(&[u32]) -> Vec<AttentionMap>,
    pub(crate) lens: fn(&[u32], usize) -> Vec<Vec<LensCell>>,
    pub(crate) logits_of_each: fn(u64, &[u32]) -> Vec<f32>,
    /// Whether it keeps no note of what it was asked.
    pub(crate) forgets: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            about: about(),
            progress: progress(),
            training: Some(training()),
            documents: Some(documents()),
            attention,
            lens,
            logits_of_each,
            forgets: false,
        }
    }
}

/// What a test sees of the subject.
pub(crate) struct Watch {
    /// The sequences that were asked for.
    pub(crate) asked: Arc<Mutex<Vec<Vec<u32>>>>,
    /// Tells that the model stands at the gate.
    pub(crate) waiting: Receiver<()>,
    /// Lets it through, once a message.
    pub(crate) gate: Sender<()>,
    /// Whether the subject has been dropped.
    pub(crate) gone: Arc<AtomicBool>,
    /// What it is, to be changed while it serves.
    pub(crate) parts: Arc<Mutex<Parts>>,
}

pub(crate) struct Toy {
    parts: Arc<Mutex<Parts>>,
    training: Option<Training>,
    documents: Option<Documents>,
    asked: Arc<Mutex<Vec<Vec<u32>>>>,
    waiting: Sender<()>,
    gate: Receiver<()>,
    gone: Arc<AtomicBool>,
}

pub(crate) fn toy(parts: Parts) -> (Box<Toy>, Watch) {
    let (waiting, is_waiting) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    let (asked, gone) = (Arc::default(), Arc::default());
    let (training, documents) = (None, None);
    let parts = Arc::new(Mutex::new(parts));
    let watch = Watch {
        asked: Arc::clone(&asked),
        waiting: is_waiting,
        gate: open,
        gone: Arc::clone(&gone),
        parts: Arc::clone(&parts),
    };
    (Box::new(Toy { parts, training, documents, asked, waiting, gate, gone }), watch)
}

impl Toy {
    fn parts(&self) -> Parts {
        self.parts.lock().unwrap().clone()
    }

    fn note(&self, ids: &[u32]) {
        if !self.parts.lock().unwrap().forgets {
            self.asked.lock().unwrap().push(ids.to_vec());
        }
    }
}

impl Drop for Toy {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

impl Subject for Toy {
    fn about(&self) -> About {
        self.parts().about
    }

    fn vocabulary(&self) -> Vec<Token> {
        let token = |(id, text): (usize, &str)| Token { text: text.into(), special: id == 0 };
        TEXTS.into_iter().enumerate().map(token).collect()
    }

    fn progress(&mut self) -> Result<Progress, Fault> {
        Ok(self.parts().progress)
    }

    /// An id a word; `nothing` has none, `fail` fails, and what `lies` says is not so.
    fn tokenize(&mut self, prompt: &str) -> Result<Vec<Piece>, Fault> {
        let lie = |id, start, end| Ok(vec![Piece { id, start, end }]);
        match prompt {
            "nothing" => return Ok(Vec::new()),
            "fail" => return Err("the toy's tokenizer broke".into()),
            "lies id" => return lie(V as u32, 0, 1),
            "lies end" => return lie(1, 0, 9),
            "lies order" => return lie(1, 2, 1),
            _ => (),
        }
        let (mut pieces, mut end) = (Vec::new(), 0);
        for word in prompt.split(' ') {
            let start = end;
            end = start + word.chars().count();
            pieces.push(Piece { id: word.chars().count() as u32 % 4, start, end });
            end += 1;
        }
        Ok(pieces)
    }

    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        self.note(ids);
        match ids[0] {
            WAIT => {
                self.waiting.send(())?;
                self.gate.recv_timeout(Duration::from_secs(60))?;
            }
            FAIL => return Err("the toy's model broke".into()),
            PANIC => panic!("the toy panics, as it should"),
            NAN => return Ok(vec![f32::NAN; V]),
            _ if ids.starts_with(&BREAK) && ids.len() == 5 => {
                return Err("the toy's model broke on its way".into());
            }
            _ => (),
        }
        Ok(logits(step, ids))
    }

    fn logits_of_each(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        self.note(ids);
        if ids[0] == WAIT {
            self.waiting.send(())?;
            self.gate.recv_timeout(Duration::from_secs(60))?;
        }
        Ok((self.parts().logits_of_each)(step, ids))
    }

    fn attention(&mut self, _step: u64, ids: &[u32]) -> Result<Vec<AttentionMap>, Fault> {
        Ok((self.parts().attention)(ids))
    }

    fn lens(&mut self, _step: u64, ids: &[u32], top_n: usize) -> Result<Vec<Vec<LensCell>>, Fault> {
        Ok((self.parts().lens)(ids, top_n))
    }

    fn training(&mut self) -> Result<Option<&Training>, Fault> {
        self.training = self.parts().training;
        Ok(self.training.as_ref())
    }

    fn documents(&mut self) -> Result<Option<&Documents>, Fault> {
        self.documents = self.parts().documents;
        Ok(self.documents.as_ref())
    }
}

/// Tests take part in it; the one that needs most of a process's file descriptors has it alone.
static DESCRIPTORS: RwLock<()> = RwLock::new(());

pub(crate) enum Share {
    Some { _lock: RwLockReadGuard<'static, ()> },
    All { _lock: RwLockWriteGuard<'static, ()> },
}

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) watch: Watch,
    pub(crate) handle: Handle,
    thread: Option<JoinHandle<()>>,
    _share: Share,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::on(Parts::default())
    }

    pub(crate) fn on(parts: Parts) -> Self {
        let lock = DESCRIPTORS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        Self::new(parts, Share::Some { _lock: lock })
    }

    pub(crate) fn alone() -> Self {
        let lock = DESCRIPTORS.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        Self::new(Parts::default(), Share::All { _lock: lock })
    }

    fn new(parts: Parts, share: Share) -> Self {
        let (toy, watch) = toy(parts);
        let explorer = Explorer::bind(([127, 0, 0, 1], 0).into(), toy).unwrap();
        let url = explorer.url();
        let addr = url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        let handle = explorer.handle();
        let thread = Some(thread::spawn(|| explorer.run()));
        Self { addr, watch, handle, thread, _share: share }
    }

    /// Stops it, and returns when it has ended.
    pub(crate) fn stop(&mut self) {
        self.handle.stop();
        // As often as anybody may stand at the gate.
        for _ in 0..100 {
            let _ = self.watch.gate.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
