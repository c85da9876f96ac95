//! Reading: how rows become what was written.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowai_core::approvals::Approval;
use flowai_core::json::Digest;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{Head, HistoryKey, RunFilter, RunRow, StoreError, StoredRecord, Versioned, genesis};
use serde_json::Value;

use super::cell::{Bound, Cell, bound, loaded, stored};
use super::fault::{Answer, Fault};
use super::flush::{message_seal, record_seal};
use super::row::{Row, changed, find, key, typed};
use super::session::{Query, Session};
use super::table::{APPROVALS, ENTRIES, HEADS, HISTORIES, Kept, RUNS, Table, word};
use super::write::{head_of, history_id, lease, length};
use crate::seal::Sealer;

/// What one connection sees, in one state of the database.
pub(super) struct Rows<'a> {
    pub session: &'a Session,
    pub sealer: &'a Sealer,
}

impl Rows<'_> {
    /// A row, if there is one and it is what was written.
    pub async fn find(&self, table: &Table, tenant: &str, id: &str) -> Answer<Option<Row>> {
        Ok(self.select(table, find(table, tenant, id)).await?.pop())
    }

    /// The rows that a question of ours gives.
    pub async fn select(&self, table: &Table, query: Query) -> Answer<Vec<Row>> {
        let found = self.session.one(query).await?;
        found.iter().map(|found| Row::read(self.sealer, table, found)).collect()
    }

    /// The same without the rows that are not what was written: they are left to whoever reads them, and work goes on.
    pub async fn sound(&self, table: &Table, query: Query) -> Answer<Vec<Row>> {
        let found = self.session.one(query).await?;
        let read = found.iter().map(|found| Row::read(self.sealer, table, found));
        read.filter(|row| !matches!(row, Err(Fault::Store(StoreError::Changed { .. })))).collect()
    }

    /// The value of a row, with its texts.
    pub async fn value(&self, table: &Table, row: &Row) -> Answer<Value> {
        let folded = (key(table, &row.tenant, &row.id), row.body.as_str());
        Ok(self.unfolded(&row.tenant, &[folded]).await?.pop().unwrap_or_default())
    }

    /// The values of rows, in one question for each tenant.
    async fn values(&self, table: &Table, rows: &[Row]) -> Answer<Vec<Value>> {
        let mut values = vec![Value::Null; rows.len()];
        let tenants: BTreeSet<&str> = rows.iter().map(|row| row.tenant.as_str()).collect();
        for tenant in tenants {
            let theirs = || rows.iter().zip(0..).filter(|(row, _)| row.tenant == tenant);
            let bodies: Vec<_> = theirs().map(|(row, _)| (key(table, tenant, &row.id), row.body.as_str())).collect();
            for ((_, place), value) in theirs().zip(self.unfolded(tenant, &bodies).await?) {
                values[place] = value;
            }
        }
        Ok(values)
    }

    pub async fn kept<T: Kept>(&self, tenant: &str, id: &str) -> Answer<Option<Versioned<T>>> {
        let Some(row) = self.find(T::table(), tenant, id).await? else { return Ok(None) };
        Ok(Some(self.typed(&row).await?))
    }

    /// The value of a row as its own type.
    pub async fn typed<T: Kept>(&self, row: &Row) -> Answer<Versioned<T>> {
        Ok(typed(row, self.value(T::table(), row).await?)?)
    }

    pub async fn run_row(&self, row: &Row) -> Answer<Versioned<RunRow>> {
        Ok(self.leased(row, self.value(&RUNS, row).await?)?)
    }

    fn leased(&self, row: &Row, value: Value) -> Result<Versioned<RunRow>, StoreError> {
        let mut run: Versioned<RunRow> = typed(row, value)?;
        let changed = || changed(&RUNS, &row.tenant, &row.id);
        let Some(Cell::Number(until)) = row.loose.first() else { return Err(changed()) };
        if lease(self.sealer, &row.tenant, &row.id, *until).as_slice() != row.loose.as_slice() {
            return Err(changed());
        }
        run.value.lease_until = *until;
        Ok(run)
    }

    pub async fn runs(&self, filter: &RunFilter) -> Answer<Vec<Versioned<RunRow>>> {
        let (mut conditions, mut cells): (Vec<String>, Vec<Bound>) = (vec!["true".to_owned()], Vec::new());
        let named = [("tenant", &filter.tenant), ("thread", &filter.thread), ("request_id", &filter.request_id)];
        for (column, wanted) in named {
            if let Some(wanted) = wanted {
                cells.push(bound(wanted));
                conditions.push(format!("{column} = ${}", cells.len()));
            }
        }
        if !filter.statuses.is_empty() {
            let words = filter.statuses.iter().map(word);
            cells.push(super::cell::column(super::cell::Kind::Text, words.collect::<Vec<_>>().iter()));
            conditions.push(format!("status = ANY (${})", cells.len()));
        }
        let condition = format!("{} ORDER BY started_at, id, tenant", conditions.join(" AND "));
        let rows = self.select(&RUNS, Query::new(RUNS.select(&condition), cells)).await?;
        let values = self.values(&RUNS, &rows).await?;
        Ok(rows.iter().zip(values).map(|(row, value)| self.leased(row, value)).collect::<Result<_, _>>()?)
    }

    /// The runs that wait for no human.
    pub async fn unattended(&self, now: i64) -> Answer<Vec<(String, String)>> {
        let sql = "SELECT tenant, id FROM runs WHERE status = 'running' OR (status = 'paused' AND NOT EXISTS (
                SELECT 1 FROM approvals WHERE approvals.tenant = runs.tenant AND approvals.run_id = runs.id
                    AND approvals.status = 'pending' AND approvals.expires_at > $1))
            ORDER BY started_at, id, tenant";
        let found = self.session.one(Query::new(sql, vec![Box::new(now)])).await?;
        found.iter().map(Row::named).collect()
    }

    /// The pending approvals, in the order they were asked.
    pub async fn pending(&self, tenant: &str, thread: Option<&str>) -> Answer<Vec<Versioned<Approval>>> {
        let condition =
            "tenant = $1 AND status = 'pending' AND ($2::text IS NULL OR thread = $2) ORDER BY asked_at, id";
        let cells = vec![bound(tenant), Cell::Text(thread.map(str::to_owned)).bind()];
        let rows = self.select(&APPROVALS, Query::new(APPROVALS.select(condition), cells)).await?;
        let values = self.values(&APPROVALS, &rows).await?;
        Ok(rows.iter().zip(values).map(|(row, value)| typed(row, value)).collect::<Result<_, _>>()?)
    }

    /// The records of a run after a number, as they stand.
    pub async fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Answer<Vec<StoredRecord>> {
        let sql = "SELECT seq, digest, content, body, seal FROM records
            WHERE tenant = $1 AND run_id = $2 AND seq > $3 ORDER BY seq";
        let cells = vec![bound(tenant), bound(run_id), Box::new(stored(after))];
        let found = self.session.one(Query::new(sql, cells)).await?;
        let mut records = Vec::with_capacity(found.len());
        let mut bodies = Vec::new();
        for (row, seq) in found.iter().zip(after.saturating_add(1)..) {
            let (record, body) = self.record(tenant, run_id, row)?;
            if record.seq != seq {
                return Err(broken(run_id, seq).into());
            }
            if let Some(body) = body {
                bodies.push((records.len(), (format!("record {seq} of {run_id:?}"), body)));
            }
            records.push(record);
        }
        let (places, bodies): (Vec<usize>, Vec<_>) = bodies.into_iter().unzip();
        for (place, value) in places.into_iter().zip(self.unfolded(tenant, &bodies).await?) {
            if let Some(record) = records.get_mut(place) {
                record.record = Some(value);
            }
        }
        Ok(records)
    }

    /// A record whose seal holds, and its folded body.
    fn record<'r>(
        &self,
        tenant: &str,
        run_id: &str,
        row: &'r tokio_postgres::Row,
    ) -> Answer<(StoredRecord, Option<&'r str>)> {
        let (seq, seal): (i64, &[u8]) = (row.try_get(0)?, row.try_get(4)?);
        let digests = digest_of(row.try_get(1)?).zip(digest_of(row.try_get(2)?));
        let (seq, body) = (loaded(seq), row.try_get(3)?);
        let (digest, content) = digests.ok_or_else(|| broken(run_id, seq))?;
        let record = StoredRecord { seq, digest, content, record: None };
        let is_ours = record_seal(self.sealer, tenant, run_id, &record, body) == seal;
        if is_ours { Ok((record, body)) } else { Err(broken(run_id, seq).into()) }
    }

    pub async fn head(&self, tenant: &str, run_id: &str) -> Answer<Head> {
        let row = self.find(&HEADS, tenant, run_id).await?;
        let head = row.as_ref().map(head_of).transpose()?;
        Ok(head.unwrap_or_else(|| Head { seq: 0, digest: genesis(tenant, run_id) }))
    }

    pub async fn history(&self, whose: &HistoryKey) -> Answer<Vec<Value>> {
        let (tenant, id) = (whose.tenant.as_str(), history_id(whose));
        let sql = "SELECT number, body, seal FROM messages WHERE tenant = $1 AND history = $2 ORDER BY number";
        let questions = vec![find(&HISTORIES, tenant, &id), Query::new(sql, vec![bound(tenant), bound(&id)])];
        let answers = self.session.ask(questions).await?;
        let [histories, messages] = answers.as_slice() else { return Ok(Vec::new()) };
        let row = histories.first().map(|found| Row::read(self.sealer, &HISTORIES, found)).transpose()?;
        let held = row.as_ref().map(length).transpose()?.unwrap_or_default();
        let mut bodies = Vec::with_capacity(messages.len());
        for (message, place) in messages.iter().zip(0..) {
            let (number, body, seal): (i64, &str, &[u8]) =
                (message.try_get(0)?, message.try_get(1)?, message.try_get(2)?);
            if loaded(number) != place || seal != message_seal(self.sealer, tenant, &id, place, body) {
                return Err(changed(&HISTORIES, tenant, &id).into());
            }
            bodies.push((key(&HISTORIES, tenant, &id), body));
        }
        if u64::try_from(bodies.len()) != Ok(held) {
            return Err(changed(&HISTORIES, tenant, &id).into());
        }
        self.unfolded(tenant, &bodies).await
    }

    pub async fn reference(&self, tenant: &str, handle: &Handle) -> Answer<Option<Entry>> {
        let Some(row) = self.find(&ENTRIES, tenant, &handle.to_string()).await? else { return Ok(None) };
        Ok(Some(self.entry(&row).await?))
    }

    pub async fn entry(&self, row: &Row) -> Answer<Entry> {
        let value = self.value(&ENTRIES, row).await?;
        let changed = |_| changed(&ENTRIES, &row.tenant, &row.id);
        let (handle, body, glimpse, schema): (Handle, String, Value, Digest) =
            serde_json::from_value(value).map_err(changed)?;
        let (tenant, body) = (row.tenant.clone(), Arc::from(body.into_bytes()));
        Ok(Entry { tenant, handle, body, glimpse, schema, expires_at: row.number(0) })
    }
}

fn broken(run_id: &str, seq: u64) -> StoreError {
    StoreError::Broken { run_id: run_id.to_owned(), seq }
}

fn digest_of(bytes: &[u8]) -> Option<Digest> {
    <[u8; 32]>::try_from(bytes).ok().map(Digest::from_bytes)
}
