//! Rows: sealed when they are written, and checked when they are read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use flowai_core::json::Digest;
use flowai_core::store::{StoreError, Versioned};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde_json::Value;

use super::fault::medium;
use super::head::Mark;
use super::table::{Kept, Table, loaded, stored};
use crate::fold::fold;
use crate::seal::Sealer;

/// One row as it stands.
#[derive(Debug, Clone)]
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

/// What a group has written: the ends of journals, and the names of rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched {
    pub heads: Vec<(Mark, u64, Digest)>,
    pub keys: BTreeSet<String>,
    pub lost: BTreeSet<String>,
    pub found: BTreeSet<String>,
    /// Whether something was written that has no name.
    pub is_noted: bool,
}

impl Touched {
    pub fn is_empty(&self) -> bool {
        !self.is_noted && self.heads.is_empty() && self.keys.is_empty() && self.lost.is_empty()
    }
}

/// Where a journal has to end, if it was ever written.
pub(super) type Known<'a> = dyn Fn(&Mark) -> Option<(u64, Mark)> + 'a;

/// What every table has, before the columns of its own.
const COLUMNS: [&str; 5] = ["tenant", "id", "version", "body", "seal"];

/// The rows that one connection sees.
pub(super) struct Rows<'a> {
    pub connection: &'a Connection,
    pub sealer: &'a Sealer,
    /// The rows that were acknowledged and are gone.
    pub lost: Arc<BTreeSet<String>>,
    /// Where journals have to end, where that is known to be the newest.
    pub known: Option<&'a Known<'a>>,
    pub touched: RefCell<Touched>,
}

impl<'a> Rows<'a> {
    pub fn new(connection: &'a Connection, sealer: &'a Sealer, lost: Arc<BTreeSet<String>>) -> Self {
        Self { connection, sealer, lost, known: None, touched: RefCell::default() }
    }

    /// A row, if there is one and it is what was written.
    pub fn find(&self, table: &Table, tenant: &str, id: &str) -> Result<Option<Row>, StoreError> {
        let key = key(table, tenant, id);
        if self.lost.contains(&key) {
            return Err(StoreError::Changed { key });
        }
        Ok(self.select(table, "tenant = ?1 AND id = ?2", &[text(tenant), text(id)])?.pop())
    }

