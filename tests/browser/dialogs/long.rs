//! A dialog of a thousand messages: it opens at its end, goes back to its beginning, and stays smooth.

use serde_json::{Value, json};

use super::{LAST, Room, answer};
use crate::support::wait::{SOON, until};

/// Fills the dialog with questions and answers in the way of the database: asking five hundred times is the service's test.
async fn fill(room: &Room, dialog: &str) {
    let answer = "A paragraph with **bold** words, `code` and a [link](https://example.org/a).\n\n- one\n- two\n\n```rust\nfn main() {\n    println!(\"hello\");\n}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    let statement = format!(
        "INSERT INTO dialog_messages (id, dialog_id, position, role, content, state, instance_name, instance_id, trace, first_byte_ms, duration_ms, completion_tokens, created_at)
         SELECT gen_random_uuid(), '{dialog}', n, CASE WHEN n % 2 = 0 THEN 'user' ELSE 'assistant' END,
            CASE WHEN n % 2 = 0 THEN 'Question ' || n ELSE 'Answer ' || n || E'\\n\\n' || $md${answer}$md$ END,
            CASE WHEN n % 2 = 1 THEN 'complete' END, CASE WHEN n % 2 = 1 THEN 'GPU server 1' END, CASE WHEN n % 2 = 1 THEN gen_random_uuid() END,
            '[]', 400, 2000, 60, now() - interval '1 day' + n * interval '1 second'
         FROM generate_series(0, 999) AS n"
    );
    let client = room.app.database().connect().await;
    client.batch_execute(&statement).await.expect("rows");
}

#[tokio::test]
async fn thousand_messages_stay_smooth() {
    let room = Room::open().await;
    let visit = &room.visit;
    let path = visit.path().await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    fill(&room, &id).await;
    visit.go(&path).await;
    visit.find(LAST).await;
    visit
        .shows(
            "return document.querySelector('#log').textContent.includes('Answer 999')",
            json!(true),
        )
        .await;
    let opened = visit
        .script("const log = document.querySelector('#log'); return [document.querySelectorAll('#log .msg').length, log.scrollHeight - log.scrollTop - log.clientHeight < 80]")
        .await;
    assert_eq!(opened[1], true, "it opens at its end");
    assert!(
        opened[0].as_u64().is_some_and(|count| count <= 200),
        "{opened}"
    );

    visit
        .script(
            "window.tasks = []; window.keys = [];
             new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(entry => Math.round(entry.duration)))).observe({ type: 'longtask' })",
        )
        .await;
    // Back to the beginning, as a person scrolls: again and again to the top.
    until(SOON * 3, "all messages", async || {
        let all = visit
            .script("document.querySelector('#log').scrollTop = 0; return document.querySelectorAll('#log .msg[data-id]').length")
            .await;
        (all == 1000).then_some(())
    })
    .await;
    visit
        .shows(
            "return document.querySelector('#log').textContent.includes('Question 0')",
            json!(true),
        )
        .await;
    let read = visit.script("return window.tasks.splice(0)").await;
    visit
        .script(
            "const log = document.querySelector('#log'); let at = 0;
             const step = () => { log.scrollTop = at; at += 900; if (at < log.scrollHeight) requestAnimationFrame(step); else window.scrolled = true; };
             step();",
        )
        .await;
    visit
        .shows("return window.scrolled ?? false", json!(true))
        .await;
    let scrolled = visit.script("return window.tasks.splice(0)").await;
    // From a key to the next picture.
    let typing = visit
        .script(
            "const field = document.querySelector('#question'); field.focus();
             return (async () => { const times = [];
                for (let n = 0; n < 20; n++) {
                    const begun = performance.now();
                    document.execCommand('insertText', false, 'x');
                    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
                    times.push(performance.now() - begun);
                }
                return times.sort((a, b) => a - b).map(Math.round); })()",
        )
        .await;
    println!("long tasks while reading: {read}, while scrolling: {scrolled}, typing: {typing}");
    let most = |times: &Value| {
        times
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .max()
    };
    assert!(
        most(&scrolled).is_none_or(|most| most < 2_000),
        "{scrolled}"
    );
    assert!(
        typing[10].as_u64().is_some_and(|median| median < 500),
        "{typing}"
    );

    visit.type_into("#question", "").await;
    visit
        .script("document.querySelector('#log').scrollTop = 0")
        .await;
    visit.find("[data-action='newest']").await;
    visit.click("[data-action='newest']").await;
    room.first.next(answer(&["The thousand and second."]));
    room.ask("One more").await;
    visit.shows("return document.querySelector('#log').textContent.includes('The thousand and second.')", json!(true)).await;
    visit.assert_clean().await;
}
