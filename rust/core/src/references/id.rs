//! Ids of references: the content, under the tenant's key.

const TENANT: &str = "flowai 2026-10 reference tenant";

/// How many hexadecimal digits an id has: 128 bits.
pub(super) const ID_DIGITS: usize = 32;

/// The id of exact bytes of one kind, for one tenant.
///
/// Each part is preceded by its length, so that no two triples share an input.
///
/// # Laws
///
/// - equal tenant, kind, media type and bytes give equal ids, in every process.
/// - another tenant's id for the same bytes is unrelated.
///
/// # Examples
///
/// ```
/// use flowai_core::references::reference_id;
///
/// let id = reference_id("acme", "ProductSet", "application/json", b"[1]");
/// assert_eq!(id.len(), 32);
/// assert_ne!(id, reference_id("other", "ProductSet", "application/json", b"[1]"));
/// ```
#[must_use]
pub fn reference_id(tenant: &str, kind: &str, media_type: &str, bytes: &[u8]) -> String {
    let key = blake3::derive_key(TENANT, tenant.as_bytes());
    let mut hasher = blake3::Hasher::new_keyed(&key);
    for part in [kind.as_bytes(), media_type.as_bytes(), bytes] {
        hasher.update(part.len().to_string().as_bytes());
        hasher.update(b":");
        hasher.update(part);
    }
    let hex = hasher.finalize().to_hex();
    hex.chars().take(ID_DIGITS).collect()
}
