//! Writing: how each thing of a batch becomes rows.

use flowai_core::json::{Digest, digest};
use flowai_core::references::Entry;
use flowai_core::store::{
    Fence, Head, HistoryKey, RunFilter, RunRow, StoreError, StoredRecord, Write, chained, check_beside, genesis,
};
use rusqlite::params;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use super::fault::medium;
use super::head::Mark;
use super::rows::{Row, Rows, key, short, text};
use super::table::{CONTENTS, CURRENT_PLANS, ENTRIES, HISTORIES, Kept, RUNS, loaded, stored};
use crate::fold::fold;

impl Rows<'_> {
    /// Refuses a batch whose run was claimed in between.
    pub(super) fn check_fence(&self, fence: Option<&Fence>) -> Result<(), StoreError> {
        let Some(Fence { tenant, run_id, epoch: expected }) = fence else { return Ok(()) };
        let row = self.find(&RUNS, tenant, run_id)?;
        let epoch = row.and_then(|row| match row.cells.get(3) {
            Some(Cell::Integer(epoch)) => Some(loaded(*epoch)),
            _ => None,
        });
        let actual = epoch.unwrap_or_default();
        let fenced = || StoreError::Fenced { run_id: run_id.clone(), expected: *expected, actual };
        if actual == *expected { Ok(()) } else { Err(fenced()) }
    }

    /// Writes one thing.
    pub(super) fn apply(&self, write: Write) -> Result<(), StoreError> {
        let named = write.key();
        match write {
            Write::Append { tenant, run_id, after, records } => self.append(named, &tenant, &run_id, after, records),
            Write::Run { version, row } => self.put_run(named, version, row),
            Write::History { key, keep, messages } => self.put_history(&key, keep, messages),
            Write::Plan { version, plan } => {
                let (tenant, id) = (plan.tenant().to_owned(), plan.id().to_owned());
                self.put_kept(named, version, (&tenant, &id), &plan)
            }
            Write::Approval { version, approval } => {
                let (tenant, id) = (approval.bound.tenant.clone(), approval.id.clone());
                self.put_kept(named, version, (&tenant, &id), &approval)
            }
            Write::Spending { version, tenant, thread, spent } => {
                self.put_kept(named, version, (&tenant, &thread), &spent)
            }
            Write::CurrentPlan { tenant, thread, plan, plan_id } => {
                self.put_current(&tenant, &thread, None, &plan_id)?;
                self.put_current(&tenant, &thread, Some(&plan), &plan_id)
            }
            Write::Reference(entry) => self.put_entry(entry),
            Write::Content { tenant, body } => self.put_content(&tenant, body),
        }
    }

    fn append(
        &self,
        named: String,
        tenant: &str,
        run_id: &str,
        after: u64,
        records: Vec<Value>,
    ) -> Result<(), StoreError> {
        let head = self.head(tenant, run_id)?;
        fresh(named, after, head.seq)?;
        let run = short(&genesis(tenant, run_id));
        self.check_end(run_id, &run, &head)?;
        let records = chained(head, records)?;
        let Some(end) = records.last().map(|last| (run, last.seq, last.digest)) else { return Ok(()) };
        records.into_iter().try_for_each(|record| self.add_record(tenant, run_id, record))?;
        self.touched.borrow_mut().heads.push(end);
        Ok(())
    }

    /// A journal that does not end where it was left is not written on.
    fn check_end(&self, run_id: &str, run: &Mark, head: &Head) -> Result<(), StoreError> {
        let touched = self.touched.borrow();
        let ours = touched.heads.iter().rev().find(|(touched, ..)| touched == run);
        let expected = match ours {
            Some((_, seq, digest)) => Some(Some((*seq, short(digest)))),
            None => self.known.map(|known| known(run)),
        };
        let found = (head.seq > 0).then(|| (head.seq, short(&head.digest)));
        let Some(expected) = expected.filter(|expected| *expected != found) else { return Ok(()) };
        let seq = head.seq.min(expected.map_or(0, |(seq, _)| seq)).saturating_add(1);
        Err(StoreError::Broken { run_id: run_id.to_owned(), seq })
    }

    fn add_record(&self, tenant: &str, run_id: &str, stored_record: StoredRecord) -> Result<(), StoreError> {
        let StoredRecord { seq, digest, content, record } = stored_record;
        let folded = fold(record.unwrap_or_default());
        self.keep(tenant, &folded)?;
        let seal = self.record_seal(tenant, run_id, seq, (&digest, &content), Some(&folded.row));
        let sql = "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let mut add = self.connection.prepare_cached(sql).map_err(medium)?;
        let digests = (digest.as_bytes().as_slice(), content.as_bytes().as_slice());
        let cells = params![tenant, run_id, stored(seq), digests.0, digests.1, folded.row, seal.as_slice()];
        add.execute(cells).map(|_| ()).map_err(medium)
    }

    /// The seal of a record; one without a body was erased by whoever holds the key.
    pub(super) fn record_seal(
        &self,
        tenant: &str,
        run_id: &str,
        seq: u64,
        digests: (&Digest, &Digest),
        body: Option<&str>,
    ) -> [u8; 16] {
        let (seq, erased) = (seq.to_be_bytes(), [u8::from(body.is_none())]);
        let chain = [digests.0.as_bytes().as_slice(), digests.1.as_bytes().as_slice()];
        let body = body.unwrap_or_default().as_bytes();
        let parts = [b"records", tenant.as_bytes(), run_id.as_bytes(), &seq, chain[0], chain[1], &erased, body];
        short(&self.sealer.seal(&parts))
    }

    fn put_run(&self, named: String, version: u64, row: RunRow) -> Result<(), StoreError> {
        check_beside(version, &row, |filter| self.run_ids(filter))?;
        let older = self.find(&RUNS, &row.tenant, &row.run_id)?;
        fresh(named, version, older.as_ref().map_or(0, |older| older.version))?;
        let (cells, lease) = (row.cells(), self.lease(&row.tenant, &row.run_id, row.lease_until));
        let written = Row {
            tenant: row.tenant.clone(),
            id: row.run_id.clone(),
            version: version.saturating_add(1),
            cells,
            loose: lease.to_vec(),
            body: String::new(),
        };
        // The lease stands beside the row, where it is renewed.
        let row = RunRow { lease_until: 0, ..row };
        self.put(&RUNS, written, json!(row), older.as_ref())
    }

    /// The runs that a filter takes, by the columns alone.
    fn run_ids(&self, filter: &RunFilter) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT id FROM runs WHERE tenant = ?1 AND (thread = ?2 AND status IN ('running', 'paused') OR request_id = ?3)";
        let mut find = self.connection.prepare_cached(sql).map_err(medium)?;
        let found = find.query_map(params![filter.tenant, filter.thread, filter.request_id], |row| row.get(0));
        found.map_err(medium)?.collect::<Result<_, _>>().map_err(medium)
    }

    /// A lease and its seal.
    pub(super) fn lease(&self, tenant: &str, run_id: &str, until: i64) -> [Cell; 2] {
        let parts = [b"lease".as_slice(), tenant.as_bytes(), run_id.as_bytes(), &until.to_be_bytes()];
        [until.into(), short(&self.sealer.seal(&parts)).to_vec().into()]
    }

    fn put_kept<T: Kept>(&self, named: String, version: u64, key: (&str, &str), value: &T) -> Result<(), StoreError> {
        let (tenant, id) = key;
        let older = self.find(&T::TABLE, tenant, id)?;
        fresh(named, version, older.as_ref().map_or(0, |older| older.version))?;
        let row = plain(tenant, id, version.saturating_add(1), value.cells());
        self.put(&T::TABLE, row, json_of(value)?, older.as_ref())
    }

    fn put_current(&self, tenant: &str, thread: &str, plan: Option<&str>, plan_id: &str) -> Result<(), StoreError> {
        let id = json!([thread, plan]).to_string();
        let older = self.find_or_lost(&CURRENT_PLANS, tenant, &id)?;
        let row = plain(tenant, &id, next(older.as_ref()), vec![text(thread), text(plan_id)]);
        self.put(&CURRENT_PLANS, row, Value::Null, older.as_ref())
    }

    fn put_entry(&self, entry: Entry) -> Result<(), StoreError> {
        let (tenant, id) = (entry.tenant.clone(), entry.handle.to_string());
        let older = self.find_or_lost(&ENTRIES, &tenant, &id)?;
        let entry = match &older {
            Some(older) => self.entry(older)?.renewed(entry),
            None => entry,
        };
        let row = plain(&tenant, &id, next(older.as_ref()), vec![entry.expires_at.into()]);
        let body =
            std::str::from_utf8(&entry.body).map_err(|_| StoreError::Changed { key: key(&ENTRIES, &tenant, &id) })?;
        let value = json!([entry.handle, body, entry.glimpse, entry.schema, entry.expires_at]);
        self.put(&ENTRIES, row, value, older.as_ref())
    }

    fn put_content(&self, tenant: &str, body: Value) -> Result<(), StoreError> {
        let id = digest(&body)?.to_string();
        if self.find_or_lost(&CONTENTS, tenant, &id)?.is_some() {
            return Ok(());
        }
        self.put(&CONTENTS, plain(tenant, &id, 1, Vec::new()), body, None)
    }

    /// A row that says no more than its key does; where it is gone, it can be written again.
    fn find_or_lost(&self, table: &super::table::Table, tenant: &str, id: &str) -> Result<Option<Row>, StoreError> {
        let key = key(table, tenant, id);
        if self.lost.contains(&key) {
            self.touched.borrow_mut().found.insert(key);
            return Ok(None);
        }
        self.find(table, tenant, id)
    }

    fn put_history(&self, whose: &HistoryKey, keep: usize, messages: Vec<Value>) -> Result<(), StoreError> {
        let HistoryKey { tenant, thread, .. } = whose;
        let id = history_id(whose);
        let older = self.find(&HISTORIES, tenant, &id)?;
        let held = older.as_ref().map_or(Ok(0), |older| self.length(older))?;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let keep = number(keep);
        if keep > held {
            return Err(StoreError::Stale { key: format!("history {whose:?}"), expected: keep, actual: held });
        }
        self.cut_history(tenant, &id, keep)?;
        let length = keep.saturating_add(number(messages.len()));
        (keep..).zip(messages).try_for_each(|(place, message)| self.add_message(tenant, &id, place, message))?;
        let row = plain(tenant, &id, next(older.as_ref()), vec![text(thread)]);
        self.put(&HISTORIES, row, json!(length), older.as_ref())
    }

    /// Takes the messages from a place on away.
    pub(super) fn cut_history(&self, tenant: &str, id: &str, keep: u64) -> Result<(), StoreError> {
        let cells = [text(tenant), text(id), stored(keep).into()];
        let condition = "tenant = ?1 AND history = ?2 AND number >= ?3";
        for body in self.bodies(&format!("SELECT body FROM messages WHERE {condition}"), &cells)? {
            self.release(tenant, &body)?;
        }
        self.run(&format!("DELETE FROM messages WHERE {condition}"), &cells).map(|_| ())
    }

    fn add_message(&self, tenant: &str, id: &str, place: u64, message: Value) -> Result<(), StoreError> {
        let folded = fold(message);
        self.keep(tenant, &folded)?;
        let seal = self.message_seal(tenant, id, place, &folded.row).to_vec();
        let cells = [text(tenant), text(id), stored(place).into(), text(&folded.row), seal.into()];
        self.run("INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5)", &cells).map(|_| ())
    }

    pub(super) fn message_seal(&self, tenant: &str, id: &str, place: u64, body: &str) -> [u8; 16] {
        let place = place.to_be_bytes();
        let parts = [b"messages", tenant.as_bytes(), id.as_bytes(), &place, body.as_bytes()];
        short(&self.sealer.seal(&parts))
    }

    /// Lets the leases of the active runs of an owner last until then.
    pub(super) fn renew(&self, owner: &str, until: i64) -> Result<(), StoreError> {
        let condition = "owner = ?1 AND status IN ('running', 'paused')";
        for row in self.select(&RUNS, condition, &[text(owner)])? {
            let [until, seal] = self.lease(&row.tenant, &row.id, until);
            let cells = [text(&row.tenant), text(&row.id), until, seal];
            self.run("UPDATE runs SET lease_until = ?3, lease_seal = ?4 WHERE tenant = ?1 AND id = ?2", &cells)?;
            self.touch(key(&RUNS, &row.tenant, &row.id));
        }
        Ok(())
    }
}

/// The id of a history's rows.
pub(super) fn history_id(key: &HistoryKey) -> String {
    json!([key.thread, key.agent]).to_string()
}

fn plain(tenant: &str, id: &str, version: u64, cells: Vec<Cell>) -> Row {
    Row { tenant: tenant.to_owned(), id: id.to_owned(), version, cells, loose: Vec::new(), body: String::new() }
}

fn next(older: Option<&Row>) -> u64 {
    older.map_or(1, |older| older.version.saturating_add(1))
}

fn fresh(key: String, expected: u64, actual: u64) -> Result<(), StoreError> {
    if expected == actual { Ok(()) } else { Err(StoreError::Stale { key, expected, actual }) }
}

fn json_of(value: &impl serde::Serialize) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|fault| StoreError::Medium { message: fault.to_string() })
}
