//! The application: what every page has around it, and which page stands at which path.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{FlatRoutes, Redirect, Route, Router};
use leptos_router::path;
use understudy_shared::Role;

use crate::api::{Api, use_api};
use crate::arrival::provide_arrivals;
use crate::chunks::{self, Chunk, provide_preloading};
use crate::clock::provide_clock;
use crate::components::confirm::provide_confirm;
use crate::components::frame::Frame;
use crate::components::toast::provide_toasts;
use crate::components::unsaved::{guard_links, provide_unsaved};
use crate::i18n::{I18nContextProvider, restore_language, use_i18n};
use crate::live::provide_live;
use crate::network::{Network, use_network, watch_network};
use crate::pages::guard::Guarded;
use crate::pages::in_place;
use crate::pages::login::LoginPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::session_end::{Banners, SignInAgain};
use crate::pages::setup::SetupPage;
use crate::session::{Ended, Session, SessionState, use_session, watch_other_tabs};
use crate::theme::provide_theme;

/// The application.
#[component]
pub fn App() -> impl IntoView {
    let session = Session::new();
    let network = Network::new();
    let api = Api::new(session, network);
    provide_context(session);
    provide_context(network);
    provide_context(api);
    watch_network(network, api);
    provide_live(api, session, network);
    watch_other_tabs(
        move || session.end(Ended::LeftElsewhere),
        move || spawn_local(api.follow_other_tab()),
    );
    provide_preloading(session, network);
    provide_theme();
    provide_clock();
    provide_arrivals();
    provide_toasts();
    provide_confirm();
    spawn_local(api.restore_session());
    view! {
        <I18nContextProvider>
            <Pages />
        </I18nContextProvider>
    }
}

/// The table of all paths.
#[component]
fn Pages() -> impl IntoView {
    restore_language(use_i18n());
    let api = use_api();
    let unsaved = provide_unsaved();
    try_again_when_reached(api);
    let sign_out_error = RwSignal::new(None);
    let sign_out = move |()| {
        spawn_local(async move {
            if unsaved.may_leave().await {
                sign_out_error.set(api.log_out().await.err());
            }
        });
    };
    view! {
        <Router>
            {guard_links(unsaved)}
            <Frame on_sign_out=sign_out sign_out_error>
                <Banners />
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=|| view! { <Home /> } />
                    <Route path=path!("/setup") view=SetupPage />
                    <Route path=path!("/login") view=LoginPage />
                    <Route path=path!("/models") view=|| view! { <Chunk page=chunks::models /> } />
                    <Route
                        path=path!("/models/groups/new")
                        view=|| view! { <Chunk page=chunks::new_group /> }
                    />
                    <Route
                        path=path!("/models/groups/:id")
                        view=|| view! { <Chunk page=chunks::group /> }
                    />
                    <Route
                        path=path!("/models/instances/new")
                        view=|| view! { <Chunk page=chunks::new_instance /> }
                    />
                    <Route
                        path=path!("/models/instances/:id")
                        view=|| view! { <Chunk page=chunks::instance /> }
                    />
                    <Route path=path!("/start") view=|| view! { <Chunk page=chunks::start /> } />
                    <Route
                        path=path!("/connect")
                        view=|| view! { <Chunk page=chunks::connect /> }
                    />
                    <Route
                        path=path!("/dialogs/:id?")
                        view=|| view! { <Chunk page=chunks::dialogs /> }
                    />
                    <Route
                        path=path!("/assistants")
                        view=|| view! { <Chunk page=chunks::assistants /> }
                    />
                    <Route
                        path=path!("/assistants/new")
                        view=|| view! { <Chunk page=chunks::new_assistant /> }
                    />
                    <Route
                        path=path!("/assistants/:id")
                        view=|| view! { <Chunk page=chunks::assistant /> }
                    />
                    <Route path=path!("/keys") view=|| view! { <Chunk page=chunks::keys /> } />
                    <Route path=path!("/users") view=|| view! { <Chunk page=chunks::users /> } />
                    <Route
                        path=path!("/users/new")
                        view=|| view! { <Chunk page=chunks::new_user /> }
                    />
                    <Route path=path!("/users/:id") view=|| view! { <Chunk page=chunks::user /> } />
                    <Route path=path!("/audit") view=|| view! { <Chunk page=chunks::audit /> } />
                    <Route path=path!("/usage") view=|| view! { <Chunk page=chunks::usage /> } />
                    <Route
                        path=path!("/settings")
                        view=|| view! { <Chunk page=chunks::settings /> }
                    />
                </FlatRoutes>
            </Frame>
            <SignInAgain />
        </Router>
    }
}

/// A session that could not be restored for want of an answer is restored when there is one.
fn try_again_when_reached(api: Api) {
    let (network, session) = (use_network(), use_session());
    Effect::new(move |before: Option<u32>| {
        let returns = network.returns();
        let unreachable = untrack(move || matches!(session.state(), SessionState::Unreachable(_)));
        if before.is_some_and(|before| before != returns) && unreachable {
            session.set_restoring();
            spawn_local(api.restore_session());
        }
        returns
    });
}

/// Sends whoever comes to the root to the screen that people of their role come for.
#[component]
fn Home() -> impl IntoView {
    let session = use_session();
    view! {
        <Guarded>
            {move || {
                let path = match session.user_untracked().map(|user| user.role) {
                    Some(Role::User) => "/dialogs",
                    _ => "/models",
                };
                view! { <Redirect path options=in_place() /> }
            }}
        </Guarded>
    }
}
