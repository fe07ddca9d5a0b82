//! What stands around every page: the header, and the place where the page goes.

use leptos::html::Main;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;

use super::icon::{Glyph, Icon};
use super::notice::ErrorNotice;
use super::switches::{LanguageSwitch, ThemeSwitch};
use crate::api::ApiError;
use crate::i18n::{t, t_string, use_i18n, words};
use crate::session::use_session;

/// The header and the page below it.
#[component]
pub fn Frame(
    /// Ends the session.
    #[prop(into)]
    on_sign_out: Callback<()>,
    /// Why ending the session failed.
    #[prop(into)]
    sign_out_error: Signal<Option<ApiError>>,
    /// The page.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let main = NodeRef::<Main>::new();
    focus_after_navigation(main);
    let failed = Signal::derive(move || t_string!(i18n, frame.sign_out_failed).to_owned());
    view! {
        // The browser itself follows it: the router would move the view and leave the focus behind.
        <a class="skip" href="#main" rel="external">{t!(i18n, frame.skip)}</a>
        <header class="header">
            <A href="/models" attr:class="brand" attr:aria-label=move || t_string!(i18n, frame.home)>
                <Glyph icon=Icon::Mask />
                {t!(i18n, app.product)}
            </A>
            <LanguageSwitch />
            <ThemeSwitch />
            <Account on_sign_out />
        </header>
        <main id="main" tabindex="-1" node_ref=main>
            {move || {
                sign_out_error.get().map(|error| view! { <ErrorNotice error title=failed /> })
            }}
            {children()}
        </main>
    }
}

/// Who is signed in, and the way out.
#[component]
fn Account(on_sign_out: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    move || {
        session.user().map(|user| {
            let role = user.role;
            let name = if user.display_name.is_empty() {
                user.username
            } else {
                user.display_name
            };
            view! {
                <div class="account">
                    <p class="account-name" id="account">
                        <span class="strong" title=name.clone()>{name.clone()}</span>
                        <span class="minor">{move || words::role(i18n, role)}</span>
                    </p>
                    <button
                        type="button"
                        class="button quiet"
                        id="sign-out"
                        on:click=move |_| on_sign_out.run(())
                    >
                        <Glyph icon=Icon::Leave />
                        {t!(i18n, frame.sign_out)}
                    </button>
                </div>
            }
        })
    }
}

/// Moves the focus to the new page after a change of path, as a browser does for a page that it loads.
fn focus_after_navigation(main: NodeRef<Main>) {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        // Not when the application starts: there the browser has put the focus at the top already.
        if before.is_some_and(|before| before != path)
            && let Some(main) = main.get_untracked()
        {
            let _ = main.focus();
        }
        path
    });
}
