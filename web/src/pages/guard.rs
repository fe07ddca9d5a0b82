//! Pages for people who are signed in: everybody else signs in first and comes back to where they wanted to go.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{A, Redirect};
use leptos_router::hooks::use_location;
use leptos_router::location::Url;
use understudy_shared::Role;

use super::{in_place, use_title};
use crate::api::use_api;
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, use_i18n};
use crate::session::{SessionState, use_session};

/// Shows its content to whoever is signed in.
#[component]
pub fn Guarded(
    /// The page.
    children: ChildrenFn,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let api = use_api();
    // Who it is does not matter here: renewed details must not rebuild the page.
    let state = Memo::new(move |_| match session.state() {
        SessionState::Restoring => Access::Unknown,
        SessionState::Unreachable(error) => Access::Failed(error),
        SessionState::SignedOut => Access::Refused,
        SessionState::SignedIn(_) => Access::Granted,
    });
    let location = use_location();
    let retry = move |()| {
        session.set_restoring();
        spawn_local(api.restore_session());
    };
    move || match state.get() {
        Access::Unknown => ().into_any(),
        Access::Failed(error) => view! {
            <h1 class="unseen">{t!(i18n, app.product)}</h1>
            <ErrorNotice error retry=Callback::new(retry) />
        }
        .into_any(),
        Access::Refused => {
            let path = location.pathname.get_untracked();
            let query = location.search.get_untracked();
            let separator = if query.is_empty() { "" } else { "?" };
            let here = format!("{path}{separator}{query}");
            view! { <Redirect path=login_path(&here) options=in_place() /> }.into_any()
        }
        Access::Granted => children().into_any(),
    }
}

/// Shows its content to people of a role, and says to others whom the page is for.
#[component]
pub fn OnlyFor(
    /// The least role.
    role: Role,
    /// What the page is called.
    #[prop(into)]
    title: Signal<String>,
    /// Whom it is for, and why.
    #[prop(into)]
    text: Signal<String>,
    /// The page.
    children: ChildrenFn,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let may = Memo::new(move |_| session.user().is_some_and(|user| user.role >= role));
    move || {
        if may.get() {
            return children().into_any();
        }
        use_title(move || title.get());
        view! {
            <div class="narrow card card-body" id="not-for-role">
                <h1>{t!(i18n, chunk.not_for_role)}</h1>
                <p class="sub">{text}</p>
                <p class="actions">
                    <A href="/models" attr:class="button primary">
                        {t!(i18n, chunk.to_models)}
                    </A>
                </p>
            </div>
        }
        .into_any()
    }
}

#[derive(Clone, PartialEq)]
enum Access {
    Unknown,
    Failed(crate::api::ApiError),
    Refused,
    Granted,
}

/// The sign-in page, with the way back to `here`, a path and its query.
pub fn login_path(here: &str) -> String {
    format!("/login?next={}", Url::escape(here))
}

/// Where to go after signing in: a path of this application, whatever a link made by somebody else says. Without one, to where people of the
/// role go.
pub fn next_path(wanted: Option<&str>) -> String {
    let is_ours = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && !path.chars().any(char::is_control)
    };
    wanted.filter(is_ours).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_stays_on_this_site() {
        assert_eq!(next_path(Some("/models?sort=name")), "/models?sort=name");
        for wanted in [
            None,
            Some(""),
            Some("https://example.org/"),
            Some("//example.org"),
            Some("/\\example.org"),
            Some("/\t/example.org"),
            Some("javascript:alert(1)"),
        ] {
            assert_eq!(next_path(wanted), "/", "{wanted:?}");
        }
    }
}
