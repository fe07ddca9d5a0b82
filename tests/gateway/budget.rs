//! When everything fails, second attempts must not multiply the load.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Pair, assert_failed};
use crate::observability::Scrape;
use crate::support::upstream::{Reply, Upstream};

#[tokio::test]
async fn second_attempts_of_a_group_are_within_its_budget() {
    // A status that counts against nobody, so that nobody is ejected.
    let pair = Pair::whose_first_answers(Reply::failure(404)).await;
    let begun = Instant::now();
    let mut refused = None;
    for _ in 0..150 {
        let answer = pair.ask().await;
        if answer.status != 200 {
            refused = Some(answer);
        }
    }
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "too slow to mean anything: {took:?}"
    );
    // Ten a second over ten seconds, and a fifth of the requests.
    let tried_again = pair.second.requests().len();
    assert!((100..=130).contains(&tried_again), "{tried_again}");
    let refused = refused.expect("the budget is smaller");
    assert_failed(&refused, 502, "all_instances_failed", 1);
    let log = pair.app.log();
    assert!(log.contains("retry_budget"), "{log}");
    let metrics = Scrape::with(&pair.app.admin().await).await;
    let counted = metrics.get("understudy_retry_budget_exhausted_total", &[]);
    let expected = 150 - tried_again;
    assert_eq!(counted, Some(expected as f64), "{}", metrics.text);
}

#[tokio::test]
async fn requests_that_were_never_sent_cost_no_budget() {
    let pair = Pair::of(Upstream::refusing("first"), json!({}), json!({})).await;
    for _ in 0..150 {
        assert_eq!(pair.ask().await.status, 200);
    }
}
