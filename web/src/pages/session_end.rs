//! A session that ended in the middle of work: the person signs in again in place, and everything goes on.
//!
//! Rules: the page below is not touched. What is asked for is the password of the same person, or that they sign in with
//! the identity provider in another tab; anybody else starts with a page of their own,
//! since what stands here is not theirs. Whoever would rather not sign in now can go on reading and is reminded by a banner.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{LoginRequest, SecretInput, SignInMethod, User};

use super::guard::login_path;
use super::login::focus;
use crate::api::{ApiError, use_api};
use crate::browser;
use crate::components::banner::Banner;
use crate::components::caps_lock::CapsLockHint;
use crate::components::form::TextField;
use crate::components::icon::Icon;
use crate::components::modal::Modal;
use crate::i18n::{t, t_string, use_i18n};
use crate::network::use_network;
use crate::pages::login::LoginError;
use crate::session::{Ended, use_session};

/// What holds for the whole page: no network, no session.
#[component]
pub fn Banners() -> impl IntoView {
    let i18n = use_i18n();
    let network = use_network();
    let session = use_session();
    let lost = Signal::derive(move || {
        let lost = network.lost()?;
        // Without a session there is nothing on the page that could be of some time.
        let shown = lost.answered_at.filter(|_| session.user().is_some());
        Some(match shown {
            Some(at) => {
                t_string!(
                    i18n,
                    session.network.lost_since,
                    time = browser::local_hour(at)
                )
            }
            None => t_string!(i18n, session.network.lost).to_owned(),
        })
    });
    let over = Signal::derive(move || {
        let over = session.ended().is_some() && !session.asking().get();
        over.then(|| t_string!(i18n, session.over).to_owned())
    });
    view! {
        <div class="banners">
            <Banner
                name="network"
                icon=Icon::Warning
                text=lost
                action=Signal::derive(move || t_string!(i18n, session.network.retry).to_owned())
                on_action=move |()| network.ask_now()
            />
            <Banner
                name="session"
                icon=Icon::Lock
                text=over
                action=Signal::derive(move || t_string!(i18n, session.sign_in).to_owned())
                on_action=move |()| session.asking().set(true)
            />
        </div>
    }
}

/// The dialog.
#[component]
pub fn SignInAgain() -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let busy = RwSignal::new(false);
    let title = Signal::derive(move || {
        match session.ended() {
            Some(Ended::TakenOver(_)) => t_string!(i18n, session.taken_title),
            _ => t_string!(i18n, session.title),
        }
        .to_owned()
    });
    let content = move || {
        let me = session.user()?;
        Some(match session.ended()? {
            Ended::TakenOver(other) => view! { <TakenOver me other /> }.into_any(),
            Ended::RanOut | Ended::LeftElsewhere if me.sign_in == SignInMethod::Oidc => {
                view! { <AgainElsewhere /> }.into_any()
            }
            Ended::RanOut => view! { <AgainForm me busy left_elsewhere=false /> }.into_any(),
            Ended::LeftElsewhere => view! { <AgainForm me busy left_elsewhere=true /> }.into_any(),
        })
    };
    view! {
        <Modal
            id="sign-in-again"
            open=session.asking()
            title
            busy
            on_close=move |()| session.give_up()
        >
            {content}
        </Modal>
    }
}

