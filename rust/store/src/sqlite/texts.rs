//! Texts: the long ones stand once for each tenant, as long as a row means them.

use flowai_core::json::Digest;
use flowai_core::store::StoreError;
use rusqlite::types::Value as Cell;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::fault::medium;
use super::rows::{Rows, text};
use crate::fold::{Folded, unfold};

impl Rows<'_> {
    /// Keeps the texts of a row that is being written.
    pub(super) fn keep(&self, tenant: &str, folded: &Folded) -> Result<(), StoreError> {
        for (digest, body) in &folded.texts {
            let name = digest.as_bytes().as_slice();
            let mut add = self
                .connection
                .prepare_cached("INSERT INTO texts VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
                .map_err(medium)?;
            add.execute(params![tenant, name, body]).map_err(medium)?;
            let mut count = self
                .connection
                .prepare_cached("INSERT INTO uses VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET count = count + 1")
                .map_err(medium)?;
            count.execute(params![tenant, name]).map_err(medium)?;
        }
        Ok(())
    }

    /// Lets the texts of a row go that is being taken away.
    pub(super) fn release(&self, tenant: &str, row: &str) -> Result<(), StoreError> {
        for digest in places(row) {
            let name = [text(tenant), Cell::Blob(digest.as_bytes().to_vec())];
            self.run("UPDATE uses SET count = count - 1 WHERE tenant = ?1 AND digest = ?2", &name)?;
            let gone = "DELETE FROM uses WHERE tenant = ?1 AND digest = ?2 AND count <= 0";
            if self.run(gone, &name)? > 0 {
                self.run("DELETE FROM texts WHERE tenant = ?1 AND digest = ?2", &name)?;
            }
        }
        Ok(())
    }

    /// The value of a row, with its texts in their places.
    pub(super) fn unfolded(&self, tenant: &str, key: &str, row: &str) -> Result<Value, StoreError> {
        unfold(key, row, &|digest| self.text(tenant, digest))
    }

    fn text(&self, tenant: &str, digest: &Digest) -> Result<Option<String>, StoreError> {
        let sql = "SELECT body FROM texts WHERE tenant = ?1 AND digest = ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        let found = statement.query_row(params![tenant, digest.as_bytes().as_slice()], |row| row.get::<_, Cell>(0));
        Ok(found.optional().map_err(medium)?.and_then(|cell| match cell {
            Cell::Text(body) => Some(body),
            _ => None,
        }))
    }
}

/// The texts that a row means, once for each place.
pub(super) fn places(row: &str) -> Vec<Digest> {
    if row.ends_with(",[]]") {
        return Vec::new();
    }
    let parsed = serde_json::from_str::<(Value, Vec<(String, Digest)>)>(row);
    parsed.map(|(_, places)| places.into_iter().map(|(_, digest)| digest).collect()).unwrap_or_default()
}
