//! How long a provider asks to wait, where it names a moment instead of a number.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time from now until a moment such as `Wed, 21 Oct 2026 07:28:00 GMT`; none where it is no moment.
///
/// Source: RFC 9110, section 5.6.7, "Date/Time Formats", the preferred form.
pub(crate) fn until(date: &str, now: SystemTime) -> Option<Duration> {
    let moment = UNIX_EPOCH.checked_add(Duration::from_secs(seconds(date)?))?;
    Some(moment.duration_since(now).unwrap_or_default())
}

/// Seconds since the Unix epoch.
fn seconds(date: &str) -> Option<u64> {
    let words: Vec<&str> = date.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = words[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let clock: Vec<u64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (&[hour, minute, second], 1970..=9999, 1..=31) = (&clock[..], year, day) else {
        return None;
    };
    let in_day = (hour < 24 && minute < 60 && second < 61).then(|| hour * 3_600 + minute * 60 + second)?;
    Some((days(year, month) + day - 1) * 86_400 + in_day)
}

/// Days from the epoch to the first of a month, whose number is from 0.
fn days(year: u64, month: usize) -> u64 {
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334].get(month).copied().unwrap_or_default();
    let leap_day = u64::from(is_leap && month > 1);
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + before + leap_day
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::until;

    #[test]
    fn a_moment_is_waited_for_and_a_past_one_is_now() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(until("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(until("Sun, 06 Nov 1994 08:49:30 GMT", now), Some(Duration::ZERO));
        assert_eq!(until("Thu, 01 Jan 1970 00:00:00 GMT", now), Some(Duration::ZERO));
        let leap = UNIX_EPOCH + Duration::from_secs(951_782_400);
        assert_eq!(until("Wed, 01 Mar 2000 00:00:00 GMT", leap), Some(Duration::from_secs(86_400)));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        let wrong = [
            "",
            "soon",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1 8:1:1 GMT",
            "a, 1 Jan 2026 18446744073709551615:0:0 GMT",
        ];
        assert!(wrong.iter().all(|date| until(date, UNIX_EPOCH).is_none()));
    }
}
