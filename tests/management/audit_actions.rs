//! What is recorded: each action once, by whom, from where, with what it changed; and nothing of what did not happen.

use serde_json::{Value, json};

use super::{AUDIT_LOG, GROUPS, INSTANCES, KEYS, SETTINGS, USERS, instance, person};
use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::server::ADMIN_USERNAME;

pub(super) const LOGIN: &str = "/api/v1/auth/login";
pub(super) const PASSWORD: &str = "a horse of another colour";

/// The log, and how much of it a test has seen.
pub(super) struct Trail {
    admin: Client,
    seen: u64,
}

impl Trail {
    pub(super) async fn begin(app: &App) -> Self {
        let admin = app.admin().await;
        let mut trail = Self { admin, seen: 0 };
        trail.seen = trail.total().await;
        trail
    }

    pub(super) async fn total(&self) -> u64 {
        let list = self.admin.get(AUDIT_LOG).await.expect(200).json();
        list["total"].as_u64().unwrap()
    }

    /// The records since the last look, the oldest first.
    pub(super) async fn news(&mut self) -> Vec<Value> {
        let path = format!("{AUDIT_LOG}?sort=at&limit=200&offset={}", self.seen);
        let list = self.admin.get(&path).await.expect(200).json();
        self.seen = list["total"].as_u64().unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// The one record since the last look.
    #[track_caller]
    pub(super) fn one(&mut self, action: &'static str) -> impl Future<Output = Value> {
        let at = std::panic::Location::caller();
        async move {
            let news = self.news().await;
            let actions: Vec<&Value> = news.iter().map(|record| &record["action"]).collect();
            assert_eq!(actions, [action], "at {at}: {news:#?}");
            news.into_iter().next().unwrap()
        }
    }

    pub(super) async fn none(&mut self, what: &str) {
        let news = self.news().await;
        assert!(news.is_empty(), "{what}: {news:#?}");
    }
}

fn path(made: &Answer) -> String {
    made.header("location").expect("a path").to_owned()
}

pub(super) fn change(before: Value, after: Value) -> Value {
    json!({"before": before, "after": after})
}

#[tokio::test]
async fn changes_of_instances_and_groups_are_recorded_field_by_field() {
    let app = App::start().await;
    let mut trail = Trail::begin(&app).await;
    let admin = app.admin().await;

    let mut fields = instance("GPU 1");
    fields["labels"] = json!({"rack.row": "4"});
    fields["auth"] = json!({"type": "bearer"});
    fields["tokens"] =
        json!([{"label": "team A", "value": "token-0123456789abcd"}, {"value": "short"}]);
    fields["proxies"] = json!([{"url": "http://proxy.example:3128", "username": "us", "password": "proxy-password"}]);
    let call = admin.post(INSTANCES, &fields);
    let made = call.header("x-request-id", "by-my-hand").await.expect(201);
    let record = trail.one("model_instance.create").await;
    let (path, made) = (path(&made), made.json());
    let me = admin.get("/api/v1/auth/me").await.json();
    assert_eq!(
        record["actor"],
        json!({"kind": "user", "id": me["id"], "name": ADMIN_USERNAME})
    );
    assert_eq!(record["address"], "127.0.0.1");
    assert_eq!(record["request_id"], "by-my-hand");
    assert_eq!(record["outcome"], "success");
    let target = json!({"kind": "model_instance", "id": made["id"], "name": "GPU 1"});
    assert_eq!(record["target"], target);
    let changes = &record["changes"];
    assert_eq!(
        changes["endpoint.host"],
        change(json!(null), json!("10.20.30.40"))
    );
    assert_eq!(
        changes["labels"],
        change(json!(null), json!({"rack.row": "4"}))
    );
    let tokens = &changes["tokens"]["after"];
    assert_eq!(
        (&tokens[0]["label"], &tokens[0]["hint"], &tokens[0]["value"]),
        (&json!("team A"), &json!("…abcd"), &json!("set"))
    );
    assert_eq!(changes["proxies"]["after"][0]["password"], "set");
    assert_eq!(
        changes.get("description"),
        None,
        "nothing to say: {changes}"
    );

    // One token keeps its value, the other gets another one of which no hint is shown.
    let patch = json!({
        "name": "GPU one", "timeouts": {"connect_ms": 1234}, "labels": {"rack.row": null},
        "tokens": [{"id": made["tokens"][0]["id"], "label": "team A"}, {"id": made["tokens"][1]["id"], "value": "other"}],
    });
    admin.patch(&path, &patch).await.expect(200);
    let record = trail.one("model_instance.update").await;
    assert_eq!(record["target"]["name"], "GPU one");
    let changes = record["changes"].as_object().unwrap();
    let names: Vec<&String> = changes.keys().collect();
    assert_eq!(names, ["labels", "name", "timeouts.connect_ms", "tokens"]);
    assert_eq!(changes["name"], change(json!("GPU 1"), json!("GPU one")));
    let value = |when: &str, index: usize| changes["tokens"][when][index]["value"].clone();
    assert_eq!(
        (value("before", 0), value("after", 0)),
        (json!("set"), json!("set"))
    );
    assert_eq!(
        (value("before", 1), value("after", 1)),
        (json!("set"), json!("replaced"))
    );

    admin.patch(&path, &json!({})).await.expect(200);
    assert_eq!(
        trail.one("model_instance.update").await["changes"],
        json!({})
    );

    let copy = admin
        .call("POST", &format!("{path}/duplicate"))
        .await
        .expect(201)
        .json();
    let record = trail.one("model_instance.duplicate").await;
    assert_eq!(record["target"]["id"], copy["id"]);
    assert_eq!(record["changes"]["copy_of.id"]["after"], made["id"]);

    let drill = format!("{path}/drill");
    let drilled = admin
        .post(&drill, &json!({"seconds": 60}))
        .await
        .expect(200)
        .json();
    let record = trail.one("model_instance.start_drill").await;
    let until = drilled["status"]["retry_at"].clone();
    assert_eq!(
        record["changes"]["drilled_until"],
        change(json!(null), until.clone())
    );
    admin.delete(&drill).await.expect(200);
    let record = trail.one("model_instance.end_drill").await;
    assert_eq!(
        record["changes"]["drilled_until"],
        change(until, json!(null))
    );
    admin.delete(&drill).await.expect(200);
    trail.none("there was no drill to end").await;

    let group = json!({"name": "chat", "members": [{"instance_id": made["id"], "weight": 3}]});
    let group = admin.post(GROUPS, &group).await.expect(201);
    let record = trail.one("model_group.create").await;
    let member = &record["changes"]["members"]["after"][0];
    assert_eq!(
        (&member["name"], &member["weight"]),
        (&json!("GPU one"), &json!(3))
    );
    let group = self::path(&group);
    let patch = json!({"members": [{"instance_id": copy["id"]}], "strategy": "weighted"});
    admin.patch(&group, &patch).await.expect(200);
    let record = trail.one("model_group.update").await;
    let names: Vec<&String> = record["changes"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["members", "strategy"]);
    assert_eq!(record["changes"]["members"]["before"][0]["name"], "GPU one");
    admin.delete(&group).await.expect(204);
    let record = trail.one("model_group.delete").await;
    assert_eq!(
        record["changes"]["name"],
        change(json!("chat"), json!(null))
    );
    admin.delete(&path).await.expect(204);
    let record = trail.one("model_instance.delete").await;
    assert_eq!(record["changes"]["tokens"]["before"][0]["value"], "set");
    assert_eq!(record["changes"]["tokens"]["after"], Value::Null);
}

#[tokio::test]
async fn changes_of_keys_users_and_settings_are_recorded() {
    let app = App::start().await;
    let mut trail = Trail::begin(&app).await;
    let admin = app.admin().await;

    let body = json!({"name": "billing", "scopes": ["manage:write"], "limits": {"requests_per_minute": 60}});
    let key = admin.post(KEYS, &body).await.expect(201).json();
    let record = trail.one("api_key.create").await;
    assert_eq!(
        record["target"],
        json!({"kind": "api_key", "id": key["id"], "name": "billing"})
    );
    assert_eq!(record["changes"]["prefix"]["after"], key["prefix"]);
    assert_eq!(record["changes"]["limits.requests_per_minute"]["after"], 60);

    // What the key does, the key is named for.
    let program = app.anonymous().with_bearer(key["key"].as_str().unwrap());
    let made = program
        .post(INSTANCES, &instance("by a key"))
        .await
        .expect(201);
    let record = trail.one("model_instance.create").await;
    assert_eq!(
        record["actor"],
        json!({"kind": "api_key", "id": key["id"], "name": "billing"})
    );
    program.delete(&path(&made)).await.expect(204);
    trail.one("model_instance.delete").await;

    let revoke = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    admin.delete(&revoke).await.expect(204);
    let record = trail.one("api_key.revoke").await;
    assert!(
        record["changes"]["revoked_at"]["after"].is_string(),
        "{record}"
    );
    admin.delete(&revoke).await.expect(204);
    trail.none("it was revoked already").await;

    let ada = json!({"username": "Ada", "role": "operator", "password": PASSWORD});
    let ada = path(&admin.post(USERS, &ada).await.expect(201));
    let record = trail.one("user.create").await;
    assert_eq!(
        record["changes"]["password"],
        change(json!(null), json!("set"))
    );
    let patch =
        json!({"role": "user", "username": "Countess", "password": "another one altogether"});
    admin.patch(&ada, &patch).await.expect(200);
    let record = trail.one("user.update").await;
    assert_eq!(
        record["changes"],
        json!({
            "username": change(json!("Ada"), json!("Countess")),
            "role": change(json!("operator"), json!("user")),
            "password": change(json!("set"), json!("replaced")),
        })
    );
    admin.delete(&ada).await.expect(204);
    let record = trail.one("user.delete").await;
    assert_eq!(record["target"]["name"], "Countess");

    admin
        .patch(SETTINGS, &json!({"audit_retention_days": 30}))
        .await
        .expect(200);
    let record = trail.one("settings.update").await;
    assert_eq!(
        record["target"],
        json!({"kind": "settings", "id": null, "name": null})
    );
    assert_eq!(
        record["changes"],
        json!({"audit_retention_days": change(json!(null), json!(30))})
    );
}

#[tokio::test]
async fn tries_without_the_right_are_recorded_once_a_minute() {
    let app = App::start().await;
    let (name, user) = person(&app, "user").await;
    let key = app.key(&["manage:read"]).await;
    let mut trail = Trail::begin(&app).await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for _ in 0..3 {
        user.delete(&format!("{INSTANCES}/{id}"))
            .await
            .problem(403, "forbidden");
        user.get(INSTANCES).await.problem(403, "forbidden");
    }
    let record = trail.one("access.deny").await;
    assert_eq!(
        (&record["actor"]["name"], &record["outcome"]),
        (&json!(name), &json!("denied"))
    );
    let operation = "DELETE /api/v1/model-instances/{id}";
    assert_eq!(
        record["target"],
        json!({"kind": "operation", "id": id, "name": operation})
    );
    key.post(GROUPS, &json!({})).await.problem(403, "forbidden");
    assert_eq!(trail.one("access.deny").await["actor"]["kind"], "api_key");
    app.anonymous()
        .post(GROUPS, &json!({}))
        .await
        .problem(401, "unauthenticated");
    trail.none("nobody to name").await;
}

#[tokio::test]
async fn addresses_are_those_that_trusted_proxies_name() {
    let app = App::builder()
        .env("UNDERSTUDY_TRUSTED_PROXIES", "127.0.0.0/8")
        .start()
        .await;
    let admin = app.admin().await;
    for (forwarded, address) in [
        ("198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 2001:DB8::1", "2001:db8::1"),
        ("nonsense", "127.0.0.1"),
    ] {
        let call = admin.patch(SETTINGS, &json!({}));
        call.header("x-forwarded-for", forwarded).await.expect(200);
        let list = admin
            .get(&format!("{AUDIT_LOG}?limit=1"))
            .await
            .expect(200)
            .json();
        assert_eq!(list["items"][0]["address"], address, "{forwarded}");
    }
}

#[tokio::test]
async fn what_is_refused_leaves_no_record() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = path(&admin.post(INSTANCES, &instance("a")).await.expect(201));
    let group = json!({"name": "chat", "members": [{"instance_id": made.rsplit('/').next()}]});
    admin.post(GROUPS, &group).await.expect(201);
    let mut trail = Trail::begin(&app).await;
    admin
        .post(INSTANCES, &instance("A"))
        .await
        .problem(409, "conflict");
    admin.patch(&made, &json!({"port": 1})).await.expect(422);
    admin
        .patch(&made, &json!({"name": "b"}))
        .if_match("\"7\"")
        .await
        .expect(412);
    admin.delete(&made).await.problem(409, "in_use");
    admin
        .post(GROUPS, &json!({"name": "", "members": []}))
        .await
        .expect(422);
    admin
        .post(
            USERS,
            &json!({"username": ADMIN_USERNAME, "password": PASSWORD}),
        )
        .await
        .problem(409, "conflict");
    let me = admin.get("/api/v1/auth/me").await.json()["id"].clone();
    let me = format!("{USERS}/{}", me.as_str().unwrap());
    admin.delete(&me).await.problem(409, "conflict");
    admin
        .patch(SETTINGS, &json!({"audit_retention_days": 0}))
        .await
        .expect(422);
    admin.post(&format!("{made}/check"), &json!({})).await;
    trail.none("nothing has changed").await;
}

