//! How much text an evaluation predicts.

use anyhow::Result;

use crate::tokenization::Tokenizer;

/// UTF-8 bytes of `texts` up to the end of each one's `max_length`-th token. The loss over these tokens, divided by
/// these bytes, compares models whatever their tokens are; but a word that the tokenizer does not know counts with
/// all its bytes, and costs no more than `[UNK]`.
pub fn predicted_bytes(
    tokenizer: &Tokenizer,
    texts: &[String],
    max_length: usize,
) -> Result<usize> {
    let bytes = |text: &String| {
        let pieces = tokenizer.prompt_pieces(text)?;
        let end = pieces.iter().take(max_length).map(|piece| piece.characters.end).max();
        let characters = text.chars().take(end.unwrap_or(0));
        Ok(characters.map(char::len_utf8).sum::<usize>())
    };
    texts.iter().map(bytes).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tokenization::WordLevelConfig;

    #[test]
    fn bytes_are_counted_to_the_end_of_the_last_token() {
        let texts = ["a café is open".to_owned()];
        let tokenizer = Tokenizer::train(&texts, &WordLevelConfig { vocab_size: 9 }).unwrap();
        let bytes = |length| predicted_bytes(&tokenizer, &texts, length).unwrap();
        // [BOS], a, café, is, open, [EOS]
        assert_eq!([1, 2, 3, 4, 5, 6].map(bytes), [0, 1, 7, 10, 15, 15]);
    }
}
