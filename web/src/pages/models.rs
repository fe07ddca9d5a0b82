//! The screen «Модели»: what people and programs choose, and the connections behind it, with their state at this moment.

pub mod group;
mod groups;
pub mod instance;
mod instances;

use leptos::prelude::*;
use understudy_shared::Role;

use super::use_title;
use crate::age::Age;
use crate::api::use_api;
use crate::clock::use_clock;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::{Stage, StaleNotice};
use crate::i18n::{t, t_string, use_i18n, words};
use crate::load::Load;
use crate::session::use_session;
use groups::Groups;
use instances::Instances;
use understudy_shared::Page;

/// Both sections. Instances are for operators and administrators; the service refuses them to others, who are not asked to look.
#[component]
pub fn ModelsPage() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let session = use_session();
    use_title(move || t_string!(i18n, models.title));
    let groups = Load::polling(move || api.list_model_groups("limit=200&sort=name"));
    let manages = session
        .user()
        .is_some_and(|user| user.role >= Role::Operator);
    let instances =
        manages.then(|| Load::polling(move || api.list_model_instances("limit=200&sort=name")));
    let refresh = move || {
        groups.refresh();
        if let Some(instances) = instances {
            instances.refresh();
        }
    };
    let busy = move || (groups.is_busy() || instances.is_some_and(Load::is_busy)).to_string();
    // Once for the page: when one list cannot be renewed, the other mostly cannot either.
    let stale = move || {
        let groups_error = groups.error().filter(|_| groups.value().is_some());
        let instances_error =
            instances.and_then(|load| load.error().filter(|_| load.value().is_some()));
        groups_error.or(instances_error)
    };
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, models.title)}</h1>
                <p class="sub">{t!(i18n, models.lead)}</p>
            </div>
            <Freshness groups />
            <button type="button" class="button" id="refresh" aria-busy=busy on:click=move |_| refresh()>
                <Glyph icon=Icon::Refresh />
                {t!(i18n, models.refresh)}
            </button>
        </div>
        {move || stale().map(|error| view! { <StaleNotice error retry=move |()| refresh() /> })}
        <Groups load=groups manages />
        {instances.map(|load| view! { <Instances load /> })}
    }
}

/// How old the data on the screen is.
#[component]
fn Freshness(groups: Load<Page<understudy_shared::ModelGroup>>) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let text = move || {
        let age = Age::between(groups.loaded_at()?, clock.now());
        Some(if age.is_now() {
            t_string!(i18n, models.checked_now).to_owned()
        } else {
            t_string!(i18n, models.checked, age = words::age(i18n, age))
        })
    };
    view! { <p class="minor age">{text}</p> }
}

/// How far a list is: what was loaded once stays, whatever happens to its renewal.
fn stage<T: Clone + PartialEq + Send + Sync + 'static>(load: Load<Page<T>>) -> Stage {
    match (load.with(|page| page.items.is_empty()), load.error()) {
        (Some(true), _) => Stage::Empty,
        (Some(false), _) => Stage::Ready,
        (None, Some(error)) => Stage::Failed(error),
        (None, None) => Stage::Loading,
    }
}

/// Says how many of a long list are on the screen.
#[component]
fn Shown(
    /// Items on the screen.
    shown: usize,
    /// Items in all.
    total: u64,
) -> impl IntoView {
    let i18n = use_i18n();
    (u64::try_from(shown).unwrap_or(u64::MAX) < total).then(|| {
        view! { <p class="minor table-foot">{t!(i18n, models.shown, shown, total)}</p> }
    })
}

/// Where to create things as long as there is no screen for it.
#[component]
fn ApiHint(
    /// What to send to.
    resource: &'static str,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p>
            <code>"POST /api/v1/"{resource}</code>
        </p>
        <p>
            // A page of the service, not of this application.
            <a class="button" href="/docs" rel="external">{t!(i18n, models.api_docs)}</a>
        </p>
    }
}
