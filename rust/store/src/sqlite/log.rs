//! The write-ahead log: written back now and then, after what is in it was acknowledged.

use std::fs;
use std::time::Duration;

use super::SqliteStore;
use super::open::BUSY;

/// How long readers are waited for before the log is left as it is.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long the log may get.
const LOG_MAX: u64 = 4 << 20;

impl SqliteStore {
    /// Writes the log back where it is long, and the head anew where most of it is superfluous.
    pub(super) fn check_point(&mut self) {
        let mut path = self.shared.path.clone().into_os_string();
        path.push("-wal");
        let length = fs::metadata(path).map_or(0, |found| found.len());
        let is_long = self.file.as_ref().is_some_and(super::head::HeadFile::is_long);
        if length < self.log.saturating_add(LOG_MAX) && !is_long {
            self.log = self.log.min(length);
            return;
        }
        let group = self.shared.heads().group;
        if self.write_back() {
            self.log = 0;
            if is_long {
                // A head that could not be written anew is as good as it was.
                let _ = self.compact(group);
            }
        } else {
            self.log = length;
        }
    }

    /// Empties the log; tells whether that went. What is not written back today is tomorrow.
    pub(super) fn write_back(&self) -> bool {
        let Ok(connection) = self.live() else { return false };
        // Somebody who reads for long does not hold those up who write.
        let _ = connection.busy_timeout(PATIENCE);
        let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        let _ = connection.busy_timeout(BUSY);
        busy == Ok(0)
    }

    fn compact(&mut self, group: u64) -> Result<(), flowai_core::store::StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        let heads = self.shared.heads().clone();
        let compacted = self.file_mut().and_then(|file| file.compact(&heads, group));
        compacted.and(self.execute("ROLLBACK"))
    }
}
