//! The limits of one endpoint: who has to wait, in the order in which they came.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::endpoint::Limits;

/// What every call of an endpoint passes.
pub(crate) struct Throttle {
    slots: Option<Arc<Semaphore>>,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

/// Leave to ask; the slot is free again when it goes.
pub(crate) struct Pass<'t> {
    tokens: Option<Reserved<'t>>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Throttle {
    pub fn new(limits: &Limits) -> Self {
        let slots = limits.max_concurrency.map(|count| usize::try_from(count.max(1)).unwrap_or(usize::MAX));
        Self {
            slots: slots.map(|count| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))),
            requests: limits.requests_per_minute.map(Bucket::new),
            tokens: limits.tokens_per_minute.map(Bucket::new),
        }
    }

    /// Waits for leave; `delayed` is told which limit makes it wait, and how long where that is known.
    pub async fn pass(&self, tokens: u64, delayed: &(dyn Fn(&str, Option<Duration>) + Sync)) -> Pass<'_> {
        if let Some(requests) = &self.requests {
            requests.take(1, &|wait| delayed("requests_per_minute", Some(wait))).await.keep();
        }
        let tokens = match &self.tokens {
            Some(bucket) => Some(bucket.take(tokens, &|wait| delayed("tokens_per_minute", Some(wait))).await),
            None => None,
        };
        let slot = match &self.slots {
            Some(slots) => slot(slots, &|| delayed("concurrency", None)).await,
            None => None,
        };
        Pass { tokens, _slot: slot }
    }
}

impl Pass<'_> {
    /// Puts what was really used in the place of what was guessed.
    pub fn settle(&mut self, used: u64) {
        if let Some(reserved) = self.tokens.take() {
            reserved.bucket.put_back(reserved.amount - number(used));
            reserved.keep();
        }
    }
}

async fn slot(slots: &Arc<Semaphore>, delayed: &(dyn Fn() + Sync)) -> Option<OwnedSemaphorePermit> {
    if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
        return Some(slot);
    }
    delayed();
    // It is never closed.
    Arc::clone(slots).acquire_owned().await.ok()
}

/// So much a minute, refilled steadily; who comes when it is empty takes from the future and waits for it.
struct Bucket {
    a_minute: f64,
    /// What is in it, below 0 where the future is taken, and when that was true.
    level: Mutex<(f64, Instant)>,
}

/// What was taken; it goes back when it is dropped before it is kept.
struct Reserved<'b> {
    bucket: &'b Bucket,
    amount: f64,
    kept: bool,
}

impl Bucket {
    fn new(a_minute: u32) -> Self {
        let a_minute = f64::from(a_minute.max(1));
        Self { a_minute, level: Mutex::new((a_minute, Instant::now())) }
    }

    async fn take(&self, amount: u64, delayed: &(dyn Fn(Duration) + Sync)) -> Reserved<'_> {
        // More than a minute's worth can never be there at once.
        let amount = number(amount).min(self.a_minute);
        let reserved = Reserved { bucket: self, amount, kept: false };
        let missing = -self.put_back(-amount);
        if missing > 0.0 {
            let wait = Duration::from_secs_f64(missing * 60.0 / self.a_minute);
            delayed(wait);
            tokio::time::sleep(wait).await;
        }
        reserved
    }

    /// Adds an amount, below 0 to take it, and gives what is there now.
    fn put_back(&self, amount: f64) -> f64 {
        let now = Instant::now();
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let refilled = now.duration_since(level.1).as_secs_f64() * self.a_minute / 60.0;
        *level = ((level.0 + refilled).min(self.a_minute) + amount, now);
        level.0
    }
}

impl Reserved<'_> {
    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.bucket.put_back(self.amount);
        }
    }
}

fn number(amount: u64) -> f64 {
    f64::from(u32::try_from(amount).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::Throttle;
    use crate::endpoint::Limits;

    /// The waits that a pass told, in milliseconds, each with its limit.
    async fn waited(throttle: &Throttle, tokens: u64) -> Vec<(u128, String)> {
        let told = Mutex::new(Vec::new());
        let delayed = |limit: &str, wait: Option<Duration>| {
            told.lock().unwrap().push((wait.unwrap().as_millis(), limit.to_owned()));
        };
        throttle.pass(tokens, &delayed).await.settle(tokens);
        told.into_inner().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_come_back_steadily() {
        let throttle = Throttle::new(&Limits { requests_per_minute: Some(60), ..Limits::default() });
        for _ in 0..60 {
            assert_eq!(waited(&throttle, 0).await, []);
        }
        for _ in 0..3 {
            let told = waited(&throttle, 0).await;
            assert!(matches!(&told[..], [(998..=1_000, limit)] if limit == "requests_per_minute"), "{told:?}");
        }
        tokio::time::advance(Duration::from_secs(600)).await;
        for _ in 0..60 {
            assert_eq!(waited(&throttle, 0).await, []);
        }
        assert_eq!(waited(&throttle, 0).await.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_guessed_is_corrected_and_a_call_of_any_size_gets_through() {
        let throttle = Throttle::new(&Limits { tokens_per_minute: Some(6_000), ..Limits::default() });
        throttle.pass(6_000, &|_, _| panic!("no wait")).await.settle(3_000);
        throttle.pass(3_000, &|_, _| panic!("no wait")).await.settle(9_000);
        assert_eq!(waited(&throttle, 1_000_000).await, [(120_000, "tokens_per_minute".to_owned())]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_no_hole() {
        let throttle = Throttle::new(&Limits { tokens_per_minute: Some(60), ..Limits::default() });
        drop(throttle.pass(60, &|_, _| panic!("no wait")).await);
        throttle.pass(60, &|_, _| panic!("no wait")).await.settle(60);
        let gave_up = tokio::time::timeout(Duration::from_secs(1), throttle.pass(60, &|_, _| {})).await;
        assert!(gave_up.is_err());
        // In that second one token came back.
        let told = waited(&throttle, 1).await;
        assert!(told.iter().all(|(wait, _)| *wait <= 1), "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn slots_are_given_in_order() {
        let throttle = Throttle::new(&Limits { max_concurrency: Some(1), ..Limits::default() });
        let (first, order) = (throttle.pass(0, &|_, _| {}).await, Mutex::new(Vec::new()));
        let enter = async |number: u32| {
            let _pass = throttle.pass(0, &|limit, _| assert_eq!(limit, "concurrency")).await;
            order.lock().unwrap().push(number);
        };
        let release = async { drop(first) };
        tokio::join!(enter(1), enter(2), enter(3), release);
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
    }
}
