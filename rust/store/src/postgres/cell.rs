//! Cells: what stands in one column of a row, as PostgreSQL takes and gives it.

use std::borrow::Cow;

use tokio_postgres::types::ToSql;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bytes,
}

impl Kind {
    /// The type of an array of such cells.
    pub fn array(self) -> &'static str {
        match self {
            Self::Text => "text[]",
            Self::Number => "bigint[]",
            Self::Bytes => "bytea[]",
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Text(Option<String>),
    Number(i64),
    Bytes(Vec<u8>),
}

/// A value that is bound to a statement.
pub(super) type Bound = Box<dyn ToSql + Sync + Send>;

impl Cell {
    pub fn text(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }

    pub fn number(number: u64) -> Self {
        Self::Number(stored(number))
    }

    /// A cell of a row that was read.
    pub fn read(row: &tokio_postgres::Row, index: usize, kind: Kind) -> Result<Self, tokio_postgres::Error> {
        Ok(match kind {
            Kind::Text => Self::Text(row.try_get::<_, Option<&str>>(index)?.map(|text| revealed(text).into_owned())),
            Kind::Number => Self::Number(row.try_get(index)?),
            Kind::Bytes => Self::Bytes(row.try_get(index)?),
        })
    }

    /// The cell as the seal covers it, its type with it.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(None) => vec![0],
            Self::Number(number) => [&[1], number.to_be_bytes().as_slice()].concat(),
            Self::Text(Some(text)) => [&[3], text.as_bytes()].concat(),
            Self::Bytes(bytes) => [&[4], bytes.as_slice()].concat(),
        }
    }

    /// How many bytes of an index it takes.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.as_ref().map_or(0, String::len),
            Self::Number(_) => 8,
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    pub fn bind(&self) -> Bound {
        match self {
            Self::Text(text) => Box::new(text.as_deref().map(named)),
            Self::Number(number) => Box::new(*number),
            Self::Bytes(bytes) => Box::new(bytes.clone()),
        }
    }
}

/// Binds a whole column at once, as an array.
pub(super) fn column<'a>(kind: Kind, cells: impl Iterator<Item = &'a Cell>) -> Bound {
    match kind {
        Kind::Text => Box::new(
            cells
                .map(|cell| if let Cell::Text(Some(text)) = cell { Some(named(text)) } else { None })
                .collect::<Vec<_>>(),
        ),
        Kind::Number => Box::new(
            cells.map(|cell| if let Cell::Number(number) = cell { Some(*number) } else { None }).collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            cells
                .map(|cell| if let Cell::Bytes(bytes) = cell { Some(bytes.clone()) } else { None })
                .collect::<Vec<_>>(),
        ),
    }
}

/// Binds a name: an id, a tenant, a thread.
pub(super) fn bound(name: &str) -> Bound {
    Box::new(named(name))
}

/// A name as PostgreSQL can keep it: it refuses the character of number 0, which a name of ours may hold.
pub(super) fn named(text: &str) -> String {
    if text.contains(['\0', '\u{1}']) {
        text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0")
    } else {
        text.to_owned()
    }
}

/// The name that was kept.
pub(super) fn revealed(text: &str) -> Cow<'_, str> {
    if text.contains('\u{1}') {
        Cow::Owned(text.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A number as PostgreSQL keeps it; none of ours is as large as its bound.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as it was before it was kept.
pub(super) fn loaded(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_and_holds_no_zero() {
        for name in ["", "plain", "\0", "\u{1}", "\u{1}0", "\0\u{1}1\0", "\u{1}\u{1}0"] {
            assert!(!named(name).contains('\0'));
            assert_eq!(revealed(&named(name)), name);
        }
        assert_ne!(named("\u{1}0"), named("\0"));
    }
}
