//! Answers that are complete and no good: each status of the table, and 200 with something else than an answer.

use serde_json::json;

use super::{CHAT, Pair, assert_answered, chat, streamed_chat};
use crate::support::App;
use crate::support::upstream::{Reply, Upstream};

/// For each reply: an instance that answers so is passed over, for whole answers and for streams. Each gets instances of its
/// own, so that what the service learns of one does not change the next.
async fn assert_second_answers(replies: impl IntoIterator<Item = Reply>) {
    let app = App::start().await;
    let second = Upstream::start("second");
    let healthy = app.instance("second", &second).await;
    let mut cases = Vec::new();
    for reply in replies {
        for streamed in [false, true] {
            let first = Upstream::start("first");
            first.always(reply.clone());
            let faulty = app.instance(&app.unique("first"), &first).await;
            let group = app.group(&app.unique("group"), [&faulty, &healthy]).await;
            cases.push((first, group.name, streamed, format!("{reply:?}")));
        }
    }
    let caller = app.gateway().await;
    for (first, group, streamed, what) in &cases {
        let body = if *streamed {
            streamed_chat(group)
        } else {
            chat(group)
        };
        let answer = caller.post(CHAT, &body).await;
        assert_eq!(first.requests().len(), 1, "asked once: {what}");
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        assert_eq!(
            answer.header("x-understudy-instance"),
            Some("second"),
            "{what}: {answer:?}"
        );
        assert_eq!(
            answer.header("x-understudy-attempts"),
            Some("2"),
            "{what}: {answer:?}"
        );
        assert_eq!(
            answer.header("x-understudy-group"),
            Some(group.as_str()),
            "{what}: {answer:?}"
        );
        assert!(answer.text().contains("second"), "{what}: {answer:?}");
        assert!(
            !answer.text().contains("something broke"),
            "{what}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn second_instance_answers_when_first_fails() {
    let statuses = [500, 502, 503, 504, 520, 522, 524, 529];
    assert_second_answers(statuses.map(Reply::failure)).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_is_over_its_rate_limit() {
    assert_second_answers([
        Reply::failure(429),
        Reply::failure(429).header("retry-after", "30"),
        Reply::failure(429).header("retry-after", "Wed, 21 Oct 2099 07:28:00 GMT"),
        Reply::failure(429).header("retry-after-ms", "1500"),
        Reply::failure(503).header("retry-after", "30"),
    ])
    .await;
}

#[tokio::test]
async fn second_instance_answers_when_firsts_quota_is_used_up() {
    assert_second_answers([
        Reply::failure(402),
        Reply::error(
            429,
            "insufficient_quota",
            "insufficient_quota",
            "something broke",
        ),
        Reply::error(
            403,
            "insufficient_quota",
            "insufficient_quota",
            "something broke",
        ),
    ])
    .await;
}

#[tokio::test]
async fn second_instance_answers_when_first_refuses_its_token() {
    assert_second_answers([Reply::failure(401)]).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_forbids_or_does_not_know_the_endpoint() {
    assert_second_answers([403, 404, 405].map(Reply::failure)).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_is_not_ready() {
    assert_second_answers([408, 409, 425].map(Reply::failure)).await;
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let elsewhere = Upstream::start("elsewhere");
    let location = format!("http://127.0.0.1:{}{CHAT}", elsewhere.port());
    let redirect = |status| Reply::failure(status).header("location", &location);
    assert_second_answers([301, 302, 303, 307, 308].map(redirect)).await;
    assert!(elsewhere.all_requests().is_empty());
}

#[tokio::test]
async fn second_instance_answers_when_first_says_200_and_means_an_error() {
    let error = json!({"error": {"message": "something broke", "code": 500}});
    assert_second_answers([
        Reply::json(200, &error),
        Reply::json(200, &json!({"error": "something broke"})),
        Reply::events([&error]),
    ])
    .await;
}

#[tokio::test]
async fn second_instance_answers_when_firsts_answer_is_empty() {
    assert_second_answers([
        Reply::body(200, "application/json", ""),
        Reply::body(200, "application/json", " \n"),
        Reply::event_bytes(""),
        Reply::events(["[DONE]"]),
    ])
    .await;
}

#[tokio::test]
async fn second_instance_answers_when_first_answers_with_a_page() {
    let page = "<!doctype html><title>something broke</title>";
    assert_second_answers([
        Reply::body(200, "text/html; charset=utf-8", page),
        Reply::body(200, "application/json", page),
    ])
    .await;
}

#[tokio::test]
async fn error_that_is_null_is_no_error() {
    let pair = Pair::start().await;
    pair.first.next(Reply::json(
        200,
        &json!({"error": null, "choices": [{"message": {"content": "hello from first"}}]}),
    ));
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn instance_that_failed_once_is_asked_again() {
    let pair = Pair::start().await;
    pair.first.next(Reply::failure(500));
    assert_answered(&pair.ask().await, "second", 2);
    assert_answered(&pair.ask().await, "first", 1);
}
