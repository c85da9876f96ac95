//! The file of the head: lines at its end, room for more behind them.

use std::cmp::Ordering;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use flowai_core::json::Digest;
use flowai_core::store::StoreError;

use super::Heads;
use super::line::{Line, hex, unhex};
use crate::seal::Sealer;
use crate::sqlite::fault::failed;

const FORMAT: &str = "1";

/// How much room is made at once, so that a group that was written always finds room for its line.
const ROOM: u64 = 64 * 1024;

/// What a store is called, and what its rows are sealed by.
#[derive(Clone)]
pub(in crate::sqlite) struct Identity {
    pub id: String,
    pub key: [u8; 32],
}

impl Identity {
    /// A new one, from the system's source of chance.
    pub fn draw() -> Result<Self, StoreError> {
        let (mut id, mut key) = ([0; 16], [0; 32]);
        let fill = |bytes: &mut [u8]| getrandom::fill(bytes);
        let drawn = fill(&mut id).and_then(|()| fill(&mut key));
        drawn.map_err(|fault| StoreError::Medium { message: format!("no key could be drawn: {fault}") })?;
        Ok(Self { id: hex(&id), key })
    }

    fn encode(&self) -> String {
        let line = format!("flowai-head {FORMAT} {} {}", self.id, hex(&self.key));
        format!("{line} {}\n", Digest::of_bytes(line.as_bytes()))
    }

    fn decode(path: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        let foreign = |what: &str| StoreError::Foreign { message: format!("`{}` {what}", path.display()) };
        let line = std::str::from_utf8(bytes).map_err(|_| foreign("is no head of a store"))?;
        let words: Vec<&str> = line.trim_end_matches('\n').split(' ').collect();
        let ["flowai-head", format, rest @ ..] = words.as_slice() else { return Err(foreign("is no head of a store")) };
        if *format != FORMAT {
            return Err(foreign(&format!("is of format {format}; this release knows {FORMAT}")));
        }
        let [id, key, _] = rest else { return Err(foreign("is damaged in its first line")) };
        let found = unhex(key).map(|key| Self { id: (*id).to_owned(), key });
        found.filter(|found| found.encode() == line).ok_or_else(|| foreign("is damaged in its first line"))
    }
}

/// What a head said when it was read.
pub(in crate::sqlite) struct Loaded {
    pub heads: Heads,
    /// The group that its base stands for, with the digest of all up to it.
    pub base: Option<(u64, Digest)>,
    /// The lines of groups, oldest first, without the ends of journals; the early ones also without names.
    pub lines: Vec<Line>,
    /// Whether a line between others is damaged.
    pub is_damaged: bool,
}

/// The file, as one process has it open.
pub(in crate::sqlite) struct HeadFile {
    path: PathBuf,
    file: File,
    inode: u64,
    identity: Identity,
    sealer: Sealer,
    /// Where the next line goes.
    end: u64,
    /// Up to where something may stand that was never acknowledged.
    torn: u64,
    /// The last group that it holds.
    pub group: u64,
    /// How long it was when it held nothing superfluous.
    base: u64,
}

impl HeadFile {
    /// Makes the head of a new store.
    pub fn create(path: &Path, identity: &Identity) -> Result<(), StoreError> {
        let failed = |fault: std::io::Error| failed(&path.display().to_string(), &fault);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
        file.write_all_at(identity.encode().as_bytes(), 0).and_then(|()| file.sync_all()).map_err(failed)?;
        sync_folder(path)
    }

    /// Opens a head and reads all that it says; the names of what was written only for groups after one.
    pub fn open(path: &Path, named_after: u64) -> Result<(Self, Identity, Loaded), StoreError> {
        let failed = |fault: std::io::Error| match fault.kind() {
            std::io::ErrorKind::NotFound => StoreError::Foreign {
                message: format!("`{}` is missing: a store is its database and its head together", path.display()),
            },
            _ => failed(&path.display().to_string(), &fault),
        };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        let inode = file.metadata().map_err(failed)?.ino();
        let mut reader = BufReader::with_capacity(1 << 16, &file);
        let mut first = Vec::new();
        reader.read_until(b'\n', &mut first).map_err(failed)?;
        let identity = Identity::decode(path, &first)?;
        let sealer = Sealer::new(identity.key);
        let start = u64::try_from(first.len()).unwrap_or_default();
        let mut loaded = Loaded { heads: Heads::new(&identity.id), base: None, lines: Vec::new(), is_damaged: false };
        let mut scan = Scan { end: start, ..Scan::default() };
        scan.run(&mut reader, &sealer, &mut |line| {
            loaded.heads.apply(&line);
            if line.base {
                loaded.base = Some((line.group, line.rolling));
            } else {
                // The ends of journals are in the heads by now. The names would be as many as the rows of the store.
                let keys = if line.group > named_after { line.keys } else { Vec::new() };
                loaded.lines.push(Line { heads: Vec::new(), keys, ..line });
            }
        })
        .map_err(failed)?;
        loaded.is_damaged = scan.is_damaged;
        let base = if scan.base == 0 { start } else { scan.base };
        let group = loaded.heads.group;
        let head = Self {
            path: path.to_owned(),
            file,
            inode,
            identity: identity.clone(),
            sealer,
            end: scan.end,
            torn: scan.torn,
            group,
            base,
        };
        Ok((head, identity, loaded))
    }

