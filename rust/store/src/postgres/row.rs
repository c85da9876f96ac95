//! Rows: sealed when they are written, and checked when they are read.

use flowai_core::json::Digest;
use flowai_core::store::{StoreError, Versioned};
use serde_json::Value;

use super::cell::{Bound, Cell, Kind, bound, column, loaded, named, revealed, stored};
use super::fault::Fault;
use super::session::Query;
use super::table::{Kept, Table};
use crate::seal::Sealer;

/// One row as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub tenant: String,
    pub id: String,
    pub version: u64,
    /// What it is found by.
    pub cells: Vec<Cell>,
    /// What is outside of its seal.
    pub loose: Vec<Cell>,
    /// The value, folded.
    pub body: String,
}

impl Row {
    /// A row that has no body yet.
    pub fn plain(tenant: &str, id: &str, version: u64, cells: Vec<Cell>) -> Self {
        Self { tenant: tenant.to_owned(), id: id.to_owned(), version, cells, loose: Vec::new(), body: String::new() }
    }

    /// A row that was found, if it is what was written.
    pub fn read(sealer: &Sealer, table: &Table, found: &tokio_postgres::Row) -> Result<Self, Fault> {
        let (tenant, id) = Self::named(found)?;
        let count = table.columns.len();
        let cells = |own: &[(&str, Kind)], start: usize| -> Result<Vec<Cell>, tokio_postgres::Error> {
            own.iter().zip(start..).map(|((_, kind), index)| Cell::read(found, index, *kind)).collect()
        };
        let row = Self {
            tenant,
            id,
            version: loaded(found.try_get(2)?),
            body: found.try_get(3)?,
            cells: cells(table.columns, 5)?,
            loose: cells(table.loose, 5_usize.saturating_add(count))?,
        };
        if found.try_get::<_, &[u8]>(4)? == row.seal(sealer, table) {
            Ok(row)
        } else {
            Err(changed(table, &row.tenant, &row.id).into())
        }
    }

    /// Which row was found.
    pub fn named(found: &tokio_postgres::Row) -> Result<(String, String), Fault> {
        let name = |index: usize| found.try_get::<_, &str>(index).map(|text| revealed(text).into_owned());
        Ok((name(0)?, name(1)?))
    }

    pub fn seal(&self, sealer: &Sealer, table: &Table) -> [u8; 16] {
        let version = self.version.to_be_bytes();
        let cells: Vec<Vec<u8>> = self.cells.iter().map(Cell::bytes).collect();
        let mut parts = vec![table.name.as_bytes(), self.tenant.as_bytes(), self.id.as_bytes(), &version];
        parts.extend(cells.iter().map(Vec::as_slice));
        parts.push(self.body.as_bytes());
        short(&sealer.seal(&parts))
    }

    /// The number in a column.
    pub fn number(&self, index: usize) -> i64 {
        if let Some(Cell::Number(number)) = self.cells.get(index) { *number } else { 0 }
    }

    /// The word in a column.
    pub fn word(&self, index: usize) -> Option<&str> {
        if let Some(Cell::Text(text)) = self.cells.get(index) { text.as_deref() } else { None }
    }
}

/// The value of a row as its own type.
pub(super) fn typed<T: Kept>(row: &Row, value: Value) -> Result<Versioned<T>, StoreError> {
    let foreign = |fault: serde_json::Error| StoreError::Foreign {
        message: format!("{} is of another release: {fault}", key(T::table(), &row.tenant, &row.id)),
    };
    Ok(Versioned { version: row.version, value: serde_json::from_value(value).map_err(foreign)? })
}

/// The name of a row, for messages.
pub(super) fn key(table: &Table, tenant: &str, id: &str) -> String {
    // Debug quotes each part, so that no two keys read alike.
    format!("{:?} {tenant:?} {id:?}", table.noun)
}

pub(super) fn changed(table: &Table, tenant: &str, id: &str) -> StoreError {
    StoreError::Changed { key: key(table, tenant, id) }
}

/// Half of a digest, which is enough for a seal.
pub(super) fn short(digest: &Digest) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(digest.as_bytes().get(..16).unwrap_or(&[0; 16]));
    half
}

/// Reads rows by their keys, and keeps others from changing them, whoever comes first in the order of the keys.
pub(super) fn lock<'a>(table: &Table, keys: impl Iterator<Item = (&'a str, &'a str)>) -> Query {
    let condition = "(tenant, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        ORDER BY tenant, id FOR NO KEY UPDATE";
    Query::new(table.select(condition), names(keys))
}

fn names<'a>(keys: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Bound> {
    let (tenants, ids): (Vec<String>, Vec<String>) = keys.map(|(tenant, id)| (named(tenant), named(id))).unzip();
    vec![Box::new(tenants), Box::new(ids)]
}

/// Writes rows that are not there yet; where one is, the whole transaction fails and is tried again.
pub(super) fn insert(sealer: &Sealer, table: &Table, rows: &[&Row]) -> Query {
    let (name, names, places) = (table.name, table.names(), places(table));
    let sql = format!("INSERT INTO {name} ({names}) SELECT * FROM unnest({places})");
    Query::new(sql, columns(sealer, table, rows))
}

/// Writes rows in the place of those that were locked.
pub(super) fn update(sealer: &Sealer, table: &Table, rows: &[&Row]) -> Query {
    let (name, names, places) = (table.name, table.names(), places(table));
    let sets = ["version", "body", "seal"].into_iter().chain(table.own().map(|(name, _)| *name));
    let sets = sets.map(|column| format!("{column} = new.{column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "UPDATE {name} AS old SET {sets} FROM unnest({places}) AS new ({names})
            WHERE old.tenant = new.tenant AND old.id = new.id"
    );
    Query::new(sql, columns(sealer, table, rows))
}

/// Takes rows away.
pub(super) fn delete<'a>(table: &Table, keys: impl Iterator<Item = (&'a str, &'a str)>) -> Query {
    let name = table.name;
    let sql = format!("DELETE FROM {name} WHERE (tenant, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))");
    Query::new(sql, names(keys))
}

fn places(table: &Table) -> String {
    let kinds = [Kind::Text, Kind::Text, Kind::Number, Kind::Text, Kind::Bytes];
    let kinds = kinds.into_iter().chain(table.own().map(|(_, kind)| *kind));
    let places = kinds.zip(1..).map(|(kind, place): (Kind, usize)| format!("${place}::{}", kind.array()));
    places.collect::<Vec<_>>().join(", ")
}

fn columns(sealer: &Sealer, table: &Table, rows: &[&Row]) -> Vec<Bound> {
    let mut columns = names(rows.iter().map(|row| (row.tenant.as_str(), row.id.as_str())));
    columns.push(Box::new(rows.iter().map(|row| stored(row.version)).collect::<Vec<_>>()));
    columns.push(Box::new(rows.iter().map(|row| row.body.clone()).collect::<Vec<_>>()));
    columns.push(Box::new(rows.iter().map(|row| row.seal(sealer, table).to_vec()).collect::<Vec<_>>()));
    for (index, (_, kind)) in table.columns.iter().enumerate() {
        columns.push(column(*kind, rows.iter().filter_map(|row| row.cells.get(index))));
    }
    for (index, (_, kind)) in table.loose.iter().enumerate() {
        columns.push(column(*kind, rows.iter().filter_map(|row| row.loose.get(index))));
    }
    columns
}

/// Reads the rows of one key.
pub(super) fn find(table: &Table, tenant: &str, id: &str) -> Query {
    Query::new(table.select("tenant = $1 AND id = $2"), vec![bound(tenant), bound(id)])
}
