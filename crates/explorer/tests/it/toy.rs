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

use enredo_explorer::{About, Checkpoint, Explorer, Fault, Handle, Subject, Token};

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
/// The model waits at the gate when it reads this token first.
pub(crate) const WAIT: u32 = 5;
/// It fails when it reads this token first, panics at the next, and gives a NaN at the last.
pub(crate) const FAIL: u32 = 6;
pub(crate) const PANIC: u32 = 7;
pub(crate) const NAN: u32 = 4;

pub(crate) fn about() -> About {
    let checkpoint = |step, val_loss| Checkpoint { step, val_loss };
    About {
        run: "toy-001".into(),
        preset: "causal".into(),
        vocab_size: TEXTS.len(),
        window: 4,
        parameters: 1_000,
        fingerprint: "toy-1".into(),
        checkpoints: vec![checkpoint(10, None), checkpoint(20, Some(2.5))],
        prompts: vec!["This movie is a".into()],
        never_drawn: vec![0],
    }
}

/// The scores after `ids` at `step`; token 0 is masked.
pub(crate) fn logits(step: u64, ids: &[u32]) -> Vec<f32> {
    let key = step as u32 + ids.iter().sum::<u32>();
    let score =
        |id: u32| if id == 0 { f32::NEG_INFINITY } else { ((id * 7 + key) % 11) as f32 / 3.0 };
    (0..TEXTS.len() as u32).map(score).collect()
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
}

pub(crate) struct Toy {
    about: About,
    asked: Arc<Mutex<Vec<Vec<u32>>>>,
    waiting: Sender<()>,
    gate: Receiver<()>,
    gone: Arc<AtomicBool>,
}

pub(crate) fn toy(about: About) -> (Box<Toy>, Watch) {
    let (waiting, is_waiting) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    let (asked, gone) = (Arc::default(), Arc::default());
    let toy = Toy { about, asked: Arc::clone(&asked), waiting, gate, gone: Arc::clone(&gone) };
    (Box::new(toy), Watch { asked, waiting: is_waiting, gate: open, gone })
}

impl Drop for Toy {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

impl Subject for Toy {
    fn about(&self) -> About {
        self.about.clone()
    }

    fn vocabulary(&self) -> Vec<Token> {
        let token = |(id, text): (usize, &str)| Token { text: text.into(), special: id == 0 };
        TEXTS.into_iter().enumerate().map(token).collect()
    }

    /// An id a word; `nothing` has none, and `fail` fails.
    fn tokenize(&mut self, prompt: &str) -> Result<Vec<u32>, Fault> {
        match prompt {
            "nothing" => Ok(Vec::new()),
            "fail" => Err("the toy's tokenizer broke".into()),
            prompt => Ok(prompt.split_whitespace().map(|word| word.len() as u32 % 4).collect()),
        }
    }

    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        self.asked.lock().unwrap().push(ids.to_vec());
        match ids[0] {
            WAIT => {
                self.waiting.send(())?;
                self.gate.recv_timeout(Duration::from_secs(60))?;
            }
            FAIL => return Err("the toy's model broke".into()),
            PANIC => panic!("the toy panics, as it should"),
            NAN => return Ok(vec![f32::NAN; TEXTS.len()]),
            _ => (),
        }
        Ok(logits(step, ids))
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
        let lock = DESCRIPTORS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        Self::new(Share::Some { _lock: lock })
    }

    pub(crate) fn alone() -> Self {
        let lock = DESCRIPTORS.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        Self::new(Share::All { _lock: lock })
    }

    fn new(share: Share) -> Self {
        let (toy, watch) = toy(about());
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
        let _ = self.watch.gate.send(());
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
