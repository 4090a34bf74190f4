//! The hash by which the hub and the cache name a file's content.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::corpus::hex;

/// An object id: 64 or 40 lower-case hexadecimal digits, safe as a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Oid {
    /// SHA-256 of the content (large files).
    Sha256(String),
    /// Git's blob id: SHA-1 of `blob LENGTH\0` and the content.
    Git(String),
}

/// A hash in the making.
pub(super) enum Hasher {
    Sha256(Sha256),
    Git(Sha1),
}

impl Oid {
    pub(super) fn sha256(digits: &str) -> Option<Self> {
        is_hex(digits, 64).then(|| Self::Sha256(digits.to_owned()))
    }

    pub(super) fn git(digits: &str) -> Option<Self> {
        is_hex(digits, 40).then(|| Self::Git(digits.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Sha256(digits) | Self::Git(digits) => digits,
        }
    }

    /// A hasher for content of `size` bytes.
    pub(super) fn hasher(&self, size: u64) -> Hasher {
        match self {
            Self::Sha256(_) => Hasher::Sha256(Sha256::new()),
            Self::Git(_) => Hasher::Git(Sha1::new_with_prefix(format!("blob {size}\0"))),
        }
    }
}

impl Hasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Git(hash) => hash.update(bytes),
        }
    }

    pub(super) fn digits(self) -> String {
        match self {
            Self::Sha256(hash) => hex(&hash.finalize()),
            Self::Git(hash) => hex(&hash.finalize()),
        }
    }
}

/// Whether `text` is `digits` lower-case hexadecimal digits.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn git_hashes_a_header_too() {
        // As `printf 'hello\n' | git hash-object --stdin` says.
        let oid = Oid::git("ce013625030ba8dba906f756967f9e9ca394464a").unwrap();
        let mut hasher = oid.hasher(6);
        hasher.update(b"hello\n");
        assert_eq!(hasher.digits(), oid.as_str());
    }

    #[test]
    fn only_hexadecimal_digits_of_the_right_number_are_ids() {
        assert_eq!(Oid::git("../../../../../../../../../../../../etc"), None);
        assert_eq!(Oid::git(&"A".repeat(40)), None);
        assert_eq!(Oid::git(&"a".repeat(64)), None);
        assert_eq!(Oid::sha256(&"a".repeat(40)), None);
        assert!(Oid::sha256(&"a".repeat(64)).is_some());
    }
}
