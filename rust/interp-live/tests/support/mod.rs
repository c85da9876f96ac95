//! Recorded exchanges of real providers, and how a provider's file reads them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "support of tests, used by some of them")]

use std::io::Read;
use std::path::PathBuf;

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::Fault;
use flowai_interp_live::providers::{Piece, Provider};
use flowai_interp_live::sse::Reader;
use serde_json::Value as Json;

/// One exchange; see the page of the data.
pub struct Exchange(pub Json);

impl Exchange {
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    pub fn is_stream(&self) -> bool {
        self.0["stream"].as_bool().unwrap_or_default()
    }

    pub fn status(&self) -> u16 {
        self.0["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default()
    }

    /// The body as the provider sent it; framing that a source removed is put back.
    pub fn body(&self) -> String {
        let text = self.0["response_text"].as_str().unwrap_or_default();
        if self.0["sse_framing"].as_str().is_none_or(|framing| framing == "as recorded") {
            return text.to_owned();
        }
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.fold(String::new(), |body, line| body + "data: " + line + "\n\n")
    }

    /// What the official SDK makes of it; null where there is none.
    pub fn official(&self) -> &Json {
        &self.0["official_sdk"]
    }
}

/// The exchanges of a file such as `anthropic.messages`; none, with a line that says so, where the data is absent.
pub fn exchanges(name: &str) -> Vec<Exchange> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/provider_traffic");
    let Ok(file) = std::fs::File::open(root.join(format!("{name}.jsonl.gz"))) else {
        eprintln!("skipped: the recorded exchanges `{name}` are not beside this repository");
        return Vec::new();
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(|line| Exchange(serde_json::from_str(line).unwrap())).collect()
}

/// What a provider's file makes of a stream that arrives in these pieces.
pub fn heard(provider: &dyn Provider, pieces: &[&[u8]]) -> Result<(ModelAnswer, Vec<Piece>), Fault> {
    let (mut reader, mut listener, mut shown) = (Reader::default(), provider.listen(), Vec::new());
    for piece in pieces {
        reader.feed(piece, &mut |event| listener.hear(event, &mut shown))?;
    }
    reader.end(&mut |event| listener.hear(event, &mut shown))?;
    Ok((listener.finish()?, shown))
}

/// The bytes cut at up to 40 places drawn from a seed.
pub fn cut(bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut places: Vec<usize> = (0..40)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 16).unwrap() % bytes.len().max(1)
        })
        .collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces.push(&bytes[from..]);
    pieces
}
