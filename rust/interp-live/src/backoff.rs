//! How long to wait before the next attempt: full jitter, so that callers who failed together come back apart.
//!
//! Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

use std::time::Duration;

use crate::endpoint::Retries;

/// The wait before retry number `retry` (from 0); none where the provider asks for more than is granted.
pub(crate) fn wait(retries: &Retries, retry: u32, asked: Option<Duration>, bits: u64) -> Option<Duration> {
    let longest = retries.base.saturating_mul(2_u32.saturating_pow(retry)).min(retries.cap);
    let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    let drawn = Duration::from_millis(bits % millis.saturating_add(1));
    match asked {
        Some(asked) if asked > retries.asked_max => None,
        Some(asked) => Some(asked.max(drawn)),
        None => Some(drawn),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::wait;
    use crate::endpoint::Retries;

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap() {
        let retries = Retries::default();
        let longest: Vec<u128> = (0..9)
            .map(|retry| (0..40_000).map(|bits| wait(&retries, retry, None, bits).unwrap().as_millis()).max().unwrap())
            .collect();
        assert_eq!(longest, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(wait(&retries, 40, None, 0), Some(Duration::ZERO));
    }

    #[test]
    fn what_a_provider_asks_is_honoured_up_to_the_bound() {
        let (retries, second) = (Retries::default(), Duration::from_secs(1));
        assert_eq!(wait(&retries, 0, Some(second), 3), Some(second));
        assert_eq!(wait(&retries, 2, Some(second), 1_700), Some(Duration::from_millis(1_700)));
        assert_eq!(wait(&retries, 0, Some(second * 61), 3), None);
    }
}
