//! Signing in.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;
use understudy_shared::{LoginRequest, OidcFault, SecretInput, SignInMethods, StartOidcRequest};

use super::guard::next_path;
use super::sign_in_card::SignInCard;
use super::{in_place, use_title};
use crate::api::{ApiError, use_api};
use crate::browser;
use crate::clock::use_clock;
use crate::components::badge::Tone;
use crate::components::caps_lock::CapsLockHint;
use crate::components::form::TextField;
use crate::components::notice::{ErrorNotice, Notice};
use crate::i18n::{t, t_string, use_i18n, words};
use crate::network::use_network;
use crate::session::{SessionState, use_session};

/// The form; whoever is signed in already passes through.
#[component]
pub fn LoginPage() -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let query = use_query_map();
    use_title(move || t_string!(i18n, login.title));
    let inside = Memo::new(move |_| matches!(session.state(), SessionState::SignedIn(_)));
    move || {
        if inside.get() {
            let next = next_path(query.with_untracked(|query| query.get("next")).as_deref());
            view! { <Redirect path=next options=in_place() /> }.into_any()
        } else {
            view! {
                <SignInCard
                    title=Signal::derive(move || t_string!(i18n, login.title).to_owned())
                    lead=Signal::derive(move || t_string!(i18n, login.lead).to_owned())
                    above=|| view! { <SetupHint /> }
                >
                    <ProviderFault />
                    <Methods />
                </SignInCard>
            }
            .into_any()
        }
    }
}

/// Why somebody is here again who came back from the identity provider.
#[component]
fn ProviderFault() -> impl IntoView {
    let i18n = use_i18n();
    let query = use_query_map();
    let fault = query.with_untracked(|query| OidcFault::read(&query.get("sso")?));
    fault.map(|fault| {
        let title = Signal::derive(move || words::oidc_fault(i18n, fault).to_owned());
        view! {
            <div id="sso-fault" data-fault=fault.as_str()>
                <Notice tone=Tone::Bad title>
                    ""
                </Notice>
            </div>
        }
    })
}

/// What people sign in with here. A service that does not say is asked for a name and a password.
#[component]
fn Methods() -> impl IntoView {
    let api = use_api();
    let query = use_query_map();
    let methods = RwSignal::new(None::<SignInMethods>);
    spawn_local(async move {
        let said = api.get_sign_in_methods().await;
        methods.try_set(Some(said.unwrap_or(SignInMethods {
            local: true,
            oidc: None,
        })));
    });
    move || {
        let methods = methods.get()?;
        let next = next_path(query.with_untracked(|query| query.get("next")).as_deref());
        Some(view! {
            {methods.oidc.map(|provider| {
                let alone = !methods.local;
                view! { <ProviderSignIn name=provider.name next alone /> }
            })}
            {methods.local.then(|| view! { <LoginForm /> })}
        })
    }
}

/// Leads to the identity provider.
#[component]
fn ProviderSignIn(
    /// What people call it.
    name: String,
    /// The page that is wanted.
    next: String,
    /// Whether there is no other way in.
    alone: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<ApiError>);
    let go = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(None);
        let return_to = next.clone();
        spawn_local(async move {
            match api.start_oidc(&StartOidcRequest { return_to }).await {
                // The page stays busy until the other one is there.
                Ok(location) => browser::load_anew(&location),
                Err(failure) => {
                    busy.try_set(false);
                    error.try_set(Some(failure));
                }
            }
        });
    };
    view! {
        <div class="sign-in-provider">
            {move || error.get().map(|error| view! { <ErrorNotice error /> })}
            <button
                type="button"
                id="sso"
                class="button wide"
                class:primary=alone
                aria-disabled=move || busy.get().to_string()
                on:click=go
            >
                {move || t_string!(i18n, login.with_provider, name = name.clone())}
            </button>
            {(!alone).then(|| view! { <p class="minor">{t!(i18n, login.or)}</p> })}
        </div>
    }
}

