//! Who somebody is here whom the provider has let in: their name, their role, and what is not theirs to change.

use serde_json::{Value, json};

use super::super::{AUDIT_LOG, USERS};
use super::{Begun, ME, METHODS, lets_in, outcome, session, start, with_provider};
use crate::support::App;
use crate::support::client::Client;
use crate::support::identity::ScriptedProvider;
use crate::support::live::Live;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};

async fn me(client: &Client) -> Value {
    client.get(ME).await.expect(200).json()
}

fn path(user: &Value) -> String {
    format!("{USERS}/{}", user["id"].as_str().unwrap())
}

/// The latest record of an action.
async fn latest(app: &App, action: &str) -> Value {
    let path = format!("{AUDIT_LOG}?limit=1&action={action}");
    let list = app.admin().await.get(&path).await.expect(200).json();
    list["items"][0].clone()
}

#[tokio::test]
async fn name_that_is_taken_is_never_joined_with() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    let named =
        json!({"preferred_username": "ADMIN", "email": "admin@id.example", "groups": ["staff"]});
    let one = session(&app, &lets_in(&app, &provider, "1", named.clone()).await).await;
    let other = session(&app, &lets_in(&app, &provider, "2", named.clone()).await).await;
    let (one, other) = (me(&one).await, me(&other).await);
    assert_eq!(one["username"], "ADMIN (127.0.0.1)");
    assert_eq!(other["username"], "ADMIN (127.0.0.1) 2");
    assert_eq!(
        (&one["role"], &other["role"]),
        (&json!("user"), &json!("user"))
    );
    assert_ne!(one["id"], other["id"]);
    // The local administrator is who they were, and the others are found again by what the provider calls them.
    let admin = app.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    assert_eq!(me(&admin).await["sign_in"], "local");
    let renamed = json!({"preferred_username": "another", "groups": ["staff"]});
    let again = session(&app, &lets_in(&app, &provider, "1", renamed).await).await;
    assert_eq!(me(&again).await["id"], one["id"]);
    // Another provider's «1» is somebody else.
    let second = ScriptedProvider::start().await;
    let replica = with_provider(&second.issuer())
        .env("DATABASE_URL", &app.database().url())
        .start()
        .await;
    let stranger = session(&replica, &lets_in(&replica, &second, "1", named).await).await;
    assert_ne!(me(&stranger).await["id"], one["id"]);
}

#[tokio::test]
async fn role_follows_the_claim_at_each_sign_in_and_is_in_the_log() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    // Signed in before, so that what is latest is of the others.
    app.admin().await;
    let with = |groups: Value| json!({"preferred_username": "ada", "groups": groups});
    let operator = lets_in(&app, &provider, "1", with(json!(["ops"]))).await;
    let operator = session(&app, &operator).await;
    let ada = me(&operator).await;
    assert_eq!(ada["role"], "operator");
    let made = latest(&app, "user.create").await;
    assert_eq!(made["actor"]["kind"], "service");
    assert_eq!(made["address"], "127.0.0.1");
    assert_eq!(made["changes"]["issuer"]["after"], provider.issuer());
    assert_eq!(
        made["changes"].get("password"),
        None,
        "there is none: {made}"
    );
    assert_eq!(
        latest(&app, "session.sign_in").await["actor"]["name"],
        "ada"
    );

    let mut live = Live::open(&operator).await;
    let user = lets_in(&app, &provider, "1", with(json!("staff"))).await;
    let user = session(&app, &user).await;
    live.end(std::time::Duration::from_secs(2)).await;
    assert_eq!(me(&user).await["role"], "user");
    operator.get("/api/v1/model-instances").await.expect(403);
    let changed = latest(&app, "user.update").await;
    assert_eq!(changed["actor"]["kind"], "service");
    assert_eq!(
        changed["changes"],
        json!({"role": {"before": "operator", "after": "user"}})
    );

    // Whoever has no role any more stays what they were and does not get in.
    let none = lets_in(&app, &provider, "1", with(json!(["guests"]))).await;
    assert_eq!(outcome(&none).0, "no_role");
    let failed = latest(&app, "session.sign_in_failed").await;
    assert_eq!(failed["target"]["name"], "ada");
    assert_eq!(failed["changes"]["reason"]["after"], "no_role");
    let stranger = lets_in(&app, &provider, "9", with(json!([]))).await;
    assert_eq!(outcome(&stranger).0, "no_role");
    let users = app.admin().await.get(USERS).await.json();
    assert_eq!(users["total"], 2, "{users}");
}

