//! Reading the audit log: filters, order, pages, and who may.

use serde_json::{Value, json};

use super::{AUDIT_LOG, store_records};
use crate::support::App;
use crate::support::client::Client;

const OLD: &str = "
    VALUES ('2020-01-01T00:00:00Z', 'Ada', 'model_group.create', 'chat', 'success', '192.0.2.1'),
           ('2020-01-02T00:00:00Z', 'Ada', 'model_group.delete', 'chat', 'success', '192.0.2.1'),
           ('2020-01-03T00:00:00Z', 'bob', 'model_group.update', '100%_жук', 'success', '2001:db8::1'),
           ('2020-01-04T00:00:00Z', 'bob', 'user.update', 'Ada', 'success', '192.0.2.2'),
           ('2020-01-05T00:00:00Z', 'bob', 'access.deny', 'POST /api/v1/users', 'denied', '192.0.2.2')";

async fn days(admin: &Client, query: &str) -> Vec<u32> {
    let path = format!("{AUDIT_LOG}?to=2021-01-01T00:00:00Z{query}");
    let list = admin.get(&path).await.expect(200).json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(list["total"].as_u64(), Some(items.len() as u64), "{query}");
    let day = |record: &Value| record["at"].as_str().unwrap()[8..10].parse().unwrap();
    items.iter().map(day).collect()
}

#[tokio::test]
async fn records_are_found_by_every_filter() {
    let app = App::start().await;
    let admin = app.admin().await;
    store_records(&app, OLD).await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let database = app.database().connect().await;
    let one = format!(
        "INSERT INTO audit_log (id, at, actor_kind, actor_id, actor_name, actor_key, action, target_kind, target_id, outcome, changes, search, request_id)
         VALUES (gen_random_uuid(), '2020-01-06', 'api_key', '{id}', 'billing', 'billing', 'model_instance.update', 'model_instance', '{id}',
                 'failure', '{{}}', E'billing\\nreq-77', 'req-77')"
    );
    database.batch_execute(&one).await.unwrap();
    for (query, expected) in [
        ("", vec![6, 5, 4, 3, 2, 1]),
        ("&sort=at", vec![1, 2, 3, 4, 5, 6]),
        ("&sort=-at", vec![6, 5, 4, 3, 2, 1]),
        ("&actor=ADA", vec![2, 1]),
        (&format!("&actor={id}"), vec![6]),
        ("&actor=nobody", vec![]),
        ("&actor_kind=api_key", vec![6]),
        ("&actor_kind=command", vec![]),
        ("&action=model_group.", vec![3, 2, 1]),
        ("&action=model_group.delete", vec![2]),
        ("&action=model.", vec![]),
        ("&target_kind=user", vec![4]),
        (&format!("&target_id={id}"), vec![6]),
        ("&outcome=denied", vec![5]),
        ("&outcome=failure", vec![6]),
        ("&from=2020-01-04T00:00:00Z", vec![6, 5, 4]),
        ("&from=2020-01-04T01:00:00%2B01:00&sort=at", vec![4, 5, 6]),
        ("&address=192.0.2.1", vec![2, 1]),
        ("&address=2001:0DB8:0::1", vec![3]),
        ("&q=%D0%B0%D0%B4%D0%B0", vec![]),
        ("&q=aDa", vec![4, 2, 1]),
        ("&q=%D0%B6%D0%A3%D0%9A", vec![3]),
        ("&q=%25_", vec![3]),
        ("&q=req-77", vec![6]),
        ("&q=db8", vec![3]),
        ("&actor=bob&outcome=success&action=user.", vec![4]),
    ] {
        assert_eq!(days(&admin, query).await, expected, "{query}");
    }
    for query in [
        "actor_kind=king",
        "action=model_group",
        "action=a.b.c",
        "target_kind=A",
        "target_id=7",
        "outcome=ok",
        "from=yesterday",
        "to=2020-01-01",
        "address=localhost",
        "sort=action",
        "sort=at,at",
        "limit=0",
        "limit=201",
        "offset=-1",
        "format=csv",
        "bogus=1",
        "q=%00",
    ] {
        let path = format!("{AUDIT_LOG}?{query}");
        admin.get(&path).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn pages_do_not_overlap_even_among_records_of_the_same_moment() {
    let app = App::start().await;
    let admin = app.admin().await;
    let same = "SELECT '2020-01-01T00:00:00Z', 'Ada', 'user.update', 'n' || n, 'success', '192.0.2.1' FROM generate_series(1, 450) n";
    store_records(&app, same).await;
    let mut names = std::collections::BTreeSet::new();
    for offset in [0, 200, 400, 600] {
        let path = format!("{AUDIT_LOG}?actor=ada&limit=200&offset={offset}");
        let list = admin.get(&path).await.expect(200).json();
        assert_eq!(list["total"], 450);
        assert_eq!(
            (&list["limit"], &list["offset"]),
            (&json!(200), &json!(offset))
        );
        for record in list["items"].as_array().unwrap() {
            let name = record["target"]["name"].as_str().unwrap().to_owned();
            assert!(names.insert(name), "twice: {record}");
        }
    }
    assert_eq!(names.len(), 450);
}

#[tokio::test]
async fn page_of_a_long_log_is_read_from_an_index_whatever_it_is_filtered_by() {
    let app = App::start().await;
    let many = "SELECT '2020-01-01'::timestamptz + n * interval '1 minute', 'user ' || n % 50, 'model_group.update', 'n' || n,
                       CASE n % 100 WHEN 0 THEN 'failure' ELSE 'success' END, '192.0.2.' || n % 200
                FROM generate_series(1, 20000) n";
    store_records(&app, many).await;
    let database = app.database().connect().await;
    database.batch_execute("ANALYZE audit_log").await.unwrap();
    for (filter, index) in [
        ("true", "audit_log_at"),
        (
            "(at, id) < ('2020-01-05', '01890a5d-ac96-774b-bcce-b302099a8057')",
            "audit_log_at",
        ),
        (
            "actor_id = '01890a5d-ac96-774b-bcce-b302099a8057'",
            "audit_log_actor_id",
        ),
        ("actor_key = 'user 7'", "audit_log_actor_key"),
        ("address = '192.0.2.7'", "audit_log_address"),
        ("action = 'user.delete'", "audit_log_action"),
        ("noun = 'user'", "audit_log_noun"),
        (
            "target_id = '01890a5d-ac96-774b-bcce-b302099a8057'",
            "audit_log_target",
        ),
        ("target_kind = 'user'", "audit_log_target_kind"),
        ("actor_kind = 'command'", "audit_log_actor_kind"),
        ("outcome = 'denied'", "audit_log_outcome"),
    ] {
        let explain = format!(
            "EXPLAIN SELECT * FROM audit_log WHERE {filter} ORDER BY at DESC, id DESC LIMIT 50"
        );
        let plan: Vec<String> = database
            .query(&explain, &[])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        let plan = plan.join("\n");
        assert!(
            plan.contains(&format!("using {index} ")) && !plan.contains("Sort"),
            "{filter}: {plan}"
        );
    }
}

#[tokio::test]
async fn log_has_no_operation_that_changes_it() {
    let app = App::start().await;
    let admin = app.admin().await;
    let record = admin.get(AUDIT_LOG).await.json()["items"][0].clone();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let call = admin.call(method, AUDIT_LOG).json(&record);
        call.await.problem(405, "method_not_allowed");
        let one = format!("{AUDIT_LOG}/{}", record["id"].as_str().unwrap());
        admin
            .call(method, &one)
            .json(&record)
            .await
            .problem(404, "not_found");
    }
}
