//! The list screen: what is shown stands in the address, many rows are changed at once, and everything works from the keyboard.

mod rows;

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::wait::{SOON, until};

async fn open(app: &App, path: &str) -> Visit {
    let visit = Visit::to(app, path).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#groups h2").await;
    visit
}

/// The names of the rows of a table, in their order.
async fn names(visit: &Visit, table: &str) -> Vec<String> {
    let script = format!(
        "return [...document.querySelectorAll('#{table} tbody tr')].map(row => row.dataset.name)"
    );
    let names = visit.script(&script).await;
    serde_json::from_value(names).expect("names")
}

/// Waits until the table shows exactly these rows in this order.
async fn shows(visit: &Visit, table: &str, expected: &[&str]) {
    until(SOON, &format!("{table}: {expected:?}"), async || {
        (names(visit, table).await == expected).then_some(())
    })
    .await;
}

async fn query(visit: &Visit) -> String {
    let url = visit.chrome.client.current_url().await.expect("an address");
    url.query().unwrap_or_default().to_owned()
}

async fn query_becomes(visit: &Visit, expected: &str) {
    until(SOON, expected, async || {
        (query(visit).await == expected).then_some(())
    })
    .await;
}

async fn choose(visit: &Visit, css: &str, value: &str) {
    let field = visit.find(css).await;
    field.select_by_value(value).await.expect("a choice");
}

async fn gone(visit: &Visit, css: &str) {
    until(SOON, css, async || {
        (visit.count(css).await == 0).then_some(())
    })
    .await;
}

/// Presses keys where the focus is.
async fn press(visit: &Visit, keys: &str) {
    let active = visit.chrome.client.active_element().await;
    let active = active.expect("something has the focus");
    active.send_keys(keys).await.expect("it takes keys");
}

/// What has the focus: its name for tests, or its tag.
async fn focused(visit: &Visit) -> String {
    let script = "const e = document.activeElement; return e.dataset.action || e.type || e.tagName";
    let name = visit.script(script).await;
    name.as_str().expect("a name").to_owned()
}

