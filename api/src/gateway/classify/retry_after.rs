//! `Retry-After` in all its forms: seconds, a date, and `retry-after-ms`.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3_600);

/// How long to leave the instance alone, from one second to one hour; none if the answer does not say.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    read(headers, SystemTime::now())
}

fn read(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    let millis = text("retry-after-ms")
        .and_then(number)
        .map(|ms| ms / 1000.0);
    let pause = match (millis, text(RETRY_AFTER.as_str())) {
        (Some(seconds), _) => from_seconds(seconds),
        (None, Some(value)) => match number(value) {
            Some(seconds) => from_seconds(seconds),
            None => httpdate::parse_http_date(value)
                .ok()?
                .duration_since(now)
                .unwrap_or_default(),
        },
        (None, None) => return None,
    };
    Some(pause.clamp(SHORTEST, LONGEST))
}

/// A plain, finite, positive number: some backends send fractions of seconds.
fn number(text: &str) -> Option<f64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

fn from_seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(name: &'static str, value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        read(&headers, now).map(|pause| u64::try_from(pause.as_millis()).unwrap())
    }

    #[test]
    fn every_form_is_read_and_clamped() {
        assert_eq!(pause("retry-after", "7"), Some(7_000));
        assert_eq!(pause("retry-after", " 2.5 "), Some(2_500));
        assert_eq!(pause("retry-after", "0"), Some(1_000));
        assert_eq!(
            pause("retry-after", "99999999999999999999999"),
            Some(3_600_000)
        );
        assert_eq!(pause("retry-after-ms", "1500"), Some(1_500));
        assert_eq!(pause("retry-after-ms", "3"), Some(1_000));
        assert_eq!(
            pause("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"),
            Some(10_000)
        );
        assert_eq!(
            pause("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"),
            Some(1_000)
        );
    }

    #[test]
    fn nonsense_says_nothing() {
        for value in ["soon", "-1", "NaN", "inf", "1e9", "", "1.2.3"] {
            assert_eq!(pause("retry-after", value), None, "{value}");
        }
    }
}
