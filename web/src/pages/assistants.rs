//! The screen «Ассистенты»: groups with a task of their own, one's own and those that are shared.

mod delete;
pub mod form;
mod parameters;
mod row;
mod values;

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{Assistant, ResourceKind};

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
use row::AssistantRow;

/// The path of the page.
pub const PATH: &str = "/assistants";
/// Id of its section.
const SECTION: &str = "assistants";

static ASSISTANTS: Spec = Spec {
    prefix: "",
    sort_keys: &["name", "title", "visibility", "updated_at"],
    falling: false,
    filters: &[
        Filter::new("visibility", Values::OneOf(&["private", "shared"])),
        Filter::new("available", Values::OneOf(&["true", "false"])),
    ],
};
static TABLES: [&Spec; 1] = [&ASSISTANTS];

/// The list.
#[component]
pub fn AssistantsPage() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    use_title(move || t_string!(i18n, assistants.title));
    let address = use_address(PATH, &TABLES);
    let list = use_listing(
        SECTION,
        address.table(0),
        &[ResourceKind::Assistant, ResourceKind::ModelGroup],
        |assistant: &Assistant| assistant.id.0,
        move |query: String| async move { api.list_assistants(&query).await },
    );
    let sorting = list.shown.sorting();
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, assistants.title)}</h1>
                <p class="sub">{t!(i18n, assistants.lead)}</p>
            </div>
            <Create />
        </div>
        {move || {
            list.stale()
                .map(|error| view! { <StaleNotice error retry=move |()| list.load.refresh() /> })
        }}
        <IgnoredParts address />
        <ListSection
            id=SECTION
            title=t_signal!(i18n, assistants.list)
            hint=Signal::derive(String::new)
            count=Signal::derive(move || list.total())
            stage=Signal::derive(move || list.stage())
            changing=Signal::derive(move || list.is_changing())
            retry=move |()| list.load.refresh()
            tools=move || view! { <Tools list /> }
            empty=move || {
                view! {
                    <p class="empty-title">{t!(i18n, assistants.empty)}</p>
                    <p>{t!(i18n, assistants.empty_hint)}</p>
                    <p><Create /></p>
                }
            }
            no_match=move || {
                view! {
                    <NoMatch shown=list.shown section=SECTION title=t_signal!(i18n, assistants.no_match) />
                }
            }
        >
            <table
                role="table"
                aria-labelledby="assistants-title"
                on:pointermove=move |_| list.pointer.moved()
                on:pointerleave=move |_| list.pointer.left()
            >
                <thead role="rowgroup">
                    <tr role="row">
                        <SortHeading column="name" key="title" label=t_signal!(i18n, assistants.columns.name) sorting />
                        <Heading column="group" label=t_signal!(i18n, assistants.columns.group) />
                        <Heading column="state" label=t_signal!(i18n, assistants.columns.state) />
                        <SortHeading column="visibility" key="visibility" label=t_signal!(i18n, assistants.columns.visibility) sorting />
                        <Heading column="owner" label=t_signal!(i18n, assistants.columns.owner) />
                        <SortHeading column="updated" key="updated_at" label=t_signal!(i18n, assistants.columns.updated) sorting />
                        <Heading column="actions" label=t_signal!(i18n, assistants.columns.actions) unseen=true />
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || list.rows.get() key=|row| row.id let:row>
                        <AssistantRow row list />
                    </For>
                </tbody>
            </table>
            <ListPager shown=list.shown total=Signal::derive(move || list.total()) />
        </ListSection>
    }
}

#[component]
fn Create() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <A href="/assistants/new" attr:class="button primary" attr:data-action="create">
            <Glyph icon=Icon::Plus />
            {t!(i18n, assistants.create)}
        </A>
    }
}

#[component]
fn Tools(list: Listing<Assistant>) -> impl IntoView {
    let i18n = use_i18n();
    let (visibility, set_visibility) = list.shown.filter("visibility");
    let (available, set_available) = list.shown.filter("available");
    view! {
        <ListTools shown=list.shown section=SECTION label=t_signal!(i18n, assistants.search)>
            <FilterSelect
                name="visibility"
                label=t_signal!(i18n, assistants.columns.visibility)
                any=t_signal!(i18n, assistants.any_visibility)
                choices=vec![
                    Choice::new("private", move || t_string!(i18n, assistants.visibility.private)),
                    Choice::new("shared", move || t_string!(i18n, assistants.visibility.shared)),
                ]
                value=visibility
                on_change=set_visibility
            />
            <FilterSelect
                name="available"
                label=t_signal!(i18n, assistants.columns.state)
                any=t_signal!(i18n, assistants.any_state)
                choices=vec![
                    Choice::new("true", move || t_string!(i18n, dialogs.availability.available)),
                    Choice::new("false", move || t_string!(i18n, dialogs.availability.unavailable)),
                ]
                value=available
                on_change=set_available
            />
        </ListTools>
    }
}