#[tokio::test]
async fn disabled_users_and_the_last_administrator_do_not_get_in() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    let with = |groups: Value| json!({"preferred_username": "ada", "groups": groups});
    let ada = session(
        &app,
        &lets_in(&app, &provider, "1", with(json!(["admins"]))).await,
    )
    .await;
    let (user, admin) = (me(&ada).await, app.admin().await);
    admin
        .patch(&path(&user), &json!({"enabled": false}))
        .await
        .expect(200);
    ada.get(ME).await.expect(401);
    let disabled = lets_in(&app, &provider, "1", with(json!(["admins"]))).await;
    assert_eq!(outcome(&disabled).0, "user_disabled");
    admin
        .patch(&path(&user), &json!({"enabled": true}))
        .await
        .expect(200);

    // The local administrator goes; the provider's is the last one now.
    let ada = session(
        &app,
        &lets_in(&app, &provider, "1", with(json!(["admins"]))).await,
    )
    .await;
    let local = me(&admin).await;
    ada.patch(&path(&local), &json!({"enabled": false}))
        .await
        .expect(200);
    ada.patch(&path(&user), &json!({"enabled": false}))
        .await
        .problem(409, "conflict");
    let last = lets_in(&app, &provider, "1", with(json!(["staff"]))).await;
    assert_eq!(outcome(&last).0, "last_administrator");
    assert_eq!(me(&ada).await["role"], "admin");
    // With another one the claim holds.
    let bob = json!({"preferred_username": "bob", "groups": ["admins"]});
    session(&app, &lets_in(&app, &provider, "2", bob).await).await;
    let ada = session(
        &app,
        &lets_in(&app, &provider, "1", with(json!(["staff"]))).await,
    )
    .await;
    assert_eq!(me(&ada).await["role"], "user");
}

#[tokio::test]
async fn password_and_role_are_the_providers_to_decide() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    let named = json!({"preferred_username": "ada"});
    let ada = session(&app, &lets_in(&app, &provider, "1", named).await).await;
    let (user, admin) = (me(&ada).await, app.admin().await);
    let password = "a horse of another colour";
    for (patch, pointer) in [
        (json!({"password": password}), "/password"),
        (json!({"role": "admin"}), "/role"),
    ] {
        let refused = admin.patch(&path(&user), &patch).await;
        let problem = refused.faults(422, "validation_failed", &[(pointer, "validation_failed")]);
        assert_eq!(problem["errors"][0]["rule"], "of_identity_provider");
    }
    admin
        .patch(
            &path(&user),
            &json!({"role": "user", "display_name": "Ada"}),
        )
        .await
        .expect(200);
    for current in ["", password] {
        let body = json!({"current_password": current, "new_password": password});
        let refused = ada.post("/api/v1/auth/password", &body).await;
        refused.faults(
            422,
            "validation_failed",
            &[("/new_password", "validation_failed")],
        );
        let body = json!({"username": "ada", "password": current});
        let login = app.anonymous().post("/api/v1/auth/login", &body).await;
        login.problem(401, "unauthenticated");
    }
    let listed = admin
        .get(&format!("{USERS}?q=ada"))
        .await
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["sign_in"], "oidc", "{listed}");
}

#[tokio::test]
async fn passwords_can_be_switched_off() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer())
        .env("UNDERSTUDY_LOCAL_SIGN_IN", "off")
        .start()
        .await;
    let methods = app.anonymous().get(METHODS).await.expect(200).json();
    assert_eq!(methods["local"], false);
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    let login = app.anonymous().post("/api/v1/auth/login", &body).await;
    login.problem(403, "local_sign_in_off");
    let with = json!({"groups": ["admins"]});
    let admin = session(&app, &lets_in(&app, &provider, "1", with).await).await;
    assert_eq!(me(&admin).await["role"], "admin");
    // The way back: a replica of the same database that accepts them.
    let replica = App::builder()
        .env("DATABASE_URL", &app.database().url())
        .start()
        .await;
    let local = replica.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    local.get(USERS).await.expect(200);
}

#[tokio::test]
async fn first_user_of_all_can_only_be_an_administrator() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer())
        .without_admin()
        .start()
        .await;
    let staff = lets_in(&app, &provider, "1", json!({})).await;
    assert_eq!(outcome(&staff).0, "setup_open");
    let setup = async || app.anonymous().get("/api/v1/setup").await.json()["open"].clone();
    assert_eq!(setup().await, true);
    let admin = lets_in(&app, &provider, "1", json!({"groups": ["admins"]})).await;
    let admin = session(&app, &admin).await;
    assert_eq!(
        me(&admin).await["username"],
        "1",
        "the only name that there is"
    );
    assert_eq!(setup().await, false);
}

#[tokio::test]
async fn another_replica_ends_what_one_began_and_a_default_role_lets_everybody_in() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    let replica = with_provider(&provider.issuer())
        .env("DATABASE_URL", &app.database().url())
        .env("UNDERSTUDY_OIDC_DEFAULT_ROLE", "user")
        .start()
        .await;
    let mut begun = Begun::at(&app).await;
    provider.says(begun.claims("1", json!({"groups": ["guests"]})));
    begun.app = replica.anonymous();
    let guest = session(&replica, &begun.returns().await).await;
    assert_eq!(me(&guest).await["role"], "user");
    start(&app, "/models").await.expect(200);
}
