//! Whom dialogs are with: a group or an assistant, chosen, changed and lost.

use serde_json::{Value, json};

use super::dialogs::{DIALOGS, Talk, dialog, sent};
use super::person;
use super::tries::Stage;
use crate::support::App;
use crate::support::app::Made;

#[tokio::test]
async fn a_dialog_is_with_exactly_one_that_there_is() {
    let stage = Stage::start().await;
    let (_, person) = person(&stage.app, "user").await;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let group = &stage.group.id;
    for (body, pointers) in [
        (json!({}), vec!["/group_id", "/assistant_id"]),
        (
            json!({"group_id": group, "assistant_id": nobody}),
            vec!["/group_id", "/assistant_id"],
        ),
        (json!({"group_id": nobody}), vec!["/group_id"]),
        (json!({"assistant_id": nobody}), vec!["/assistant_id"]),
        (json!({"group_id": group, "title": "a\nb"}), vec!["/title"]),
    ] {
        let expected: Vec<(&str, &str)> = pointers
            .into_iter()
            .map(|pointer| (pointer, "validation_failed"))
            .collect();
        person
            .post(DIALOGS, &body)
            .await
            .faults(422, "validation_failed", &expected);
    }
    let path = dialog(&person, &json!({"group_id": group, "title": "Mine"})).await;
    for (patch, pointer) in [
        (json!({"group_id": nobody}), "/group_id"),
        (json!({"assistant_id": nobody}), "/assistant_id"),
    ] {
        person.patch(&path, &patch).await.faults(
            422,
            "validation_failed",
            &[(pointer, "validation_failed")],
        );
    }
    person
        .patch(&path, &json!({"group_id": null}))
        .await
        .problem(422, "validation_failed");
    person
        .patch(&path, &json!({"target": {}}))
        .await
        .problem(422, "unknown_field");
    let messages = format!("{path}/messages");
    person
        .post(&messages, &json!({"content": " "}))
        .await
        .problem(422, "validation_failed");
    let long = "x".repeat(64_001);
    person
        .post(&messages, &json!({"content": long}))
        .await
        .problem(422, "validation_failed");
    person
        .get(&format!("{messages}?sort=title"))
        .await
        .problem(400, "invalid_parameter");

    // A title that somebody chose stays; without one the first question gives it.
    person
        .post(&messages, &json!({"content": "First?"}))
        .await
        .expect(200);
    assert_eq!(person.get(&path).await.json()["title"], "Mine");
    let patched = person
        .patch(&path, &json!({"title": null}))
        .await
        .expect(200)
        .json();
    assert_eq!(patched["title"], "First?");
    let list = person
        .get(&format!("{DIALOGS}?q=first&group_id={group}"))
        .await
        .expect(200)
        .json();
    assert_eq!((&list["total"], &list["items"][0]), (&json!(1), &patched));
    person.delete(&path).await.expect(204);
    person.get(&path).await.problem(404, "not_found");
}