    /// Reads what other processes have added.
    pub fn refresh(&mut self, heads: &mut Heads) -> Result<(), StoreError> {
        let failed = |fault: std::io::Error| failed(&self.path.display().to_string(), &fault);
        if fs::metadata(&self.path).map_err(failed)?.ino() != self.inode {
            let (head, identity, loaded) = Self::open(&self.path, u64::MAX)?;
            if identity.id != self.identity.id {
                return Err(StoreError::Foreign {
                    message: format!("`{}` is another store's now", self.path.display()),
                });
            }
            *self = head;
            if loaded.heads.group > heads.group {
                *heads = loaded.heads;
            }
            return Ok(());
        }
        let mut next = [0];
        let read = self.file.read_at(&mut next, self.end).map_err(failed)?;
        if read == 0 || next == [0] {
            return Ok(());
        }
        let mut reader = BufReader::new(At { file: &self.file, offset: self.end });
        let mut scan = Scan { end: self.end, ..Scan::default() };
        let mut group = self.group;
        scan.run(&mut reader, &self.sealer, &mut |line| {
            group = line.group;
            heads.apply(&line);
        })
        .map_err(failed)?;
        (self.end, self.torn, self.group) = (scan.end, scan.torn, group);
        Ok(())
    }

    /// Makes room for that many bytes.
    pub fn reserve(&self, length: usize) -> Result<(), StoreError> {
        let failed = |fault: std::io::Error| failed(&self.path.display().to_string(), &fault);
        let room = self.file.metadata().map_err(failed)?.len();
        let needed = self.end.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if needed <= room {
            return Ok(());
        }
        let more = usize::try_from(needed.saturating_sub(room).saturating_add(ROOM)).unwrap_or(usize::MAX);
        self.file.write_all_at(&vec![0; more], room).and_then(|()| self.file.sync_all()).map_err(failed)
    }

    /// Adds lines and makes them durable.
    pub fn append(&mut self, lines: impl Iterator<Item = impl AsRef<[u8]>>, group: u64) -> Result<(), StoreError> {
        let failed = |fault: std::io::Error| failed(&self.path.display().to_string(), &fault);
        let mut bytes = Vec::new();
        lines.for_each(|line| bytes.extend_from_slice(line.as_ref()));
        self.reserve(bytes.len())?;
        let end = self.end.saturating_add(u64::try_from(bytes.len()).unwrap_or_default());
        // What a torn line left behind the new one is wiped out with it.
        bytes.resize(bytes.len().max(usize::try_from(self.torn.saturating_sub(self.end)).unwrap_or_default()), 0);
        self.torn = self.torn.max(end);
        self.file.write_all_at(&bytes, self.end).and_then(|()| self.file.sync_data()).map_err(failed)?;
        (self.end, self.torn, self.group) = (end, end, group);
        Ok(())
    }

    /// Makes sure that what others have added is durable.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|fault| failed(&self.path.display().to_string(), &fault))
    }

    /// Whether most of it is superfluous.
    pub fn is_long(&self) -> bool {
        self.end > self.base.saturating_mul(2).saturating_add(1 << 20)
    }

    /// Writes it anew, with one line for all up to a group that no log holds any more.
    pub fn compact(&mut self, heads: &Heads, group: u64) -> Result<(), StoreError> {
        let failed = |fault: std::io::Error| failed(&self.path.display().to_string(), &fault);
        let (mut rolling, mut later) = (None, Vec::new());
        let mut reader = BufReader::with_capacity(1 << 16, At { file: &self.file, offset: 0 });
        Scan::default()
            .run(&mut reader, &self.sealer, &mut |line| match line.group.cmp(&group) {
                Ordering::Less => {}
                Ordering::Equal => rolling = Some(line.rolling),
                Ordering::Greater => later.push(line),
            })
            .map_err(failed)?;
        let Some(rolling) = rolling else { return Ok(()) };
        let lines = heads.base(group, rolling).into_iter().chain(later);
        let text: String = lines.map(|line| line.encode(&self.sealer)).collect();
        let mut path = self.path.clone().into_os_string();
        path.push(".new");
        let path = PathBuf::from(path);
        HeadFile::create(&path, &self.identity)?;
        let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
        let start = file.metadata().map_err(failed)?.len();
        file.write_all_at(text.as_bytes(), start).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&path, &self.path).map_err(failed)?;
        sync_folder(&self.path)?;
        *self = Self::open(&self.path, u64::MAX)?.0;
        Ok(())
    }
}

/// Makes the name of a file durable.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|fault| failed(&folder.display().to_string(), &fault))
}

/// What a pass over the lines found.
#[derive(Default)]
struct Scan {
    /// Behind the last whole line.
    end: u64,
    /// Behind the last byte of anything.
    torn: u64,
    /// Behind the last line of the base.
    base: u64,
    is_damaged: bool,
}

impl Scan {
    fn run(&mut self, reader: &mut impl BufRead, sealer: &Sealer, take: &mut dyn FnMut(Line)) -> std::io::Result<()> {
        let (mut place, mut bytes) = (self.end, Vec::new());
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            place = place.saturating_add(u64::try_from(bytes.len()).unwrap_or_default());
            let line = bytes.strip_suffix(b"\n").and_then(|bytes| Line::decode(sealer, bytes));
            if let Some(line) = line {
                // A piece before a whole line was whole once, too.
                self.is_damaged |= self.torn > self.end;
                (self.end, self.torn) = (place, place);
                if line.base {
                    self.base = place;
                }
                take(line);
            } else if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                let behind = bytes.len().saturating_sub(last).saturating_sub(1);
                self.torn = place.saturating_sub(u64::try_from(behind).unwrap_or_default());
            }
            bytes.clear();
        }
        Ok(())
    }
}

/// A file from a place on.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl std::io::Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset = self.offset.saturating_add(u64::try_from(count).unwrap_or_default());
        Ok(count)
    }
}
