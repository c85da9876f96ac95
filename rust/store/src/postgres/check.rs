//! Checking: whether every row and every journal is what was written.

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::plans::PlanInstance;
use flowai_core::store::{Damage, HistoryKey, StoreError, verify};

use super::PostgresStore;
use super::cell::{Bound, bound, revealed};
use super::fault::{Answer, Fault};
use super::read::Rows;
use super::row::{Row, changed, key};
use super::session::Query;
use super::table::{APPROVALS, ENTRIES, HEADS, HISTORIES, PLANS, RUNS, SPENDING, TABLES, Table};

/// How many rows are asked for at once.
const PAGE: usize = 256;

impl PostgresStore {
    /// Looks at every row and journal, in one state of the database.
    pub(super) fn look_at_all(&self) -> Result<Vec<Damage>, StoreError> {
        self.read(&async |rows: &Rows<'_>| {
            let mut found = Vec::new();
            // The ends of journals are looked at with them.
            for table in TABLES.iter().filter(|table| table.name != HEADS.name) {
                rows.look_at_table(table, &mut found).await?;
            }
            rows.look_at_journals(&mut found).await?;
            Ok(found)
        })
    }
}

impl Rows<'_> {
    async fn look_at_table(&self, table: &Table, found: &mut Vec<Damage>) -> Answer<()> {
        let mut last: Option<(String, String)> = None;
        loop {
            let page = self.session.one(page(table, last.as_ref())).await?;
            for row in &page {
                let (tenant, id) = Row::named(row)?;
                let looked = match Row::read(self.sealer, table, row) {
                    Ok(row) => self.look_at(table, &row).await,
                    Err(fault) => Err(fault),
                };
                note(found, key(table, &tenant, &id), looked)?;
                last = Some((tenant, id));
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Reads what a row says.
    async fn look_at(&self, table: &Table, row: &Row) -> Answer<()> {
        match table.name {
            name if name == RUNS.name => self.run_row(row).await.map(drop),
            name if name == PLANS.name => self.typed::<PlanInstance>(row).await.map(drop),
            name if name == APPROVALS.name => self.typed::<Approval>(row).await.map(drop),
            name if name == SPENDING.name => self.typed::<Spent>(row).await.map(drop),
            name if name == ENTRIES.name => self.entry(row).await.map(drop),
            name if name == HISTORIES.name => {
                let changed = |_| changed(table, &row.tenant, &row.id);
                let (thread, agent) = serde_json::from_str(&row.id).map_err(changed)?;
                self.history(&HistoryKey { tenant: row.tenant.clone(), thread, agent }).await.map(drop)
            }
            _ => self.value(table, row).await.map(drop),
        }
    }

    async fn look_at_journals(&self, found: &mut Vec<Damage>) -> Answer<()> {
        let sql = "SELECT tenant, run_id FROM records UNION SELECT tenant, id FROM heads ORDER BY 1, 2";
        for row in self.session.one(Query::plain(sql)).await? {
            let [tenant, run_id] =
                [row.try_get::<_, &str>(0)?, row.try_get(1)?].map(|name| revealed(name).into_owned());
            let looked = self.look_at_journal(&tenant, &run_id).await;
            note(found, Damage::name("journal", &tenant, &run_id), looked)?;
        }
        Ok(())
    }

    async fn look_at_journal(&self, tenant: &str, run_id: &str) -> Answer<()> {
        let records = self.journal(tenant, run_id, 0).await?;
        Ok(verify(tenant, run_id, &records, &self.head(tenant, run_id).await?)?)
    }
}

/// The rows after one, or the first.
fn page(table: &Table, last: Option<&(String, String)>) -> Query {
    let (condition, cells): (_, Vec<Bound>) = match last {
        Some((tenant, id)) => ("(tenant, id) > ($1, $2)", vec![bound(tenant), bound(id)]),
        None => ("true", Vec::new()),
    };
    Query::new(table.select(&format!("{condition} ORDER BY tenant, id LIMIT {PAGE}")), cells)
}

fn note(found: &mut Vec<Damage>, key: String, looked: Answer<()>) -> Answer<()> {
    match looked {
        Err(Fault::Store(fault)) => Ok(Damage::note(found, key, Err::<(), _>(fault)).map(drop)?),
        looked => looked,
    }
}