/// An assistant, straight into the database.
async fn assistant(app: &App, group: &Made, visibility: &str, owner: Option<&str>) -> String {
    let database = app.database().connect().await;
    let statement = format!(
        "INSERT INTO assistants (id, name, name_key, title, description, group_id, system_prompt, parameters, visibility, owner_id)
         SELECT gen_random_uuid(), '{visibility}', '{visibility}', 'Lawyer', '', '{}', 'You are a lawyer.',
                '{{\"temperature\": 0.70, \"max_tokens\": 99}}', '{visibility}', (SELECT id FROM users WHERE username = '{}')
         RETURNING id::text",
        group.id,
        owner.unwrap_or_default()
    );
    database.query_one(&statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_assistants_prompt_comes_first_and_its_parameters_where_nobody_sets_them() {
    let fields = json!({"parameters": {"defaults": {"temperature": 1, "top_p": 0.5}, "overrides": {"max_tokens": 7}}});
    let talk = Talk::with(Stage::with(fields, json!({})).await).await;
    let (app, group) = (&talk.stage.app, &talk.stage.group);
    let shared = assistant(app, group, "shared", None).await;
    let own = assistant(app, group, "private", Some(&talk.username)).await;
    let (_, other) = person(app, "user").await;
    let hidden = json!({"assistant_id": own});
    other.post(DIALOGS, &hidden).await.faults(
        422,
        "validation_failed",
        &[("/assistant_id", "validation_failed")],
    );
    dialog(&talk.person, &hidden).await;

    // It takes the place of the group.
    let changed = talk
        .person
        .patch(&talk.dialog, &json!({"assistant_id": shared}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&changed["assistant_id"], &changed["group_id"]),
        (&json!(shared), &Value::Null)
    );
    assert_eq!(changed["target"]["kind"], "assistant");
    assert_eq!(changed["target"]["title"], "Lawyer");
    assert_eq!(changed["target"]["group"]["name"], "chat");
    talk.ask("Help?").await;
    let body = String::from_utf8(talk.stage.first.requests()[0].body.to_vec()).unwrap();
    assert!(
        body.contains("\"temperature\":0.70"),
        "as it was written: {body}"
    );
    let request = sent(&talk.stage, 0);
    assert_eq!(
        (&request["max_tokens"], &request["top_p"]),
        (&json!(7), &json!(0.5))
    );
    assert_eq!(
        request["messages"],
        json!([{"role": "system", "content": "You are a lawyer."}, {"role": "user", "content": "Help?"}])
    );

    // Whoever may not use it any more chooses another one.
    let database = app.database().connect().await;
    let statement = "UPDATE assistants SET visibility = 'private', owner_id = (SELECT id FROM users WHERE username = 'admin') WHERE name = 'shared'";
    database.batch_execute(statement).await.unwrap();
    let dialog = talk.get().await;
    assert_eq!(dialog["target"]["availability"], "assistant_deleted");
    assert_eq!(dialog["target"]["group"], Value::Null);
    let question = json!({"content": "x"});
    talk.person
        .post(&talk.messages, &question)
        .await
        .problem(409, "target_gone");
    let title = json!({"title": "Still mine"});
    talk.person.patch(&talk.dialog, &title).await.expect(200);
    talk.person
        .patch(&talk.dialog, &json!({"group_id": group.id}))
        .await
        .expect(200);
    talk.ask("Hello?").await;
    assert_eq!(talk.told().await.len(), 4, "nothing was lost");
}

#[tokio::test]
async fn a_dialog_says_what_has_become_of_its_group() {
    let talk = Talk::start().await;
    talk.ask("Hello?").await;
    let (admin, group) = (&talk.stage.admin, &talk.stage.group);
    let availability = async || talk.get().await["target"]["availability"].clone();
    let change = async |fields: Value| {
        admin
            .patch(&group.path, &fields)
            .if_match("*")
            .await
            .expect(200);
    };
    let question = json!({"content": "x", "stream": true});
    change(json!({"enabled": false})).await;
    assert_eq!(availability().await, "group_disabled");
    let problem = talk
        .person
        .post(&talk.messages, &question)
        .await
        .problem(503, "no_instance_available");
    assert!(
        problem["detail"].as_str().unwrap().contains("disabled"),
        "{problem}"
    );
    change(json!({"enabled": true, "members": []})).await;
    assert_eq!(availability().await, "group_empty");
    talk.person
        .post(&talk.messages, &question)
        .await
        .problem(503, "no_instance_available");
    // Nobody but an instance that is switched off, which is as empty; then one that does not talk.
    let instance = &talk.stage.first_instance;
    change(json!({"members": [{"instance_id": instance.id}]})).await;
    let off = json!({"enabled": false});
    admin.patch(&instance.path, &off).await.expect(200);
    assert_eq!(availability().await, "group_empty");
    let embeds = json!({"enabled": true, "capabilities": {"endpoints": ["embeddings"]}});
    admin.patch(&instance.path, &embeds).await.expect(200);
    assert_eq!(availability().await, "unavailable");
    change(json!({"name": "renamed"})).await;
    assert_eq!(talk.get().await["target"]["name"], "renamed");
    talk.person
        .post(&talk.messages, &question)
        .await
        .problem(503, "no_instance_available");
    admin.delete(&group.path).if_match("*").await.expect(204);
    let dialog = talk.get().await;
    assert_eq!(dialog["target"]["availability"], "group_deleted");
    assert_eq!(
        (&dialog["target"]["name"], &dialog["group_id"]),
        (&json!("renamed"), &Value::Null)
    );
    let problem = talk
        .person
        .post(&talk.messages, &question)
        .await
        .problem(409, "target_gone");
    assert!(
        problem["detail"].as_str().unwrap().contains("renamed"),
        "{problem}"
    );
    assert_eq!(
        talk.told().await.len(),
        8,
        "a question that nobody is there for is not stored"
    );
}
