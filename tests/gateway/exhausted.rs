//! Nobody answered: what the caller is told, and what it is never told.

use serde_json::json;

use super::{CHAT, GROUP, Pair, assert_failed, assert_headers, chat};
use crate::support::App;
use crate::support::client::Answer;
use crate::support::upstream::{Reply, Upstream};

/// Both instances answer so; what the caller gets for a whole answer and for a stream. Each question has instances of its own,
/// since what the service learns from the one would change the other.
async fn when_both(first: Reply, second: Reply) -> [Answer; 2] {
    let whole = pair_that_answers(&first, &second).await.ask().await;
    let streamed = pair_that_answers(&first, &second).await;
    [whole, streamed.ask_streamed().await]
}

async fn pair_that_answers(first: &Reply, second: &Reply) -> Pair {
    let stalls = json!({"timeouts": {"first_byte_ms": 300}});
    let pair = Pair::with(stalls.clone(), json!({})).await;
    let admin = pair.app.admin().await;
    admin
        .patch(&pair.second_instance.path, &stalls)
        .await
        .expect(200);
    pair.app.settled().await;
    pair.first.always(first.clone());
    pair.second.always(second.clone());
    pair
}

#[tokio::test]
async fn all_failed_is_502_with_a_message_that_names_no_host() {
    let pair = Pair::of(Upstream::refusing("first"), json!({}), json!({})).await;
    pair.second.always(Reply::failure(500));
    for answer in [pair.ask().await, pair.ask_streamed().await] {
        let error = assert_failed(&answer, 502, "all_instances_failed", 2);
        let message = error["message"].as_str().unwrap();
        assert!(!message.contains("127.0.0.1"), "{message}");
        assert!(
            !message.contains(&pair.first.port().to_string()),
            "{message}"
        );
        assert!(!message.contains("something broke"), "{message}");
    }
}

#[tokio::test]
async fn last_one_timed_out_is_504() {
    for answer in when_both(Reply::failure(500), Reply::hang()).await {
        assert_failed(&answer, 504, "upstream_timeout", 2);
    }
}

#[tokio::test]
async fn earlier_one_timed_out_is_502() {
    for answer in when_both(Reply::hang(), Reply::failure(500)).await {
        assert_failed(&answer, 502, "all_instances_failed", 2);
    }
}

#[tokio::test]
async fn all_over_their_limit_is_429_with_the_smallest_retry_after() {
    let pause = |seconds| Reply::failure(429).header("retry-after", seconds);
    for answer in when_both(pause("20"), pause("7")).await {
        assert_failed(&answer, 429, "rate_limited", 2);
        assert_eq!(answer.header("retry-after"), Some("7"), "{answer:?}");
    }
    let unavailable = Reply::failure(503).header("retry-after", "9");
    for answer in when_both(unavailable, Reply::failure(429)).await {
        assert_failed(&answer, 429, "rate_limited", 2);
        assert_eq!(answer.header("retry-after"), Some("5"), "{answer:?}");
    }
}

