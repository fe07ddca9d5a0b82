//! The first administrator, made by whoever can read the terminal of the service: it prints a link with a one-time token.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{A, Redirect};
use leptos_router::hooks::use_query_map;
use understudy_shared::{FieldError, FieldRule, SecretInput, SetupRequest, SetupState, rules};

use super::login::focus;
use super::sign_in_card::SignInCard;
use super::start::GUIDE;
use super::{in_place, use_title};
use crate::api::{ApiError, use_api};
use crate::components::badge::Tone;
use crate::components::caps_lock::CapsLockHint;
use crate::components::form::TextField;
use crate::components::notice::{ErrorNotice, Notice};
use crate::i18n::{t, t_string, use_i18n, words};
use crate::session::{SessionState, use_session};

/// The form, or why there is none.
#[component]
pub fn SetupPage() -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    use_title(move || t_string!(i18n, setup.title));
    let inside = Memo::new(move |_| matches!(session.state(), SessionState::SignedIn(_)));
    move || {
        if inside.get() {
            view! { <Redirect path=GUIDE options=in_place() /> }.into_any()
        } else {
            view! { <Setup /> }.into_any()
        }
    }
}

#[component]
fn Setup() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let query = use_query_map();
    let token = Memo::new(move |_| token(query.with(|query| query.get("token"))));
    let state = RwSignal::new(None::<Result<SetupState, ApiError>>);
    let ask = move |()| {
        state.set(None);
        spawn_local(async move {
            let answer = api.get_setup().await;
            state.try_set(Some(answer));
        });
    };
    ask(());
    let body = move || match (state.get(), token.get()) {
        (None, _) => ().into_any(),
        (Some(Err(error)), _) => {
            view! { <ErrorNotice error retry=Callback::new(ask) /> }.into_any()
        }
        (Some(Ok(SetupState { open: false })), _) => view! { <Closed /> }.into_any(),
        (Some(Ok(_)), None) => {
            let title = Signal::derive(move || t_string!(i18n, setup.no_token).to_owned());
            view! {
                <Notice tone=Tone::Warn title>
                    <p>{t!(i18n, setup.no_token_hint)}</p>
                </Notice>
            }
            .into_any()
        }
        (Some(Ok(_)), Some(token)) => view! { <SetupForm token /> }.into_any(),
    };
    let lead = Signal::derive(move || {
        let form =
            matches!(state.get(), Some(Ok(SetupState { open: true }))) && token.get().is_some();
        if form {
            t_string!(i18n, setup.lead).to_owned()
        } else {
            String::new()
        }
    });
    view! {
        <SignInCard title=Signal::derive(move || t_string!(i18n, setup.title).to_owned()) lead>
            {body}
        </SignInCard>
    }
}

#[component]
fn Closed() -> impl IntoView {
    let i18n = use_i18n();
    let title = Signal::derive(move || t_string!(i18n, setup.closed).to_owned());
    view! {
        <Notice tone=Tone::Idle title>
            <p>{t!(i18n, setup.closed_hint)}</p>
        </Notice>
        <p class="actions">
            <A href="/login" attr:class="button primary">
                {t!(i18n, setup.to_login)}
            </A>
        </p>
    }
}

