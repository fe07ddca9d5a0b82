//! Assistants at the gateway: `model: "assistant/<name>"`.

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, chat};
use crate::support::app::merge;
use crate::support::client::{Answer, Client};
use crate::support::server::ADMIN_PASSWORD;
use crate::support::upstream::{MODEL, Reply, Upstream};
use crate::support::wait::{SOON, until};

const ASSISTANTS: &str = "/api/v1/assistants";
const LAWYER: &str = "assistant/Lawyer";

/// An assistant of the pair's group, made by somebody.
async fn made(pair: &Pair, client: &Client, fields: Value) -> String {
    let mut body =
        json!({"name": "Lawyer", "group_id": pair.group.id, "system_prompt": "Be \"careful\"."});
    merge(&mut body, fields);
    let made = client.post(ASSISTANTS, &body).await.expect(201);
    pair.app.settled().await;
    made.header("location").unwrap().to_owned()
}

async fn shared(pair: &Pair, fields: Value) -> String {
    let admin = pair.app.admin().await;
    let mut all = json!({"visibility": "shared"});
    merge(&mut all, fields);
    made(pair, &admin, all).await
}

/// The names of all models that somebody may ask.
fn models(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    let name = |model: &Value| model["id"].as_str().unwrap().to_owned();
    list["data"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn prompt_comes_first_parameters_fill_gaps_and_all_else_stays_byte_for_byte() {
    let parameters = json!({"parameters": {"overrides": {"seed": 7}}});
    let pair = Pair::with(parameters, json!({})).await;
    let parameters: Value =
        serde_json::from_str(r#"{"temperature":0.20,"top_p":1.0e-1,"seed":1}"#).unwrap();
    shared(&pair, json!({"parameters": parameters})).await;
    let body = r#"{ "model":"Assistant/lawyer", "messages" : [ {"role":"system","content":"own"},{"role":"user","content":"\u00e9"}], "top_p":1.50,"z":1E-7 }"#;
    let call = pair.caller.call("POST", CHAT);
    let answer = call.body("application/json", body).await;
    assert_answered(&answer, "first", 1);
    assert_eq!(answer.json()["model"], LAWYER);
    assert_eq!(
        pair.first.request().text(),
        format!(
            r#"{{"model":"{MODEL}","messages":[{{"content":"Be \"careful\".","role":"system"}}, {{"role":"system","content":"own"}},{{"role":"user","content":"\u00e9"}}],"top_p":1.50,"z":1E-7,"temperature":0.20,"seed":7}}"#
        )
    );

    // As a stream, by the next instance.
    pair.first.always(Reply::failure(500));
    let mut streamed = chat(LAWYER);
    streamed["stream"] = json!(true);
    let answer = pair.caller.post(CHAT, &streamed).await;
    assert_answered(&answer, "second", 2);
    let chunks = answer.events().into_iter().filter(|event| !event.is_done());
    for event in chunks {
        assert_eq!(event.json()["model"], LAWYER);
    }
    let last = |upstream: &Upstream| upstream.requests().pop().expect("a request").json();
    let sent = last(&pair.second);
    assert_eq!(sent["messages"][0]["role"], "system");
    assert_eq!(sent["messages"][1], chat("")["messages"][0]);
    assert_eq!(sent["messages"].as_array().unwrap().len(), 2);

    // A plain question to the group is none to its assistant.
    let answer = pair.ask().await;
    assert_answered(&answer, "second", 2);
    assert_eq!(last(&pair.second)["messages"], chat("")["messages"]);
    let usage = "/api/v1/usage?group_by=group&bucket=total";
    let admin = pair.app.admin().await;
    until(SOON, "usage of the group", async || {
        let usage = admin.get(usage).await.expect(200).json();
        (usage["totals"]["requests"] == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn only_conversations_are_asked_of_an_assistant() {
    let pair = Pair::start().await;
    let path = shared(&pair, json!({})).await;
    for (path, body) in [
        ("/v1/responses", json!({"model": LAWYER, "input": "x"})),
        ("/v1/completions", json!({"model": LAWYER, "prompt": "x"})),
        ("/v1/embeddings", json!({"model": LAWYER, "input": "x"})),
    ] {
        let error = pair.caller.post(path, &body).await;
        let error = error.gateway_error(400, "invalid_request");
        assert_eq!(error["param"], "model");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(LAWYER) && message.contains(CHAT),
            "{message}"
        );
    }
    for (messages, why) in [
        (None, "is missing"),
        (Some(json!("hello")), "must be a list"),
    ] {
        let mut body = json!({"model": LAWYER});
        if let Some(messages) = messages {
            body["messages"] = messages;
        }
        let error = pair.caller.post(CHAT, &body).await;
        let error = error.gateway_error(400, "invalid_request");
        assert_eq!(error["param"], "messages");
        assert_eq!(error["message"], format!("messages {why}"));
    }
    for model in ["assistant/nobody", "assistant/", "Lawyer"] {
        let answer = pair.caller.post(CHAT, &chat(model)).await;
        answer.gateway_error(404, "model_not_found");
    }
    pair.app.admin().await.delete(&path).await.expect(204);
    pair.app.settled().await;
    let answer = pair.caller.post(CHAT, &chat(LAWYER)).await;
    answer.gateway_error(404, "model_not_found");
    assert!(pair.first.requests().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn private_one_is_for_keys_of_its_owner_and_any_for_keys_that_may_ask_its_group() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let body = json!({"username": "ada", "role": "user", "password": ADMIN_PASSWORD});
    admin.post("/api/v1/users", &body).await.expect(201);
    let ada = pair.app.sign_in("ada", ADMIN_PASSWORD).await;
    let body = json!({"name": "hers", "scopes": ["gateway"]});
    let key = ada.post("/api/v1/api-keys", &body).await.expect(201).json();
    let hers = ada.with_bearer(key["key"].as_str().unwrap());
    let path = made(&pair, &ada, json!({})).await;
    shared(&pair, json!({"name": "all"})).await;
    let other = pair.app.group("elsewhere", []).await;
    let only = |group: &str| json!({"group_ids": [group]});
    let within = pair.app.key_with(&["gateway"], only(&pair.group.id)).await;
    let outside = pair.app.key_with(&["gateway"], only(&other.id)).await;

    let answer = hers.post(CHAT, &chat(LAWYER)).await;
    assert_answered(&answer, "first", 1);
    for stranger in [&pair.caller, &within, &outside] {
        let answer = stranger.post(CHAT, &chat(LAWYER)).await;
        answer.gateway_error(404, "model_not_found");
    }
    for (key, expected) in [
        (&hers, vec![GROUP, "elsewhere", LAWYER, "assistant/all"]),
        (&pair.caller, vec![GROUP, "elsewhere", "assistant/all"]),
        (&within, vec![GROUP, "assistant/all"]),
        (&outside, vec!["elsewhere"]),
    ] {
        assert_eq!(models(&key.get("/v1/models").await.expect(200)), expected);
    }
    let list = pair.caller.get("/v1/models").await.json();
    assert_eq!(list["data"][2]["available"], true);
    assert_answered(&within.post(CHAT, &chat("assistant/ALL")).await, "first", 1);
    let answer = outside.post(CHAT, &chat("assistant/all")).await;
    answer.gateway_error(404, "model_not_found");

    // Its group is gone: its owner is told so, and it is not offered any more.
    let patch = json!({"group_id": other.id});
    ada.patch(&path, &patch).await.expect(200);
    admin.delete(&other.path).await.expect(204);
    pair.app.settled().await;
    let answer = hers.post(CHAT, &chat(LAWYER)).await;
    let error = answer.gateway_error(503, "no_instance_available");
    assert!(
        error["message"].as_str().unwrap().contains("deleted"),
        "{error}"
    );
    assert_eq!(
        models(&hers.get("/v1/models").await.expect(200)),
        [GROUP, "assistant/all"]
    );
}

#[tokio::test]
async fn prompt_counts_into_the_length_and_a_group_of_the_same_name_wins() {
    let context = json!({"capabilities": {"context_length": 1000}});
    let pair = Pair::with(context, json!({})).await;
    let prompt = "x".repeat(20_000);
    shared(&pair, json!({"system_prompt": prompt})).await;
    let answer = pair.caller.post(CHAT, &chat(LAWYER)).await;
    assert_answered(&answer, "second", 1);

    // Such a name is from before there were assistants: the service gives none any more.
    let old = pair.app.group("old", [&pair.first_instance]).await;
    let database = pair.app.database().connect().await;
    let rename = "UPDATE model_groups SET name = 'assistant/Lawyer', name_key = 'assistant/lawyer' WHERE id = $1::text::uuid";
    database.execute(rename, &[&old.id]).await.unwrap();
    pair.app.settled().await;
    let answer = pair.caller.post(CHAT, &chat(LAWYER)).await;
    assert_eq!(answer.header("x-understudy-group"), Some(LAWYER));
    assert_eq!(
        pair.first.request().json()["messages"],
        chat("")["messages"]
    );
    let list = models(&pair.caller.get("/v1/models").await.expect(200));
    assert_eq!(list, [LAWYER, GROUP]);
}
