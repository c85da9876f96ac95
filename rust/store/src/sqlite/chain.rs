//! The chain of groups, as the database remembers its end.

use flowai_core::json::Digest;
use flowai_core::store::StoreError;
use rusqlite::{Connection, params};

use super::fault::medium;
use super::head::{Heads, Line};
use super::rows::Rows;
use super::table::loaded;
use crate::seal::Sealer;

/// One group that the head may not have yet.
pub(super) struct Link {
    pub line: Line,
    /// The line as it has to stand in the head.
    pub text: String,
    writer: String,
    /// How many groups its writer had written with it.
    own: u64,
}

/// The groups that the head may not have yet, and the one before them.
pub(super) struct Chain(Vec<Link>);

/// The number of the last group that the database has, before anyone looks at the chain; 0 for none.
pub(super) fn last(connection: &Connection) -> Result<u64, StoreError> {
    let number = connection.query_row("SELECT coalesce(max(number), 0) FROM groups", [], |row| row.get(0));
    number.map(loaded).map_err(medium)
}

impl Chain {
    pub fn read(connection: &Connection, sealer: &Sealer) -> Result<Self, StoreError> {
        let sql = "SELECT number, line, writer, own FROM groups ORDER BY number";
        let mut statement = connection.prepare_cached(sql).map_err(medium)?;
        let mut found = statement.query([]).map_err(medium)?;
        let mut links = Vec::new();
        while let Some(row) = found.next().map_err(medium)? {
            let number: i64 = row.get(0).map_err(medium)?;
            let changed = || StoreError::Changed { key: format!("\"group\" {number}") };
            let text: String = row.get(1).map_err(|_| changed())?;
            let line = text.strip_suffix('\n').and_then(|text| Line::decode(sealer, text.as_bytes()));
            let line = line.filter(|line| i64::try_from(line.group) == Ok(number)).ok_or_else(changed)?;
            let (writer, own) = (row.get(2).map_err(|_| changed())?, row.get::<_, i64>(3).map_err(|_| changed())?);
            links.push(Link { line, text, writer, own: u64::try_from(own).unwrap_or_default() });
        }
        Ok(Self(links))
    }

    /// The last group and the digest of all.
    pub fn end(&self, start: &Heads) -> (u64, Digest) {
        self.0.last().map_or((start.group, start.rolling), |link| (link.line.group, link.line.rolling))
    }

    /// The digest of the groups up to one, if it is remembered.
    pub fn rolling(&self, group: u64, start: &Heads) -> Option<Digest> {
        if group == 0 && self.0.first().is_none_or(|link| link.line.group == 1) {
            return Some(start.rolling);
        }
        self.0.iter().map(|link| &link.line).find(|line| line.group == group).map(|line| line.rolling)
    }

    /// The first group that is remembered.
    pub fn start(&self) -> Option<u64> {
        self.0.first().map(|link| link.line.group)
    }

    /// The groups after one.
    pub fn after(&self, group: u64) -> impl Iterator<Item = &Link> {
        self.0.iter().filter(move |link| link.line.group > group)
    }

    /// Whether a group is the last one, and of that writer.
    pub fn is_last(&self, group: u64, writer: &str) -> bool {
        self.0.last().is_some_and(|link| link.line.group == group && link.writer == writer)
    }

    /// How many groups others have written.
    pub fn of_others(&self, writer: &str, own: u64) -> u64 {
        self.0.last().map_or(0, |link| {
            let own = if link.writer == writer { link.own } else { own };
            link.line.group.saturating_sub(own)
        })
    }
}

impl Rows<'_> {
    /// Remembers a group, and forgets those that the head has for sure.
    pub(super) fn remember(&self, line: &Line, text: &str, writer: (&str, u64), synced: u64) -> Result<(), StoreError> {
        let cell = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let sql = "INSERT INTO groups VALUES (?1, ?2, ?3, ?4)";
        let mut add = self.connection.prepare_cached(sql).map_err(medium)?;
        add.execute(params![cell(line.group), text, writer.0, cell(writer.1)]).map_err(medium)?;
        self.run("DELETE FROM groups WHERE number < ?1", &[cell(synced).into()]).map(|_| ())
    }
}
