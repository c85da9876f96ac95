//! Deltas: the pieces of answers that are still coming, for whoever listens now.
//!
//! They are in no journal. A reader who is behind finds the pieces of one attempt joined, and one who is far behind
//! loses the oldest: the lasting event that follows holds the whole.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use flowai_core::events::{Event, EventBody};
use flowai_core::machine::AskId;
use flowai_core::position::Position;
use flowai_core::session::Session as Core;
use flowai_interp_live::providers::Piece;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::pyser::EventWriter;

/// How much text is kept for one reader, and of one answer for readers who come later.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The deltas of a run, which its courier and its session share.
pub type SharedDeltas = Arc<Mutex<Deltas>>;

/// What a model showed of an answer, its neighbours joined.
#[derive(Clone)]
struct Shown {
    id: AskId,
    position: Position,
    attempt: u32,
    /// The number of its first piece.
    index: u32,
    /// How many lasting events come before it.
    place: usize,
    at: i64,
    piece: Piece,
}

impl Shown {
    fn text(&self) -> &str {
        let (Piece::Text(text) | Piece::Thinking(text)) = &self.piece;
        text
    }

    /// Takes the next piece of the same kind and attempt.
    fn join(&mut self, next: &Self) -> bool {
        if (self.id, self.attempt) != (next.id, next.attempt) {
            return false;
        }
        match (&mut self.piece, &next.piece) {
            (Piece::Text(text), Piece::Text(more)) | (Piece::Thinking(text), Piece::Thinking(more)) => {
                text.push_str(more);
            }
            (Piece::Text(_), Piece::Thinking(_)) | (Piece::Thinking(_), Piece::Text(_)) => return false,
        }
        self.at = next.at;
        true
    }

    fn event(self, core: &Core) -> (usize, Event) {
        let (attempt, index) = (self.attempt, self.index);
        let body = match self.piece {
            Piece::Text(text) => EventBody::TextDelta { text, attempt, index },
            Piece::Thinking(text) => EventBody::ThinkingDelta { text, attempt, index },
        };
        (self.place, core.transient(&self.position, body, self.at))
    }
}

/// What waits for one reader, or is kept of one answer.
#[derive(Default)]
pub struct Pending {
    shown: VecDeque<Shown>,
    bytes: usize,
}

impl Pending {
    fn add(&mut self, shown: &Shown) {
        self.bytes = self.bytes.saturating_add(shown.text().len());
        let last = self.shown.iter_mut().rev().find(|earlier| earlier.id == shown.id);
        if !last.is_some_and(|last| last.join(shown)) {
            self.shown.push_back(shown.clone());
        }
        while self.bytes > BYTES_MAX
            && let Some(oldest) = self.shown.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(oldest.text().len());
        }
    }
}

/// One call on its way.
struct Open {
    position: Position,
    /// What it showed in its last attempt.
    so_far: Pending,
    attempt: u32,
}

/// The deltas of a new run; of scripted answers too, where that is asked for.
pub fn shared(scripted: bool) -> SharedDeltas {
    Arc::new(Mutex::new(Deltas { scripted, ..Deltas::default() }))
}

/// The calls on their way, and who listens.
#[derive(Default)]
pub struct Deltas {
    open: HashMap<AskId, Open>,
    readers: Vec<Weak<Mutex<Pending>>>,
    /// Whether readers are shown scripted answers in pieces.
    scripted: bool,
}

impl Deltas {
    /// A call begins.
    pub fn open(&mut self, id: AskId, position: Position) {
        self.open.insert(id, Open { position, so_far: Pending::default(), attempt: 0 });
    }

    /// Nobody waits for a call any more, or it was answered.
    pub fn close(&mut self, id: AskId) {
        self.open.remove(&id);
    }

    /// Where a call is asked, while somebody waits for it.
    pub fn position(&self, id: AskId) -> Option<Position> {
        self.open.get(&id).map(|open| open.position.clone())
    }

