//! JSON as the core sees it: one canonical form, its digests, its differences.
//!
//! Every hash, comparison and size in the project goes through this module, so
//! that two processes that hold equal values always agree on their bytes.

mod canonical;
mod decode;
mod depth;
mod diff;
mod digest;
mod error;
mod number;
mod preview;
mod text;

pub use canonical::{canonical, exact, size};
pub use decode::decode;
pub use depth::{DEPTH_MAX, check_depth, depth};
pub use diff::{Change, diff};
pub use digest::{Digest, digest};
pub use error::JsonError;
pub use preview::{PREVIEW_ITEMS_MAX, PREVIEW_TEXT_MAX, preview, truncate};

#[cfg(test)]
mod tests;
