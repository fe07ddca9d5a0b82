//! What a person's browser remembers of the guide, its invitation on the models' page, and the way back to it from a form.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;
use understudy_shared::UserId;

use crate::browser;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::session::use_session;

/// The guide.
pub const GUIDE: &str = "/start";
/// The member of an address that says where somebody comes from.
const ON_THE_WAY: &str = "guide";

fn hidden_key(user: UserId) -> String {
    format!("understudy.start.{user}.hidden")
}

fn asked_key(user: UserId) -> String {
    format!("understudy.start.{user}.asked")
}

/// Whether this person has asked a group in the guide.
pub(super) fn has_asked(user: UserId) -> bool {
    browser::stored(&asked_key(user)).is_some()
}

/// Remembers that this person has asked.
pub(super) fn note_asked(user: UserId) {
    browser::store(&asked_key(user), "1");
}

/// Remembers that this person does not want to be invited any more.
pub(super) fn hide(user: UserId) {
    browser::store(&hidden_key(user), "1");
}

/// The address of a form from which the guide goes on.
pub fn on_the_way(path: &str) -> String {
    let join = if path.contains('?') { '&' } else { '?' };
    format!("{path}{join}{ON_THE_WAY}=1")
}

/// Whether somebody comes to a form from the guide, and so goes back to it.
pub fn comes_from_guide() -> bool {
    use_query_map().with_untracked(|query| query.get(ON_THE_WAY).is_some())
}

/// The invitation, for whoever manages models and has none that could answer.
#[component]
pub fn GuideNotice(
    /// Whether something is still to be made; none while that is not known.
    #[prop(into)]
    needed: Signal<Option<bool>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let user = untrack(|| use_session().user()).map(|user| user.id);
    let hidden =
        RwSignal::new(user.is_none_or(|user| browser::stored(&hidden_key(user)).is_some()));
    let hide_it = move |_| {
        if let Some(user) = user {
            hide(user);
        }
        hidden.set(true);
        browser::focus("main");
    };
    let shown = Memo::new(move |_| needed.get() == Some(true) && !hidden.get());
    view! {
        <Show when=move || shown.get()>
            <section class="card guide-notice" id="guide" aria-label=move || t_string!(i18n, start.title)>
                <Glyph icon=Icon::Play />
                <p>
                    <span class="strong">{t!(i18n, start.title)}</span>
                    " "
                    {t!(i18n, start.invitation)}
                </p>
                <A href=GUIDE attr:class="button small primary" attr:data-action="open-guide">
                    {t!(i18n, start.open)}
                </A>
                <button
                    type="button"
                    class="button small quiet"
                    data-action="hide-guide"
                    on:click=hide_it
                >
                    {t!(i18n, start.hide)}
                </button>
            </section>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_back_survives_what_the_address_says_already() {
        assert_eq!(on_the_way("/a"), "/a?guide=1");
        assert_eq!(on_the_way("/a?b=c"), "/a?b=c&guide=1");
    }
}