    /// A piece arrived; of a call that is over it means nothing.
    pub fn show(&mut self, core: &mut Core, id: AskId, attempt: u32, index: u32, piece: Piece) {
        let Some(open) = self.open.get_mut(&id) else { return };
        let (place, at) = (core.count_of_events(), core.now());
        let shown = Shown { id, position: open.position.clone(), attempt, index, place, at, piece };
        if attempt != open.attempt {
            (open.so_far, open.attempt) = (Pending::default(), attempt);
        }
        open.so_far.add(&shown);
        self.readers.retain(|reader| match reader.upgrade() {
            Some(pending) => {
                pending.lock().unwrap_or_else(PoisonError::into_inner).add(&shown);
                true
            }
            None => false,
        });
    }

    /// A reader who hears everything from now on, and what open calls have shown so far.
    pub fn listen(&mut self) -> Ear {
        let mut pending = Pending::default();
        let mut so_far: Vec<&Shown> = self.open.values().flat_map(|open| &open.so_far.shown).collect();
        so_far.sort_by_key(|shown| (shown.place, shown.id, shown.index));
        for shown in so_far {
            pending.add(shown);
        }
        let pending = Arc::new(Mutex::new(pending));
        self.readers.push(Arc::downgrade(&pending));
        Ear { pending, scripted: self.scripted }
    }
}

/// A reader's place in the stream of a run; when it goes, nothing is kept for it any more.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Ear {
    pending: Arc<Mutex<Pending>>,
    scripted: bool,
}

impl Ear {
    /// What was shown since the last time, each with the number of lasting events before it. What belongs behind an
    /// event that is not told yet, because the store does not have it, waits for that.
    fn take(&self, core: &Core, told: usize) -> VecDeque<(usize, Event)> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let due = pending.shown.iter().take_while(|shown| shown.place <= told).count();
        let due: Vec<Shown> = pending.shown.drain(..due).collect();
        pending.bytes = pending.shown.iter().map(|shown| shown.text().len()).sum();
        drop(pending);
        due.into_iter().map(|shown| shown.event(core)).collect()
    }
}

/// The events after the first `after`, with what a reader was shown in its places between them.
///
/// # Errors
/// What Python raises while making them.
pub fn told<'py>(py: Python<'py>, core: &mut Core, after: usize, ear: &Ear) -> PyResult<Bound<'py, PyList>> {
    let (list, mut writer) = (PyList::empty(py), EventWriter::new(py));
    let count = core.events(after).len();
    let mut shown = ear.take(core, after.saturating_add(count));
    for (place, event) in (after..).zip(core.events(after)) {
        while shown.front().is_some_and(|(before, _)| *before <= place)
            && let Some((_, piece)) = shown.pop_front()
        {
            list.append(writer.write(&piece)?)?;
        }
        let scripted = if ear.scripted { of_script(event) } else { Vec::new() };
        scripted.iter().try_for_each(|piece| list.append(writer.write(piece)?))?;
        list.append(writer.write(event)?)?;
    }
    shown.iter().try_for_each(|(_, piece)| list.append(writer.write(piece)?))?;
    Ok(list)
}

/// What a scripted answer would have shown, word by word, had it come from a provider.
fn of_script(event: &Event) -> Vec<Event> {
    let EventBody::ModelAnswered { text, thinking, .. } = &event.body else { return Vec::new() };
    let thinking = words(thinking.as_deref().unwrap_or_default());
    let thought = thinking.map(|text| (true, text));
    let pieces = thought.chain(words(text).map(|text| (false, text)));
    let of_piece = |(index, (is_thinking, text)): (u32, (bool, &str))| {
        let (text, attempt) = (text.to_owned(), 1);
        let body = if is_thinking {
            EventBody::ThinkingDelta { text, attempt, index }
        } else {
            EventBody::TextDelta { text, attempt, index }
        };
        Event { seq: None, body, ..event.clone() }
    };
    (0_u32..).zip(pieces).map(of_piece).collect()
}

/// The words of a text, each with the space behind it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}
