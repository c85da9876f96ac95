//! Reading: how rows become what was written.

use std::sync::Arc;

use flowai_core::json::Digest;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{Head, HistoryKey, RunFilter, RunRow, StoreError, StoredRecord, Versioned, genesis};
use rusqlite::params_from_iter;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::fault::medium;
use super::rows::{Row, Rows, key, text};
use super::table::{ENTRIES, HISTORIES, Kept, RUNS, loaded, stored, word};
use super::write::history_id;

/// A record as it stands in its row.
type Raw = (i64, Vec<u8>, Vec<u8>, Option<String>, Vec<u8>);

impl Rows<'_> {
    /// The records of a run after a number, as they stand.
    pub(super) fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let sql = "SELECT seq, digest, content, body, seal FROM records
            WHERE tenant = ?1 AND run_id = ?2 AND seq > ?3 ORDER BY seq";
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        let cells = [text(tenant), text(run_id), stored(after).into()];
        let mut found = statement.query(params_from_iter(cells)).map_err(medium)?;
        let (mut records, mut end) = (Vec::new(), after);
        while let Some(row) = found.next().map_err(medium)? {
            end = end.saturating_add(1);
            let record = self.record(tenant, run_id, row)?;
            let broken = || StoreError::Broken { run_id: run_id.to_owned(), seq: end };
            records.push(Some(record).filter(|record| record.seq == end).ok_or_else(broken)?);
        }
        Ok(records)
    }

    fn record(&self, tenant: &str, run_id: &str, row: &rusqlite::Row<'_>) -> Result<StoredRecord, StoreError> {
        let (seq, digest, content, body) = self.raw(tenant, run_id, row)?;
        let named = format!("record {seq} of {run_id:?}");
        let record = body.map(|body| self.unfolded(tenant, &named, &body)).transpose()?;
        Ok(StoredRecord { seq, digest, content, record })
    }

    /// A record whose seal holds, still folded.
    fn raw(
        &self,
        tenant: &str,
        run_id: &str,
        row: &rusqlite::Row<'_>,
    ) -> Result<(u64, Digest, Digest, Option<String>), StoreError> {
        let seq = row.get::<_, i64>(0).map(loaded).unwrap_or_default();
        let broken = || StoreError::Broken { run_id: run_id.to_owned(), seq };
        let read =
            || -> rusqlite::Result<Raw> { Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)) };
        let (_, chain, content, body, seal) = read().map_err(|fault| match fault {
            rusqlite::Error::SqliteFailure(..) => medium(fault),
            _ => broken(),
        })?;
        let digests = digest_of(&chain).zip(digest_of(&content)).ok_or_else(broken)?;
        let expected = self.record_seal(tenant, run_id, seq, (&digests.0, &digests.1), body.as_deref());
        if seal == expected { Ok((seq, digests.0, digests.1, body)) } else { Err(broken()) }
    }

    /// The end of a run's journal, as it stands.
    pub(super) fn head(&self, tenant: &str, run_id: &str) -> Result<Head, StoreError> {
        let sql = "SELECT seq, digest, content, body, seal FROM records
            WHERE tenant = ?1 AND run_id = ?2 ORDER BY seq DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        let mut found = statement.query([tenant, run_id]).map_err(medium)?;
        match found.next().map_err(medium)? {
            Some(row) => self.raw(tenant, run_id, row).map(|(seq, digest, ..)| Head { seq, digest }),
            None => Ok(Head { seq: 0, digest: genesis(tenant, run_id) }),
        }
    }

    pub(super) fn kept<T: Kept>(&self, tenant: &str, id: &str) -> Result<Option<Versioned<T>>, StoreError> {
        self.find(&T::TABLE, tenant, id)?.map(|row| self.typed(&row)).transpose()
    }

    pub(super) fn run_row(&self, row: &Row) -> Result<Versioned<RunRow>, StoreError> {
        let mut run: Versioned<RunRow> = self.typed(row)?;
        let changed = || StoreError::Changed { key: key(&RUNS, &row.tenant, &row.id) };
        let Some(Cell::Integer(until)) = row.loose.first() else { return Err(changed()) };
        if self.lease(&row.tenant, &row.id, *until).as_slice() != row.loose.as_slice() {
            return Err(changed());
        }
        run.value.lease_until = *until;
        Ok(run)
    }

    pub(super) fn runs(&self, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        self.complete(&RUNS, filter.tenant.as_deref())?;
        let (mut conditions, mut cells) = (vec!["1".to_owned()], Vec::new());
        let named = [("tenant", &filter.tenant), ("thread", &filter.thread), ("request_id", &filter.request_id)];
        for (column, wanted) in named {
            if let Some(wanted) = wanted {
                conditions.push(format!("{column} = ?"));
                cells.push(text(wanted));
            }
        }
        if !filter.statuses.is_empty() {
            conditions.push(format!("status IN ({})", vec!["?"; filter.statuses.len()].join(", ")));
            cells.extend(filter.statuses.iter().map(word));
        }
        let condition = format!("{} ORDER BY started_at, id, tenant", conditions.join(" AND "));
        self.select(&RUNS, &condition, &cells)?.iter().map(|row| self.run_row(row)).collect()
    }

    /// The runs that wait for no human; of a run that waits only its place in two indices is looked at.
    pub(super) fn unattended(&self, now: i64) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT tenant, id FROM runs WHERE status = 'running' OR (status = 'paused' AND NOT EXISTS (
                SELECT 1 FROM approvals WHERE approvals.tenant = runs.tenant AND approvals.run_id = runs.id
                    AND approvals.status = 'pending' AND approvals.expires_at > ?1))
            ORDER BY started_at, id, tenant";
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        let found = statement.query_map([now], |row| Ok((row.get(0)?, row.get(1)?))).map_err(medium)?;
        found.collect::<rusqlite::Result<_>>().map_err(medium)
    }

    pub(super) fn history(&self, whose: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        let (tenant, id) = (whose.tenant.as_str(), history_id(whose));
        let Some(row) = self.find(&HISTORIES, tenant, &id)? else { return Ok(Vec::new()) };
        let length = self.length(&row)?;
        let named = key(&HISTORIES, tenant, &id);
        let changed = || StoreError::Changed { key: named.clone() };
        let sql = "SELECT number, body, seal FROM messages WHERE tenant = ?1 AND history = ?2 ORDER BY number";
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        let mut found = statement.query([tenant, &id]).map_err(medium)?;
        let mut messages = Vec::new();
        for place in 0..length {
            let row = found.next().map_err(medium)?.ok_or_else(changed)?;
            let number: i64 = row.get(0).map_err(|_| changed())?;
            let (body, seal): (String, Vec<u8>) =
                row.get(1).and_then(|body| row.get(2).map(|seal| (body, seal))).map_err(|_| changed())?;
            if number != stored(place) || seal != self.message_seal(tenant, &id, place, &body) {
                return Err(changed());
            }
            messages.push(self.unfolded(tenant, &named, &body)?);
        }
        if found.next().map_err(medium)?.is_some() { Err(changed()) } else { Ok(messages) }
    }

    /// How many messages a history has.
    pub(super) fn length(&self, row: &Row) -> Result<u64, StoreError> {
        let length = self.value(&HISTORIES, row)?.as_u64();
        length.ok_or_else(|| StoreError::Changed { key: key(&HISTORIES, &row.tenant, &row.id) })
    }

    pub(super) fn entry(&self, row: &Row) -> Result<Entry, StoreError> {
        let changed = |_| StoreError::Changed { key: key(&ENTRIES, &row.tenant, &row.id) };
        let value = self.value(&ENTRIES, row)?;
        let (handle, body, glimpse, schema, expires_at): (Handle, String, Value, Digest, i64) =
            serde_json::from_value(value).map_err(changed)?;
        let body = Arc::from(body.into_bytes());
        Ok(Entry { tenant: row.tenant.clone(), handle, body, glimpse, schema, expires_at })
    }

    /// The folded bodies that a statement of ours gives.
    pub(super) fn bodies(&self, sql: &str, cells: &[Cell]) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        let found = statement.query_map(params_from_iter(cells), |row| row.get::<_, Option<String>>(0));
        let bodies: rusqlite::Result<Vec<Option<String>>> = found.map_err(medium)?.collect();
        Ok(bodies.map_err(medium)?.into_iter().flatten().collect())
    }
}

fn digest_of(bytes: &[u8]) -> Option<Digest> {
    <[u8; 32]>::try_from(bytes).ok().map(Digest::from_bytes)
}
