//! Digests: BLAKE3 over exact bytes, plain, chained or keyed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::canonical::canonical;
use super::error::JsonError;

const CHAIN: &str = "flowai 2026-10 journal chain";

/// A BLAKE3 digest of 256 bits, written as 64 lower-case hexadecimal digits.
///
/// Comparison takes the same time wherever two digests differ.
///
/// # Examples
///
/// ```
/// use flowai_core::json::Digest;
///
/// let digest = Digest::of_bytes(b"abc");
/// assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(blake3::Hash);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes))
    }

    /// The digest that follows `parent` in a chain, for the next record's bytes.
    ///
    /// It is separated from [`of_bytes`](Self::of_bytes) by its own context, so
    /// that no body can be passed off as a link.
    #[must_use]
    pub fn chain(parent: &Self, bytes: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CHAIN);
        hasher.update(parent.as_bytes());
        hasher.update(bytes);
        Self(hasher.finalize())
    }

    /// The digest of these bytes under a secret or a tenant's key.
    #[must_use]
    pub fn keyed(key: &[u8; 32], bytes: &[u8]) -> Self {
        Self(blake3::keyed_hash(key, bytes))
    }

    /// The digest that has these 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(blake3::Hash::from_bytes(bytes))
    }

    /// The 32 bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// The digest of a value's canonical form.
///
/// # Errors
///
/// Those of [`canonical`].
///
/// # Examples
///
/// ```
/// use flowai_core::json::digest;
/// use serde_json::json;
///
/// assert_eq!(digest(&json!({"a": 1, "b": 2})), digest(&json!({"b": 2.0, "a": 1})));
/// ```
pub fn digest(value: &Value) -> Result<Digest, JsonError> {
    canonical(value).map(|text| Digest::of_bytes(text.as_bytes()))
}

impl PartialOrd for Digest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Digest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.to_hex().as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = JsonError;

    fn from_str(text: &str) -> Result<Self, JsonError> {
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let hash = blake3::Hash::from_hex(text).ok().filter(|_| lower);
        hash.map(Self).ok_or_else(|| JsonError::NotADigest { text: text.to_owned() })
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.to_hex().as_str())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
