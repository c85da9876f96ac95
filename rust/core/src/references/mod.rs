//! References: large values kept outside prompts, behind content-addressed handles.

mod entry;
mod error;
mod handle;
mod id;

pub use entry::{Entry, GLIMPSE_BYTES_MAX, MEDIA_TYPE, find};
pub use error::ReferenceFault;
pub use handle::Handle;
pub use id::reference_id;

#[cfg(test)]
mod tests;