#[tokio::test]
async fn change_and_record_are_stored_together_or_not_at_all() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin
        .post(INSTANCES, &instance("a"))
        .await
        .expect(201)
        .json();
    let mut trail = Trail::begin(&app).await;
    let database = app.database().connect().await;
    let group = |name: &str| json!({"name": name, "members": [{"instance_id": made["id"]}]});

    // The record cannot be written.
    let refuse =
        "ALTER TABLE audit_log ADD CONSTRAINT refused CHECK (action <> 'model_group.create')";
    database.batch_execute(refuse).await.unwrap();
    admin
        .post(GROUPS, &group("one"))
        .await
        .problem(500, "internal");
    database
        .batch_execute("ALTER TABLE audit_log DROP CONSTRAINT refused")
        .await
        .unwrap();
    assert_eq!(admin.get(GROUPS).await.json()["total"], 0);
    trail.none("and there is none").await;

    // The change fails after its record was written.
    database
        .batch_execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'too late'; END $$;
             CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON model_groups DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .await
        .unwrap();
    admin
        .post(GROUPS, &group("two"))
        .await
        .problem(500, "internal");
    trail.none("its transaction was rolled back").await;
    database
        .batch_execute("DROP TRIGGER refuse ON model_groups")
        .await
        .unwrap();
    admin.post(GROUPS, &group("three")).await.expect(201);
    trail.one("model_group.create").await;
}
