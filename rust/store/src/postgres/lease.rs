//! Leases: renewed beside their rows, whose versions stay.

use super::PostgresStore;
use super::cell::{Bound, Cell, Kind, bound, column, named};
use super::draft::Draft;
use super::fault::Answer;
use super::group::Others;
use super::read::Rows;
use super::session::{Query, Session};
use super::table::RUNS;
use super::write::lease;

impl PostgresStore {
    /// Lets the leases of the active runs of an owner last until then.
    pub(super) fn prolong(&mut self, owner: &str, until: i64) -> Answer<()> {
        self.transact(Others::Write, &async |session: &Session, draft: &mut Draft<'_>| {
            let rows = Rows { session, sealer: draft.sealer };
            let condition = "owner = $1 AND status IN ('running', 'paused') ORDER BY tenant, id FOR NO KEY UPDATE";
            let found = rows.sound(&RUNS, Query::new(RUNS.select(condition), vec![bound(owner)])).await?;
            let seals = found.iter().map(|row| lease(draft.sealer, &row.tenant, &row.id, until));
            let seals: Vec<Cell> = seals.map(|[_, seal]| seal).collect();
            let sql = "UPDATE runs SET lease_until = $1, lease_seal = new.seal
                FROM unnest($2::text[], $3::text[], $4::bytea[]) AS new (tenant, id, seal)
                WHERE runs.tenant = new.tenant AND runs.id = new.id";
            let bound: Vec<Bound> = vec![
                Box::new(until),
                Box::new(found.iter().map(|row| named(&row.tenant)).collect::<Vec<_>>()),
                Box::new(found.iter().map(|row| named(&row.id)).collect::<Vec<_>>()),
                column(Kind::Bytes, seals.iter()),
            ];
            draft.more.extend((!found.is_empty()).then(|| Query::new(sql, bound)));
            Ok(())
        })
    }
}
