//! A pause is between a second and an hour, whatever a backend asks for, and a plain number is what it says.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use reqwest::header::{HeaderMap, HeaderValue};
use understudy_api::gateway::classify::retry_after;

fn headers(name: &'static str, value: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_bytes(value).ok()?);
    Some(headers)
}

fuzz_target!(|input: (&[u8], &[u8], u64)| {
    let (seconds, millis, number) = input;
    let bounds = Duration::from_secs(1)..=Duration::from_secs(3_600);
    let mut both = HeaderMap::new();
    for (name, value) in [("retry-after", seconds), ("retry-after-ms", millis)] {
        if let Some(one) = headers(name, value) {
            assert!(retry_after(&one).is_none_or(|pause| bounds.contains(&pause)));
            both.extend(one);
        }
    }
    let pause = retry_after(&both);
    assert!(pause.is_none_or(|pause| bounds.contains(&pause)));
    // Something that says how long in milliseconds wins.
    if let Some(precise) = headers("retry-after-ms", millis).and_then(|one| retry_after(&one)) {
        assert_eq!(pause, Some(precise));
    }
    let said = |name, number: u64| {
        retry_after(&headers(name, number.to_string().as_bytes()).expect("digits"))
    };
    assert_eq!(
        said("retry-after", number),
        Some(Duration::from_secs(number.clamp(1, 3_600)))
    );
    let millis = u32::try_from(number % 10_000_000).expect("small");
    let expected =
        Duration::from_secs_f64(f64::from(millis) / 1000.0).clamp(*bounds.start(), *bounds.end());
    assert_eq!(said("retry-after-ms", millis.into()), Some(expected));
});
