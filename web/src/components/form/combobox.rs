//! A choice out of many, found by typing a part of it; the keyboard is that of the ARIA Authoring Practices (combobox with a list).
//!
//! With `free` text what is typed is the value, and the list only helps; without it the value is one of the list's or nothing.

use leptos::ev::KeyboardEvent;
use leptos::html::Input;
use leptos::prelude::*;

use super::field::{Field, described_by, invalid};
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// Choices that are shown at once. Who looks for more types more.
const SHOWN: usize = 200;

/// One choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Its value.
    pub value: String,
    /// Its name.
    pub label: String,
    /// More about it.
    pub detail: String,
    /// Whether it cannot be chosen; `detail` says why.
    pub disabled: bool,
}

impl Choice {
    /// A value that is its own name.
    pub fn plain(value: impl Into<String>) -> Self {
        let value = value.into();
        Self {
            label: value.clone(),
            value,
            ..Self::default()
        }
    }
}

/// The field with its list.
#[component]
pub fn Combobox(
    /// Id of the input.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<String>,
    /// What there is to choose from.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// Whether anything may be typed.
    #[prop(optional)]
    free: bool,
    /// Runs with the value that was chosen from the list.
    #[prop(optional, into)]
    on_choose: Option<Callback<String>>,
    /// Empties the field after a choice, which then is the caller's: for adding to a list.
    #[prop(optional)]
    clear_after: bool,
    /// What it is.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// An example, in the place of the value.
    #[prop(optional, into)]
    placeholder: MaybeProp<String>,
    /// What to say when there is nothing to choose from.
    #[prop(optional, into)]
    empty: MaybeProp<String>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether it is for machines.
    #[prop(optional)]
    code: bool,
    /// Whether its label is unseen.
    #[prop(optional)]
    bare: bool,
    /// The input, for whoever moves the focus.
    #[prop(optional)]
    node: NodeRef<Input>,
) -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    // What is being looked for; none while the field shows the value and the list everything.
    let query = RwSignal::new(None::<String>);
    let found = Memo::new(move |_| {
        let query = query.get().unwrap_or_default();
        choices.with(|choices| find(choices, &query))
    });
    let text = Memo::new(move |_| {
        if let (false, Some(query)) = (free, query.get()) {
            return query;
        }
        let value = value.get();
        let named = choices.with(|choices| {
            choices
                .iter()
                .find(|choice| choice.value == value)
                .map(|choice| choice.label.clone())
        });
        if free { value } else { named.unwrap_or(value) }
    });
    let close = move || {
        open.set(false);
        active.set(None);
        query.set(None);
    };
    let choose = move |choice: &Choice| {
        if choice.disabled {
            return;
        }
        value.set(if clear_after {
            String::new()
        } else {
            choice.value.clone()
        });
        close();
        if let Some(on_choose) = on_choose {
            on_choose.run(choice.value.clone());
        }
    };
    let list_id = format!("{id}-list");
    let option_id = {
        let id = id.clone();
        move |index: usize| format!("{id}-option-{index}")
    };
    let show_active = {
        let option_id = option_id.clone();
        move || {
            let id = active.get_untracked().map(&option_id);
            request_animation_frame(move || {
                if let Some(option) = id.and_then(|id| document().get_element_by_id(&id)) {
                    let options = web_sys::ScrollIntoViewOptions::new();
                    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                    option.scroll_into_view_with_scroll_into_view_options(&options);
                }
            });
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let count = found.with_untracked(|found| found.choices.len());
        let now = active.get_untracked().filter(|_| open.get_untracked());
        match event.key().as_str() {
            "ArrowDown" if event.alt_key() => open.set(true),
            "ArrowUp" if event.alt_key() => close(),
            "ArrowDown" | "ArrowUp" => {
                open.set(true);
                active.set(step(now, count, event.key() == "ArrowDown"));
                show_active();
            }
            "Enter" => {
                // Somebody who has typed until one choice was left means that one.
                let named =
                    query.with_untracked(|query| query.as_ref().is_some_and(|q| !q.is_empty()));
                let only = (!free && named && count == 1 && open.get_untracked()).then_some(0);
                let Some(index) = now.or(only) else {
                    // Enter in an open list chooses; it does not send the form.
                    if open.get_untracked() {
                        close();
                        event.prevent_default();
                    }
                    return;
                };
                let choice = found.with_untracked(|found| found.choices.get(index).cloned());
                if let Some(choice) = choice {
                    choose(&choice);
                }
            }
            "Escape" if open.get_untracked() => close(),
            "Escape" if !value.with_untracked(String::is_empty) && !free => {
                value.set(String::new())
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let options = {
        let option_id = option_id.clone();
        move || {
            let found = found.get();
            let items = found
                .choices
                .into_iter()
                .enumerate()
                .map(|(index, choice)| {
                    let detail = (!choice.detail.is_empty()).then(
                        || view! { <span class="choice-detail">{choice.detail.clone()}</span> },
                    );
                    let name = choice.label.clone();
                    let own = choice.value.clone();
                    view! {
                        <li
                            id=option_id(index)
                            role="option"
                            class="choice"
                            data-value=choice.value.clone()
                            aria-selected=move || value.with(|value| *value == own).to_string()
                            aria-disabled=choice.disabled.then_some("true")
                            data-active=move || (active.get() == Some(index)).then_some("true")
                            // Before the input loses the focus and closes the list.
                            on:mousedown=move |event| {
                                event.prevent_default();
                                choose(&choice);
                            }
                        >
                            <span class:code=code>{name}</span>
                            {detail}
                        </li>
                    }
                })
                .collect_view();
            let rest = (found.more > 0).then(|| {
                let more = found.more;
                view! { <li role="presentation" class="choice-note">{t!(i18n, form.combobox.more, more)}</li> }
            });
            (items, rest)
        }
    };
    let described = described_by(&id, hint.is_some(), error);
    let nothing = move || found.with(|found| found.choices.is_empty());
    let nothing_words = move || {
        if choices.with(Vec::is_empty) {
            empty
                .get()
                .unwrap_or_else(|| t_string!(i18n, form.combobox.empty).to_owned())
        } else {
            t_string!(i18n, form.combobox.none).to_owned()
        }
    };
    let toggle = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if open.get_untracked() {
            close();
        } else {
            open.set(true);
            if let Some(input) = node.get_untracked() {
                let _ = input.focus();
            }
        }
    };
    view! {
        <Field id=id.clone() label hint error bare>
            <span class="combobox" data-open=move || open.get().to_string()>
                <input
                    id=id
                    class="input"
                    class:code=code
                    type="text"
                    role="combobox"
                    aria-autocomplete="list"
                    aria-expanded=move || open.get().to_string()
                    aria-controls=list_id.clone()
                    aria-activedescendant=move || {
                        active.get().filter(|_| open.get()).map(&option_id)
                    }
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder=move || placeholder.get()
                    aria-invalid=invalid(error)
                    aria-describedby=described
                    node_ref=node
                    prop:value=text
                    on:input:target=move |event| {
                        let typed = event.target().value();
                        if free {
                            value.set(typed.clone());
                        }
                        query.set(Some(typed));
                        active.set(None);
                        open.set(true);
                    }
                    on:mousedown=move |_| open.set(true)
                    on:keydown=on_key
                    on:blur=move |_| close()
                />
                <button
                    type="button"
                    class="combobox-button"
                    tabindex="-1"
                    aria-label=move || t_string!(i18n, form.combobox.open)
                    on:mousedown=toggle
                >
                    <Glyph icon=Icon::ChevronDown />
                </button>
                <ul id=list_id role="listbox" class="choices" aria-label=label hidden=move || !open.get() || nothing()>
                    {move || open.get().then(&options)}
                </ul>
                <span class="choices choice-note" role="status" hidden=move || !open.get() || !nothing()>
                    {move || (open.get() && nothing()).then(nothing_words)}
                </span>
            </span>
        </Field>
    }
}

/// The choices that match, and how many more there are than are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    choices: Vec<Choice>,
    more: usize,
}

/// Choices that have every word of `query` in their name, value or detail; the best first: those that begin with it.
fn find(choices: &[Choice], query: &str) -> Found {
    let query = query.trim().to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let text = |choice: &Choice| {
        format!("{} {} {}", choice.label, choice.value, choice.detail).to_lowercase()
    };
    let (mut found, others): (Vec<Choice>, Vec<Choice>) = choices
        .iter()
        .filter(|choice| {
            let text = text(choice);
            words.iter().all(|word| text.contains(word))
        })
        .cloned()
        // What begins so comes first.
        .partition(|choice| choice.label.to_lowercase().starts_with(&query));
    found.extend(others);
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    Found {
        choices: found,
        more,
    }
}

/// The next choice down or up, round the ends.
fn step(now: Option<usize>, count: usize, down: bool) -> Option<usize> {
    let last = count.checked_sub(1)?;
    Some(match (now, down) {
        (None, true) => 0,
        (None, false) => last,
        (Some(now), true) if now >= last => 0,
        (Some(now), true) => now + 1,
        (Some(0), false) => last,
        (Some(now), false) => now - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_counts_and_beginnings_come_first() {
        let choices: Vec<Choice> = ["text-embedding-3", "gpt-4.1-mini", "gpt-4.1", "mini-gpt"]
            .into_iter()
            .map(Choice::plain)
            .collect();
        let names = |query| {
            let found = find(&choices, query);
            found
                .choices
                .into_iter()
                .map(|choice| choice.value)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(""),
            ["text-embedding-3", "gpt-4.1-mini", "gpt-4.1", "mini-gpt"]
        );
        assert_eq!(names("GPT mini"), ["gpt-4.1-mini", "mini-gpt"]);
        assert_eq!(names("mini"), ["mini-gpt", "gpt-4.1-mini"]);
        assert_eq!(names("none"), Vec::<String>::new());
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let choices: Vec<Choice> = (0..500).map(|n| Choice::plain(format!("m{n}"))).collect();
        let found = find(&choices, "m");
        assert_eq!((found.choices.len(), found.more), (SHOWN, 300));
    }

    #[test]
    fn arrows_go_round() {
        assert_eq!(step(None, 3, true), Some(0));
        assert_eq!(step(None, 3, false), Some(2));
        assert_eq!(step(Some(2), 3, true), Some(0));
        assert_eq!(step(Some(0), 3, false), Some(2));
        assert_eq!(step(Some(1), 3, true), Some(2));
        assert_eq!(step(None, 0, true), None);
    }
}