#[component]
fn AgainForm(
    /// Who was at work.
    me: User,
    /// Whether the service is being asked.
    busy: RwSignal<bool>,
    /// Whether the person ended the session, in another tab.
    left_elsewhere: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let session = use_session();
    let password = RwSignal::new(String::new());
    let tried = RwSignal::new(false);
    let error = RwSignal::new(None::<ApiError>);
    let password_input = NodeRef::<Input>::new();
    let username = me.username.clone();
    let missing = Signal::derive(move || {
        let missing = tried.get() && password.with(String::is_empty);
        missing.then(|| t_string!(i18n, login.required_password).to_owned())
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if password.with_untracked(String::is_empty) {
            return focus(password_input);
        }
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(None);
        let request = LoginRequest {
            username: username.clone(),
            password: SecretInput::new(password.get_untracked()),
        };
        spawn_local(async move {
            let failed = api.log_in(&request).await.err();
            busy.set(false);
            // Success closes the dialog, and takes this form and its signals with it.
            if failed.is_some() {
                error.try_set(failed);
                focus(password_input);
            }
        });
    };
    let other = move |_| browser::load_anew(&login_path(&browser::here()));
    // It opens for the password; the name is there for password managers and for the eye.
    Effect::new(move || {
        if let Some(input) = password_input.get() {
            request_animation_frame(move || {
                let _ = input.focus();
            });
        }
    });
    view! {
        <form id="sign-in-again-form" class="modal-form" novalidate on:submit=submit>
            <div class="modal-body">
                <p>
                    {move || {
                        if left_elsewhere {
                            t_string!(i18n, session.left_elsewhere)
                        } else {
                            t_string!(i18n, session.ran_out)
                        }
                    }}
                </p>
                {move || error.get().map(|error| view! { <LoginError error /> })}
                <div class="field">
                    <label for="again-username">{t!(i18n, session.username)}</label>
                    <input
                        id="again-username"
                        name="username"
                        class="input"
                        autocomplete="username"
                        readonly
                        value=me.username.clone()
                    />
                </div>
                <TextField
                    id="again-password"
                    name="password"
                    label=Signal::derive(move || t_string!(i18n, session.password).to_owned())
                    value=password
                    autocomplete="current-password"
                    error=missing
                    secret=true
                    node=password_input
                />
                <CapsLockHint />
                <p class="minor">
                    <button type="button" class="link" data-action="other-user" on:click=other>
                        {t!(i18n, session.other_user)}
                    </button>
                    ". "
                    {t!(i18n, session.other_user_hint)}
                </p>
            </div>
            <footer class="modal-foot">
                <button
                    type="button"
                    class="button"
                    data-action="later"
                    on:click=move |_| session.give_up()
                >
                    {t!(i18n, session.later)}
                </button>
                <button type="submit" class="button primary" aria-disabled=move || busy.get().to_string()>
                    {move || {
                        if busy.get() {
                            t_string!(i18n, session.busy)
                        } else {
                            t_string!(i18n, session.sign_in)
                        }
                    }}
                </button>
            </footer>
        </form>
    }
}

/// The identity provider has a page of its own, for which this one is not left: it hears when somebody signs in in another tab.
#[component]
fn AgainElsewhere() -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    view! {
        <div class="modal-body">
            <p>{t!(i18n, session.ran_out_oidc)}</p>
        </div>
        <footer class="modal-foot">
            <button type="button" class="button" data-action="later" on:click=move |_| session.give_up()>
                {t!(i18n, session.later)}
            </button>
            <a
                class="button primary"
                data-action="new-tab"
                href=login_path("/models")
                target="_blank"
                rel="noopener"
            >
                {t!(i18n, session.open_tab)}
            </a>
        </footer>
    }
}

/// Another person's session is in the browser now: there is nothing to sign in to for the person of this page.
#[component]
fn TakenOver(me: User, other: User) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let text = move || {
        let (name, me) = (other.username.clone(), me.username.clone());
        t_string!(i18n, session.taken, name, me)
    };
    view! {
        <div class="modal-body">
            <p>{text}</p>
        </div>
        <footer class="modal-foot">
            <button type="button" class="button" data-action="later" on:click=move |_| session.give_up()>
                {t!(i18n, session.stay)}
            </button>
            <button
                type="button"
                class="button primary"
                data-action="reload"
                on:click=move |_| browser::load_anew(&browser::here())
            >
                {t!(i18n, session.reload)}
            </button>
        </footer>
    }
}
