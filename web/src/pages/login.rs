//! Signing in.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;
use understudy_shared::{LoginRequest, SecretInput};

use super::guard::next_path;
use super::{in_place, use_title};
use crate::api::{ApiError, use_api};
use crate::components::badge::Tone;
use crate::components::form::TextField;
use crate::components::notice::{ErrorNotice, Notice};
use crate::i18n::{t, t_string, use_i18n};
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
                <div class="narrow">
                    <SetupHint />
                    <LoginForm />
                </div>
            }
            .into_any()
        }
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
    let missing = move |value: RwSignal<String>| {
        (tried.get() && value.with(String::is_empty))
            .then(|| t_string!(i18n, form.required).to_owned())
    };
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
        <form class="card card-body" id="login" novalidate on:submit=submit>
            <h1>{t!(i18n, login.title)}</h1>
            {move || error.get().map(|error| view! { <LoginError error /> })}
            <TextField
                id="username"
                name="username"
                label=Signal::derive(move || t_string!(i18n, login.username).to_owned())
                value=username
                autocomplete="username"
                error=Signal::derive(move || missing(username))
                node=username_input
            />
            <TextField
                id="password"
                name="password"
                label=Signal::derive(move || t_string!(i18n, login.password).to_owned())
                value=password
                autocomplete="current-password"
                error=Signal::derive(move || missing(password))
                secret=true
                node=password_input
            />
            <button type="submit" class="button primary wide" aria-disabled=move || busy.get().to_string()>
                {move || {
                    if busy.get() { t_string!(i18n, login.busy) } else { t_string!(i18n, login.submit) }
                }}
            </button>
        </form>
    }
}

/// A refusal says nothing of which of the two was wrong; any other failure says what it is.
#[component]
fn LoginError(error: ApiError) -> impl IntoView {
    let i18n = use_i18n();
    if error.is_unauthenticated() {
        let title = Signal::derive(move || t_string!(i18n, login.refused).to_owned());
        view! {
            <Notice tone=Tone::Bad title>
                ""
            </Notice>
        }
        .into_any()
    } else {
        view! { <ErrorNotice error /> }.into_any()
    }
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