#[tokio::test]
async fn retry_after_is_never_below_a_second_or_above_an_hour() {
    let pause = |seconds| Reply::failure(429).header("retry-after", seconds);
    for answer in when_both(pause("0"), pause("20")).await {
        assert_eq!(answer.status, 429, "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    }
    for answer in when_both(pause("999999"), pause("999999")).await {
        assert_eq!(answer.status, 429, "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("3600"), "{answer:?}");
    }
}

#[tokio::test]
async fn one_over_its_limit_and_one_broken_is_502() {
    for answer in when_both(Reply::failure(429), Reply::failure(500)).await {
        assert_failed(&answer, 502, "all_instances_failed", 2);
    }
}

#[tokio::test]
async fn backends_401_never_becomes_the_callers() {
    for answer in when_both(Reply::failure(401), Reply::failure(401)).await {
        assert_failed(&answer, 502, "all_instances_failed", 2);
        assert_eq!(answer.header("www-authenticate"), None, "{answer:?}");
    }
}

#[tokio::test]
async fn statuses_about_the_instance_become_502() {
    let pair = Pair::start().await;
    for status in [301, 403, 404, 405, 408, 409, 425, 529] {
        pair.first.always(Reply::failure(status));
        pair.second.always(Reply::failure(status));
        for answer in [pair.ask().await, pair.ask_streamed().await] {
            assert_failed(&answer, 502, "all_instances_failed", 2);
        }
    }
}

#[tokio::test]
async fn callers_own_mistake_comes_back_as_the_backend_said_it() {
    let pair = Pair::start().await;
    for status in [400, 413, 415, 418, 422] {
        let original = Reply::error(
            status,
            "invalid_request_error",
            "bad_temperature",
            "temperature must be at most 2",
        );
        for streamed in [false, true] {
            pair.first.next(original.clone());
            let answer = if streamed {
                pair.ask_streamed().await
            } else {
                pair.ask().await
            };
            let error = answer.gateway_error(status, "bad_temperature");
            assert_eq!(error["message"], "temperature must be at most 2");
            assert_eq!(error["type"], "invalid_request_error");
            assert_headers(&answer, 1);
            assert_eq!(
                answer.header("x-understudy-instance"),
                Some("first"),
                "{answer:?}"
            );
        }
    }
    assert!(pair.second.requests().is_empty(), "nobody else is asked");
}

#[tokio::test]
async fn content_policy_is_the_callers_matter() {
    let pair = Pair::start().await;
    let refused = Reply::error(
        400,
        "invalid_request_error",
        "content_policy_violation",
        "no",
    );
    pair.first.next(refused);
    pair.ask()
        .await
        .gateway_error(400, "content_policy_violation");
    assert!(pair.second.requests().is_empty());
}

#[tokio::test]
async fn context_that_is_too_small_comes_back_as_the_backend_said_it() {
    let pair = Pair::start().await;
    let too_long = Reply::error(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 4096 tokens.",
    );
    pair.first.next(too_long);
    let answer = pair.ask().await;
    let error = answer.gateway_error(400, "context_length_exceeded");
    assert!(
        error["message"].as_str().unwrap().contains("4096 tokens"),
        "{error}"
    );
    assert_headers(&answer, 1);
    assert!(
        pair.second.requests().is_empty(),
        "its context is not declared larger"
    );
}

#[tokio::test]
async fn context_that_is_too_small_goes_on_to_a_larger_declared_one() {
    let pair = Pair::with(json!({"capabilities": {"context_length": 4096}}), json!({})).await;
    let admin = pair.app.admin().await;
    let larger = json!({"capabilities": {"context_length": 8192}});
    admin
        .patch(&pair.second_instance.path, &larger)
        .await
        .expect(200);
    pair.app.settled().await;
    pair.first.next(Reply::error(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "too long",
    ));
    super::assert_answered(&pair.ask().await, "second", 2);
}

#[tokio::test]
async fn passed_on_errors_carry_no_secret_and_no_address() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"label": "one", "value": "sk-canary-of-the-token"}],
        "headers": [{"name": "x-organisation", "value": "org-canary-of-the-header"}],
    });
    let instance = app.instance_with("a", upstream.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    let address = format!("127.0.0.1:{}", upstream.port());
    let chatter = format!(
        "key sk-canary-of-the-token, org-canary-of-the-header at http://{address}/v1 is wrong"
    );
    for status in [400, 401, 422, 500] {
        upstream.next(
            Reply::error(
                status,
                "sk-canary-of-the-token",
                "sk-canary-of-the-token",
                &chatter,
            )
            .header("x-debug", "sk-canary-of-the-token"),
        );
        let answer = caller.post(CHAT, &chat(GROUP)).await;
        assert!(answer.status >= 400, "{answer:?}");
        let shown = format!("{answer:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!answer.text().contains(&address), "{shown}");
    }
    let log = app.log();
    assert!(!log.contains("canary"), "{log}");
}

#[tokio::test]
async fn group_without_instances_is_503_at_once() {
    let app = App::start().await;
    app.group(GROUP, []).await;
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_failed(&answer, 503, "no_instance_available", 0);
}

#[tokio::test]
async fn disabled_group_is_503_at_once() {
    let pair = Pair::with(json!({}), json!({"enabled": false})).await;
    assert_failed(&pair.ask().await, 503, "no_instance_available", 0);
    assert_failed(&pair.ask_streamed().await, 503, "no_instance_available", 0);
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn group_of_disabled_instances_is_503_at_once() {
    let pair = Pair::with(json!({"enabled": false}), json!({})).await;
    let admin = pair.app.admin().await;
    let change = json!({"enabled": false});
    admin
        .patch(&pair.second_instance.path, &change)
        .await
        .expect(200);
    pair.app.settled().await;
    assert_failed(&pair.ask().await, 503, "no_instance_available", 0);
}

#[tokio::test]
async fn group_of_forbidden_kinds_is_503_at_once() {
    let pair = Pair::with(json!({}), json!({"allowed_kinds": ["network"]})).await;
    assert_failed(&pair.ask().await, 503, "no_instance_available", 0);
    assert!(pair.first.all_requests().is_empty());
}
