//! The keeper of a runtime's store: renews leases, and tells its runs when somebody else has written.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowai_core::session::SharedStore;
use flowai_store::owner::Instance;

use crate::inbox::{HungRope, Inbox, News, ring};

/// For how long nobody else may claim what this process drives.
pub const LEASE_MS: i64 = 15_000;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Looks from one renewal to the next: a third of a lease.
const RENEWAL_LOOKS: u32 = 25;

/// The runs that want to hear of changes.
#[derive(Default)]
struct Watched(Mutex<Vec<(Weak<Inbox>, HungRope)>>);

/// What looks after a durable store, as long as its runtime lives.
pub struct Keeper {
    pub owner: Instance,
    watched: Arc<Watched>,
    process: u32,
}

/// The time, in milliseconds.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Keeper {
    /// Begins to look after a store.
    pub fn new(store: &SharedStore) -> Self {
        let (owner, watched) = (Instance::new(), Arc::new(Watched::default()));
        let (name, weakly, of_store) = (owner.name().to_owned(), Arc::downgrade(&watched), Arc::downgrade(store));
        let begun = thread::Builder::new().name("flowai-keeper".to_owned()).spawn(move || {
            let mut looks = 0_u32;
            let mut seen = None;
            while let (Some(watched), Some(store)) = (weakly.upgrade(), of_store.upgrade()) {
                looks = looks.wrapping_add(1);
                let mut shelf = store.lock().unwrap_or_else(PoisonError::into_inner);
                if looks.is_multiple_of(RENEWAL_LOOKS) {
                    // A renewal that fails is tried again; a lease that ends meanwhile is somebody else's.
                    let _ = shelf.renew(&name, now_ms().saturating_add(LEASE_MS));
                }
                let changes = shelf.changes().ok();
                drop(shelf);
                if changes.is_some() && changes != seen {
                    watched.tell();
                }
                seen = changes.or(seen);
                drop((watched, store));
                thread::sleep(LOOK);
            }
        });
        // Without a thread leases end, and answers given elsewhere are seen when the run is resumed.
        drop(begun);
        Self { owner, watched, process: std::process::id() }
    }

    /// Tells a run of changes from now on.
    pub fn watch(&self, inbox: &Arc<Inbox>, rope: &HungRope) {
        let mut watched = self.watched.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|(inbox, _)| inbox.strong_count() > 0);
        watched.push((Arc::downgrade(inbox), Arc::clone(rope)));
    }

    /// Whether this is the process that opened the store.
    pub fn is_here(&self) -> bool {
        self.process == std::process::id()
    }
}

impl Watched {
    fn tell(&self) {
        for (inbox, rope) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(inbox) = inbox.upgrade() {
                inbox.put(News::Changed);
                ring(rope);
            }
        }
    }
}
