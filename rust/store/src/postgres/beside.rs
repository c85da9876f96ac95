//! Runs that a new run may not stand beside: looked for under a lock, so that two processes cannot both begin.

use std::collections::{BTreeMap, BTreeSet};

use flowai_core::store::{Batch, Beside, RunFilter, RunRow, RunStatus, Write, beside};

use super::cell::{Bound, named, revealed};
use super::draft::Draft;
use super::fault::Answer;
use super::row::Row;
use super::schema::advisory;
use super::session::{Query, Session};
use super::table::{RUNS, word};

/// A run that stands, as far as it matters to a new one.
pub(super) struct Other {
    tenant: String,
    id: String,
    thread: Option<String>,
    request_id: Option<String>,
    is_active: bool,
}

impl Other {
    fn is_taken(&self, filter: &RunFilter) -> bool {
        let same_thread = filter.thread.is_some() && filter.thread == self.thread && self.is_active;
        let same_call = filter.request_id.is_some() && filter.request_id == self.request_id;
        filter.tenant.as_ref() == Some(&self.tenant) && (same_thread || same_call)
    }

    fn of(row: &Row) -> Self {
        let active = [RunStatus::Running, RunStatus::Paused].map(|status| word(&status));
        Self {
            tenant: row.tenant.clone(),
            id: row.id.clone(),
            thread: row.word(0).map(str::to_owned),
            request_id: row.word(1).map(str::to_owned),
            is_active: row.cells.get(2).is_some_and(|status| active.contains(status)),
        }
    }
}

/// What the new runs of some batches may share with no other run, with their tenants.
fn wanted(batches: &[Batch]) -> Vec<(&RunRow, Beside)> {
    let writes = batches.iter().flat_map(|batch| &batch.writes);
    let rows =
        writes.filter_map(|write| if let Write::Run { version, row } = write { Some((*version, row)) } else { None });
    rows.flat_map(|(version, row)| beside(version, row).map(move |what| (row, what))).collect()
}

/// Reads the runs that stand beside the new runs of some batches, and keeps others from beginning like ones.
pub(super) async fn load_beside(session: &Session, draft: &mut Draft<'_>, batches: &[Batch]) -> Answer<()> {
    let wanted = wanted(batches);
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<i64> = wanted.iter().map(|(row, what)| advisory(&format!("{what:?}"), &row.tenant)).collect();
    let lock = "SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key";
    let lock = Query::new(lock, vec![Box::new(keys.into_iter().collect::<Vec<_>>())]);
    let found = session.ask(vec![lock, look(&wanted)]).await?;
    for row in found.into_iter().nth(1).unwrap_or_default() {
        let text = |index: usize| -> Result<Option<String>, tokio_postgres::Error> {
            Ok(row.try_get::<_, Option<String>>(index)?.map(|text| revealed(&text).into_owned()))
        };
        draft.beside.push(Other {
            tenant: text(0)?.unwrap_or_default(),
            id: text(1)?.unwrap_or_default(),
            thread: text(2)?,
            request_id: text(3)?,
            is_active: row.try_get(4)?,
        });
    }
    Ok(())
}

fn look(wanted: &[(&RunRow, Beside)]) -> Query {
    let sql = "SELECT tenant, id, thread, request_id, status IN ('running', 'paused') FROM runs
        WHERE ((tenant, thread) IN (SELECT * FROM unnest($1::text[], $2::text[])) AND status IN ('running', 'paused'))
            OR (tenant, request_id) IN (SELECT * FROM unnest($3::text[], $4::text[]))";
    let (mut threads, mut calls) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for (row, what) in wanted {
        let (list, name) = match what {
            Beside::Thread(thread) => (&mut threads, thread),
            Beside::Call(request_id) => (&mut calls, request_id),
        };
        list.0.push(named(&row.tenant));
        list.1.push(named(name));
    }
    let bound: Vec<Bound> = vec![Box::new(threads.0), Box::new(threads.1), Box::new(calls.0), Box::new(calls.1)];
    Query::new(sql, bound)
}

impl Draft<'_> {
    /// The runs that a filter takes, those of this transaction before what stood.
    pub fn run_ids(&self, filter: &RunFilter) -> Vec<String> {
        let written = self.done.rows.iter().chain(&self.trial.rows);
        let written: BTreeMap<_, _> = written.filter(|((order, ..), _)| *order == RUNS.order()).collect();
        let written: Vec<Other> = written.into_values().flatten().map(Other::of).collect();
        let is_written =
            |other: &&Other| written.iter().all(|row| (&row.tenant, &row.id) != (&other.tenant, &other.id));
        let all = written.iter().chain(self.beside.iter().filter(is_written));
        all.filter(|other| other.is_taken(filter)).map(|other| other.id.clone()).collect()
    }
}
