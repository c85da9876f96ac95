//! Erasing what was said in a thread; digests stay, so that its chains still verify.

use serde_json::{Value, json};

use super::PostgresStore;
use super::cell::{Bound, bound, named, stored};
use super::draft::Draft;
use super::fault::Answer;
use super::flush::{RECORDS, record_seal};
use super::group::Others;
use super::read::Rows;
use super::row::Row;
use super::session::{Query, Session};
use super::table::{APPROVALS, CURRENT_PLANS, HISTORIES, PLANS, RUNS, Table};
use super::texts::COLLECT;

impl PostgresStore {
    pub(super) fn erase(&mut self, tenant: &str, thread: &str) -> Answer<usize> {
        self.transact(Others::Wait, &async |session: &Session, draft: &mut Draft<'_>| {
            let rows = Rows { session, sealer: draft.sealer };
            let runs = locked(&rows, draft, &RUNS, &[("tenant", tenant), ("thread", thread)]).await?;
            let (active, over): (Vec<Row>, Vec<Row>) = runs.into_iter().partition(is_active);
            if active.is_empty() {
                forget(&rows, draft, tenant, thread).await?;
            }
            let mut erased = 0_usize;
            for run in &over {
                for approval in locked(&rows, draft, &APPROVALS, &[("tenant", tenant), ("run_id", &run.id)]).await? {
                    draft.drop(&APPROVALS, &approval);
                }
                erased = erased.saturating_add(erase_run(&rows, draft, run).await?);
            }
            draft.settle(true);
            if !draft.is_empty() {
                draft.more.push(Query::plain(COLLECT));
            }
            Ok(erased)
        })
    }
}

/// Locks the rows that have some names in some columns, and lets the draft know of them.
pub(super) async fn locked(
    rows: &Rows<'_>,
    draft: &mut Draft<'_>,
    table: &Table,
    wanted: &[(&str, &str)],
) -> Answer<Vec<Row>> {
    let conditions = wanted.iter().zip(1..).map(|((column, _), place): (_, usize)| format!("{column} = ${place}"));
    let condition = conditions.collect::<Vec<_>>().join(" AND ");
    let sql = table.select(&format!("{condition} ORDER BY tenant, id FOR NO KEY UPDATE"));
    let found = rows.select(table, Query::new(sql, wanted.iter().map(|(_, name)| bound(name)).collect())).await?;
    for row in &found {
        draft.found.insert((table.order(), row.tenant.clone(), row.id.clone()), Ok(row.clone()));
    }
    Ok(found)
}

/// What is kept of the thread itself and not of one of its runs.
async fn forget(rows: &Rows<'_>, draft: &mut Draft<'_>, tenant: &str, thread: &str) -> Answer<()> {
    for table in [&HISTORIES, &PLANS, &CURRENT_PLANS] {
        for row in locked(rows, draft, table, &[("tenant", tenant), ("thread", thread)]).await? {
            if table.name == HISTORIES.name {
                draft.trial.cut(tenant, &row.id, 0);
            }
            draft.drop(table, &row);
        }
    }
    Ok(())
}

async fn erase_run(rows: &Rows<'_>, draft: &mut Draft<'_>, run: &Row) -> Answer<usize> {
    let mut value = rows.run_row(run).await?.value;
    (value.body, value.lease_until) = (Value::Null, 0);
    let version = run.version.saturating_add(1);
    draft.put(&RUNS, Row { version, ..run.clone() }, json!(value))?;
    let mut records = rows.journal(&run.tenant, &run.id, 0).await?;
    records.retain(|record| record.record.is_some());
    if records.is_empty() {
        return Ok(0);
    }
    let seals = records.iter().map(|record| record_seal(rows.sealer, &run.tenant, &run.id, record, None).to_vec());
    let bare =
        "UPDATE records SET body = NULL, seal = new.seal FROM unnest($3::bigint[], $4::bytea[]) AS new (seq, seal)
        WHERE tenant = $1 AND run_id = $2 AND records.seq = new.seq";
    let seqs: Vec<i64> = records.iter().map(|record| stored(record.seq)).collect();
    let named: Vec<Bound> =
        vec![bound(&run.tenant), bound(&run.id), Box::new(seqs), Box::new(seals.collect::<Vec<_>>())];
    draft.more.push(Query::new(bare, named));
    draft.more.push(release(&run.tenant, RECORDS, &run.id));
    Ok(records.len())
}

/// Takes away that anything of one thing means a text.
fn release(tenant: &str, source: &'static str, id: &str) -> Query {
    let sql = "WITH gone AS (
            DELETE FROM uses WHERE tenant = $1 AND source = $2 AND id = $3 RETURNING tenant, digest
        ) INSERT INTO loose SELECT DISTINCT tenant, digest FROM gone";
    Query::new(sql, vec![bound(tenant), Box::new(source), Box::new(named(id))])
}

fn is_active(run: &Row) -> bool {
    matches!(run.word(2), Some("running" | "paused"))
}
