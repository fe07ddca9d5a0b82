//! What stands in the address, and what it means.

use super::*;
use crate::listing::{ListState, View};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn read(query: &str) -> View {
    let (view, ignored) = View::read(&TABLES, query);
    assert_eq!(ignored, Vec::<String>::new(), "{query}");
    view
}

#[test]
fn what_nobody_asked_for_is_not_in_the_address() {
    let view = read("");
    assert_eq!(view.write(), "");
    assert_eq!(view.list(0).to_request(), "limit=25&sort=title");
    assert!(!view.list(0).is_narrowed());
}

#[test]
fn each_table_keeps_its_own_state() {
    let mut view = read("");
    view.list_mut(0).search("чат & co");
    view.list_mut(0).sort_by("name");
    view.list_mut(1).set_filter("kind", Some("cloud"));
    view.list_mut(1).set_filter("group", Some(ID));
    view.list_mut(1).set_size(10);
    view.list_mut(1).go_to(3);
    let written = view.write();
    assert_eq!(
        written,
        format!(
            "g.q=%D1%87%D0%B0%D1%82+%26+co&g.sort=name&i.kind=cloud&i.group={ID}&i.size=10&i.page=3"
        )
    );
    assert_eq!(read(&written), view);
    assert_eq!(
        view.list(1).to_request(),
        format!("kind=cloud&group_id={ID}&limit=10&offset=20&sort=name")
    );
    assert_eq!(
        view.list(1).to_request_for_all(200, 400),
        format!("kind=cloud&group_id={ID}&limit=200&offset=400")
    );
}

#[test]
fn what_cannot_be_meant_is_left_out_and_reported() {
    let (view, ignored) = View::read(
        &TABLES,
        "?g.state=gone&g.page=0&g.size=13&g.sort=-colour&i.group=x&i.q=&other=1&state=up&i.kind=cloud&i.page=2",
    );
    assert_eq!(
        ignored,
        [
            "g.state=gone",
            "g.page=0",
            "g.size=13",
            "g.sort=-colour",
            "i.group=x",
            "i.q=",
            "other=1",
            "state=up"
        ]
    );
    assert_eq!(view.write(), "i.kind=cloud&i.page=2");
}

#[test]
fn a_search_that_the_service_would_refuse_is_cut() {
    let mut state = ListState::new(&GROUPS);
    state.search(&format!("a\u{7}b{}", "я".repeat(300)));
    assert_eq!(state.q().chars().count(), 200);
    assert!(state.q().starts_with("ab"));
}

#[test]
fn a_column_sorts_up_then_down_and_another_one_up_again() {
    let mut state = ListState::new(&INSTANCES);
    assert_eq!(state.sort(), ("name", false));
    state.sort_by("name");
    assert_eq!(state.sort(), ("name", true));
    state.sort_by("kind");
    assert_eq!(state.sort(), ("kind", false));
    state.sort_by("colour");
    assert_eq!(state.sort(), ("kind", false));
}

#[test]
fn whatever_narrows_the_list_leads_to_its_first_page() {
    let mut state = ListState::new(&INSTANCES);
    for change in [
        (|state| state.search("x")) as fn(&mut ListState),
        |state| state.set_filter("state", Some("up")),
        |state| state.set_filter("state", None),
        |state| state.sort_by("kind"),
        ListState::widen,
    ] {
        state.go_to(4);
        change(&mut state);
        assert_eq!(state.page(), 1);
    }
}

#[test]
fn another_page_size_keeps_the_place() {
    let mut state = ListState::new(&INSTANCES);
    state.go_to(5);
    state.set_size(10);
    // Item 101 is the first one on both.
    assert_eq!(state.page(), 11);
    state.set_size(100);
    assert_eq!(state.page(), 2);
    state.set_size(7);
    assert_eq!((state.page(), state.size()), (2, 100));
}

#[test]
fn the_last_page_has_something_on_it() {
    let state = ListState::new(&GROUPS);
    assert_eq!(state.last_page(0), 1);
    assert_eq!(state.last_page(25), 1);
    assert_eq!(state.last_page(26), 2);
}

#[test]
fn filters_know_their_values() {
    let mut state = ListState::new(&GROUPS);
    state.set_filter("state", Some("up"));
    assert_eq!(state.filter("state"), None);
    state.set_filter("instance", Some(ID));
    assert_eq!(state.filter("instance"), Some(ID));
    assert!(state.is_narrowed());
    state.widen();
    assert!(!state.is_narrowed());
}
