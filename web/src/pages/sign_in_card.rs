//! The card in the middle of the page on which people come in: with the product's name above what it asks.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, use_i18n};

/// The card.
#[component]
pub fn SignInCard(
    /// What it asks.
    #[prop(into)]
    title: Signal<String>,
    /// Why, in a sentence.
    #[prop(into)]
    lead: Signal<String>,
    /// What stands above the card.
    #[prop(optional, into)]
    above: ViewFnOnce,
    /// The form, or what stands in its place.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="sign-in">
            {above.run()}
            <div class="card sign-in-card">
                <p class="sign-in-brand">
                    <Glyph icon=Icon::Mask />
                    {t!(i18n, app.product)}
                </p>
                <h1>{title}</h1>
                <p class="sub">{lead}</p>
                {children()}
            </div>
        </div>
    }
}
