//! A hash that tells two sequences of documents apart.

use sha2::{Digest, Sha256};

/// SHA-256 over the documents, each preceded by its length in bytes (u64, little-endian), as 64 hexadecimal digits.
///
/// The lengths keep `["ab", "c"]` and `["a", "bc"]` apart. Order counts.
///
/// ```
/// use enredo_corpus::fingerprint;
///
/// assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
/// ```
pub fn fingerprint(documents: &[impl AsRef<str>]) -> String {
    let mut hash = Sha256::new();
    for document in documents {
        let bytes = document.as_ref().as_bytes();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal digits, two a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_hash_of_lengths_and_bytes() {
        let by_hand = Sha256::digest(b"\x02\0\0\0\0\0\0\0ab\x01\0\0\0\0\0\0\0c");
        assert_eq!(fingerprint(&["ab", "c"]), hex(&by_hand));
    }

    #[test]
    fn of_nothing_is_the_hash_of_nothing() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(fingerprint(&[""; 0]), empty);
    }
}
