//! The tokenizer: framing, encoding and decoding around the crate `tokenizers`.

use std::{ops::Range, path::Path};

use tokenizers::{Tokenizer as Inner, processors::template::TemplateProcessing};

use crate::{Error, Result, SpecialTokens};

/// How a text becomes a framed sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextMode {
    /// Text is never markup, and prompts stay open-ended.
    #[default]
    Literal,
    /// The course notebook's, to the letter: `"[BOS] " + text + " [EOS]"` is parsed as a whole, for
    /// prompts too, so a text can forge special tokens and a prompt ends before it begins; decoding
    /// drops `[UNK]`.
    Notebook,
    /// As the file itself says: its post-processor frames texts, its special tokens are found in them. Hugging Face's way.
    Own,
}

/// A token, and the characters (code points) of a text that it stands for: none for what frames it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The token.
    pub id: u32,
    /// Its place in the text.
    pub characters: Range<usize>,
}

/// The beginning of the notebook's markup.
const NOTEBOOK_BOS: &str = "[BOS] ";

/// Turns texts into ids and back. Cheap to share between threads; read-only once made.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    inner: Inner,
    special: SpecialTokens,
    mode: TextMode,
}

impl Tokenizer {
    pub(crate) fn new(inner: Inner) -> Result<Self> {
        let special = SpecialTokens::find(|token| inner.token_to_id(token))?;
        Ok(Self::with_special(inner, special).with_mode(TextMode::Literal))
    }

    fn with_special(mut inner: Inner, special: SpecialTokens) -> Self {
        // A file of someone else's may pad or cut; batches are made here.
        inner.with_padding(None);
        let _ = inner.with_truncation(None);
        Self { inner, special, mode: TextMode::Own }
    }

