//! No secret comes out again, whichever way it went in: canaries in every field that takes one, everything driven that a service does, and
//! then a search of all that it said and kept.
//!
//! The fields are those of the API's own description and of the README's table of variables, so that a new one fails here until it is
//! driven, too. The browser's side is `browser::canaries`.

mod canary;
mod walk;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use crate::support::App;
use crate::support::server::{Server, base_environment};
use crate::support::wait::SOON;

use canary::Canaries;
use walk::Walk;

/// Variables whose value is a secret, or has one in it.
const SECRET_VARIABLES: [&str; 7] = [
    "DATABASE_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "UNDERSTUDY_ADMIN_PASSWORD",
    "UNDERSTUDY_JWT_KEYS",
    "UNDERSTUDY_METRICS_TOKEN",
    "UNDERSTUDY_OIDC_CLIENT_SECRET",
    "UNDERSTUDY_SECRET_KEYS",
];
/// What the name of such a variable ends with.
const SECRET_NAMES: [&str; 6] = [
    "_KEY",
    "_KEYS",
    "_PASSWORD",
    "_SECRET",
    "_TOKEN",
    "DATABASE_URL",
];

#[tokio::test]
async fn canaries_of_every_secret_field_are_nowhere() {
    let canaries = Canaries::default();
    let mut walk = Walk::start(&canaries).await;
    walk.people().await;
    walk.keys().await;
    walk.instances().await;
    walk.gateway().await;
    walk.wrong_bodies().await;
    walk.wrong_credentials().await;
    walk.commands().await;
    walk.database_away().await;
    walk.everything_that_is_read().await;
    walk.assert_used();

    let described = walk
        .admin()
        .get("/api/v1/openapi.json")
        .await
        .expect(200)
        .json();
    let driven = canaries.fields();
    let missing: Vec<String> = secret_fields(&described)
        .into_iter()
        .chain(SECRET_VARIABLES.map(str::to_owned))
        .filter(|field| !driven.contains(field) && !SET_UP.contains(&field.as_str()))
        .collect();
    assert!(missing.is_empty(), "no canary was put into {missing:?}");

    let transcript = walk.transcript();
    let mut leaks = canaries.leaks("the database", &walk.database().everything().await, &[]);
    // What the service makes itself is in the answers that hand it out, and in no other.
    leaks.extend(canaries.leaks("an answer", &transcript, &walk.handed_out()));
    for (field, value) in walk.made() {
        let times = transcript.matches(value.as_str()).count();
        // Of the same second and session, two access tokens are the same.
        let made = walk.made().iter().filter(|(_, other)| other == value);
        assert_eq!(times, made.count(), "{field}");
    }
    let events = walk.events().await;
    leaks.extend(canaries.leaks("the events", &events, &[]));
    leaks.extend(canaries.leaks("what commands say", &walk.said(), &[]));
    leaks.extend(canaries.leaks("the traces", &walk.end().await, &[]));
    let log = walk.log();
    for library in ["actix_http", "hyper_util", "understudy_api"] {
        let target = format!("\"target\":\"{library}");
        assert!(log.contains(&target), "{library} says nothing");
    }
    leaks.extend(canaries.leaks("the log", &log, &[]));
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// What only a service without a user is asked for.
const SET_UP: [&str; 2] = ["SetupRequest.password", "SetupRequest.token"];

#[tokio::test]
async fn canaries_of_the_set_up_are_nowhere_but_in_the_link() {
    let canaries = Canaries::default();
    let app = App::builder()
        .without_admin()
        .env("RUST_LOG", "trace")
        .start()
        .await;
    let log = app.log();
    let (_, link) = log.split_once("/setup?token=").expect("a link");
    let token = link.split_whitespace().next().unwrap().to_owned();
    let password = canaries.of("SetupRequest.password");
    let wrong = canaries.of("SetupRequest.token");
    let anonymous = app.anonymous();
    let body = |token: &str, password: &str| json!({"token": token, "username": "ada", "password": password});
    for (token, password) in [(wrong.as_str(), password.as_str()), (&token, "short")] {
        let refused = anonymous
            .post("/api/v1/setup", &body(token, password))
            .await;
        assert!(refused.status >= 400, "{refused:?}");
    }
    let done = anonymous
        .post("/api/v1/setup", &body(&token, &password))
        .await;
    let session = done.expect(201).json();
    let again = anonymous
        .post("/api/v1/setup", &body(&token, &password))
        .await;
    again.problem(409, "setup_closed");
    let admin = anonymous.with_bearer(session["access_token"].as_str().unwrap());
    admin.get("/api/v1/audit-log").await.expect(200);
    for (place, text) in [
        ("an answer", app.transcript()),
        ("the database", app.database().everything().await),
        ("the log", app.log()),
    ] {
        canaries.assert_absent(place, &text);
        // The link is for whoever reads the log of the first start, and for nobody else.
        let times = text.matches(token.as_str()).count();
        assert_eq!(times, usize::from(place == "the log"), "{token} in {place}");
    }
}

#[tokio::test]
async fn values_of_faulty_variables_are_not_repeated() {
    let canaries = Canaries::default();
    let url = format!("postgres://us:{}@host:port/x", canaries.of("DATABASE_URL"));
    let key = format!("k1:{}", canaries.of("UNDERSTUDY_SECRET_KEYS"));
    let mut environment = base_environment();
    let token = format!("{} ", canaries.of("UNDERSTUDY_METRICS_TOKEN")).repeat(2);
    let header = format!("{} =x", canaries.of("OTEL_EXPORTER_OTLP_HEADERS"));
    for (name, value) in [
        ("DATABASE_URL", url.as_str()),
        ("UNDERSTUDY_SECRET_KEYS", &key),
        ("UNDERSTUDY_JWT_KEYS", &canaries.of("UNDERSTUDY_JWT_KEYS")),
        (
            "UNDERSTUDY_ADMIN_PASSWORD",
            &canaries.of("UNDERSTUDY_ADMIN_PASSWORD").repeat(4),
        ),
        ("UNDERSTUDY_METRICS_TOKEN", &token),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            &format!("http://us:{}@/", canaries.of("OTEL_EXPORTER_OTLP_ENDPOINT")),
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", &header),
        ("RUST_LOG", "trace"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let mut server = Server::spawn(&environment);
    let code = server.exit(SOON).await.code();
    assert_eq!(code, Some(78), "{}", server.log());
    for name in [
        "DATABASE_URL",
        "UNDERSTUDY_SECRET_KEYS",
        "UNDERSTUDY_METRICS_TOKEN",
    ] {
        assert!(server.log().contains(name), "{name} in {}", server.log());
    }
    canaries.assert_absent("the log", &server.log());
}

#[test]
fn every_variable_with_a_secret_has_a_canary() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme
        .split_once("| variable | meaning | default |")
        .expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let mut named = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cell = line.split('|').nth(1).unwrap_or_default();
        named.extend(cell.split('`').skip(1).step_by(2));
    }
    assert!(named.len() >= 15, "{named:?}");
    for name in named {
        let secret = SECRET_NAMES.iter().any(|end| name.ends_with(end));
        let driven = SECRET_VARIABLES.contains(&name);
        assert!(driven || !secret, "no canary is put into {name}");
    }
}

/// `Schema.field` of everything that the description calls a password, or write-only.
fn secret_fields(described: &Value) -> BTreeSet<String> {
    let schemas = described["components"]["schemas"].as_object().unwrap();
    let is_secret = |schema: &Value| schema["format"] == "password" || schema["writeOnly"] == true;
    let secret: Vec<String> = schemas
        .iter()
        .filter(|(_, schema)| is_secret(schema))
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    let mut fields = BTreeSet::new();
    for (name, schema) in schemas {
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            let mut all = vec![schema];
            for alternatives in ["oneOf", "anyOf", "allOf"] {
                all.extend(schema[alternatives].as_array().into_iter().flatten());
            }
            let refers = |schema: &&Value| {
                let name = schema["$ref"].as_str();
                is_secret(schema)
                    || name.is_some_and(|name| secret.iter().any(|known| known == name))
            };
            if all.iter().any(refers) {
                fields.insert(format!("{name}.{field}"));
            }
        }
    }
    assert!(fields.len() >= 10, "{fields:?}");
    fields
}

#[tokio::test]
async fn equal_secrets_are_stored_differently() {
    let app = App::start().await;
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"value": "sk-0123456789abcdef"}, {"value": "sk-0123456789abcdef"}],
    });
    app.instance_with("a", 1, fields.clone()).await;
    app.instance_with("b", 1, fields).await;
    let stored = app.database().everything().await;
    let secrets: HashSet<&str> = stored
        .split("\\x")
        .skip(1)
        .map(|hex| {
            hex.split(|c: char| !c.is_ascii_hexdigit())
                .next()
                .unwrap_or_default()
        })
        .filter(|hex| hex.len() > 40)
        .collect();
    assert!(secrets.len() >= 4, "{stored}");
}
