//! A stored secret that cannot be decrypted takes its instance down, says so wherever one looks, and nothing is ever sent without it.

use serde_json::{Value, json};

use crate::gateway::{CHAT, GROUP, assert_answered, chat};
use crate::management::tries::{data, question};
use crate::support::App;
use crate::support::app::Made;
use crate::support::live::Live;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

const CODE: &str = "secret_unreadable";

/// Changes the last byte of a secret, as a disk or a hand might.
fn damage(table: &str, column: &str) -> String {
    format!(
        "UPDATE {table} SET {column} = set_byte({column}, length({column}) - 1, get_byte({column}, length({column}) - 1) # 255)
         WHERE instance_id = $1::text::uuid"
    )
}

/// One kind of secret: the fields of an instance that has one, how the row is damaged, how it is entered again, and which step of a check
/// needs it.
struct Kind {
    name: &'static str,
    fields: Value,
    damage: String,
    again: fn(&Value) -> Value,
    list: &'static str,
    step: &'static str,
}

fn kinds(proxy: u16) -> [Kind; 3] {
    let secret = "secret-0123456789abcdef";
    let url = format!("http://127.0.0.1:{proxy}");
    [
        Kind {
            name: "token",
            fields: json!({"auth": {"type": "bearer"}, "tokens": [{"label": "team A", "value": secret}]}),
            damage: damage("instance_tokens", "value_encrypted"),
            again: |shown| json!({"tokens": [{"id": shown["tokens"][0]["id"], "value": "another-0123456789abc"}]}),
            list: "tokens",
            step: "authenticate",
        },
        Kind {
            name: "header",
            fields: json!({"headers": [{"name": "x-org", "value": secret}]}),
            damage: damage("instance_headers", "value_encrypted"),
            again: |shown| {
                let id = &shown["headers"][0]["id"];
                json!({"headers": [{"id": id, "name": "x-org", "value": "another-0123456789abc"}]})
            },
            list: "headers",
            step: "authenticate",
        },
        Kind {
            name: "proxy",
            fields: json!({"proxies": [{"url": url, "username": "us", "password": secret}]}),
            damage: damage("instance_proxies", "password_encrypted"),
            again: |shown| {
                let mut proxy = shown["proxies"][0].clone();
                let fields = proxy.as_object_mut().unwrap();
                fields.retain(|name, _| ["id", "url", "username"].contains(&name.as_str()));
                fields.insert("password".to_owned(), json!("another"));
                json!({"proxies": [proxy]})
            },
            list: "proxies",
            step: "connect",
        },
    ]
}

