//! How much there is room for: in an answer, on a page, in a dialog, and of dialogs.

use serde_json::{Value, json};

use super::dialogs::{DIALOGS, Talk, says};
use super::tries::data;
use crate::support::upstream::Reply;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::wait::{SOON, until};

const MIB: usize = 1024 * 1024;

/// So many messages with this text, straight into the database.
async fn fill(talk: &Talk, count: usize, text: &str) {
    let database = talk.stage.app.database().connect().await;
    let id = talk.dialog.rsplit('/').next().unwrap();
    let statement = format!(
        "INSERT INTO dialog_messages (id, dialog_id, position, role, content, state, trace)
         SELECT gen_random_uuid(), '{id}', n, CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, {text},
                CASE n % 2 WHEN 1 THEN 'complete' END, '[]'
         FROM generate_series(0, {count} - 1) n"
    );
    database.batch_execute(&statement).await.unwrap();
}

#[tokio::test]
async fn of_an_answer_the_first_mebibyte_is_kept() {
    let talk = Talk::start().await;
    let fits = "я".repeat(MIB / 2);
    let too_long = format!("x{fits}");
    let kept = &too_long[..MIB - 1];
    talk.stage.first.next(says(&fits));
    let message = talk.ask("x").await;
    assert_eq!(message["state"], "complete");
    assert!(message["content"] == *fits);
    talk.stage.first.next(says(&too_long));
    let body = json!({"content": "x"});
    let call = talk.person.post(&talk.messages, &body);
    call.await.problem(502, "stream_interrupted");
    let all = talk.all().await;
    assert_eq!(all[3]["state"], "interrupted");
    assert!(all[3]["content"] == *kept);

    let body = json!({"content": "x", "stream": true});
    let end = [finish_event().to_string(), "[DONE]".to_owned()];
    let pieces = Reply::events([content_event(&fits[..1000]), content_event(&fits[1000..])]);
    talk.stage.first.next(pieces.then_events(end));
    let answer = talk.person.post(&talk.messages, &body).await.expect(200);
    let message = data(&answer.events()).pop().unwrap();
    assert_eq!(message["state"], "complete");
    assert!(message["content"] == *fits);
    // A backend that says of each piece what it took is believed as far as it is read; the rest is not waited for.
    let mut last = content_event(&fits[1000..]);
    last["usage"] = json!({"prompt_tokens": 7, "completion_tokens": 3});
    let endless = Reply::events([content_event(&format!("x{}", &fits[..1000])), last]);
    talk.stage.first.next(endless.then_hang());
    let answer = talk.person.post(&talk.messages, &body).await.expect(200);
    let events = data(&answer.events());
    let (error, deltas) = events.split_last().unwrap();
    assert_eq!(error["problem"]["code"], "stream_interrupted");
    let told: String = deltas
        .iter()
        .map(|delta| delta["content"].as_str().unwrap())
        .collect();
    assert!(told == *kept, "what was told is what is kept");
    assert!(error["message"]["content"] == *kept);
    assert_eq!(error["message"]["prompt_tokens"], 7);
    assert!(talk.all().await[7] == error["message"]);
    until(SOON, "the backend is hung up on", async || {
        talk.stage.first.requests()[3].left_at
    })
    .await;
    // It is no caller who left, and it is told of once.
    let (line, _) = until(SOON, "the line of the log", async || {
        let log = talk.stage.app.log();
        let mut lines = log
            .lines()
            .filter(|line| line.contains("larger than a dialog keeps"));
        lines.next_back().map(str::to_owned)
    })
    .await;
    assert!(line.contains("interrupted after the beginning"), "{line}");
    let log = talk.stage.app.log();
    assert!(!log.contains("the caller left"), "{log}");
    let warned = log
        .lines()
        .filter(|line| line.contains("WARN") || line.contains("\"warn\""));
    let about = warned.filter(|line| line.contains("interrupted") || line.contains("broke off"));
    assert_eq!(about.count(), 1, "{log}");
}

#[tokio::test]
async fn a_page_ends_where_it_has_enough_text_and_nothing_is_left_out() {
    let talk = Talk::start().await;
    fill(&talk, 12, &format!("n || repeat('x', {MIB})")).await;
    let page = async |query: &str| {
        let path = format!("{}?{query}", talk.messages);
        let page = talk.person.get(&path).await.expect(200).json();
        assert_eq!(page["total"], 12);
        let items = page["items"].as_array().unwrap().clone();
        let number = |item: &Value| {
            let content = item["content"].as_str().unwrap();
            content.trim_end_matches('x').parse::<usize>().unwrap()
        };
        items.iter().map(number).collect::<Vec<usize>>()
    };
    assert_eq!(page("limit=200").await, (0..8).collect::<Vec<_>>());
    assert_eq!(
        page("limit=200&offset=8").await,
        (8..12).collect::<Vec<_>>()
    );
    assert_eq!(page("limit=2&offset=1").await, [1, 2]);
    let latest = page("limit=200&sort=-created_at").await;
    assert_eq!(latest, (4..12).rev().collect::<Vec<_>>());
    let export = talk.person.get(&format!("{}/export", talk.dialog));
    let export = export.await.expect(200);
    let said = export.text().lines().filter(|line| line.starts_with("## "));
    assert_eq!(said.count(), 12);
}

#[tokio::test]
async fn a_dialog_that_is_full_takes_no_more_and_can_still_be_changed() {
    let talk = Talk::start().await;
    fill(&talk, 9_998, "'word'").await;
    let answer = talk.ask("the last one").await;
    assert_eq!(talk.get().await["messages"], 10_000);
    let body = json!({"content": "one more"});
    let call = talk.person.post(&talk.messages, &body);
    call.await.problem(409, "limit_reached");
    assert_eq!(talk.get().await["messages"], 10_000);
    let retry = format!("{}/{}/retry", talk.messages, answer["id"].as_str().unwrap());
    talk.person.post(&retry, &json!({})).await.expect(200);
    let body = json!({"content": "edited", "replaces": answer["in_reply_to"]});
    talk.person.post(&talk.messages, &body).await.expect(200);
    let dialog = talk.get().await;
    assert_eq!(
        (&dialog["messages"], &dialog["answering"]),
        (&json!(10_000), &json!(false))
    );
}

#[tokio::test]
async fn a_person_has_room_for_ten_thousand_dialogs() {
    let talk = Talk::start().await;
    let database = talk.stage.app.database().connect().await;
    let statement = format!(
        "INSERT INTO dialogs (id, user_id, title, titled, group_id, target_kind, target_name, target_title)
         SELECT gen_random_uuid(), users.id, 'x', true, '{}', 'group', 'chat', 'chat'
         FROM users, generate_series(1, 9999) WHERE username = '{}'",
        talk.stage.group.id, talk.username
    );
    database.batch_execute(&statement).await.unwrap();
    let body = json!({"group_id": talk.stage.group.id});
    let call = talk.person.post(DIALOGS, &body);
    call.await.problem(409, "limit_reached");
    talk.person.delete(&talk.dialog).await.expect(204);
    talk.person.post(DIALOGS, &body).await.expect(201);
    let call = talk.person.post(DIALOGS, &body);
    call.await.problem(409, "limit_reached");
}
