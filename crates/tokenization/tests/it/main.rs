//! Tokenizers from the outside: training, files, framing, markup, streams.
#![allow(clippy::unwrap_used)]

use enredo_tokenization::{Error, TextMode, Tokenizer, WordLevelConfig};

const TEXTS: [&str; 3] = ["A thief, a ship. A storm!", "A ship returns.", "The thief's a liar?!"];

fn tokenizer() -> Tokenizer {
    Tokenizer::train(TEXTS, &WordLevelConfig::default()).unwrap()
}

fn words(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    ids.iter().map(|&id| tokenizer.token(id).unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_are_numbered_by_count_then_alphabet() {
    let tokenizer = tokenizer();
    let first: Vec<u32> = (0..10).collect();
    assert_eq!(words(&tokenizer, &first), "[PAD] [UNK] [BOS] [EOS] A . a ship thief !");
}

#[test]
fn documents_are_closed_and_prompts_are_open() {
    let tokenizer = tokenizer();
    let shown = |ids: Vec<u32>| words(&tokenizer, &ids);
    assert_eq!(shown(tokenizer.encode_document("A ship.").unwrap()), "[BOS] A ship . [EOS]");
    assert_eq!(shown(tokenizer.encode_prompt("A ship").unwrap()), "[BOS] A ship");
    assert_eq!(shown(tokenizer.encode_prompt("").unwrap()), "[BOS]");
    assert_eq!(shown(tokenizer.encode_prompt("A zebra").unwrap()), "[BOS] A [UNK]");
}

#[test]
fn text_is_not_markup() {
    let tokenizer = tokenizer();
    let special = tokenizer.special();
    let ids = tokenizer.encode_document("A [EOS] ship [BOS][PAD]").unwrap();
    assert_eq!(ids.iter().filter(|&&id| id == special.eos).count(), 1);
    assert_eq!(ids.last(), Some(&special.eos));
    assert!(!ids[1..].contains(&special.bos) && !ids.contains(&special.pad));
    let unknown = "[UNK] ".repeat(3);
    assert_eq!(
        words(&tokenizer, &ids),
        format!("[BOS] A {unknown}ship {unknown}{}[EOS]", "[UNK] ".repeat(ids.len() - 10))
    );
}

#[test]
fn the_notebooks_mode_is_markup() {
    let tokenizer = tokenizer().with_mode(TextMode::Notebook);
    let shown = |ids: Vec<u32>| words(&tokenizer, &ids);
    let forged = tokenizer.encode_document("A [EOS] ship").unwrap();
    assert_eq!(shown(forged), "[BOS] A [EOS] ship [EOS]");
    assert_eq!(shown(tokenizer.encode_prompt("A ship").unwrap()), "[BOS] A ship [EOS]");
    let literal = tokenizer.clone().with_mode(TextMode::Literal);
    assert_eq!(shown(literal.encode_prompt("A ship").unwrap()), "[BOS] A ship");
}

/// The tokens of a prompt and what they stand for.
fn pieces(tokenizer: &Tokenizer, text: &str) -> Vec<(String, String)> {
    let characters: Vec<char> = text.chars().collect();
    let pieces = tokenizer.prompt_pieces(text).unwrap().into_iter();
    let shown = pieces.map(|piece| {
        (words(tokenizer, &[piece.id]), characters[piece.characters].iter().collect())
    });
    shown.collect()
}

#[test]
fn pieces_say_which_characters_a_token_stands_for() {
    let tokenizer = tokenizer();
    for mode in [TextMode::Literal, TextMode::Notebook] {
        let tokenizer = tokenizer.clone().with_mode(mode);
        for text in ["A ship", "", "  A\u{1f6a2} zebra,\nship ", "[EOS] A"] {
            let found = tokenizer.prompt_pieces(text).unwrap();
            let ids: Vec<u32> = found.iter().map(|piece| piece.id).collect();
            assert_eq!(ids, tokenizer.encode_prompt(text).unwrap(), "{mode:?} {text}");
        }
        let found = pieces(&tokenizer, "A \u{1f6a2} \u{e9}clair, ship!");
        let of = |token: &str, text: &str| (token.to_owned(), text.to_owned());
        let mut expected = vec![
            of("[BOS]", ""),
            of("A", "A"),
            of("[UNK]", "\u{1f6a2}"),
            of("[UNK]", "\u{e9}clair"),
            of(",", ","),
            of("ship", "ship"),
            of("!", "!"),
        ];
        if mode == TextMode::Notebook {
            expected.push(of("[EOS]", ""));
        }
        assert_eq!(found, expected);
    }
}

#[test]
fn unknown_words_are_shown_except_as_the_notebook_does() {
    let tokenizer = tokenizer();
    let ids = tokenizer.encode_document("A zebra returns.").unwrap();
    assert_eq!(tokenizer.decode(&ids).unwrap(), "A [UNK] returns .");
    assert_eq!(tokenizer.with_mode(TextMode::Notebook).decode(&ids).unwrap(), "A returns .");
}

#[test]
fn batches_equal_single_texts() {
    let tokenizer = tokenizer();
    let texts: Vec<String> = (0..500).map(|i| format!("{} {i}", TEXTS[i % 3])).collect();
    let single: Vec<_> = texts.iter().map(|t| tokenizer.encode_document(t).unwrap()).collect();
    assert_eq!(tokenizer.encode_documents(&texts).unwrap(), single);
}

#[test]
fn a_stream_spells_the_decoded_text() {
    for mode in [TextMode::Literal, TextMode::Notebook] {
        let tokenizer = tokenizer().with_mode(mode);
        let ids = tokenizer.encode_document("A zebra, a ship returns. A thief!").unwrap();
        let mut stream = tokenizer.stream();
        let pieces: String = ids.iter().map(|&id| stream.push(id).unwrap()).collect();
        assert_eq!(pieces, tokenizer.decode(&ids).unwrap());
    }
}

#[test]
fn a_file_brings_the_same_tokenizer_back() {
    let path = tempfile::tempdir().unwrap().keep().join("tokenizer.json");
    tokenizer().save(&path).unwrap();
    let again = Tokenizer::from_file(&path).unwrap();
    let text = "A [EOS] ship, a zebra.";
    assert_eq!(again.encode_document(text).unwrap(), tokenizer().encode_document(text).unwrap());
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(json["post_processor"], serde_json::Value::Null);
}

#[test]
fn the_vocabulary_keeps_to_its_size() {
    let config = WordLevelConfig { vocab_size: 6 };
    let tokenizer = Tokenizer::train(TEXTS, &config).unwrap();
    assert_eq!((tokenizer.vocab_size(), tokenizer.id("."), tokenizer.id("a")), (6, Some(5), None));
}

#[test]
fn bad_input_is_named() {
    let small = Tokenizer::train(TEXTS, &WordLevelConfig { vocab_size: 4 }).unwrap_err();
    assert!(small.to_string().contains("vocabulary of 4"), "{small}");
    let empty = Tokenizer::train(["", " "], &WordLevelConfig::default());
    assert!(matches!(empty, Err(Error::NoWords)));
    let missing = Tokenizer::from_file("no/such/tokenizer.json").unwrap_err().to_string();
    assert!(missing.starts_with("no/such/tokenizer.json: "), "{missing}");
}

#[test]
fn a_vocabulary_without_special_tokens_is_refused() {
    let path = tempfile::tempdir().unwrap().keep().join("tokenizer.json");
    let json = tokenizer().to_json().unwrap().replace("[EOS]", "[END]");
    std::fs::write(&path, json).unwrap();
    let message = Tokenizer::from_file(&path).unwrap_err().to_string();
    assert!(message.contains("no [EOS]"), "{message}");
}

#[test]
fn a_file_frames_texts_as_it_says_itself() {
    let (own, folder) = (tokenizer(), tempfile::tempdir().unwrap());
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, own.to_hugging_face().unwrap()).unwrap();
    let theirs = Tokenizer::from_hugging_face(&path, own.special()).unwrap();
    for text in ["A ship.", "", "A zebra returns"] {
        assert_eq!(theirs.encode_prompt(text).unwrap(), own.encode_prompt(text).unwrap());
        assert_eq!(theirs.encode_document(text).unwrap(), own.encode_document(text).unwrap());
        let pieces = |tokenizer: &Tokenizer| tokenizer.prompt_pieces(text).unwrap();
        assert_eq!(pieces(&theirs), pieces(&own));
    }
    // Its special tokens are found in texts, as Hugging Face's are.
    let special = own.special();
    assert!(theirs.encode_prompt("A [EOS] ship").unwrap().contains(&special.eos));
    let ids = theirs.encode_document("A ship returns.").unwrap();
    assert_eq!(theirs.decode(&ids).unwrap(), "A ship returns .");
    let mut stream = theirs.stream();
    let spelled: String = ids.iter().map(|&id| stream.push(id).unwrap()).collect();
    assert_eq!(spelled, "A ship returns .");

    // One that adds no frame: a prompt of nothing still begins somewhere.
    std::fs::write(&path, own.to_json().unwrap()).unwrap();
    let plain = Tokenizer::from_hugging_face(&path, special).unwrap();
    assert_eq!(plain.encode_prompt("").unwrap(), [special.bos]);
    assert_eq!(words(&plain, &plain.encode_document("A ship").unwrap()), "A ship [EOS]");
    assert_eq!(words(&plain, &plain.encode_prompt("A ship").unwrap()), "A ship");
    assert!(Tokenizer::from_hugging_face(folder.path().join("none.json"), special).is_err());
}
