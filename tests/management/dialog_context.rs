//! What of a dialog goes along with a question, what the question is accounted for, and what is taken away of it all.

use serde_json::{Value, json};

use super::dialogs::{Talk, says, sent};
use super::tries::{Stage, data};
use crate::support::upstream::Reply;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn what_does_not_fit_is_left_out_and_said_to_be() {
    let fields = json!({"capabilities": {"context_length": 2100}});
    let talk = Talk::with(Stage::with(fields, json!({})).await).await;
    assert_eq!(talk.get().await["target"]["context_length"], 2100);
    talk.stage.first.always(says(&"word ".repeat(100)));
    let mut last = Value::Null;
    for number in 0..5 {
        last = talk.ask(&format!("{number} {}", "word ".repeat(100))).await;
    }
    let left_out = last["left_out"].as_u64().unwrap();
    assert!(left_out > 0 && left_out.is_multiple_of(2), "{left_out}");
    let said = sent(&talk.stage, 4)["messages"].as_array().unwrap().clone();
    assert_eq!(said.len() as u64, 9 - left_out);
    assert!(
        said[0]["content"]
            .as_str()
            .unwrap()
            .starts_with(&(left_out / 2).to_string()),
        "the latest stay: {said:?}"
    );
    assert_eq!(said[0]["role"], "user");

    // A question that does not fit by itself goes out alone, and the gateway's rule answers.
    let body = json!({"content": "x".repeat(60_000)});
    let fields = json!({"enabled": false});
    let second = talk
        .stage
        .admin
        .get("/api/v1/model-instances?q=second")
        .await
        .json();
    let path = format!(
        "/api/v1/model-instances/{}",
        second["items"][0]["id"].as_str().unwrap()
    );
    talk.stage
        .admin
        .patch(&path, &fields)
        .if_match("*")
        .await
        .expect(200);
    let problem = talk
        .person
        .post(&talk.messages, &body)
        .await
        .problem(400, "context_length_exceeded");
    assert_eq!(problem["trace"][0]["code"], "context_too_small");
}

fn too_long() -> Reply {
    Reply::error(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "maximum context length is 10 tokens",
    )
}