    /// Reads a `tokenizer.json`, in [`TextMode::Literal`].
    ///
    /// # Errors
    /// [`Error::Load`] names the file; [`Error::MissingSpecialToken`] where it lacks one of the four.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(read(path.as_ref())?)
    }

    /// Reads a `tokenizer.json` of any make, whose special tokens are what the configurations beside it name, in
    /// [`TextMode::Own`].
    ///
    /// # Errors
    /// [`Error::Load`] names the file.
    pub fn from_hugging_face(path: impl AsRef<Path>, special: SpecialTokens) -> Result<Self> {
        Ok(Self::with_special(read(path.as_ref())?, special))
    }

    /// The same vocabulary with other special tokens.
    #[must_use]
    pub fn with_special_tokens(self, special: SpecialTokens) -> Self {
        Self { special, ..self }
    }

    /// The same vocabulary in another mode.
    #[must_use]
    pub fn with_mode(mut self, mode: TextMode) -> Self {
        self.inner.set_encode_special_tokens(mode == TextMode::Literal);
        self.mode = mode;
        self
    }

    /// The text of `tokenizer.json`. It has no post-processor: the frame is added here, and a
    /// template in the file would double it for everyone else.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn to_json(&self) -> Result<String> {
        self.inner.to_string(true).map_err(Error::while_doing("write itself as JSON"))
    }

    /// The text of a `tokenizer.json` for Hugging Face's libraries, whose post-processor begins a text as
    /// [`encode_prompt`](Self::encode_prompt) does.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn to_hugging_face(&self) -> Result<String> {
        if self.mode == TextMode::Own {
            return self.to_json();
        }
        let (id, bos) = (self.special.bos, self.token(self.special.bos).unwrap_or_default());
        let refused = |reason: String| Error::Tokenizer { action: "frame texts", reason };
        let (mut template, mut framed) = (TemplateProcessing::builder(), self.inner.clone());
        template.try_single(format!("{bos} $A")).map_err(refused)?;
        template.try_pair(format!("{bos} $A $B")).map_err(refused)?;
        let template = template.special_tokens(vec![(bos, id)]).build();
        framed.with_post_processor(Some(template.map_err(|e| refused(e.to_string()))?));
        framed.to_string(true).map_err(Error::while_doing("write itself as JSON"))
    }

    /// Writes `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Save`] names the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.to_json()?)
            .map_err(|e| Error::Save { path: path.to_owned(), reason: e.to_string() })
    }

    /// V, the number of tokens.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The ids of the special tokens.
    #[must_use]
    pub fn special(&self) -> SpecialTokens {
        self.special
    }

    /// How this tokenizer frames and reads texts.
    #[must_use]
    pub fn mode(&self) -> TextMode {
        self.mode
    }

    /// The text of one token.
    #[must_use]
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The id of one token's text.
    #[must_use]
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// A whole text: `[BOS] … [EOS]`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn encode_document(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(self.unframed(text), self.is_own());
        Ok(self.frame_document(encoding.map_err(Error::while_doing("encode a text"))?.get_ids()))
    }

    /// [`encode_document`](Self::encode_document) of many texts, on all cores; same order, same ids.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn encode_documents<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<Vec<u32>>> {
        let inputs: Vec<_> = texts.iter().map(|text| self.unframed(text.as_ref())).collect();
        let encodings = self.inner.encode_batch_fast(inputs, self.is_own());
        let encodings = encodings.map_err(Error::while_doing("encode texts"))?;
        Ok(encodings.iter().map(|encoding| self.frame_document(encoding.get_ids())).collect())
    }

    /// The beginning of a text, to be continued: `[BOS] …`, without an end.
    ///
    /// An empty prompt is `[BOS]` alone. In [`TextMode::Notebook`] a prompt is encoded as a document.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = self.encode_document(text)?;
        if self.mode != TextMode::Notebook {
            ids.pop();
        }
        if ids.is_empty() {
            ids.push(self.special.bos);
        }
        Ok(ids)
    }

    /// [`encode_prompt`](Self::encode_prompt), and of each token which characters of `text` it stands for.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn prompt_pieces(&self, text: &str) -> Result<Vec<Piece>> {
        let encoding = self.inner.encode_char_offsets(self.unframed(text), self.is_own());
        let encoding = encoding.map_err(Error::while_doing("encode a text"))?;
        let (before, length) = (self.characters_before(), text.chars().count());
        let place = |at: usize| at.saturating_sub(before).min(length);
        let piece = |(&id, &(start, end)): (&u32, &(usize, usize))| Piece {
            id,
            characters: place(start)..place(end),
        };
        let pieces = encoding.get_ids().iter().zip(encoding.get_offsets()).map(piece);
        if self.is_own() {
            let mut pieces: Vec<Piece> = pieces.collect();
            pieces.pop_if(|last| last.id == self.special.eos);
            if pieces.is_empty() {
                pieces.push(Piece { id: self.special.bos, characters: 0..0 });
            }
            return Ok(pieces);
        }
        let frame = match self.mode {
            TextMode::Literal => Some(Piece { id: self.special.bos, characters: 0..0 }),
            TextMode::Notebook | TextMode::Own => None,
        };
        Ok(frame.into_iter().chain(pieces).collect())
    }

    /// The text of `ids`, words joined by spaces, without `[PAD]`, `[BOS]` and `[EOS]`.
    ///
    /// `[UNK]` is shown, except in [`TextMode::Notebook`], which hides it as the notebook does.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        let words: Vec<u32> =
            ids.iter().copied().filter(|&id| !self.special.is_frame(id)).collect();
        self.inner
            .decode(&words, self.mode != TextMode::Literal)
            .map_err(Error::while_doing("decode"))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    fn is_own(&self) -> bool {
        self.mode == TextMode::Own
    }

    /// What the inner tokenizer is given: the text, or the notebook's markup around it.
    fn unframed<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        match self.mode {
            TextMode::Literal | TextMode::Own => text.into(),
            TextMode::Notebook => format!("{NOTEBOOK_BOS}{text} [EOS]").into(),
        }
    }

    /// How much of that stands before the text.
    fn characters_before(&self) -> usize {
        match self.mode {
            TextMode::Literal | TextMode::Own => 0,
            TextMode::Notebook => NOTEBOOK_BOS.len(),
        }
    }

    fn frame_document(&self, words: &[u32]) -> Vec<u32> {
        match self.mode {
            TextMode::Literal => [&[self.special.bos], words, &[self.special.eos]].concat(),
            TextMode::Notebook => words.to_vec(),
            TextMode::Own => {
                let is_closed = words.last() == Some(&self.special.eos);
                let end = (!is_closed).then_some(self.special.eos);
                words.iter().copied().chain(end).collect()
            }
        }
    }
}

fn read(path: &Path) -> Result<Inner> {
    let load = |source: Box<dyn std::error::Error + Send + Sync>| Error::Load {
        path: path.to_owned(),
        reason: source.to_string(),
    };
    Inner::from_file(path).map_err(load)
}