#[tokio::test]
async fn search_filter_order_and_page_live_in_the_address() {
    let app = App::builder().with_site().start().await;
    for number in 10..22 {
        let kind = if number % 2 == 0 { "local" } else { "network" };
        let fields = json!({"kind": kind, "enabled": number != 10});
        app.instance_with(&format!("Server {number}"), number, fields)
            .await;
    }
    let visit = open(&app, "/models?i.size=10&i.page=2").await;
    shows(&visit, "instances", &["Server 20", "Server 21"]).await;
    let span = "#instances [data-part='span']";
    assert_eq!(visit.text(span).await, "11–12 of 12");

    visit
        .click("#instances [data-action='previous-page']")
        .await;
    query_becomes(&visit, "i.size=10").await;
    visit
        .find("#instances tbody tr[data-name='Server 10']")
        .await;
    visit.click("#instances [data-head='name'] .sort").await;
    query_becomes(&visit, "i.sort=-name&i.size=10").await;
    visit
        .find("#instances [data-head='name'][aria-sort='descending']")
        .await;
    visit
        .find("#instances tbody tr:first-child[data-name='Server 21']")
        .await;

    let search = "#instances [data-action='search']";
    visit.type_into(search, "server 1").await;
    query_becomes(&visit, "i.q=server+1&i.sort=-name&i.size=10").await;
    choose(&visit, "#instances [data-filter='kind']", "local").await;
    let expected = [
        "Server 18",
        "Server 16",
        "Server 14",
        "Server 12",
        "Server 10",
    ];
    shows(&visit, "instances", &expected).await;
    choose(&visit, "#instances [data-filter='enabled']", "true").await;
    shows(&visit, "instances", &expected[..4]).await;

    visit.chrome.client.refresh().await.expect("a reload");
    shows(&visit, "instances", &expected[..4]).await;
    let kept = visit
        .find(search)
        .await
        .prop("value")
        .await
        .expect("a value");
    assert_eq!(kept.as_deref(), Some("server 1"));
    visit.chrome.client.back().await.expect("back");
    shows(&visit, "instances", &expected).await;
    visit.click("#instances [data-action='widen']").await;
    query_becomes(&visit, "i.sort=-name&i.size=10").await;

    visit.type_into(search, "nothing like it").await;
    visit.find("#instances .no-match").await;
    visit
        .click("#instances .no-match [data-action='widen']")
        .await;
    visit.find("#instances tbody tr").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn what_cannot_be_meant_in_the_address_is_named_and_taken_out() {
    let app = App::builder().with_site().start().await;
    app.instance_with("Here", 1, json!({"kind": "local"})).await;
    let visit = open(&app, "/models?i.kind=local&i.state=gone&g.page=x").await;
    let notice = visit.text("[data-part='ignored']").await;
    assert!(notice.contains("i.state=gone") && notice.contains("g.page=x"));
    query_becomes(&visit, "i.kind=local").await;
    shows(&visit, "instances", &["Here"]).await;
    visit.click("[data-action='close-ignored']").await;
    gone(&visit, "[data-part='ignored']").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn buttons_lead_to_the_forms_and_rows_to_their_relatives() {
    let app = App::builder().with_site().start().await;
    let one = app.instance_with("One", 1, json!({})).await;
    let two = app.instance_with("Two", 1, json!({})).await;
    let first = app.group("first", [&one, &two]).await;
    app.group("second", [&two]).await;
    let visit = open(&app, "/models").await;
    shows(&visit, "groups", &["first", "second"]).await;

    for (css, path) in [
        (
            "[data-action='create-group']",
            "/models/groups/new".to_owned(),
        ),
        (
            "[data-action='create-instance']",
            "/models/instances/new".to_owned(),
        ),
        (
            "#groups tr[data-name='first'] [data-action='edit']",
            format!("/models/groups/{}", first.id),
        ),
        (
            "#instances tr[data-name='One'] [data-action='edit']",
            format!("/models/instances/{}", one.id),
        ),
        (
            "#instances tr[data-name='Two'] [data-action='open']",
            format!("/models/instances/{}", two.id),
        ),
    ] {
        visit.click(css).await;
        until(SOON, css, async || {
            (visit.path().await == path).then_some(())
        })
        .await;
        gone(&visit, "#groups").await;
        visit.chrome.client.back().await.expect("back");
        visit.find("#instances tbody tr").await;
    }

    visit
        .click("#instances tr[data-name='One'] [data-action='related']")
        .await;
    shows(&visit, "groups", &["first"]).await;
    until(SOON, "the chip says whose groups they are", async || {
        let chip = visit.text("#groups [data-chip='instance']").await;
        chip.contains("One").then_some(())
    })
    .await;
    visit
        .click("#groups tr[data-name='first'] [data-action='related']")
        .await;
    query_becomes(
        &visit,
        &format!("g.instance={}&i.group={}", one.id, first.id),
    )
    .await;
    visit
        .click("#groups [data-chip] [data-action='remove-filter']")
        .await;
    shows(&visit, "groups", &["first", "second"]).await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn nothing_is_out_of_reach_on_a_narrow_screen() {
    let app = App::builder().with_site().start().await;
    let one = app.instance_with("One", 1, json!({})).await;
    app.group("chat-default", [&one]).await;
    let visit = open(&app, "/models").await;
    visit.find("#instances tr[data-name='One']").await;
    // No window of the browser is narrower than this.
    visit
        .chrome
        .client
        .set_window_size(500, 800)
        .await
        .expect("a narrow window");
    until(SOON, "nothing sticks out", async || {
        let out = visit
            .script(
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
            )
            .await;
        (out == 0).then_some(())
    })
    .await;
    assert_eq!(visit.count("#side:popover-open").await, 0);
    visit.click("#open-navigation").await;
    visit.find("#side:popover-open").await;
    let sign_out = visit.find("#sign-out").await;
    assert!(sign_out.is_displayed().await.expect("it is there"));
    press(&visit, &Key::Escape).await;
    gone(&visit, "#side:popover-open").await;
    for css in [
        "#groups thead .tick",
        "#groups [data-head='name'] .sort",
        "#groups [data-action='create-group']",
        "#instances tr[data-name='One'] .tick",
        "#instances tr[data-name='One'] [data-action='edit']",
        "#instances tr[data-name='One'] [data-action='menu']",
        "#instances [data-action='next-page']",
    ] {
        let element = visit.find(css).await;
        assert!(element.is_displayed().await.expect(css), "{css}");
    }
    visit.chrome.screenshot("list-narrow.png").await;
    visit
        .click("#instances tr[data-name='One'] [data-action='menu']")
        .await;
    visit.find("[role='menu'] [data-action='delete']").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn somebody_who_may_only_read_sees_groups_and_no_buttons() {
    let app = App::builder().with_site().start().await;
    let one = app.instance_with("One", 1, json!({})).await;
    app.group("chat-default", [&one]).await;
    // Made behind the API, which makes no users yet.
    let make = "INSERT INTO users (id, username, username_key, password_hash, role)
                SELECT gen_random_uuid(), 'eve', 'eve', password_hash, 'user' FROM users WHERE username = 'admin'";
    let database = app.database().connect().await;
    database.execute(make, &[]).await.expect("a user");
    let visit = Visit::to(&app, "/models").await;
    visit.sign_in("eve", ADMIN_PASSWORD).await;
    shows(&visit, "groups", &["chat-default"]).await;
    assert_eq!(visit.count("#instances").await, 0);
    let buttons = "[data-action='create-group'], [data-action='edit'], [data-action='menu'], .tick";
    assert_eq!(visit.count(buttons).await, 0);
    let found = visit
        .chrome
        .client
        .find_all(Locator::Css("#groups a"))
        .await;
    assert!(found.expect("a selector").is_empty());
    visit.assert_clean().await;
}
