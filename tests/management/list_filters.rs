//! Filters and orders that lead from one list to the related rows of the other.

use serde_json::json;

use super::{GROUPS, INSTANCES, names};
use crate::support::App;

const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[tokio::test]
async fn instances_of_a_group_and_groups_of_an_instance() {
    let app = App::start().await;
    let admin = app.admin().await;
    let a = app.instance_with("a", 1, json!({})).await;
    let b = app.instance_with("b", 2, json!({"enabled": false})).await;
    app.instance_with("c", 3, json!({})).await;
    let both = app.group("both", [&b, &a]).await;
    app.group("only-a", [&a]).await;
    app.group("empty", []).await;

    let list = async |path: String| names(&admin.get(&path).await);
    let of = format!("{INSTANCES}?group_id={}", both.id);
    assert_eq!(list(of.clone()).await, ["a", "b"]);
    assert_eq!(list(format!("{of}&enabled=false")).await, ["b"]);
    assert_eq!(list(format!("{of}&q=B&sort=-name")).await, ["b"]);
    assert_eq!(list(format!("{of}&sort=-name")).await, ["b", "a"]);
    let page = admin.get(&format!("{of}&limit=1&offset=1")).await.json();
    assert_eq!(
        (&page["total"], &page["items"][0]["name"]),
        (&json!(2), &json!("b"))
    );
    assert!(
        list(format!("{INSTANCES}?group_id={NOBODY}"))
            .await
            .is_empty()
    );

    let of = format!("{GROUPS}?instance_id={}", a.id);
    assert_eq!(list(of.clone()).await, ["both", "only-a"]);
    let page = admin.get(&format!("{of}&limit=1")).await.json();
    assert_eq!(page["total"], 2);
    let of = format!("{GROUPS}?instance_id={}", b.id);
    assert_eq!(list(of).await, ["both"]);
    assert!(
        list(format!("{GROUPS}?instance_id={NOBODY}"))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn groups_by_state_and_strategy() {
    let app = App::start().await;
    let admin = app.admin().await;
    let up = app.instance_with("up", 1, json!({})).await;
    let paused = app
        .instance_with("paused", 2, json!({"enabled": false}))
        .await;
    app.group_with("answers", [&up], json!({"strategy": "weighted"}))
        .await;
    app.group("silent", [&paused]).await;
    app.group("empty", []).await;
    let off = json!({"enabled": false, "strategy": "fastest"});
    app.group_with("off", [&up], off).await;
    for (query, expected) in [
        ("state=available", vec!["answers"]),
        ("state=unavailable", vec!["empty", "silent"]),
        ("state=disabled", vec!["off"]),
        ("strategy=weighted", vec!["answers"]),
        ("strategy=first_available", vec!["empty", "silent"]),
        ("strategy=first_available&state=disabled", vec![]),
        ("strategy=least_busy", vec![]),
        (
            "sort=strategy,name",
            vec!["off", "empty", "silent", "answers"],
        ),
        (
            "sort=-strategy,-name",
            vec!["answers", "silent", "empty", "off"],
        ),
        ("state=unavailable&limit=1&offset=1", vec!["silent"]),
    ] {
        let answer = admin.get(&format!("{GROUPS}?{query}")).await;
        assert_eq!(names(&answer), expected, "{query}");
    }
    let page = admin
        .get(&format!("{GROUPS}?state=unavailable&limit=1"))
        .await;
    assert_eq!(page.json()["total"], 2);
}

#[tokio::test]
async fn bad_values_are_400_and_named() {
    let app = App::start().await;
    let admin = app.admin().await;
    for path in [
        format!("{INSTANCES}?group_id=x"),
        format!("{INSTANCES}?group_id="),
        format!("{GROUPS}?instance_id=1"),
        format!("{GROUPS}?strategy=best"),
        format!("{GROUPS}?state=up"),
    ] {
        let problem = admin.get(&path).await.problem(400, "invalid_parameter");
        let name = path.split(['?', '=']).nth(1).unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(name), "{problem}");
    }
}
