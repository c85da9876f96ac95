//! Erasing what was said in a thread; digests stay, so that its chains still verify.

use flowai_core::json::Digest;
use flowai_core::store::StoreError;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use super::rows::{Row, Rows, key, text};
use super::table::{APPROVALS, CURRENT_PLANS, HISTORIES, PLANS, RUNS, stored};

impl Rows<'_> {
    /// Erases what the runs of a thread said, as far as they are over; tells how many records lost their bodies.
    pub(super) fn erase(&self, tenant: &str, thread: &str) -> Result<usize, StoreError> {
        let named = [text(tenant), text(thread)];
        let of_thread = "tenant = ?1 AND thread = ?2";
        let runs = self.select(&RUNS, of_thread, &named)?;
        let (active, over): (Vec<Row>, Vec<Row>) = runs.into_iter().partition(is_active);
        if active.is_empty() {
            self.forget(tenant, &named)?;
        }
        let mut erased = 0_usize;
        for run in &over {
            for approval in self.select(&APPROVALS, "tenant = ?1 AND run_id = ?2", &[text(tenant), text(&run.id)])? {
                self.drop(&APPROVALS, &approval)?;
            }
            erased = erased.saturating_add(self.erase_run(run)?);
        }
        Ok(erased)
    }

    /// What is kept of the thread itself and not of one of its runs.
    fn forget(&self, tenant: &str, named: &[Cell]) -> Result<(), StoreError> {
        for table in [HISTORIES, PLANS, CURRENT_PLANS] {
            for row in self.select(&table, "tenant = ?1 AND thread = ?2", named)? {
                if table.name == HISTORIES.name {
                    self.cut_history(tenant, &row.id, 0)?;
                }
                self.drop(&table, &row)?;
            }
        }
        Ok(())
    }

    fn erase_run(&self, run: &Row) -> Result<usize, StoreError> {
        let mut value = self.run_row(run)?.value;
        (value.body, value.lease_until) = (Value::Null, 0);
        let row = Row { version: run.version.saturating_add(1), ..run.clone() };
        self.put(&RUNS, row, json!(value), Some(run))?;
        let records = self.journal(&run.tenant, &run.id, 0)?;
        let bodies = "SELECT body FROM records WHERE tenant = ?1 AND run_id = ?2 AND body IS NOT NULL";
        for body in self.bodies(bodies, &[text(&run.tenant), text(&run.id)])? {
            self.release(&run.tenant, &body)?;
        }
        let told = records.iter().filter(|record| record.record.is_some());
        told.map(|record| self.erase_record(run, record.seq, (&record.digest, &record.content))).sum()
    }

    fn erase_record(&self, run: &Row, seq: u64, digests: (&Digest, &Digest)) -> Result<usize, StoreError> {
        let seal = self.record_seal(&run.tenant, &run.id, seq, digests, None);
        let cells = [text(&run.tenant), text(&run.id), stored(seq).into(), seal.to_vec().into()];
        self.touch(key(&RUNS, &run.tenant, &run.id));
        self.run("UPDATE records SET body = NULL, seal = ?4 WHERE tenant = ?1 AND run_id = ?2 AND seq = ?3", &cells)
    }
}

fn is_active(run: &Row) -> bool {
    matches!(run.cells.get(2), Some(Cell::Text(status)) if status == "running" || status == "paused")
}
