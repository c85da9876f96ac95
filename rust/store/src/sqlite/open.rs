//! Opening: a database and its head, made together and brought to agree.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowai_core::store::StoreError;
use rusqlite::{Connection, OpenFlags};

use super::chain::{self, Chain};
use super::fault::{failed, medium};
use super::head::{HeadFile, Heads, Identity, Loaded, hex};
use super::schema::{self, Found};
use super::{Shared, SqliteStore};
use crate::seal::Sealer;

/// How long another process may hold the database.
pub(super) const BUSY: Duration = Duration::from_secs(10);

impl SqliteStore {
    /// Opens the store in a file, or makes a new one; its head stands beside it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] when the file, or its head, is another one's, of a newer release, missing or older than
    /// the other; [`StoreError::Changed`] when it is damaged; [`StoreError::Medium`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path)?;
        let head = head_of(path);
        create(&connection, path, &head)?;
        schema::configure(&connection)?;
        // Under the lock of writers, so that nobody goes on between the two looks.
        connection.execute_batch("BEGIN IMMEDIATE").map_err(medium)?;
        let found = read_both(&connection, path, &head);
        connection.execute_batch("ROLLBACK").map_err(medium)?;
        let (file, identity, loaded, chain) = found?;
        let mut writer = [0; 8];
        getrandom::fill(&mut writer)
            .map_err(|fault| StoreError::Medium { message: format!("no name could be drawn: {fault}") })?;
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            head,
            sealer: Sealer::new(identity.key),
            writer: hex(&writer),
            own: AtomicU64::new(0),
            heads: Mutex::new(loaded.heads.clone()),
        });
        let mut store = Self::with(connection, Arc::clone(&shared), Some(file));
        store.check_small()?;
        store.agree(&Heads::new(&identity.id), &loaded, &chain)?;
        Ok(store)
    }

    /// A second connection to the same store, to read while this one writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    pub fn reader(&self) -> Result<Self, StoreError> {
        let connection = connect(&self.shared.path)?;
        schema::configure(&connection)?;
        Ok(Self::with(connection, Arc::clone(&self.shared), None))
    }
}

/// Where the head of a database stands.
pub(super) fn head_of(path: &Path) -> PathBuf {
    let mut head = path.as_os_str().to_owned();
    head.push("-head");
    PathBuf::from(head)
}

pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let message = format!("there is no folder `{}` to keep `{}` in", folder.display(), path.display());
        return Err(StoreError::Foreign { message });
    }
    // What is said stands in the file: nobody else may read it. SQLite gives its log the same mode.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    if let Err(fault) = made.map(drop)
        && fault.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(failed(&path.display().to_string(), &fault));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(medium)?;
    connection.busy_timeout(BUSY).map_err(medium)?;
    Ok(connection)
}

/// Makes the tables and the head of a new store, or brings an older one to this release's version.
fn create(connection: &Connection, path: &Path, head: &Path) -> Result<(), StoreError> {
    schema::look(connection, path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE").map_err(medium)?;
    let made = schema::look(connection, path).and_then(|found| {
        schema::migrate(connection, found, path)?;
        if found == Found::Empty {
            let identity = Identity::draw()?;
            begin_head(head, path, &identity)?;
            connection.execute("INSERT INTO store VALUES (?1)", [&identity.id]).map_err(medium)?;
        }
        Ok(())
    });
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    made.and(connection.execute_batch(end).map_err(medium))
}

/// A head beside an empty database is one that was never used, or it tells that the database is gone.
fn begin_head(head: &Path, path: &Path, identity: &Identity) -> Result<(), StoreError> {
    if head.exists() {
        let (_, _, loaded) = HeadFile::open(head, u64::MAX)?;
        if loaded.heads.group > 0 {
            let group = loaded.heads.group;
            let message = format!("`{}` is empty, but its head has seen {group} groups of commits", path.display());
            return Err(StoreError::Foreign { message });
        }
    }
    HeadFile::create(head, identity)
}

/// Reads the head, and the groups that the database remembers.
fn read_both(
    connection: &Connection,
    path: &Path,
    head: &Path,
) -> Result<(HeadFile, Identity, Loaded, Chain), StoreError> {
    let (file, identity, loaded) = HeadFile::open(head, chain::last(connection)?)?;
    if schema::id(connection)?.as_deref() != Some(identity.id.as_str()) {
        let message = format!("`{}` is the head of another store than `{}`", head.display(), path.display());
        return Err(StoreError::Foreign { message });
    }
    let chain = Chain::read(connection, &Sealer::new(identity.key))?;
    Ok((file, identity, loaded, chain))
}

impl SqliteStore {
    /// Brings head and database to agree: the head catches up, or what the database lost is told.
    fn agree(&mut self, start: &Heads, loaded: &Loaded, chain: &Chain) -> Result<(), StoreError> {
        let foreign = |what: &str| StoreError::Foreign { message: format!("`{}` {what}", self.shared.path.display()) };
        let (group, rolling) = (loaded.heads.group, loaded.heads.rolling);
        let stands = chain.end(start);
        if stands.0 >= group {
            return match chain.rolling(group, start) {
                Some(found) if found == rolling => self.acknowledge(),
                Some(_) => Err(foreign("and its head have parted: one of them was put back from elsewhere")),
                None => Err(foreign("has come further than its head, which is an older one")),
            };
        }
        let begin = std::iter::once((start.group, start.rolling));
        let mut seen = begin.chain(loaded.base).chain(loaded.lines.iter().map(|line| (line.group, line.rolling)));
        if loaded.is_damaged || !seen.any(|seen| seen == stands) {
            return Err(foreign("is older than its head: what came after it is gone"));
        }
        let gone = loaded.lines.iter().filter(|line| line.group > stands.0).flat_map(|line| line.keys.clone());
        let gone = gone.collect();
        self.group(|rows| {
            rows.touched.borrow_mut().lost = gone;
            Ok(())
        })
    }
}
