//! Making a key: the dialog with the form, and then with the key; and changing one.
//!
//! What was typed of a new key survives closing the dialog by mistake; the key does not survive it on purpose.

mod change;
mod draft;
mod expiry;
mod fields;
mod groups;
mod limits;
mod scopes;
#[cfg(test)]
mod tests;

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{CreatedApiKey, ProblemCode};

use super::GroupNames;
use super::made::Made;
use crate::api::{ApiError, use_api};
use crate::browser;
use crate::components::form::FormErrors;
use crate::components::modal::Modal;
use crate::i18n::{t_signal, t_string, use_i18n};
pub use change::ChangeKey;
use draft::{Draft, field_of};
use fields::{Fields, Frame};
use scopes::Scopes;

/// More groups than this are looked for by typing.
const SEARCHED: usize = 8;

/// The choice of a day of one's own.
const DATE: &str = "date";
/// The choice of the end that a key has.
const KEEP: &str = "keep";

/// The dialog.
#[component]
pub fn NewKey(
    /// Whether it is open, both ways.
    open: RwSignal<bool>,
    /// Names of the groups.
    groups: GroupNames,
    /// Called when a key was made.
    #[prop(into)]
    on_made: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let draft = Draft::new();
    let made = RwSignal::new(None::<CreatedApiKey>);
    let sending = RwSignal::new(false);
    let stored = RwSignal::new(false);
    // A key that nobody has kept is lost when the dialog closes, so it does not close by a slip.
    let busy = Signal::derive(move || sending.get() || made.with(Option::is_some) && !stored.get());
    let title = Signal::derive(move || {
        made.with(|made| match made {
            Some(key) => t_string!(i18n, keys.made.title, name = key.name.clone()),
            None => t_string!(i18n, keys.form.title).to_owned(),
        })
    });
    let on_close = move |()| {
        made.set(None);
        stored.set(false);
    };
    let is_made = Memo::new(move |_| made.with(Option::is_some));
    view! {
        <Modal id="new-key" open title busy wide=true on_close>
            {move || {
                if is_made.get() {
                    view! { <Made made stored groups on_done=move |()| open.set(false) /> }.into_any()
                } else {
                    view! { <KeyForm draft made sending groups open on_made /> }.into_any()
                }
            }}
        </Modal>
    }
}

#[component]
fn KeyForm(
    draft: Draft,
    made: RwSignal<Option<CreatedApiKey>>,
    sending: RwSignal<bool>,
    groups: GroupNames,
    open: RwSignal<bool>,
    on_made: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let errors = FormErrors::new(move || draft.faults());
    let forbidden = RwSignal::new(false);
    Effect::new(move || {
        draft.scopes.track();
        forbidden.set(false);
    });
    let submit = move |()| {
        sending.set(true);
        let request = untrack(|| draft.request(browser::now()));
        spawn_local(async move {
            let answer = api.create_api_key(&request).await;
            sending.set(false);
            match answer {
                Ok(key) => {
                    draft.clear();
                    made.set(Some(key));
                    on_made.run(());
                }
                Err(error) if is_forbidden(&error) => forbidden.set(true),
                Err(error) => errors.refuse(error, field_of),
            }
        });
    };
    let scopes_error = Signal::derive(move || {
        forbidden
            .get()
            .then(|| t_string!(i18n, keys.form.forbidden).to_owned())
    });
    let cancel = move |()| {
        draft.clear();
        open.set(false);
    };
    let scopes =
        move || view! { <Scopes draft refused=scopes_error found=errors.at("key-scopes") /> };
    view! {
        <Frame
            errors
            sending
            on_submit=submit
            on_cancel=cancel
            submit=t_signal!(i18n, keys.form.submit)
            busy=t_signal!(i18n, keys.form.busy)
        >
            <Fields draft errors groups scopes />
        </Frame>
    }
}

fn is_forbidden(error: &ApiError) -> bool {
    error
        .problem()
        .is_some_and(|problem| problem.code == ProblemCode::Forbidden)
}
