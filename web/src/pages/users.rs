//! The screen «Пользователи»: who may sign in, and with which role. For administrators alone.

pub mod form;
mod role;
mod row;
mod values;

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{Role, User};

use super::guard::OnlyFor;
use super::use_title;
use crate::api::use_api;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::{ListSection, StaleNotice};
use crate::components::table::{Choice, FilterSelect, Heading, SortHeading};
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::listing::{
    Filter, IgnoredParts, ListPager, ListTools, Listing, NoMatch, Spec, Values, use_address,
    use_listing,
};
use row::UserRow;

/// The path of the page.
pub const PATH: &str = "/users";
/// Id of its section.
const SECTION: &str = "users";

static USERS: Spec = Spec {
    prefix: "",
    sort_keys: &["username", "role", "created_at", "last_sign_in_at"],
    falling: false,
    filters: &[
        Filter::new("role", Values::OneOf(&["admin", "operator", "user"])),
        Filter::new("enabled", Values::OneOf(&["true", "false"])),
    ],
};
static TABLES: [&Spec; 1] = [&USERS];

/// The list.
#[component]
pub fn UsersPage() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, users.title));
    view! {
        <OnlyFor role=Role::Admin title=t_signal!(i18n, users.title) text=t_signal!(i18n, users.only)>
            <UserList />
        </OnlyFor>
    }
}

#[component]
fn UserList() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let address = use_address(PATH, &TABLES);
    let list = use_listing(
        SECTION,
        address.table(0),
        &[],
        |user: &User| user.id.0,
        move |query: String| async move { api.list_users(&query).await },
    );
    let sorting = list.shown.sorting();
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, users.title)}</h1>
                <p class="sub">{t!(i18n, users.lead)}</p>
            </div>
            <A href="/users/new" attr:class="button primary" attr:data-action="create">
                <Glyph icon=Icon::Plus />
                {t!(i18n, users.create)}
            </A>
        </div>
        {move || {
            list.stale()
                .map(|error| view! { <StaleNotice error retry=move |()| list.load.refresh() /> })
        }}
        <IgnoredParts address />
        <ListSection
            id=SECTION
            title=t_signal!(i18n, users.list)
            hint=Signal::derive(String::new)
            count=Signal::derive(move || list.total())
            stage=Signal::derive(move || list.stage())
            changing=Signal::derive(move || list.is_changing())
            retry=move |()| list.load.refresh()
            tools=move || view! { <Tools list /> }
            // Whoever looks at it is a user.
            empty=|| ()
            no_match=move || {
                view! {
                    <NoMatch shown=list.shown section=SECTION title=t_signal!(i18n, users.no_match) />
                }
            }
        >
            <table
                role="table"
                aria-labelledby="users-title"
                on:pointermove=move |_| list.pointer.moved()
                on:pointerleave=move |_| list.pointer.left()
            >
                <thead role="rowgroup">
                    <tr role="row">
                        <SortHeading
                            column="name"
                            key="username"
                            label=t_signal!(i18n, users.columns.name)
                            sorting
                        />
                        <SortHeading
                            column="role"
                            key="role"
                            label=t_signal!(i18n, users.columns.role)
                            sorting
                        />
                        <Heading column="state" label=t_signal!(i18n, users.columns.state) />
                        <SortHeading
                            column="signed_in"
                            key="last_sign_in_at"
                            label=t_signal!(i18n, users.columns.signed_in)
                            sorting
                        />
                        <SortHeading
                            column="created"
                            key="created_at"
                            label=t_signal!(i18n, users.columns.created)
                            sorting
                        />
                        <Heading
                            column="actions"
                            label=t_signal!(i18n, users.columns.actions)
                            unseen=true
                        />
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || list.rows.get() key=|row| row.id let:row>
                        <UserRow row list />
                    </For>
                </tbody>
            </table>
            <ListPager shown=list.shown total=Signal::derive(move || list.total()) />
        </ListSection>
    }
}

#[component]
fn Tools(list: Listing<User>) -> impl IntoView {
    let i18n = use_i18n();
    let (role, set_role) = list.shown.filter("role");
    let (enabled, set_enabled) = list.shown.filter("enabled");
    view! {
        <ListTools shown=list.shown section=SECTION label=t_signal!(i18n, users.search)>
            <FilterSelect
                name="role"
                label=t_signal!(i18n, users.columns.role)
                any=t_signal!(i18n, users.any_role)
                choices=vec![
                    Choice::new("admin", move || t_string!(i18n, frame.role.admin)),
                    Choice::new("operator", move || t_string!(i18n, frame.role.operator)),
                    Choice::new("user", move || t_string!(i18n, frame.role.user)),
                ]
                value=role
                on_change=set_role
            />
            <FilterSelect
                name="enabled"
                label=t_signal!(i18n, users.columns.state)
                any=t_signal!(i18n, users.any_state)
                choices=vec![
                    Choice::new("true", move || t_string!(i18n, users.states.enabled)),
                    Choice::new("false", move || t_string!(i18n, users.states.disabled)),
                ]
                value=enabled
                on_change=set_enabled
            />
        </ListTools>
    }
}
