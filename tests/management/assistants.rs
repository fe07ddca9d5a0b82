//! Assistants: made, read, changed, deleted, and whose they are.

use serde_json::{Value, json};

use super::{ASSISTANTS, AUDIT_LOG, GROUPS, USERS, names, person};
use crate::support::App;
use crate::support::app::Made;
use crate::support::client::Client;
use crate::support::live::Live;

mod told;

const SHARED: &str = "shared";

/// Fields of an assistant of a group.
fn assistant(name: &str, group: &Made) -> Value {
    json!({"name": name, "group_id": group.id})
}

fn shared(name: &str, group: &Made) -> Value {
    json!({"name": name, "group_id": group.id, "visibility": SHARED})
}

/// Makes one, and gives its path.
async fn made(client: &Client, fields: &Value) -> String {
    let made = client.post(ASSISTANTS, fields).await.expect(201);
    made.header("location").unwrap().to_owned()
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn every_field_is_stored_merged_and_goes_back_to_its_default() {
    let app = App::start().await;
    let (name, user) = person(&app, "user").await;
    let group = app
        .group_with("chat", [], json!({"title": "Everyday"}))
        .await;
    let text = format!(
        r#"{{"name": "Lawyer", "title": "Юрист", "description": "contracts", "group_id": "{}", "system_prompt": "Be careful.\nName the §.",
            "parameters": {{"temperature": 0.20, "seed": 12345678901234567890123, "stop": ["x"]}}, "visibility": "private"}}"#,
        group.id
    );
    let sent: Value = serde_json::from_str(&text).unwrap();
    let made = user
        .call("POST", ASSISTANTS)
        .body("application/json", text)
        .await
        .expect(201)
        .expect_header("etag", "\"1\"");
    let path = made.header("location").unwrap();
    // Numbers as they were written.
    assert!(made.text().contains("0.20") && made.text().contains("12345678901234567890123"));
    let found = made.json();
    for (field, value) in sent.as_object().unwrap() {
        if field != "parameters" {
            assert_eq!(&found[field], value, "{field}");
        }
    }
    let group_ref = json!({"id": group.id, "name": "chat", "title": "Everyday"});
    assert_eq!(found["group"], group_ref);
    assert_eq!(found["owner"]["name"], name);
    assert_eq!(found["availability"], "group_empty");
    assert_eq!(found["editable"], true);
    assert_eq!(user.get(path).await.expect(200).json(), found);

    let patch =
        json!({"title": null, "description": null, "parameters": {"stop": null, "top_p": 1}});
    user.patch(path, &patch)
        .if_match("\"9\"")
        .await
        .problem(412, "precondition_failed");
    user.patch(path, &patch)
        .without_header("if-match")
        .await
        .problem(428, "precondition_required");
    let changed = user.patch(path, &patch).if_match("\"1\"").await.expect(200);
    let changed = changed.expect_header("etag", "\"2\"").json();
    assert_eq!(changed["title"], "Lawyer");
    assert_eq!(changed["description"], "");
    let parameters = changed["parameters"].as_object().unwrap();
    let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
    assert_eq!(names, ["seed", "temperature", "top_p"]);
    assert_eq!(changed["system_prompt"], found["system_prompt"]);
    user.delete(path).await.expect(204);
    user.get(path).await.problem(404, "not_found");
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let app = App::start().await;
    let (admin, (_, user)) = (app.admin().await, person(&app, "user").await);
    let group = app.group("chat", []).await;
    let wrong = json!({
        "name": "a b", "title": "x".repeat(101), "group_id": group.id, "system_prompt": "\u{7}",
        "parameters": {"messages": [], "stream_options": {}},
    });
    let fault = "validation_failed";
    let expected = [
        "/name",
        "/title",
        "/system_prompt",
        "/parameters/messages",
        "/parameters/stream_options",
    ]
    .map(|pointer| (pointer, fault));
    let answer = user.post(ASSISTANTS, &wrong).await;
    answer.faults(422, fault, &expected);
    let mut unknown = assistant("a", &group);
    unknown["group_id"] = json!("01890a5d-ac96-774b-bcce-b302099a8057");
    let answer = user.post(ASSISTANTS, &unknown).await;
    answer.faults(422, fault, &[("/group_id", fault)]);
    let answer = user.post(ASSISTANTS, &json!({"name": "a"})).await;
    answer.faults(422, fault, &[("/group_id", "missing_field")]);
    let mut beside = assistant("a", &group);
    beside["owner"] = json!(null);
    user.post(ASSISTANTS, &beside)
        .await
        .problem(422, "unknown_field");

    // A name is taken for everybody, whoever finds the assistant.
    made(&user, &assistant("Lawyer", &group)).await;
    let answer = admin.post(ASSISTANTS, &assistant("lawyer", &group)).await;
    answer.faults(409, "conflict", &[("/name", "conflict")]);

    // Nobody has more than two hundred.
    let many = format!(
        "INSERT INTO assistants (id, name, name_key, title, description, group_id, system_prompt, parameters, visibility, owner_id) \
         SELECT gen_random_uuid(), 'n' || n, 'n' || n, '', '', '{}', '', '{{}}', 'private', owner_id \
         FROM generate_series(1, 199) AS n, assistants WHERE assistants.name = 'Lawyer'",
        group.id
    );
    let database = app.database().connect().await;
    database.batch_execute(&many).await.unwrap();
    let one_more = assistant("one-more", &group);
    user.post(ASSISTANTS, &one_more)
        .await
        .problem(409, "limit_reached");
    made(&admin, &one_more).await;

    // Groups do not take the names of assistants, but one that has such a name keeps it.
    let answer = admin.post(GROUPS, &json!({"name": "Assistant/x"})).await;
    answer.faults(422, fault, &[("/name", fault)]);
    let rename = "UPDATE model_groups SET name = 'assistant/old', name_key = 'assistant/old'";
    database.batch_execute(rename).await.unwrap();
    let renamed = json!({"name": "Assistant/Old", "title": "Old"});
    admin.patch(&group.path, &renamed).await.expect(200);
    let answer = admin.post(ASSISTANTS, &assistant("OLD", &group)).await;
    answer.faults(409, "conflict", &[("/name", "conflict")]);
    let other = json!({"name": "assistant/other"});
    let answer = admin.patch(&group.path, &other).await;
    answer.faults(422, fault, &[("/name", fault)]);
}

