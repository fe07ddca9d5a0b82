//! What stands around every page: the navigation at the side, the account, and the place where the page goes.
//!
//! Rules: the page is never rebuilt by what changes around it, as somebody may have typed something there. The narrow layout shows the same
//! elements in a drawer, which is the browser's own popover: it opens by its button, closes with Escape and by a click beside it.

use leptos::html::Header;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;
use understudy_shared::User;

use super::confirm::ConfirmDialog;
use super::icon::{Glyph, Icon};
use super::notice::ErrorNotice;
use super::switches::{LanguageSwitch, ThemeSwitch};
use super::toast::ToastCorner;
use super::tooltip::TooltipHost;
use crate::api::ApiError;
use crate::chunks::preload;
use crate::i18n::{t, t_string, use_i18n, words};
use crate::navigation::{PLACES, Part};
use crate::session::{SessionState, use_session};

/// The navigation and the page beside it.
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
    let session = use_session();
    let side = NodeRef::<Header>::new();
    close_after_navigation(side);
    // While the session is being restored somebody is probably signed in: the frame must not change its shape a moment later.
    let inside = Memo::new(move |_| session.state() != SessionState::SignedOut);
    let failed = Signal::derive(move || t_string!(i18n, frame.sign_out_failed).to_owned());
    view! {
        // The browser itself follows it: the router would move the view and leave the focus behind.
        <a class="skip" href="#main" rel="external">
            {t!(i18n, frame.skip)}
        </a>
        <div class="app" data-inside=move || inside.get().to_string()>
            <section class="topbar" aria-label=move || t_string!(i18n, app.product)>
                <Brand />
                <button
                    type="button"
                    class="button quiet square"
                    id="open-navigation"
                    popovertarget="side"
                    aria-label=move || t_string!(i18n, frame.menu)
                >
                    <Glyph icon=Icon::Menu />
                </button>
            </section>
            <header class="side" id="side" popover="auto" node_ref=side>
                <Brand />
                <Navigation />
                <div class="side-foot">
                    <div class="switches">
                        <LanguageSwitch />
                        <ThemeSwitch />
                    </div>
                    <Account on_sign_out />
                </div>
            </header>
            <main id="main" tabindex="-1">
                {move || {
                    sign_out_error.get().map(|error| view! { <ErrorNotice error title=failed /> })
                }}
                {children()}
            </main>
        </div>
        <ConfirmDialog />
        <ToastCorner />
        <TooltipHost />
    }
}

#[component]
fn Brand() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <A href="/models" attr:class="brand" attr:aria-label=move || t_string!(i18n, frame.home)>
            <Glyph icon=Icon::Mask />
            {t!(i18n, app.product)}
        </A>
    }
}

/// The places that this person may go to.
#[component]
fn Navigation() -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let role = Memo::new(move |_| session.user().map(|user| user.role));
    let part = move |part: Part| {
        let role = role.get()?;
        let places: Vec<_> = PLACES
            .iter()
            .filter(|place| place.part == part && place.role <= role)
            .map(|place| {
                view! {
                    <li>
                        <A
                            href=place.path
                            attr:class="place"
                            on:pointerenter=move |_| preload(place.page)
                            on:focus=move |_| preload(place.page)
                        >
                            <Glyph icon=place.icon />
                            <span>{move || (place.title)(i18n)}</span>
                        </A>
                    </li>
                }
            })
            .collect();
        (!places.is_empty()).then(|| {
            view! {
                {part.title(i18n).map(|title| view! { <p class="cap">{title}</p> })}
                <ul class="places">{places}</ul>
            }
        })
    };
    view! {
        <nav class="navigation" aria-label=move || t_string!(i18n, frame.navigation)>
            {move || Part::ALL.into_iter().map(part).collect_view()}
        </nav>
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
            let name = shown_name(user);
            view! {
                <div class="account">
                    <span class="avatar" aria-hidden="true">
                        {initials(&name)}
                    </span>
                    <p class="account-name" id="account">
                        <span class="strong" data-tip-cut="">
                            {name}
                        </span>
                        <span class="minor">{move || words::role(i18n, role)}</span>
                    </p>
                    <button
                        type="button"
                        class="button quiet square"
                        id="sign-out"
                        aria-label=move || t_string!(i18n, frame.sign_out)
                        data-tip=move || t_string!(i18n, frame.sign_out)
                        on:click=move |_| on_sign_out.run(())
                    >
                        <Glyph icon=Icon::Leave />
                    </button>
                </div>
            }
        })
    }
}

fn shown_name(user: User) -> String {
    if user.display_name.is_empty() {
        user.username
    } else {
        user.display_name
    }
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| {
        let letter = word.chars().find(|letter| letter.is_alphanumeric())?;
        Some(letter.to_uppercase())
    });
    letters.take(2).flatten().collect()
}

/// Whoever chose a place in the drawer wants to see the place.
fn close_after_navigation(side: NodeRef<Header>) {
    let path = use_location().pathname;
    Effect::new(move || {
        path.with(|_| ());
        if let Some(side) = side.get() {
            // It fails where it is not open.
            let _ = side.hide_popover();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_two_letters_of_any_script() {
        assert_eq!(initials("admin"), "A");
        assert_eq!(initials("Ада Лавлейс"), "АЛ");
        assert_eq!(initials("ada  «king» of x"), "AK");
        assert_eq!(initials("—"), "");
    }
}
