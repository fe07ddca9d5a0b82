//! The screen «Модели»: what people and programs choose, and the connections behind it, with their state at this moment.

mod condition;
mod deeds;
pub mod group;
mod groups;
pub mod instance;
mod instances;
mod list;
mod members;
mod query;
mod tools;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use understudy_shared::{ModelGroup, ModelInstance, Role};

use super::start::GuideNotice;
use super::use_title;
use crate::age::Age;
use crate::api::use_api;
use crate::clock::use_clock;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::StaleNotice;
use crate::i18n::{t, t_string, use_i18n, words};
use crate::listing::{IgnoredParts, use_address};
use crate::live::{Connection, use_live};
use crate::session::use_session;
use groups::Groups;
use instances::Instances;
use list::{List, PATH, Table, use_list};
use members::use_members;

/// Both sections. Instances are for operators and administrators; the service refuses them to others, who are not asked to look.
#[component]
pub fn ModelsPage() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let session = use_session();
    use_title(move || t_string!(i18n, models.title));
    let address = use_address(PATH, &query::TABLES);
    // Somebody else would get a page of their own.
    let user = untrack(|| session.user());
    let manages = user.is_some_and(|user| user.role >= Role::Operator);
    let groups = use_list(Table::Groups, address, move |query| async move {
        api.list_model_groups(&query).await
    });
    let instances = manages.then(|| {
        let fetch = move |query: String| async move { api.list_model_instances(&query).await };
        (use_list(Table::Instances, address, fetch), use_members())
    });
    let has_instances = Signal::derive(move || {
        let (instances, _) = instances?;
        // A list that is narrowed down says nothing about all.
        let narrowed = instances.state().is_narrowed();
        instances.total().map(|total| total > 0 || narrowed)
    });
    // Who has models that do not answer is told so by the lists.
    let needed = Signal::derive(move || {
        let instances = has_instances.get()?;
        let groups = groups.total()? > 0 || groups.state().is_narrowed();
        Some(!instances || !groups)
    });
    view! {
        <Head groups instances=instances.map(|(list, _)| list) />
        <GuideNotice needed />
        <IgnoredParts address />
        <Groups list=groups manages has_instances />
        {instances.map(|(list, members)| view! { <Instances list members /> })}
    }
}

/// The title, how fresh everything is, and the way to each table.
#[component]
fn Head(groups: List<ModelGroup>, instances: Option<List<ModelInstance>>) -> impl IntoView {
    let i18n = use_i18n();
    let refresh = move || {
        groups.load.refresh();
        if let Some(instances) = instances {
            instances.load.refresh();
        }
    };
    let busy = move || {
        let busy =
            groups.load.is_busy() || instances.is_some_and(|instances| instances.load.is_busy());
        busy.to_string()
    };
    // Once for the page: when one list cannot be renewed, the other mostly cannot either.
    let stale = move || {
        let groups_error = groups.load.error().filter(|_| groups.total().is_some());
        let instances_error =
            instances.and_then(|list| list.load.error().filter(|_| list.total().is_some()));
        groups_error.or(instances_error)
    };
    let loaded_at = Signal::derive(move || groups.load.loaded_at());
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, models.title)}</h1>
                <p class="sub">{t!(i18n, models.lead)}</p>
            </div>
            <Freshness loaded_at />
            <button
                type="button"
                class="button"
                id="refresh"
                aria-busy=busy
                on:click=move |_| refresh()
            >
                <Glyph icon=Icon::Refresh />
                {t!(i18n, models.refresh)}
            </button>
        </div>
        {instances
            .map(|instances| {
                view! {
                    <nav class="jumps" aria-label=move || t_string!(i18n, models.sections)>
                        // The browser itself follows them, and moves the focus along.
                        <a href="#groups" rel="external">
                            {t!(i18n, models.groups.title)}
                            " "
                            <span class="count">{move || groups.total()}</span>
                        </a>
                        <a href="#instances" rel="external">
                            {t!(i18n, models.instances.title)}
                            " "
                            <span class="count">{move || instances.total()}</span>
                        </a>
                    </nav>
                }
            })}
        {move || stale().map(|error| view! { <StaleNotice error retry=move |()| refresh() /> })}
    }
}

/// How old the data on the screen is.
#[component]
fn Freshness(loaded_at: Signal<Option<DateTime<Utc>>>) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let live = use_live();
    let text = Memo::new(move |_| {
        let connected = live.connection() == Connection::Connected;
        let heard_at = live.heard_at().filter(|_| connected);
        let at = loaded_at.get()?.max(heard_at.unwrap_or_default());
        let age = Age::between(at, clock.now());
        let checked = if age.is_now() {
            t_string!(i18n, models.checked_now).to_owned()
        } else {
            t_string!(i18n, models.checked, age = words::age(i18n, age))
        };
        Some(if connected {
            format!("{} {checked}", t_string!(i18n, models.by_itself))
        } else {
            checked
        })
    });
    view! {
        <p class="minor freshness" data-part="freshness">
            {move || text.get()}
        </p>
    }
}
