//! Tokens, extra headers and proxies: lists with secrets in them. Rows keep their keys, so that moving one moves what is typed in it as well.

mod headers;
mod proxies;
mod tokens;

use leptos::prelude::*;
use understudy_shared::ModelInstance;

use super::form::Form;
use super::secrets::Moved;
use crate::components::badge::Tone;
use crate::components::form::FormErrors;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

pub use headers::Headers;
pub use proxies::Proxies;
pub use tokens::Tokens;

/// What the lists need to know besides what is typed.
#[derive(Clone, Copy)]
pub struct Secrets {
    /// The form.
    pub form: Form,
    /// Its faults.
    pub errors: FormErrors,
    /// The stored instance.
    pub stored: RwSignal<Option<ModelInstance>>,
    /// Whether the form goes elsewhere than what is stored.
    pub moved: Memo<Option<Moved>>,
}

impl Secrets {
    /// Whether a stored secret has to be typed again, and why if that is its own fault.
    fn must_reenter(self, unreadable: bool) -> (Signal<bool>, Signal<String>) {
        let i18n = use_i18n();
        let moved = self.moved;
        let must = Signal::derive(move || unreadable || moved.get().is_some());
        let why = Signal::derive(move || match unreadable {
            true => t_string!(i18n, instance.secrets.unreadable).to_owned(),
            false => String::new(),
        });
        (must, why)
    }
}

/// Why secrets have to be typed again.
fn reason(moved: Memo<Option<Moved>>) -> Signal<String> {
    let i18n = use_i18n();
    Signal::derive(move || {
        match moved.get() {
            Some(Moved::Proxies) => t_string!(i18n, instance.secrets.proxies_changed),
            _ => t_string!(i18n, instance.secrets.address_changed),
        }
        .to_owned()
    })
}

/// Says once, above the secrets, that they must be typed again, and why.
#[component]
pub fn ReenterNotice(
    /// What the form knows of secrets.
    secrets: Secrets,
) -> impl IntoView {
    let i18n = use_i18n();
    let shown = move || {
        secrets.moved.get().is_some()
            && secrets
                .stored
                .with(|stored| stored.as_ref().is_some_and(super::secrets::has_any))
    };
    let why = reason(secrets.moved);
    view! {
        <div role="status">
            <Show when=shown>
                <div class="notice" id="reenter" data-tone=Tone::Warn.as_str()>
                    <Glyph icon=Icon::Lock />
                    <div class="notice-body">
                        <p class="notice-title">{t!(i18n, instance.secrets.again)}</p>
                        <p>{why} " " {t!(i18n, instance.secrets.revert)}</p>
                    </div>
                </div>
            </Show>
        </div>
    }
}
