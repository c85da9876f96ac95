//! Real streams cut at every byte: a fault, or all of the answer.

use flowai_interp_live::providers::Provider;

use crate::recordings;
use crate::support::{self, exchanges, heard};

/// The shortest of each API, because each is read as often as it has bytes.
const STREAMS: usize = 10;

#[test]
fn a_stream_cut_at_any_byte_is_a_fault_or_the_whole_answer() {
    for (name, provider) in recordings().into_iter().take(5).filter(|(name, _)| !name.starts_with("azure")) {
        let all = exchanges(name);
        let whole = all.iter().filter(|exchange| exchange.is_stream() && exchange.status() == 200);
        let mut bodies: Vec<String> = whole.map(support::Exchange::body).collect();
        bodies.sort_by_key(String::len);
        let cuts: usize = bodies.iter().take(STREAMS).map(|body| cut_everywhere(&*provider, body)).sum();
        println!("{name}: {} streams cut at {cuts} places", bodies.len().min(STREAMS));
    }
}

fn cut_everywhere(provider: &dyn Provider, body: &str) -> usize {
    let Ok((whole, _)) = heard(provider, &[body.as_bytes()]) else { return 0 };
    for at in 0..body.len() {
        let Some((begun, _)) = body.as_bytes().split_at_checked(at) else { continue };
        let Ok((answer, _)) = heard(provider, &[begun]) else { continue };
        // What an API says after its last word, such as the usage, may be missing; nothing that was said may.
        assert_eq!(
            (&answer.text, &answer.tool_calls, &answer.stop_reason),
            (&whole.text, &whole.tool_calls, &whole.stop_reason)
        );
        assert_eq!(
            (&answer.thinking, answer.parts.len()),
            (&whole.thinking, whole.parts.len()),
            "cut at {at} of {body}"
        );
    }
    body.len()
}
