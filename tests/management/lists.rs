//! Lists: paged, sorted, searched and filtered; a bad parameter is 400.

use serde_json::json;

use super::{GROUPS, INSTANCES, KEYS, names};
use crate::support::App;

async fn three(app: &App) {
    app.instance_with(
        "beta",
        3,
        json!({"kind": "network", "description": "Rack ЧЕТЫРЕ", "endpoint": {"host": "10.0.0.9"}}),
    )
    .await;
    app.instance_with(
        "Alpha 100%",
        1,
        json!({"model": "Qwen/Qwen2.5", "enabled": false}),
    )
    .await;
    app.instance_with("gamma_x", 2, json!({})).await;
}

#[tokio::test]
async fn pages_hold_what_was_asked_for() {
    let app = App::start().await;
    three(&app).await;
    let admin = app.admin().await;
    let page = admin.get(INSTANCES).await.expect(200).json();
    assert_eq!(
        (&page["total"], &page["limit"], &page["offset"]),
        (&json!(3), &json!(50), &json!(0))
    );
    for (query, expected) in [
        ("", vec!["Alpha 100%", "beta", "gamma_x"]),
        ("limit=2", vec!["Alpha 100%", "beta"]),
        ("limit=2&offset=2", vec!["gamma_x"]),
        ("offset=9", vec![]),
        ("sort=-name", vec!["gamma_x", "beta", "Alpha 100%"]),
        ("sort=created_at", vec!["beta", "Alpha 100%", "gamma_x"]),
        ("sort=kind,-name", vec!["gamma_x", "Alpha 100%", "beta"]),
        ("sort=-enabled,name", vec!["beta", "gamma_x", "Alpha 100%"]),
        ("q=ALPHA", vec!["Alpha 100%"]),
        ("q=%D1%87%D0%B5%D1%82%D1%8B%D1%80%D0%B5", vec!["beta"]),
        ("q=qwen2.5", vec!["Alpha 100%"]),
        ("q=10.0.0", vec!["beta"]),
        ("q=%25", vec!["Alpha 100%"]),
        ("q=_", vec!["gamma_x"]),
        ("kind=network", vec!["beta"]),
        ("enabled=false", vec!["Alpha 100%"]),
        ("state=disabled", vec!["Alpha 100%"]),
        ("state=unknown&sort=-name", vec!["gamma_x", "beta"]),
        ("enabled=true&kind=local&q=A", vec!["gamma_x"]),
    ] {
        assert_eq!(
            names(&admin.get(&format!("{INSTANCES}?{query}")).await),
            expected,
            "{query}"
        );
    }
    let filtered = admin
        .get(&format!("{INSTANCES}?limit=1&enabled=true"))
        .await
        .expect(200)
        .json();
    assert_eq!(filtered["total"], 2);
}

#[tokio::test]
async fn bad_parameters_are_named_and_never_ignored() {
    let app = App::start().await;
    let admin = app.admin().await;
    for list in [INSTANCES, GROUPS, KEYS] {
        for query in [
            "limit=0",
            "limit=201",
            "limit=x",
            "limit=",
            "offset=-1",
            "offset=x",
            "sort=bogus",
            "sort=name;drop",
            "sort=name,name",
            "bogus=1",
            "limit=1&limit=2",
            "q=%00",
            "Limit=1",
        ] {
            let problem = admin
                .get(&format!("{list}?{query}"))
                .await
                .problem(400, "invalid_parameter");
            let name = query.split('=').next().unwrap();
            assert!(
                problem["detail"].as_str().unwrap().starts_with(name),
                "{problem}"
            );
        }
    }
    for query in ["kind=moon", "enabled=1", "state=fine"] {
        admin
            .get(&format!("{INSTANCES}?{query}"))
            .await
            .problem(400, "invalid_parameter");
    }
    for query in ["available=yes", "capability=flying", "kind=local"] {
        admin
            .get(&format!("{GROUPS}?{query}"))
            .await
            .problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn groups_are_found_by_name_title_and_description() {
    let app = App::start().await;
    app.group_with("one", [], json!({"title": "Первая"})).await;
    app.group_with(
        "two",
        [],
        json!({"title": "b", "description": "For BILLING"}),
    )
    .await;
    let admin = app.admin().await;
    for (query, expected) in [
        ("q=%D0%9F%D0%95%D0%A0", vec!["one"]),
        ("q=billing", vec!["two"]),
        ("q=TW", vec!["two"]),
        ("sort=-title", vec!["one", "two"]),
    ] {
        assert_eq!(
            names(&admin.get(&format!("{GROUPS}?{query}")).await),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn many_items_are_walked_page_by_page_without_gaps() {
    let app = App::start().await;
    let admin = app.admin().await;
    for number in 0..23 {
        app.group_with(&format!("g{number}"), [], json!({"title": "same"}))
            .await;
    }
    let mut seen = Vec::new();
    for offset in (0..30).step_by(5) {
        seen.extend(names(
            &admin
                .get(&format!("{GROUPS}?sort=title&limit=5&offset={offset}"))
                .await,
        ));
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (23, 23));
}
