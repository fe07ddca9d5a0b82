//! Pages whose code is loaded when somebody goes there, so that the first page does not wait for the code of all the others.
//!
//! Rules: the code of a page is in a file that few pages share, named after the folders of their paths (`xtask/site` loads it beside the
//! application when one of them is the first page). Each file more makes many small ones of what they share, so small pages share one. A page that has been loaded once is built at once, within the same turn, like any other. Code that does not come is
//! said, with a way on: the network may be gone, or a newer version of the application may have replaced the file.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use understudy_shared::Role;

use crate::browser;
use crate::components::badge::Tone;
use crate::components::notice::Notice;
use crate::i18n::{t, t_string, use_i18n};
use crate::navigation::PLACES;
use crate::network::Network;
use crate::pages::guard::Guarded;
use crate::pages::use_title;
use crate::session::Session;

/// Builds a page whose code is there.
type Build = fn() -> AnyView;
/// Code on its way.
type Loading = Pin<Box<dyn Future<Output = Result<Build, SplitLoaderError>>>>;
/// A page that may still have to be loaded.
pub type Page = fn() -> Loading;

/// A function that loads the chunk `$chunk` and gives back what builds `$page`.
macro_rules! page {
    ($name:ident, $split:ident, $chunk:ident, $page:path) => {
        /// Loads the page.
        pub fn $name() -> Loading {
            #[wasm_split($chunk, wasm_split_path = ::leptos::wasm_split, fallible)]
            fn $split() -> Result<Build, SplitLoaderError> {
                use $page as Page;
                Ok(|| view! { <Page /> }.into_any())
            }
            Box::pin($split())
        }
    };
}

page!(
    models,
    load_models,
    models,
    crate::pages::models::ModelsPage
);
page!(
    new_group,
    load_new_group,
    groups,
    crate::pages::models::group::NewGroupPage
);
page!(
    group,
    load_group,
    groups,
    crate::pages::models::group::GroupPage
);
page!(
    new_instance,
    load_new_instance,
    instances,
    crate::pages::models::instance::NewInstancePage
);
page!(
    instance,
    load_instance,
    instances,
    crate::pages::models::instance::InstancePage
);
page!(
    keys,
    load_keys,
    keys_users_settings,
    crate::pages::keys::KeysPage
);
page!(
    users,
    load_users,
    keys_users_settings,
    crate::pages::users::UsersPage
);
page!(
    new_user,
    load_new_user,
    keys_users_settings,
    crate::pages::users::form::NewUserPage
);
page!(
    audit,
    load_audit,
    audit_usage,
    crate::pages::audit::AuditPage
);
page!(
    settings,
    load_settings,
    keys_users_settings,
    crate::pages::settings::SettingsPage
);
page!(
    usage,
    load_usage,
    audit_usage,
    crate::pages::usage::UsagePage
);
page!(
    start,
    load_start,
    connect_start,
    crate::pages::start::StartPage
);
page!(
    connect,
    load_connect,
    connect_start,
    crate::pages::connect::ConnectPage
);
page!(
    dialogs,
    load_dialogs,
    dialogs,
    crate::pages::dialogs::DialogsPage
);
page!(
    assistants,
    load_assistants,
    assistants,
    crate::pages::assistants::AssistantsPage
);
page!(
    new_assistant,
    load_new_assistant,
    assistants,
    crate::pages::assistants::form::NewAssistantPage
);
page!(
    assistant,
    load_assistant,
    assistants,
    crate::pages::assistants::form::AssistantPage
);
page!(
    user,
    load_user,
    keys_users_settings,
    crate::pages::users::form::UserPage
);

/// Loads a page that somebody is likely to open next. If it does not come, it is asked for again when it is opened.
pub fn preload(page: Page) {
    spawn_local(page().map(drop));
}

/// How long the page that was opened has for itself before the others are loaded.
const REST: Duration = Duration::from_secs(3);

/// Loads the pages that a person may open, once their first one has had its time: whoever goes on finds the next page there.
pub fn provide_preloading(session: Session, network: Network) {
    Effect::new(move |begun: Option<bool>| {
        let role = session.user().map(|user| user.role);
        let (Some(role), false) = (role, begun.unwrap_or(false)) else {
            return begun.unwrap_or(false);
        };
        spawn_local(async move {
            browser::sleep(REST).await;
            let places = PLACES.iter().filter(|place| place.role <= role);
            let forms: &[Page] = if role >= Role::Operator {
                &[group, instance]
            } else {
                &[]
            };
            // One after the other: what somebody asks for meanwhile does not have to wait for all of them.
            for page in places.map(|place| place.page).chain(forms.iter().copied()) {
                if network.is_lost() || page().await.is_err() {
                    return;
                }
            }
        });
        true
    });
}

/// Shows a page to whoever is signed in; its code is on its way while that is found out.
#[component]
pub fn Chunk(
    /// The page.
    page: Page,
) -> impl IntoView {
    let loaded = RwSignal::new(None::<Result<Build, ()>>);
    let load = move || {
        let mut loading = page();
        match (&mut loading).now_or_never() {
            Some(Ok(build)) => loaded.set(Some(Ok(build))),
            _ => spawn_local(async move {
                let build = loading.await.map_err(drop);
                loaded.try_set(Some(build));
            }),
        }
    };
    load();
    view! {
        <Guarded>
            {move || match loaded.get() {
                None => view! { <Waiting /> }.into_any(),
                Some(Ok(build)) => build(),
                Some(Err(())) => view! { <Failed /> }.into_any(),
            }}
        </Guarded>
    }
}

/// The page's place while its code is on its way; it appears only if that takes a moment.
#[component]
fn Waiting() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p class="unseen" role="status">
            {t!(i18n, chunk.loading)}
        </p>
        <div class="form-page form-skeleton" aria-hidden="true">
            <div class="card"></div>
            <div class="card"></div>
        </div>
    }
}

/// The code did not come. Loading the page again brings the present version, whatever the reason was.
#[component]
fn Failed() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, chunk.failed));
    let title = Signal::derive(move || t_string!(i18n, chunk.failed).to_owned());
    let reload = move |_| {
        let _ = window().location().reload();
    };
    view! {
        <div id="chunk-failed">
        <h1 class="unseen">{t!(i18n, chunk.failed)}</h1>
        <Notice tone=Tone::Bad title>
            <p>{t!(i18n, chunk.failed_hint)}</p>
            <p class="actions">
                <button type="button" class="button primary" data-action="reload" on:click=reload>
                    {t!(i18n, chunk.reload)}
                </button>
            </p>
        </Notice>
        </div>
    }
}
