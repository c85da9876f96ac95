//! Seals: how a row says that this store wrote it, for that key and in that version.

use flowai_core::json::Digest;

/// Seals rows by a key that does not stand beside them.
#[derive(Clone)]
pub struct Sealer([u8; 32]);

impl Sealer {
    /// Seals by this key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The seal of a row: of its table, its key, its version and what it says, in an order that the caller keeps.
    #[must_use]
    pub fn seal(&self, parts: &[&[u8]]) -> Digest {
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len().saturating_add(8)).sum());
        for part in parts {
            // The lengths keep two rows apart whose parts read alike when put together.
            bytes.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend(*part);
        }
        Digest::keyed(&self.0, &bytes)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sealer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_of_one_key_and_of_parts_as_they_are() {
        let (one, other) = (Sealer::new([1; 32]), Sealer::new([2; 32]));
        assert_eq!(one.seal(&[b"a", b"b"]), one.seal(&[b"a", b"b"]));
        assert_ne!(one.seal(&[b"a", b"b"]), one.seal(&[b"ab", b""]));
        assert_ne!(one.seal(&[b"a"]), other.seal(&[b"a"]));
        assert_eq!(format!("{one:?}"), "Sealer(..)");
    }
}
