//! Drafts: what a transaction has read and locked, and what it is going to write.

use std::collections::BTreeMap;

use flowai_core::json::Digest;
use flowai_core::store::{StoreError, StoredRecord};
use serde_json::Value;

use super::beside::Other;
use super::cell::Cell;
use super::fault::medium;
use super::row::{Row, key};
use super::session::Query;
use super::table::Table;
use crate::fold::{Folded, fold};
use crate::seal::Sealer;

/// A table's place among the tables, a tenant and an id: in this order rows are locked and written.
pub(super) type Place = (usize, String, String);

/// The longest key that an index takes, with room for what else stands in it.
const KEY_BYTES_MAX: usize = 2_000;

/// What is to be written.
#[derive(Default)]
pub(super) struct Changes {
    /// None for a row that goes.
    pub rows: BTreeMap<Place, Option<Row>>,
    /// By tenant, run and number; the body is folded.
    pub records: BTreeMap<(String, String, u64), (StoredRecord, String)>,
    /// By tenant, history and number.
    pub messages: BTreeMap<(String, String, u64), String>,
    /// From which number on the messages of a history go, by tenant and history.
    pub cuts: BTreeMap<(String, String), u64>,
    pub texts: BTreeMap<(String, Digest), String>,
}

impl Changes {
    fn then(&mut self, later: Self) {
        for ((tenant, history), keep) in later.cuts {
            self.cut(&tenant, &history, keep);
        }
        self.rows.extend(later.rows);
        self.records.extend(later.records);
        self.messages.extend(later.messages);
        self.texts.extend(later.texts);
    }

    pub fn cut(&mut self, tenant: &str, history: &str, keep: u64) {
        self.messages.retain(|(owner, of, number), _| owner != tenant || of != history || *number < keep);
        let cut = self.cuts.entry((tenant.to_owned(), history.to_owned())).or_insert(keep);
        *cut = keep.min(*cut);
    }
}

/// The draft of one transaction. What a batch writes is on trial until all of it is right.
pub(super) struct Draft<'a> {
    pub sealer: &'a Sealer,
    /// What stands; a row that is not what was written is refused to whoever looks at it, and to nobody else.
    pub found: BTreeMap<Place, Result<Row, StoreError>>,
    /// The runs that a new one may not stand beside.
    pub beside: Vec<Other>,
    pub done: Changes,
    pub trial: Changes,
    /// What is to be done beside the rows.
    pub more: Vec<Query>,
}

impl<'a> Draft<'a> {
    pub fn new(sealer: &'a Sealer) -> Self {
        let (done, trial) = (Changes::default(), Changes::default());
        Self { sealer, found: BTreeMap::new(), beside: Vec::new(), done, trial, more: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        let Changes { rows, records, messages, cuts, texts } = &self.done;
        let is_written = rows.is_empty() && records.is_empty() && messages.is_empty();
        is_written && cuts.is_empty() && texts.is_empty() && self.more.is_empty()
    }

    /// Keeps what was on trial, or forgets it.
    pub fn settle(&mut self, is_right: bool) {
        let trial = std::mem::take(&mut self.trial);
        if is_right {
            self.done.then(trial);
        }
    }

    /// The row as the next write sees it.
    pub fn row(&self, table: &Table, tenant: &str, id: &str) -> Result<Option<&Row>, StoreError> {
        let place = (table.order(), tenant.to_owned(), id.to_owned());
        if let Some(written) = self.trial.rows.get(&place).or_else(|| self.done.rows.get(&place)) {
            return Ok(written.as_ref());
        }
        self.found.get(&place).map(|found| found.as_ref().map_err(Clone::clone)).transpose()
    }

    /// Writes a row, with the texts of its value.
    pub fn put(&mut self, table: &Table, row: Row, value: Value) -> Result<(), StoreError> {
        // Each index holds the tenant and one name more.
        let longest = row.cells.iter().map(Cell::size).chain([row.id.len()]).max().unwrap_or_default();
        check_size(&key(table, &row.tenant, &row.id), longest.saturating_add(row.tenant.len()))?;
        let body = self.folded(&row.tenant, value);
        let place = (table.order(), row.tenant.clone(), row.id.clone());
        self.trial.rows.insert(place, Some(Row { body, ..row }));
        Ok(())
    }

    /// Takes a row away.
    pub fn drop(&mut self, table: &Table, row: &Row) {
        self.trial.rows.insert((table.order(), row.tenant.clone(), row.id.clone()), None);
    }

    /// A value without its long texts, which are kept.
    pub fn folded(&mut self, tenant: &str, value: Value) -> String {
        let Folded { row, texts } = fold(value);
        self.trial.texts.extend(texts.into_iter().map(|(digest, text)| ((tenant.to_owned(), digest), text)));
        row
    }
}

/// Of one name too long for an index the server would refuse the whole transaction.
fn check_size(named: &str, size: usize) -> Result<(), StoreError> {
    if size <= KEY_BYTES_MAX {
        return Ok(());
    }
    let named: String = named.chars().take(80).collect();
    Err(medium(&format!("a name of {named} … takes {size} bytes; one is found up to {KEY_BYTES_MAX}")))
}
