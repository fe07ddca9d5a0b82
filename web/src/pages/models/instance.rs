//! The form of one instance: making one, and looking at and changing a stored one.
//!
//! The rule: the form is signals ([`form`]), and everything that is decided about them is decided on data that is tested without a browser ([`draft`],
//! [`patch`], [`secrets`], [`crate::address`]). A check that fails never keeps anybody from saving: the backend may be up tomorrow.

mod address_fields;
mod advanced;
mod check_panel;
mod checker;
mod connection;
mod difference;
mod draft;
mod editor;
mod fit;
mod form;
mod found;
mod patch;
mod secret_lists;
mod secrets;
mod state_panel;
#[cfg(test)]
mod tests;

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_params_map;
use understudy_shared::{ModelInstanceId, ResourceKind, Role};

use crate::api::{ApiError, use_api};
use crate::components::form_page::FormPage;
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::load::Load;
use crate::pages::guard::OnlyFor;
use crate::pages::use_title;
use draft::Draft;
use editor::Editor;

/// The field of the page that a pointer means.
fn field_of(draft: &Draft, pointer: &str) -> Option<String> {
    draft
        .field_ids(pointer)
        .into_iter()
        .find(|id| document().get_element_by_id(id).is_some())
}

/// A new instance.
#[component]
pub fn NewInstancePage() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, instance.new_title));
    view! {
        <OnlyFor
            role=Role::Operator
            title=t_signal!(i18n, instance.list)
            text=t_signal!(i18n, instance.only)
        >
            <Editor stored=None />
        </OnlyFor>
    }
}

/// A stored instance.
#[component]
pub fn InstancePage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    // A copy leads from one instance to another; each has a form of its own.
    let id = Memo::new(move |_| params.with(|params| params.get("id")));
    view! {
        <OnlyFor
            role=Role::Operator
            title=t_signal!(i18n, instance.list)
            text=t_signal!(i18n, instance.only)
        >
            {move || match id.get().as_deref().map(str::parse::<ModelInstanceId>) {
                Some(Ok(id)) => view! { <Stored id /> }.into_any(),
                _ => view! { <Missing /> }.into_any(),
            }}
        </OnlyFor>
    }
}

#[component]
fn Stored(id: ModelInstanceId) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let load = Load::live(&[ResourceKind::ModelInstance], move || {
        api.get_model_instance(id)
    });
    use_title(move || {
        load.with(|instance| instance.name.clone())
            .unwrap_or_else(|| t_string!(i18n, instance.one).to_owned())
    });
    // The form is made once; what comes later it takes up by itself.
    let stage = Memo::new(move |_| {
        if load.with(|_| ()).is_some() {
            return Stage::Ready;
        }
        match load.error() {
            Some(error) if error.is_gone() => Stage::Missing,
            Some(error) => Stage::Failed(error),
            None => Stage::Loading,
        }
    });
    move || match stage.get() {
        Stage::Loading => view! { <Loading /> }.into_any(),
        Stage::Missing => view! { <Missing /> }.into_any(),
        Stage::Failed(error) => view! {
            <h1 class="unseen">{t!(i18n, instance.one)}</h1>
            <ErrorNotice error retry=Callback::new(move |()| load.refresh()) />
        }
        .into_any(),
        Stage::Ready => view! { <Editor stored=Some(load) /> }.into_any(),
    }
}

#[derive(Clone, PartialEq)]
enum Stage {
    Loading,
    Missing,
    Failed(ApiError),
    Ready,
}

/// The place of a form that is on its way.
#[component]
fn Loading() -> impl IntoView {
    let i18n = use_i18n();
    let never = Signal::derive(|| false);
    view! {
        <div class="instance-skeleton" aria-busy="true">
            <p class="unseen" role="status">{t!(i18n, instance.loading)}</p>
            <FormPage
                id="instance-loading"
                parent="/models"
                parent_title=t_signal!(i18n, instance.list)
                title=t_signal!(i18n, instance.one)
                dirty=never
                busy=Signal::derive(|| true)
                save_label=t_signal!(i18n, instance.save)
                on_save=|()| ()
            >
                <div class="skeleton-fields" aria-hidden="true">
                    <span></span>
                    <span></span>
                    <span></span>
                    <span></span>
                </div>
            </FormPage>
        </div>
    }
}

/// For an address at which there is no instance, or none any more.
#[component]
fn Missing() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, instance.missing.title));
    view! {
        <div class="narrow card card-body" id="instance-missing">
            <h1>{t!(i18n, instance.missing.title)}</h1>
            <p class="sub">{t!(i18n, instance.missing.text)}</p>
            <p class="actions">
                <A href="/models" attr:class="button primary">
                    {t!(i18n, instance.missing.back)}
                </A>
            </p>
        </div>
    }
}
