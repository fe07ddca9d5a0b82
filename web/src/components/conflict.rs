//! What to do when somebody else saved the same thing first (412): shows what they changed, what the form changes, and lets the person decide
//! where both did.
//!
//! Rule: nothing is decided in silence. What only one side changed is kept and listed; what both changed has no choice made beforehand.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::Value;

use super::modal::Modal;
use crate::i18n::{t, t_string, use_i18n};
use crate::merge::{Changed, Difference, Fields, Side, patch};

/// Two changes that met.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The version that is saved now.
    pub version: i64,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// What the person decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// The version that it was decided on.
    pub version: i64,
    /// What to change in it.
    pub patch: Fields,
}

/// A value of a field, to be put into words.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldValue {
    /// The field's name on the wire.
    pub field: String,
    /// The value.
    pub value: Value,
}

/// The dialog; open while there is a conflict.
#[component]
pub fn ConflictDialog(
    /// The conflict. The dialog takes it away when it is closed.
    conflict: RwSignal<Option<Conflict>>,
    /// What a field is called in the form.
    #[prop(into)]
    label: Callback<String, String>,
    /// A value in words; several lines for a list.
    #[prop(into)]
    words: Callback<FieldValue, String>,
    /// Saves what was decided.
    #[prop(into)]
    on_resolve: Callback<Resolution>,
) -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(false);
    Effect::new(move || open.set(conflict.with(Option::is_some)));
    let sides = RwSignal::new(BTreeMap::<String, Side>::new());
    let reminded = RwSignal::new(false);
    let closed = move |()| {
        conflict.set(None);
        sides.update(BTreeMap::clear);
        reminded.set(false);
    };
    let title = Signal::derive(move || t_string!(i18n, conflict.title).to_owned());
    let of = move |changed: Changed| {
        conflict.with(|conflict| {
            let differences = conflict.iter().flat_map(|conflict| &conflict.differences);
            differences
                .filter(|difference| difference.changed == changed)
                .cloned()
                .collect::<Vec<_>>()
        })
    };
    let open_questions = move || {
        let both = of(Changed::Both);
        sides.with(|sides| {
            both.iter()
                .filter(|both| !sides.contains_key(&both.field))
                .count()
        })
    };
    let choose_all = move |side: Side| {
        sides.set(
            of(Changed::Both)
                .into_iter()
                .map(|both| (both.field, side))
                .collect(),
        );
    };
    let resolve = move |_| {
        if open_questions() > 0 {
            reminded.set(true);
            return;
        }
        let Some(conflict) = conflict.get_untracked() else {
            return;
        };
        let patch = sides.with_untracked(|sides| patch(&conflict.differences, sides));
        open.set(false);
        on_resolve.run(Resolution {
            version: conflict.version,
            patch,
        });
    };
    let say = move |field: &str, value: Value| {
        let text = words.run(FieldValue {
            field: field.to_owned(),
            value,
        });
        if text.is_empty() {
            t_string!(i18n, conflict.empty).to_owned()
        } else {
            text
        }
    };
    let one_sided = move |changed: Changed| {
        of(changed)
            .into_iter()
            .map(|difference| {
                let Difference {
                    field,
                    base,
                    mine,
                    theirs,
                    ..
                } = difference;
                let now = if changed == Changed::Mine {
                    mine
                } else {
                    theirs
                };
                view! {
                    <li data-field=field.clone()>
                        <span class="strong">{label.run(field.clone())}</span>
                        <span class="conflict-was">{say(&field, base)}</span>
                        <span>{say(&field, now)}</span>
                    </li>
                }
            })
            .collect_view()
    };
    let both = move || {
        of(Changed::Both)
            .into_iter()
            .map(|difference| {
                let Difference { field, base, mine, theirs, .. } = difference;
                let option = |side: Side, value: Value| {
                    let (id, word) = match side {
                        Side::Mine => ("mine", t_string!(i18n, conflict.mine)),
                        Side::Theirs => ("theirs", t_string!(i18n, conflict.theirs)),
                    };
                    let text = say(&field, value);
                    let (own, checked) = (field.clone(), field.clone());
                    view! {
                        <label class="conflict-side">
                            <input
                                type="radio"
                                name=format!("conflict-{field}")
                                value=id
                                prop:checked=move || sides.with(|sides| sides.get(&checked) == Some(&side))
                                on:change=move |_| {
                                    sides.update(|sides| {
                                        sides.insert(own.clone(), side);
                                    });
                                }
                            />
                            <span class="minor">{word}</span>
                            <span class="conflict-value">{text}</span>
                        </label>
                    }
                };
                let (mine, theirs) = (option(Side::Mine, mine), option(Side::Theirs, theirs));
                view! {
                    <fieldset class="conflict-field" data-field=field.clone()>
                        <legend class="strong">{label.run(field.clone())}</legend>
                        <p class="minor">
                            {t!(i18n, conflict.was)} " " <span class="conflict-value">{say(&field, base)}</span>
                        </p>
                        <div class="conflict-sides">{mine} {theirs}</div>
                    </fieldset>
                }
            })
            .collect_view()
    };
    view! {
        <Modal id="conflict" open title wide=true on_close=closed>
            <div class="modal-body conflict">
                <p>{t!(i18n, conflict.lead)}</p>
                <Show when=move || !of(Changed::Both).is_empty()>
                    <section>
                        <div class="conflict-head">
                            <h3>{t!(i18n, conflict.both)}</h3>
                            <button
                                type="button"
                                class="button small"
                                data-action="all-mine"
                                on:click=move |_| choose_all(Side::Mine)
                            >
                                {t!(i18n, conflict.all_mine)}
                            </button>
                            <button
                                type="button"
                                class="button small"
                                data-action="all-theirs"
                                on:click=move |_| choose_all(Side::Theirs)
                            >
                                {t!(i18n, conflict.all_theirs)}
                            </button>
                        </div>
                        {both}
                    </section>
                </Show>
                <Show when=move || !of(Changed::Theirs).is_empty()>
                    <section data-changed="theirs">
                        <h3>{t!(i18n, conflict.only_theirs)}</h3>
                        <ul class="conflict-list">{one_sided(Changed::Theirs)}</ul>
                    </section>
                </Show>
                <Show when=move || !of(Changed::Mine).is_empty()>
                    <section data-changed="mine">
                        <h3>{t!(i18n, conflict.only_mine)}</h3>
                        <ul class="conflict-list">{one_sided(Changed::Mine)}</ul>
                    </section>
                </Show>
                <Show when=move || !of(Changed::Alike).is_empty()>
                    <section data-changed="alike">
                        <h3>{t!(i18n, conflict.alike)}</h3>
                        <ul class="conflict-list">{one_sided(Changed::Alike)}</ul>
                    </section>
                </Show>
            </div>
            <footer class="modal-foot">
                <p class="field-error" role="alert">
                    {move || {
                        (reminded.get() && open_questions() > 0).then(|| t_string!(i18n, conflict.choose))
                    }}
                </p>
                <button type="button" class="button" data-action="cancel" on:click=move |_| open.set(false)>
                    {t!(i18n, conflict.back)}
                </button>
                <button type="button" class="button primary" data-action="confirm" on:click=resolve>
                    {t!(i18n, conflict.save)}
                </button>
            </footer>
        </Modal>
    }
}
