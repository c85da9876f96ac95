//! The head: how far the store had come when it last said so, in a file of its own.
//!
//! SQLite alone does not tell that acknowledged commits are gone: one flipped byte in its log cuts all that follows.

mod file;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flowai_core::json::Digest;

pub(super) use file::{HeadFile, Identity, Loaded};
pub(super) use line::{Line, Mark, hex, unhex};

/// How far every journal had come.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    /// The last group.
    pub group: u64,
    /// The digest of all groups.
    pub rolling: Digest,
    /// The rows that were acknowledged and are gone.
    pub lost: Arc<BTreeSet<String>>,
    runs: BTreeMap<Mark, (u64, Mark)>,
}

impl Heads {
    /// Those of a store that has written nothing.
    pub fn new(id: &str) -> Self {
        let rolling = Digest::of_bytes(id.as_bytes());
        Self { group: 0, rolling, lost: Arc::default(), runs: BTreeMap::new() }
    }

    /// The end of a journal: its last number, and half of the digest of its chain.
    pub fn of(&self, run: &Mark) -> Option<(u64, Mark)> {
        self.runs.get(run).copied()
    }

    /// The journals that were ever written.
    pub fn journals(&self) -> impl Iterator<Item = &Mark> {
        self.runs.keys()
    }

    /// Goes on by one line; one that is known already changes nothing.
    pub fn apply(&mut self, line: &Line) {
        if line.group < self.group || (line.group == self.group && !line.base) {
            return;
        }
        (self.group, self.rolling) = (line.group, line.rolling);
        for (run, seq, digest) in &line.heads {
            if let (Some(run), Some(digest)) = (unhex(run), unhex(digest)) {
                self.runs.insert(run, (*seq, digest));
            }
        }
        if !line.lost.is_empty() || !line.found.is_empty() {
            let lost = Arc::make_mut(&mut self.lost);
            lost.extend(line.lost.iter().cloned());
            lost.retain(|key| !line.found.contains(key));
        }
    }

    /// The lines that say the same as all so far, under the number of an earlier group.
    pub fn base(&self, group: u64, rolling: Digest) -> Vec<Line> {
        let empty = |heads| {
            let (keys, found) = (Vec::new(), Vec::new());
            Line { group, rolling, base: true, heads, keys, lost: Vec::new(), found }
        };
        let heads: Vec<_> = self.runs.iter().map(|(run, (seq, digest))| (hex(run), *seq, hex(digest))).collect();
        let mut lines: Vec<Line> = heads.chunks(512).map(|heads| empty(heads.to_vec())).collect();
        lines.push(Line { lost: self.lost.iter().cloned().collect(), ..empty(Vec::new()) });
        lines
    }
}