#[tokio::test]
async fn private_ones_are_their_owners_alone_and_shared_ones_everybodys() {
    let app = App::start().await;
    let (admin, (_, user), (_, operator)) = (
        app.admin().await,
        person(&app, "user").await,
        person(&app, "operator").await,
    );
    let keys = [
        app.key(&["groups:read"]).await,
        app.key(&["manage:read"]).await,
        app.key(&["manage:write"]).await,
    ];
    let group = app.group("chat", []).await;
    let own = made(&user, &assistant("own", &group)).await;
    let all = made(&operator, &shared("all", &group)).await;
    for other in [&admin, &operator].into_iter().chain(&keys) {
        other.get(&own).await.problem(404, "not_found");
        assert_eq!(names(&other.get(ASSISTANTS).await), ["all"]);
        other.get(&all).await.expect(200);
    }
    for other in [&admin, &operator, &keys[2]] {
        let patch = json!({"title": "x"});
        other.patch(&own, &patch).await.problem(404, "not_found");
        other.delete(&own).await.problem(404, "not_found");
    }
    assert_eq!(names(&user.get(ASSISTANTS).await), ["all", "own"]);
    let found = user.get(&all).await.expect(200).json();
    assert_eq!(found["editable"], false);

    // What a user may not do, which is recorded.
    let share = json!({"visibility": SHARED});
    user.patch(&own, &share).await.problem(403, "forbidden");
    user.post(ASSISTANTS, &shared("mine", &group))
        .await
        .problem(403, "forbidden");
    user.patch(&all, &json!({"title": "x"}))
        .await
        .problem(403, "forbidden");
    user.delete(&all).await.problem(403, "forbidden");
    let denied = format!("{AUDIT_LOG}?action=access.deny");
    let denied = admin.get(&denied).await.expect(200).json();
    assert_eq!(denied["total"], 3, "{denied:#}");

    // A key makes shared ones alone, which are nobody's.
    let key = &keys[2];
    let answer = key.post(ASSISTANTS, &assistant("k", &group)).await;
    let fault = "validation_failed";
    answer.faults(422, fault, &[("/visibility", fault)]);
    let of_key = made(key, &shared("k", &group)).await;
    let found = admin.get(&of_key).await.expect(200).json();
    assert_eq!(
        (&found["owner"], &found["editable"]),
        (&Value::Null, &json!(true))
    );
    let private = json!({"visibility": "private"});
    key.patch(&of_key, &private)
        .await
        .faults(422, fault, &[("/visibility", fault)]);

    // Made private, it is its owner's again; what is nobody's is that of the person who does it.
    let unshared = admin.patch(&all, &private).await.expect(200).json();
    assert_eq!(unshared["editable"], false);
    admin.get(&all).await.problem(404, "not_found");
    operator.get(&all).await.expect(200);
    admin.patch(&of_key, &private).await.expect(200);
    admin.get(&of_key).await.expect(200);
    operator.get(&of_key).await.problem(404, "not_found");
}