#[component]
fn SetupForm(token: String) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let username = RwSignal::new("admin".to_owned());
    let password = RwSignal::new(String::new());
    let tried = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<ApiError>);
    let username_input = NodeRef::<Input>::new();
    let password_input = NodeRef::<Input>::new();
    let username_rule = Signal::derive(move || t_string!(i18n, setup.username_rule).to_owned());
    let password_rule = Signal::derive(move || t_string!(i18n, setup.password_rule).to_owned());
    let said = move |pointer: &str| {
        error.with(|error| Some(words::rule(i18n, error.as_ref()?.field(pointer)?)))
    };
    let username_error = Signal::derive(move || {
        let broken = tried.get() && breaks(rules::username, &username.read());
        broken
            .then(|| username_rule.get())
            .or_else(|| said("/username"))
    });
    let password_error = Signal::derive(move || {
        let broken = tried.get() && breaks(rules::password, &password.read());
        broken
            .then(|| password_rule.get())
            .or_else(|| said("/password"))
    });
    let password_hint = Signal::derive(move || match Length::of(&password.read()) {
        Length::None => password_rule.get(),
        Length::Missing(more) => {
            t_string!(
                i18n,
                setup.password_more,
                more = words::characters(i18n, more)
            )
        }
        Length::Enough => t_string!(i18n, setup.password_enough).to_owned(),
        Length::TooMuch => t_string!(i18n, setup.password_too_long).to_owned(),
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        tried.set(true);
        error.set(None);
        if breaks(rules::username, &username.read_untracked()) {
            return focus(username_input);
        }
        if breaks(rules::password, &password.read_untracked()) {
            return focus(password_input);
        }
        busy.set(true);
        let request = SetupRequest {
            token: SecretInput::new(token.clone()),
            username: username.get_untracked(),
            password: SecretInput::new(password.get_untracked()),
        };
        spawn_local(async move {
            // Success takes this form off the page, and its signals with it.
            if let Err(failure) = api.set_up(&request).await {
                busy.try_set(false);
                error.try_set(Some(failure));
                focus(password_input);
            }
        });
    };
    view! {
        <form id="setup" novalidate on:submit=submit>
            {move || error.get().map(|error| view! { <SetupError error /> })}
            <TextField
                id="username"
                name="username"
                label=Signal::derive(move || t_string!(i18n, setup.username).to_owned())
                value=username
                autocomplete="username"
                error=username_error
                node=username_input
            />
            <TextField
                id="password"
                name="password"
                label=Signal::derive(move || t_string!(i18n, setup.password).to_owned())
                value=password
                autocomplete="new-password"
                hint=password_hint
                error=password_error
                secret=true
                node=password_input
            />
            <CapsLockHint />
            <button type="submit" class="button primary wide" aria-disabled=move || busy.get().to_string()>
                {move || {
                    if busy.get() { t_string!(i18n, setup.busy) } else { t_string!(i18n, setup.submit) }
                }}
            </button>
        </form>
    }
}

/// A token that is refused has its own explanation, as nothing in the form can mend it.
#[component]
fn SetupError(error: ApiError) -> impl IntoView {
    let i18n = use_i18n();
    if error.is_unauthenticated() || error.field("/token").is_some() {
        let title = Signal::derive(move || t_string!(i18n, setup.refused).to_owned());
        view! {
            <Notice tone=Tone::Bad title>
                <p>{t!(i18n, setup.refused_hint)}</p>
            </Notice>
        }
        .into_any()
    } else if error
        .field("/username")
        .or(error.field("/password"))
        .is_some()
    {
        // The details stand at the fields.
        let title = Signal::derive(move || words::error(i18n, &error));
        view! { <Notice tone=Tone::Bad title>""</Notice> }.into_any()
    } else {
        view! { <ErrorNotice error /> }.into_any()
    }
}

fn breaks(rule: fn(&mut Vec<FieldError>, &str, &str), value: &str) -> bool {
    let mut faults = Vec::new();
    rule(&mut faults, "", value);
    !faults.is_empty()
}

/// How far a password is that is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// Nothing is typed yet.
    None,
    /// So many characters are missing.
    Missing(u64),
    /// There are enough.
    Enough,
    /// There are too many.
    TooMuch,
}

impl Length {
    fn of(password: &str) -> Self {
        let mut faults = Vec::new();
        rules::password(&mut faults, "", password);
        let typed = u64::try_from(password.chars().count()).unwrap_or(u64::MAX);
        match faults.into_iter().next().map(|fault| fault.rule) {
            _ if typed == 0 => Self::None,
            Some(FieldRule::TooShort { min }) => Self::Missing(min - typed),
            Some(_) => Self::TooMuch,
            None => Self::Enough,
        }
    }
}

/// The one-time token of the link, if it has one; people copy spaces along.
fn token(found: Option<String>) -> Option<String> {
    let token = found?.trim().to_owned();
    (!token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_comes_from_the_link() {
        assert_eq!(token(None), None);
        assert_eq!(token(Some("  ".to_owned())), None);
        assert_eq!(token(Some(" abc ".to_owned())).as_deref(), Some("abc"));
    }

    #[test]
    fn whoever_types_a_password_sees_how_far_it_is() {
        assert_eq!(Length::of(""), Length::None);
        assert_eq!(Length::of("пароль"), Length::Missing(4));
        assert_eq!(Length::of("длинный пароль"), Length::Enough);
        assert_eq!(Length::of(&"x".repeat(129)), Length::TooMuch);
    }

    #[test]
    fn the_form_refuses_what_the_service_would() {
        assert!(breaks(rules::password, "too short"));
        assert!(!breaks(rules::password, "long enough"));
        assert!(breaks(rules::username, " admin"));
        assert!(!breaks(rules::username, "админ"));
    }
}
