//! The screen of one group: `/models/groups/new` and `/models/groups/:id`.

mod ask;
mod delete;
mod draft;
mod drill;
mod elsewhere;
mod fields;
mod form;
mod known;
mod member;
mod members;
mod preview;
mod say;
mod status;
mod values;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use leptos_router::hooks::{use_params_map, use_query_map};
use understudy_shared::{ModelGroup, ModelGroupId, ModelInstanceId, Role};

use crate::api::{ApiError, use_api};
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::pages::guard::OnlyFor;
use crate::pages::use_title;
use form::GroupForm;

pub use ask::Ask;

/// A new group, with the instance in it that `?instance_id=` names.
#[component]
pub fn NewGroupPage() -> impl IntoView {
    let i18n = use_i18n();
    let query = use_query_map();
    let first = move || {
        query.with_untracked(|query| query.get("instance_id")?.parse::<ModelInstanceId>().ok())
    };
    view! {
        <OnlyFor
            role=Role::Operator
            title=t_signal!(i18n, group.parent)
            text=t_signal!(i18n, group.forbidden)
        >
            <GroupForm group=None first=first() />
        </OnlyFor>
    }
}

/// A group that is saved.
#[component]
pub fn GroupPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let id =
        Memo::new(move |_| params.with(|params| params.get("id")?.parse::<ModelGroupId>().ok()));
    view! {
        <OnlyFor
            role=Role::Operator
            title=t_signal!(i18n, group.parent)
            text=t_signal!(i18n, group.forbidden)
        >
            {move || match id.get() {
                Some(id) => view! { <Saved id /> }.into_any(),
                None => view! { <Gone /> }.into_any(),
            }}
        </OnlyFor>
    }
}

#[component]
fn Saved(id: ModelGroupId) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let loaded = RwSignal::new(None::<Result<ModelGroup, ApiError>>);
    let load = move |()| {
        loaded.set(None);
        spawn_local(async move {
            let group = api.get_model_group(id).await;
            loaded.try_set(Some(group));
        });
    };
    load(());
    move || match loaded.get() {
        None => view! { <Skeleton /> }.into_any(),
        Some(Ok(group)) => view! { <GroupForm group=Some(group) /> }.into_any(),
        Some(Err(error)) if error.is_gone() => view! { <Gone /> }.into_any(),
        Some(Err(error)) => {
            use_title(move || t_string!(i18n, group.parent));
            view! {
                <h1 class="unseen">{t!(i18n, group.parent)}</h1>
                <ErrorNotice error retry=Callback::new(load) />
            }
            .into_any()
        }
    }
}

#[component]
fn Gone() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, group.gone));
    view! {
        <div class="narrow card card-body" id="group-gone">
            <h1>{t!(i18n, group.gone)}</h1>
            <p class="sub">{t!(i18n, group.gone_hint)}</p>
            <Back />
        </div>
    }
}

#[component]
fn Back() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p class="actions">
            <A href="/models" attr:class="button primary">
                {t!(i18n, group.back)}
            </A>
        </p>
    }
}

/// The form's place while the group is on its way; it appears only if that takes a moment.
#[component]
fn Skeleton() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, group.parent));
    view! {
        <h1 class="unseen">{t!(i18n, group.parent)}</h1>
        <p class="unseen" role="status">
            {t!(i18n, group.loading)}
        </p>
        <div class="form-page form-skeleton" aria-hidden="true">
            <div class="card"></div>
            <div class="card"></div>
        </div>
    }
}