#[component]
fn LoginForm() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let username = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let tried = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<ApiError>);
    let username_input = NodeRef::<Input>::new();
    let password_input = NodeRef::<Input>::new();
    let missing = move |value: RwSignal<String>| tried.get() && value.with(String::is_empty);
    let username_error = Signal::derive(move || {
        missing(username).then(|| t_string!(i18n, login.required_username).to_owned())
    });
    let password_error = Signal::derive(move || {
        missing(password).then(|| t_string!(i18n, login.required_password).to_owned())
    });
    // An answer that did not come is old news as soon as there is one.
    let network = use_network();
    Effect::new(move || {
        network.returns();
        if error.with_untracked(|error| matches!(error, Some(ApiError::NoAnswer))) {
            error.set(None);
        }
    });
    Effect::new(move || {
        if let Some(input) = username_input.get() {
            let _ = input.focus();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        for (value, input) in [(username, username_input), (password, password_input)] {
            if value.with_untracked(String::is_empty) {
                return focus(input);
            }
        }
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(None);
        let request = LoginRequest {
            username: username.get_untracked(),
            password: SecretInput::new(password.get_untracked()),
        };
        spawn_local(async move {
            // Success takes this form off the page, and its signals with it.
            if let Err(failure) = api.log_in(&request).await {
                busy.try_set(false);
                error.try_set(Some(failure));
                focus(password_input);
            }
        });
    };
    view! {
        // The messages are ours: the browser's own would be in its language, not in that of the screen.
        <form id="login" novalidate on:submit=submit>
            {move || error.get().map(|error| view! { <LoginError error /> })}
            <TextField
                id="username"
                name="username"
                label=Signal::derive(move || t_string!(i18n, login.username).to_owned())
                value=username
                autocomplete="username"
                error=username_error
                node=username_input
            />
            <TextField
                id="password"
                name="password"
                label=Signal::derive(move || t_string!(i18n, login.password).to_owned())
                value=password
                autocomplete="current-password"
                error=password_error
                secret=true
                node=password_input
            />
            <CapsLockHint />
            <button type="submit" class="button primary wide" aria-disabled=move || busy.get().to_string()>
                {move || {
                    if busy.get() { t_string!(i18n, login.busy) } else { t_string!(i18n, login.submit) }
                }}
            </button>
        </form>
    }
}

/// A refusal says nothing of which of the two was wrong, too many of them how long to wait; any other failure says what it is.
#[component]
pub fn LoginError(
    /// Why nobody is signed in.
    error: ApiError,
) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let title = match error {
        ApiError::RateLimited { until, .. } => Signal::derive(move || {
            let left = (until - clock.now()).num_seconds() + 1;
            match u64::try_from(left) {
                Ok(left) if left > 0 => {
                    t_string!(i18n, login.wait, wait = words::wait(i18n, left))
                }
                _ => t_string!(i18n, login.wait_over).to_owned(),
            }
        }),
        error if error.is_unauthenticated() => {
            Signal::derive(move || t_string!(i18n, login.refused).to_owned())
        }
        error => return view! { <ErrorNotice error /> }.into_any(),
    };
    view! {
        <Notice tone=Tone::Bad title>
            ""
        </Notice>
    }
    .into_any()
}

/// On a fresh service nobody can sign in yet; this says how the first one can.
#[component]
fn SetupHint() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let open = RwSignal::new(false);
    spawn_local(async move {
        // A failure is not worth a message here: signing in will tell.
        if let Ok(state) = api.get_setup().await {
            open.try_set(state.open);
        }
    });
    let title = Signal::derive(move || t_string!(i18n, login.setup_open).to_owned());
    view! {
        <Show when=move || open.get()>
            <Notice tone=Tone::Idle title>
                <p>{t!(i18n, login.setup_open_hint)}</p>
            </Notice>
        </Show>
    }
}

/// Moves the focus to a field, if it is still there.
pub fn focus(input: NodeRef<Input>) {
    if let Some(Some(input)) = input.try_get_untracked() {
        let _ = input.focus();
    }
}