#[tokio::test]
async fn damaged_secret_takes_its_instance_down_until_it_is_entered_again() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (damaged, well) = (Upstream::start("damaged"), Upstream::start("well"));
    // An instance that is well with a secret, so that the keys are beyond doubt.
    let fields = json!({"auth": {"type": "bearer"}, "tokens": [{"value": "sk-0123456789abcdef"}]});
    let other = app.instance_with("well", well.port(), fields).await;
    let caller = app.gateway().await;
    let database = app.database().connect().await;
    for kind in kinds(damaged.port()) {
        let made = app
            .instance_with(kind.name, damaged.port(), kind.fields.clone())
            .await;
        let group = app.group(&app.unique("group"), [&made, &other]).await;
        let alone = app.group(&app.unique("alone"), [&made]).await;
        let shown = async || admin.get(&made.path).await.expect(200).json();
        let before = shown().await;
        assert_eq!(before[kind.list][0]["unreadable"], Value::Null, "{before}");
        let who = async || {
            let answer = caller.post(CHAT, &chat(&group.name)).await.expect(200);
            assert_eq!(answer.header("x-understudy-attempts"), Some("1"));
            answer.header("x-understudy-instance").unwrap().to_owned()
        };
        assert_eq!(who().await, kind.name);
        let asked = damaged.all_requests().len();
        let mut live = Live::open(&admin).await;

        database.execute(&kind.damage, &[&made.id]).await.unwrap();
        let told = live
            .until("the instance is down", |told| {
                told.is_status("instance.status", &made.id) && told.data["status"]["code"] == CODE
            })
            .await;
        assert_eq!(told.data["status"]["state"], "down", "{told:?}");
        let after = shown().await;
        assert_down(&after, kind.list);
        assert_eq!(after["version"], before["version"]);
        let down = admin.get("/api/v1/model-instances?state=down").await;
        assert_eq!(down.expect(200).json()["items"][0]["id"], made.id);

        // Passed over without a failure; alone in its group it is not asked by force either.
        let preview = admin.get(&format!("{}/preview", group.path)).await;
        let member = preview.expect(200).json()["members"][0].clone();
        assert_eq!(
            (&member["verdict"], &member["code"]),
            (&json!("skipped"), &json!(CODE))
        );
        assert_says_why(&member["reason"]);
        assert_eq!(who().await, "well");
        let answer = caller.post(CHAT, &chat(&alone.name)).await;
        answer.gateway_error(503, "no_instance_available");
        assert_eq!(answer.header("x-understudy-attempts"), Some("0"));
        let tried = admin
            .post(&format!("{}/try", group.path), &question())
            .await;
        let trace = data(&tried.expect(200).events()).pop().unwrap()["trace"].clone();
        assert_eq!(
            (&trace[0]["outcome"], &trace[0]["code"]),
            (&json!("skipped"), &json!(CODE)),
            "{trace}"
        );

        // Checks of what is stored, and of a draft that keeps it, ask nobody.
        let stored = format!("{}/check", made.path);
        let check = admin.post(&stored, &json!({})).await.expect(200).json();
        assert_failed_at(&check, kind.step);
        let mut draft = after.clone();
        draft.as_object_mut().unwrap().retain(|name, _| {
            ["kind", "endpoint", "model", "auth", "health_check"].contains(&name.as_str())
        });
        draft["from_instance_id"] = json!(made.id);
        let mut kept = (kind.again)(&after);
        let item = kept[kind.list][0].as_object_mut().unwrap();
        item.retain(|name, _| !["value", "password"].contains(&name.as_str()));
        draft[kind.list] = kept[kind.list].clone();
        let draft = admin.post("/api/v1/model-instances/check", &draft).await;
        assert_failed_at(&draft.expect(200).json(), kind.step);

        // It can be worked with, but not copied.
        let copied = admin
            .call("POST", &format!("{}/duplicate", made.path))
            .await;
        copied.problem(409, CODE);
        let renamed = json!({"description": "broken"});
        let renamed = admin.patch(&made.path, &renamed).await.expect(200).json();
        assert_down(&renamed, kind.list);
        assert_eq!(damaged.all_requests().len(), asked, "it was asked");

        let again = (kind.again)(&after);
        admin.patch(&made.path, &again).await.expect(200);
        let healed = shown().await;
        assert_eq!(healed[kind.list][0]["unreadable"], Value::Null, "{healed}");
        assert_eq!(healed["status"]["code"], "not_asked", "{healed}");
        assert_eq!(who().await, kind.name);
        let ups = shown().await;
        assert_eq!(ups["status"]["state"], "up", "{ups}");
        admin.patch(&made.path, &json!({"enabled": false})).await;
    }
    let log = app.log();
    let told = "an instance is down until its secret is entered again";
    assert_eq!(log.matches(told).count(), 3, "once for each: {log}");
    let over = "all secrets of an instance can be decrypted again";
    assert_eq!(log.matches(over).count(), 3, "{log}");
}

#[track_caller]
fn assert_down(instance: &Value, list: &str) {
    let status = &instance["status"];
    assert_eq!(
        (&status["state"], &status["code"]),
        (&json!("down"), &json!(CODE)),
        "{instance}"
    );
    assert_says_why(&status["reason"]);
    assert_eq!(instance[list][0]["unreadable"], true, "{instance}");
}

#[track_caller]
fn assert_says_why(reason: &Value) {
    let reason = reason.as_str().unwrap();
    assert!(reason.contains("cannot be decrypted"), "{reason}");
}

#[track_caller]
fn assert_failed_at(check: &Value, step: &str) {
    assert_eq!(
        (&check["ok"], &check["code"]),
        (&json!(false), &json!(CODE)),
        "{check}"
    );
    let failed = check["steps"].as_array().unwrap().iter();
    let failed: Vec<&Value> = failed.filter(|step| step["skipped"] == false).collect();
    assert_eq!(failed.len(), 1, "{check}");
    assert_eq!(
        (&failed[0]["step"], &failed[0]["code"]),
        (&json!(step), &json!(CODE))
    );
}

#[tokio::test]
async fn service_starts_with_one_damaged_secret_and_shows_its_instance_down() {
    let app = App::start().await;
    let token = json!({"auth": {"type": "bearer"}, "tokens": [{"value": "sk-0123456789abcdef"}]});
    let well = Upstream::start("well");
    let broken = app.instance_with("broken", 1, token.clone()).await;
    let other = app.instance_with("well", well.port(), token).await;
    app.group(GROUP, [&broken, &other]).await;
    let damage = damage("instance_tokens", "value_encrypted");
    let database = app.database().connect().await;
    database.execute(&damage, &[&broken.id]).await.unwrap();
    let replica = App::builder()
        .env("DATABASE_URL", &app.database().url())
        .start()
        .await;
    let shown = async |made: &Made| {
        let admin = replica.admin().await;
        admin.get(&made.path).await.expect(200).json()
    };
    assert_down(&shown(&broken).await, "tokens");
    let caller = replica.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "well", 1);
    assert_eq!(shown(&other).await["status"]["state"], "up");
    until(SOON, "metrics say it", async || {
        let admin = replica.admin().await;
        let metrics = admin.get("/metrics").await.expect(200);
        let line = "understudy_instance_state{model_instance=\"broken\",state=\"down\"} 1";
        metrics.text().contains(line).then_some(())
    })
    .await;
}
