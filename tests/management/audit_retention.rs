//! Records stay as they are, for as long as the settings say.

use serde_json::json;

use super::{AUDIT_LOG, SETTINGS, store_records};
use crate::support::App;
use crate::support::client::Client;
use crate::support::server::{Server, base_environment};
use crate::support::wait::{SOON, until};

async fn count(admin: &Client, query: &str) -> u64 {
    let path = format!("{AUDIT_LOG}?{query}");
    admin.get(&path).await.expect(200).json()["total"]
        .as_u64()
        .unwrap()
}

const OLD_AND_YOUNG: &str = "
    SELECT now() - interval '400 days' - n * interval '1 second', 'old', 'user.update', 'n' || n, 'success', '192.0.2.1'
    FROM generate_series(1, 2500) n
    UNION ALL
    SELECT now() - interval '300 days', 'young', 'user.update', 'n' || n, 'success', '192.0.2.1' FROM generate_series(1, 10) n";

#[tokio::test]
async fn records_are_neither_changed_nor_removed_by_sql() {
    let app = App::start().await;
    let admin = app.admin().await;
    store_records(&app, OLD_AND_YOUNG).await;
    let before = count(&admin, "").await;
    let database = app.database().connect().await;
    for statement in [
        "UPDATE audit_log SET actor_name = 'somebody else'",
        "UPDATE audit_log SET at = now() WHERE actor_key = 'old'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE actor_key = 'old'",
        "TRUNCATE audit_log",
    ] {
        let error = database.batch_execute(statement).await.unwrap_err();
        let message = error.as_db_error().unwrap().message().to_owned();
        assert!(
            message.contains("neither changed nor removed"),
            "{statement}: {message}"
        );
    }
    assert_eq!(count(&admin, "").await, before);
    assert_eq!(count(&admin, "actor=old").await, 2500);
}

#[tokio::test]
async fn records_that_the_settings_do_not_keep_are_removed_by_one_replica() {
    let app = App::start().await;
    let mut environment = base_environment();
    environment.insert("DATABASE_URL".to_owned(), app.database().url());
    let second = Server::start(&environment).await;
    let admin = app.admin().await;
    let there = Client::new(second.address()).with_bearer(admin.bearer());
    store_records(&app, OLD_AND_YOUNG).await;
    let a_year = json!({"audit_retention_days": 365});
    let (here, there) = tokio::join!(
        admin.patch(SETTINGS, &a_year).into_future(),
        there.patch(SETTINGS, &a_year).into_future()
    );
    assert_eq!((here.status, there.status), (200, 200));
    until(SOON, "the old records are gone", async || {
        (count(&admin, "actor=old").await == 0).then_some(())
    })
    .await;
    assert_eq!(count(&admin, "actor=young").await, 10);
    let said = admin
        .get(&format!("{AUDIT_LOG}?action=audit_log.prune"))
        .await
        .json();
    assert_eq!(said["total"], 1, "{said}");
    let record = &said["items"][0];
    assert_eq!(record["actor"]["kind"], "service");
    assert!(
        record["changes"]["kept_from"]["after"].is_string(),
        "{record}"
    );

    // Nobody removes what the settings keep, whoever they are.
    let database = app.database().connect().await;
    let young = "DELETE FROM audit_log WHERE actor_key = 'young'";
    database.batch_execute(young).await.unwrap_err();
    assert_eq!(count(&admin, "actor=young").await, 10);
    drop(second);
}
