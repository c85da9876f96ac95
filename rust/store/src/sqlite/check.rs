//! Checking: whether the database is whole, and everything in it what was written.

use std::collections::BTreeSet;
use std::fs;

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::plans::PlanInstance;
use flowai_core::store::{Damage, HistoryKey, StoreError, genesis};

use super::SqliteStore;
use super::fault::medium;
use super::head::{Mark, hex};
use super::rows::{Row, Rows, key, short};
use super::table::{APPROVALS, ENTRIES, HISTORIES, PLANS, RUNS, SPENDING, TABLES, Table};

/// Up to which size a database is checked whenever it is opened: it takes about a quarter of a second.
const CHECKED_MAX: u64 = 32 << 20;

/// How many faults of pages and indexes are told, at most.
const PAGES_MAX: usize = 100;

/// Tenant, then run.
type Journal = (String, String);

impl SqliteStore {
    /// Looks at every page, index, row and journal.
    pub(super) fn look_at_all(&self) -> Result<Vec<Damage>, StoreError> {
        let known: BTreeSet<Mark> = self.shared.heads().journals().copied().collect();
        let mut found = self.look_at_pages(PAGES_MAX)?;
        let journals = match self.read(|rows| rows.look_at_rows(&mut found)) {
            // A page that cannot be read was named already.
            Err(StoreError::Medium { .. }) if !found.is_empty() => return Ok(found),
            journals => journals?,
        };
        for (tenant, run_id) in &journals {
            Damage::note(&mut found, Damage::name("journal", tenant, run_id), self.verify(tenant, run_id))?;
        }
        let there = journals.iter().map(|(tenant, run_id)| short(&genesis(tenant, run_id))).collect();
        found.extend(known.difference(&there).map(gone));
        Ok(found)
    }

    /// Whether every index names every row and every page is where it belongs: that a row is not found only this tells.
    fn look_at_pages(&self, count: usize) -> Result<Vec<Damage>, StoreError> {
        let connection = self.live()?;
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({count})")).map_err(medium)?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(medium)?;
        let lines: Vec<String> = lines.collect::<rusqlite::Result<_>>().map_err(medium)?;
        let key = format!("`{}`", self.shared.path.display());
        let told = lines.into_iter().filter(|line| line != "ok");
        let damage =
            |line: String| Damage { key: key.clone(), fault: StoreError::Changed { key: format!("{key} ({line})") } };
        Ok(told.map(damage).collect())
    }

    /// Refuses a database that is damaged, where it is small enough not to keep anybody waiting.
    pub(super) fn check_small(&self) -> Result<(), StoreError> {
        let length = fs::metadata(&self.shared.path).map_or(0, |found| found.len());
        if length > CHECKED_MAX {
            return Ok(());
        }
        self.look_at_pages(1)?.pop().map_or(Ok(()), |damage| Err(damage.fault))
    }
}

/// A journal of which only the head still tells.
fn gone(run: &Mark) -> Damage {
    let key = format!("\"journal\" {}", hex(run));
    Damage { fault: StoreError::Changed { key: key.clone() }, key }
}

impl Rows<'_> {
    /// Looks at every row; gives the journals that there are, or that there should be.
    fn look_at_rows(&self, found: &mut Vec<Damage>) -> Result<BTreeSet<Journal>, StoreError> {
        let lost = self.lost.iter().cloned();
        found.extend(lost.map(|key| Damage { fault: StoreError::Changed { key: key.clone() }, key }));
        let mut journals = self.journals()?;
        for table in &TABLES {
            self.each(table, "1", &[], &mut |row| {
                let key = row.as_ref().map_or_else(named, |row| key(table, &row.tenant, &row.id));
                let row = Damage::note(found, key.as_str(), row)?;
                if let Some(row) = row {
                    Damage::note(found, key.as_str(), self.look_at(table, &row))?;
                    journals.extend((table.name == RUNS.name).then_some((row.tenant, row.id)));
                }
                Ok(())
            })?;
        }
        Ok(journals)
    }

    fn journals(&self) -> Result<BTreeSet<Journal>, StoreError> {
        let sql = "SELECT DISTINCT tenant, run_id FROM records";
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(medium)?;
        names.collect::<rusqlite::Result<_>>().map_err(medium)
    }

    /// Reads what a row says.
    fn look_at(&self, table: &Table, row: &Row) -> Result<(), StoreError> {
        match table.name {
            name if name == RUNS.name => self.run_row(row).map(drop),
            name if name == PLANS.name => self.typed::<PlanInstance>(row).map(drop),
            name if name == APPROVALS.name => self.typed::<Approval>(row).map(drop),
            name if name == SPENDING.name => self.typed::<Spent>(row).map(drop),
            name if name == ENTRIES.name => self.entry(row).map(drop),
            name if name == HISTORIES.name => {
                let changed = |_| StoreError::Changed { key: key(table, &row.tenant, &row.id) };
                let (thread, agent) = serde_json::from_str(&row.id).map_err(changed)?;
                self.history(&HistoryKey { tenant: row.tenant.clone(), thread, agent }).map(drop)
            }
            _ => self.value(table, row).map(drop),
        }
    }
}

/// What a fault calls the row that it is about.
fn named(fault: &StoreError) -> String {
    match fault {
        StoreError::Changed { key } => key.clone(),
        fault => fault.to_string(),
    }
}
