//! Lines of the head: what one group wrote, checked by the key of the store.

use flowai_core::json::Digest;
use serde::{Deserialize, Serialize};

use crate::seal::Sealer;

/// Half of a digest.
pub(in crate::sqlite) type Mark = [u8; 16];

/// What one group wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sqlite) struct Line {
    /// The number of the group.
    pub group: u64,
    /// The digest of all groups up to and including it.
    pub rolling: Digest,
    /// Whether it stands for all that came before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub base: bool,
    /// The ends of journals: whose, how far, the digest of the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<(String, u64, String)>,
    /// The names of the other rows that it wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// The names of the rows that were found to be gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// The names of rows that were gone and have been written again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

impl Line {
    /// The line with the digest that follows the one of the group before.
    pub fn after(mut self, parent: &Digest) -> Self {
        self.rolling = *parent;
        self.rolling = Digest::chain(parent, self.json().as_bytes());
        self
    }

    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The line as it stands in the file.
    pub fn encode(&self, sealer: &Sealer) -> String {
        let json = self.json();
        format!("{} {json}\n", check(sealer, json.as_bytes()))
    }

    /// Reads a line without its end; none when it is torn or damaged.
    pub fn decode(sealer: &Sealer, bytes: &[u8]) -> Option<Self> {
        let (found, rest) = bytes.split_at_checked(32)?;
        let json = rest.strip_prefix(b" ")?;
        let is_ours = check(sealer, json).as_bytes() == found;
        is_ours.then(|| serde_json::from_slice(json).ok()).flatten()
    }
}

fn check(sealer: &Sealer, json: &[u8]) -> String {
    hex(&super::super::rows::short(&sealer.seal(&[b"head", json])))
}

/// Bytes as hexadecimal digits.
pub(in crate::sqlite) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Hexadecimal digits as bytes; none where they are others, or not so many.
pub(in crate::sqlite) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let value = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    if text.len() != N * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}