    /// The rows of which a condition in SQL holds.
    pub fn select(&self, table: &Table, condition: &str, cells: &[Cell]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.each(table, condition, cells, &mut |row| {
            rows.push(row?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Takes each row of which a condition in SQL holds, or what is wrong with it.
    pub fn each(
        &self,
        table: &Table,
        condition: &str,
        cells: &[Cell],
        take: &mut dyn FnMut(Result<Row, StoreError>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let names = names(table).join(", ");
        let sql = format!("SELECT {names} FROM {} WHERE {condition}", table.name);
        let mut statement = self.connection.prepare_cached(&sql).map_err(medium)?;
        let mut found = statement.query(params_from_iter(cells)).map_err(medium)?;
        while let Some(row) = found.next().map_err(medium)? {
            take(self.checked(table, row))?;
        }
        Ok(())
    }

    /// Refuses a list of which a row is known to be gone.
    pub fn complete(&self, table: &Table, tenant: Option<&str>) -> Result<(), StoreError> {
        let noun = table.noun;
        let start = tenant.map_or_else(|| format!("{noun:?} "), |tenant| format!("{noun:?} {tenant:?} "));
        match self.lost.iter().find(|key| key.starts_with(&start)) {
            Some(key) => Err(StoreError::Changed { key: key.clone() }),
            None => Ok(()),
        }
    }

    fn checked(&self, table: &Table, found: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
        let cell = |index: usize| found.get::<_, Cell>(index);
        let count = table.columns.len();
        let read = || -> rusqlite::Result<(Row, Vec<u8>)> {
            let cells = (5..5 + count).map(cell).collect::<rusqlite::Result<Vec<_>>>()?;
            let loose = (5 + count..5 + count + table.loose.len()).map(cell).collect::<rusqlite::Result<Vec<_>>>()?;
            let version = loaded(found.get(2)?);
            let row = Row { tenant: found.get(0)?, id: found.get(1)?, version, cells, loose, body: found.get(3)? };
            Ok((row, found.get(4)?))
        };
        let (row, seal) = read().map_err(|fault| Self::unreadable(table, found, fault))?;
        if seal != self.seal(table, &row) {
            return Err(StoreError::Changed { key: key(table, &row.tenant, &row.id) });
        }
        Ok(row)
    }

    /// A cell of another type than ours was changed; anything else is the medium's.
    fn unreadable(table: &Table, found: &rusqlite::Row<'_>, fault: rusqlite::Error) -> StoreError {
        let name = |index: usize| found.get::<_, String>(index).unwrap_or_default();
        match fault {
            rusqlite::Error::SqliteFailure(..) => medium(fault),
            _ => StoreError::Changed { key: key(table, &name(0), &name(1)) },
        }
    }

    fn seal(&self, table: &Table, row: &Row) -> [u8; 16] {
        let version = row.version.to_be_bytes();
        let cells: Vec<Vec<u8>> = row.cells.iter().map(bytes).collect();
        let mut parts = vec![table.name.as_bytes(), row.tenant.as_bytes(), row.id.as_bytes(), &version];
        parts.extend(cells.iter().map(Vec::as_slice));
        parts.push(row.body.as_bytes());
        short(&self.sealer.seal(&parts))
    }

    /// Writes a row in the place of an older one, with the texts of its value.
    pub fn put(&self, table: &Table, row: Row, value: Value, older: Option<&Row>) -> Result<(), StoreError> {
        let folded = fold(value);
        self.keep(&row.tenant, &folded)?;
        let row = Row { body: folded.row, ..row };
        if let Some(older) = older {
            self.release(&older.tenant, &older.body)?;
        }
        self.touch(key(table, &row.tenant, &row.id));
        self.insert(table, &row)
    }

    fn insert(&self, table: &Table, row: &Row) -> Result<(), StoreError> {
        let names = names(table);
        let (places, names) = (vec!["?"; names.len()].join(", "), names.join(", "));
        let sql = format!("INSERT OR REPLACE INTO {} ({names}) VALUES ({places})", table.name);
        let cells = [
            text(&row.tenant),
            text(&row.id),
            stored(row.version).into(),
            text(&row.body),
            self.seal(table, row).to_vec().into(),
        ];
        let cells = cells.into_iter().chain(row.cells.iter().cloned()).chain(row.loose.iter().cloned());
        let mut statement = self.connection.prepare_cached(&sql).map_err(medium)?;
        statement.execute(params_from_iter(cells)).map(|_| ()).map_err(medium)
    }

    /// Takes a row away, with the texts that nothing else means.
    pub fn drop(&self, table: &Table, row: &Row) -> Result<(), StoreError> {
        self.release(&row.tenant, &row.body)?;
        self.touch(key(table, &row.tenant, &row.id));
        let sql = format!("DELETE FROM {} WHERE tenant = ?1 AND id = ?2", table.name);
        self.run(&sql, &[text(&row.tenant), text(&row.id)]).map(|_| ())
    }

    /// Runs a statement of ours; tells how many rows it changed.
    pub fn run(&self, sql: &str, cells: &[Cell]) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        statement.execute(params_from_iter(cells)).map_err(medium)
    }

    /// One number of the first row that a statement of ours gives.
    pub fn number(&self, sql: &str, cells: &[Cell]) -> Result<Option<i64>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(medium)?;
        statement.query_row(params_from_iter(cells), |row| row.get(0)).optional().map_err(medium)
    }

    pub fn touch(&self, key: String) {
        self.touched.borrow_mut().keys.insert(key);
    }

    /// The value of a row, with its texts.
    pub fn value(&self, table: &Table, row: &Row) -> Result<Value, StoreError> {
        self.unfolded(&row.tenant, &key(table, &row.tenant, &row.id), &row.body)
    }

    /// The value of a row as its own type.
    pub fn typed<T: Kept>(&self, row: &Row) -> Result<Versioned<T>, StoreError> {
        let value = self.value(&T::TABLE, row)?;
        let foreign = |fault: serde_json::Error| StoreError::Foreign {
            message: format!("{} is of another release: {fault}", key(&T::TABLE, &row.tenant, &row.id)),
        };
        Ok(Versioned { version: row.version, value: serde_json::from_value(value).map_err(foreign)? })
    }
}

/// The columns of a table, in the order in which they are read and written.
fn names(table: &Table) -> Vec<&'static str> {
    [COLUMNS.as_slice(), table.columns, table.loose].concat()
}

/// The name of a row, for messages and for the head.
pub(super) fn key(table: &Table, tenant: &str, id: &str) -> String {
    // Debug quotes each part, so that no two keys read alike.
    format!("{:?} {tenant:?} {id:?}", table.noun)
}

/// A text as SQLite is given it.
pub(super) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// Half of a digest, which is enough for a seal.
pub(super) fn short(digest: &Digest) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(digest.as_bytes().get(..16).unwrap_or(&[0; 16]));
    half
}

/// A cell as the seal covers it, its type with it.
fn bytes(cell: &Cell) -> Vec<u8> {
    match cell {
        Cell::Null => vec![0],
        Cell::Integer(number) => [&[1], number.to_be_bytes().as_slice()].concat(),
        Cell::Real(number) => [&[2], number.to_be_bytes().as_slice()].concat(),
        Cell::Text(text) => [&[3], text.as_bytes()].concat(),
        Cell::Blob(blob) => [&[4], blob.as_slice()].concat(),
    }
}
