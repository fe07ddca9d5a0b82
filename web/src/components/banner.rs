//! A strip at the top of the page about what holds for all of it: the network is away, the session is over.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// The strip. Its place is always there, so that what appears in it is read out.
#[component]
pub fn Banner(
    /// Name for tests.
    name: &'static str,
    /// Its icon.
    icon: Icon,
    /// What it says; none for no banner.
    #[prop(into)]
    text: Signal<Option<String>>,
    /// What its button says.
    #[prop(into)]
    action: Signal<String>,
    /// What its button does.
    #[prop(into)]
    on_action: Callback<()>,
) -> impl IntoView {
    let shown = Memo::new(move |_| text.with(Option::is_some));
    view! {
        <div class="banner-place" role="status">
            <Show when=move || shown.get()>
                <div class="banner" data-banner=name>
                    <Glyph icon />
                    <p>{move || text.get()}</p>
                    <button type="button" class="button small" on:click=move |_| on_action.run(())>
                        {action}
                    </button>
                </div>
            </Show>
        </div>
    }
}