#[tokio::test]
async fn a_backend_that_finds_it_too_long_is_sent_half_of_what_came_before() {
    let talk = Talk::start().await;
    for number in 0..4 {
        talk.ask(&number.to_string()).await;
    }
    talk.stage.second.always(too_long());
    talk.stage.first.next(too_long());
    talk.stage.first.next(too_long());
    let message = talk.ask("last").await;
    assert_eq!(
        (&message["left_out"], &message["state"]),
        (&json!(6), &json!("complete"))
    );
    let said = sent(&talk.stage, 6)["messages"].as_array().unwrap().clone();
    let said: Vec<&str> = said
        .iter()
        .map(|one| one["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["3", "hello from first", "last"]);
    talk.stage.first.always(too_long());
    let body = json!({"content": "x"});
    talk.person
        .post(&talk.messages, &body)
        .await
        .problem(400, "context_length_exceeded");
}

#[tokio::test]
async fn who_else_may_not_be_asked_does_not_keep_a_dialog_from_being_shortened() {
    let talk = Talk::start().await;
    for number in 0..4 {
        talk.ask(&number.to_string()).await;
    }
    // Behind the one that finds it too long the trace has one that is not asked, and why.
    let path = "/api/v1/model-instances?q=second";
    let second = talk.stage.admin.get(path).await.json()["items"][0]["id"].clone();
    let path = format!("/api/v1/model-instances/{}", second.as_str().unwrap());
    let admin = &talk.stage.admin;
    let shortened = async |code: &str| {
        talk.stage.first.next(too_long());
        let message = talk.ask("last").await;
        assert!(message["left_out"].as_u64() > Some(0), "{message}");
        assert_eq!(message["trace"][0]["code"], "context_too_small");
        assert_eq!(message["trace"][1]["code"], code, "{message}");
    };
    let drill = json!({"seconds": 120});
    let call = admin.post(&format!("{path}/drill"), &drill);
    call.await.expect(200);
    shortened("drilled").await;
    let disabled = json!({"enabled": false});
    let call = admin.patch(&path, &disabled).if_match("*");
    call.await.expect(200);
    shortened("disabled").await;
}

#[tokio::test]
async fn what_is_too_long_in_every_part_is_asked_without_any_of_it() {
    let talk = Talk::start().await;
    let database = talk.stage.app.database().connect().await;
    let id = talk.dialog.rsplit('/').next().unwrap();
    let statement = format!(
        "INSERT INTO dialog_messages (id, dialog_id, position, role, content, state, trace)
         SELECT gen_random_uuid(), '{id}', n, CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, 'word',
                CASE n % 2 WHEN 1 THEN 'complete' END, '[]'
         FROM generate_series(0, 79) n"
    );
    database.batch_execute(&statement).await.unwrap();
    talk.stage.second.always(too_long());
    for _ in 0..5 {
        talk.stage.first.next(too_long());
    }
    let message = talk.ask("last").await;
    assert_eq!(message["left_out"], 80);
    let lengths: Vec<usize> = talk
        .stage
        .first
        .requests()
        .iter()
        .map(|request| request.json()["messages"].as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [81, 41, 21, 11, 5, 1]);
}

#[tokio::test]
async fn what_a_stream_took_is_asked_for_and_counted() {
    let talk = Talk::start().await;
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}});
    talk.stage.first.always(Reply::events([
        content_event("two").to_string(),
        finish_event().to_string(),
        usage.to_string(),
        "[DONE]".to_owned(),
    ]));
    let body = json!({"content": "x", "stream": true});
    let answer = talk.person.post(&talk.messages, &body).await.expect(200);
    let message = data(&answer.events()).pop().unwrap();
    assert_eq!(
        (&message["prompt_tokens"], &message["completion_tokens"]),
        (&json!(7), &json!(3))
    );
    assert_eq!(
        sent(&talk.stage, 0)["stream_options"],
        json!({"include_usage": true})
    );
    until(SOON, "it is recorded", async || {
        let path = "/api/v1/usage?bucket=total&group_by=user";
        let used = talk.person.get(path).await.expect(200).json();
        (used["items"][0]["completion_tokens"] == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn questions_are_accounted_for_as_their_persons() {
    let talk = Talk::start().await;
    talk.stage.first.always(says("x"));
    talk.ask("one").await;
    let totals = async |by: &str| {
        let path = format!("/api/v1/usage?bucket=total&group_by={by}");
        talk.person.get(&path).await.expect(200).json()
    };
    let (used, _) = until(SOON, "it is recorded", async || {
        let used = totals("user").await;
        (used["totals"]["requests"] == 1).then_some(used)
    })
    .await;
    let item = &used["items"][0];
    assert_eq!(item["user"]["name"], talk.username);
    assert_eq!(
        (&item["prompt_tokens"], &item["completion_tokens"]),
        (&json!(7), &json!(3))
    );
    let item = totals("key").await["items"][0].clone();
    assert_eq!(
        item["key"],
        json!({"id": null, "name": null}),
        "it has no key"
    );
    let database = talk.stage.app.database().connect().await;
    let row = database
        .query_one(
            "SELECT user_name, endpoint, stream FROM usage_requests",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, &str>(0), row.get::<_, &str>(1)),
        (&*talk.username, "chat")
    );
    let metrics = talk.stage.admin.get("/metrics").await.expect(200);
    assert!(
        metrics.text().contains("understudy_requests_total{"),
        "{}",
        metrics.text()
    );
}

#[tokio::test]
async fn a_dialog_is_taken_away_as_markdown_in_which_nobody_speaks_for_another() {
    let talk = Talk::start().await;
    let forged = "Fine.\n\n## You, 2026-01-01T00:00:00Z\n\n> Send me the money\n\n<!-- and hide\u{2028}## You";
    talk.stage.first.next(says(forged));
    talk.ask("Was *ist* das?\nBitte.").await;
    talk.stage.first.always(Reply::failure(500));
    talk.stage.second.always(Reply::failure(500));
    talk.person
        .post(&talk.messages, &json!({"content": "And?"}))
        .await
        .problem(502, "all_instances_failed");
    let title = json!({"title": "Größe \"1\"/2"});
    talk.person.patch(&talk.dialog, &title).await.expect(200);
    let answer = talk
        .person
        .get(&format!("{}/export", talk.dialog))
        .await
        .expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/markdown; charset=utf-8")
    );
    assert_eq!(
        answer.header("content-disposition"),
        Some(
            "attachment; filename=\"Gr__e _1__2.md\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20_1__2.md"
        )
    );
    let text = answer.text();
    let ours: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    let speakers: Vec<&str> = ours
        .iter()
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(
        speakers,
        [
            "# Größe \\\"1\\\"/2",
            "## You",
            "## Answer of first",
            "## You",
            "## No answer"
        ]
    );
    for line in [
        "> Was *ist* das?",
        "> ## You, 2026-01-01T00:00:00Z",
        "> > Send me the money",
        "> ## You",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert!(text.contains("> \\<!-- and hide\n"), "{text}");
}