#[tokio::test]
async fn list_is_filtered_sorted_and_searched() {
    let app = App::start().await;
    let (admin, (_, user)) = (app.admin().await, person(&app, "user").await);
    let instance = app.instance_with("up", 1, json!({})).await;
    let chats = app.group("chat", [&instance]).await;
    let empty = app.group("empty", []).await;
    let deaf = json!({"capabilities": {"endpoints": ["embeddings"]}});
    let deaf = app.instance_with("deaf", 2, deaf).await;
    let vectors = app.group("vectors", [&deaf]).await;
    let off = json!({"enabled": false});
    let off = app.group_with("off", [&instance], off).await;
    for (name, group, title) in [
        ("b", &chats, "Zebra"),
        ("a", &empty, "Yak"),
        ("c", &vectors, "Xerus"),
        ("d", &off, "Wolf"),
    ] {
        let mut fields = shared(name, group);
        fields["title"] = json!(title);
        made(&admin, &fields).await;
    }
    made(&user, &assistant("own", &chats)).await;
    let found = async |query: &str| names(&user.get(&format!("{ASSISTANTS}?{query}")).await);
    assert_eq!(found("").await, ["a", "b", "c", "d", "own"]);
    assert_eq!(
        found("sort=-title&visibility=shared").await,
        ["b", "a", "c", "d"]
    );
    assert_eq!(found("available=true").await, ["b", "own"]);
    assert_eq!(found("available=false&limit=2&offset=1").await, ["c", "d"]);
    assert_eq!(found(&format!("group_id={}", chats.id)).await, ["b", "own"]);
    assert_eq!(found("visibility=private&q=OW").await, ["own"]);
    let list = user.get(ASSISTANTS).await.json();
    let availability = |at: usize| {
        list["items"][at]["availability"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let all: Vec<String> = (0..4).map(availability).collect();
    assert_eq!(
        all,
        ["group_empty", "available", "unavailable", "group_disabled"]
    );
    for bad in ["visibility=public", "available=maybe", "owner=me"] {
        let answer = user.get(&format!("{ASSISTANTS}?{bad}")).await;
        answer.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn group_is_held_by_shared_ones_and_lost_by_private_ones() {
    let app = App::start().await;
    let (admin, (_, user)) = (app.admin().await, person(&app, "user").await);
    let group = app.group("chat", []).await;
    let own = made(&user, &assistant("own", &group)).await;
    let all = made(&admin, &shared("all", &group)).await;
    let problem = admin.delete(&group.path).await.problem(409, "in_use");
    assert_eq!(
        problem["used_by"],
        json!([{"kind": "assistant", "id": id(&all), "name": "all"}])
    );
    admin.delete(&all).await.expect(204);
    let mut live = Live::open(&user).await;
    admin.delete(&group.path).await.expect(204);
    live.until("its owner is told", |told| {
        told.is_change("updated", id(&own)) && told.data["kind"] == "assistant"
    })
    .await;
    let found = user
        .get(&own)
        .await
        .expect(200)
        .expect_header("etag", "\"2\"");
    let found = found.json();
    assert_eq!(found["availability"], "group_deleted");
    assert_eq!(
        (&found["group"], &found["group_id"]),
        (&Value::Null, &Value::Null)
    );
    // It needs another one before anything else of it is changed.
    let answer = user.patch(&own, &json!({"title": "x"})).await;
    answer.faults(422, "validation_failed", &[("/group_id", "missing_field")]);
    let other = app.group("other", []).await;
    let patch = json!({"group_id": other.id});
    let found = user.patch(&own, &patch).await.expect(200).json();
    assert_eq!(found["group"]["name"], "other");
}

#[tokio::test]
async fn private_ones_go_with_their_owner_and_shared_ones_stay() {
    let app = App::start().await;
    let (admin, (name, operator)) = (app.admin().await, person(&app, "operator").await);
    let group = app.group("chat", []).await;
    made(&operator, &assistant("own", &group)).await;
    let all = made(&operator, &shared("all", &group)).await;
    let user = admin.get(&format!("{USERS}?q={name}")).await.json();
    let user = format!("{USERS}/{}", user["items"][0]["id"].as_str().unwrap());
    admin.delete(&user).await.expect(204);
    let found = admin.get(&all).await.expect(200).json();
    assert_eq!(
        (&found["owner"], &found["version"]),
        (&Value::Null, &json!(2))
    );
    // Its name is free again.
    made(&admin, &assistant("own", &group)).await;
    assert_eq!(names(&admin.get(ASSISTANTS).await), ["all", "own"]);
}
