//! The members of the group: their order, who is in and who may come in, and what is worth a second look among them.

use leptos::html::Input;
use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{GroupPreview, ModelInstance, Strategy, WarningCode};

use super::draft::{Draft, uses_weights};
use super::known::Known;
use super::member::MemberRow;
use crate::components::form::{Choice, Combobox, FormErrors};
use crate::components::form_page::FormSection;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ErrorNotice;
use crate::components::ordered_list::{OrderedList, RowKey};
use crate::components::toast::{Toast, use_toasts};
use crate::i18n::{t, t_string, use_i18n, words};

/// The section.
#[component]
pub fn Members(
    /// The group.
    draft: Draft,
    /// All instances.
    known: Known,
    /// The faults of the form.
    errors: FormErrors,
    /// Who would answer now.
    #[prop(into)]
    preview: Signal<Option<GroupPreview>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let toasts = use_toasts();
    let picker = NodeRef::<Input>::new();
    let said = RwSignal::new(String::new());
    let members = draft.members;
    let keys = Memo::new(move |_| {
        members.with(|members| {
            members
                .iter()
                .map(|member| member.key)
                .collect::<Vec<RowKey>>()
        })
    });
    let find = move |key: RowKey| {
        members.with_untracked(|members| members.iter().find(|member| member.key == key).copied())
    };
    let name = move |key: RowKey| {
        find(key)
            .map(|member| known.name(member.instance_id))
            .unwrap_or_default()
    };
    let remove = move |key: RowKey| {
        let name = name(key);
        let Some((index, member)) = draft.remove(key) else {
            return;
        };
        focus_after_removal(index, picker);
        let removed = t_string!(i18n, group.members.removed, name);
        let undo = Callback::new(move |()| draft.put_back(index, member));
        toasts.show(Toast::success(removed).action(t_string!(i18n, group.members.undo), undo));
    };
    let row = move |key: RowKey| match find(key) {
        Some(member) => {
            view! { <MemberRow member draft known errors on_remove=move |()| remove(key) /> }
                .into_any()
        }
        None => ().into_any(),
    };
    let choices = Signal::derive(move || {
        let instances = known.all().unwrap_or_default();
        let inside = members.with(|members| {
            members
                .iter()
                .map(|member| member.instance_id)
                .collect::<std::collections::HashSet<_>>()
        });
        instances
            .into_iter()
            .map(|instance| {
                let is_member = inside.contains(&instance.id);
                let ModelInstance {
                    id,
                    name,
                    kind,
                    base_url,
                    model,
                    ..
                } = instance;
                let detail = if is_member {
                    t_string!(i18n, group.members.already).to_owned()
                } else {
                    let facts = [
                        Some(words::kind(i18n, kind).to_owned()),
                        Some(base_url),
                        model,
                    ];
                    facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
                };
                Choice {
                    value: id.to_string(),
                    label: name,
                    detail,
                    disabled: is_member,
                }
            })
            .collect::<Vec<_>>()
    });
    let add = move |value: String| {
        let Ok(id) = value.parse() else { return };
        if draft.add(id) {
            let (name, place) = (known.name(id), members.with_untracked(Vec::len));
            said.set(t_string!(i18n, group.members.added, name, place));
        }
    };
    let picked = RwSignal::new(String::new());
    let empty = Signal::derive(move || t_string!(i18n, group.members.none_at_all).to_owned());
    let hint = Signal::derive(move || {
        let strategy = draft.strategy();
        let order = if strategy == Strategy::FirstAvailable {
            t_string!(i18n, group.members.hint)
        } else {
            t_string!(i18n, group.members.hint_unordered)
        };
        let weights = if uses_weights(strategy) {
            t_string!(i18n, group.members.weights_used)
        } else {
            t_string!(i18n, group.members.weights_unused)
        };
        let says_weights = strategy != Strategy::FirstAvailable;
        if says_weights {
            format!("{order} {weights}")
        } else {
            order.to_owned()
        }
    });
    let warnings = Memo::new(move |_| {
        let warnings =
            preview.with(|preview| preview.as_ref().map(|preview| preview.warnings.clone()));
        let mut warnings = warnings.unwrap_or_default();
        // An empty list says it itself.
        warnings.retain(|warning| warning.code != WarningCode::NoMembers);
        warnings
    });
    view! {
        <FormSection
            id="members"
            title=Signal::derive(move || t_string!(i18n, group.field.members).to_owned())
            hint
        >
            {move || {
                known
                    .error()
                    .filter(|_| !known.is_loaded())
                    .map(|error| {
                        let title = Signal::derive(move || t_string!(i18n, group.members.load_failed).to_owned());
                        view! { <ErrorNotice error title retry=Callback::new(move |()| known.refresh()) /> }
                    })
            }}
            <Show when=move || keys.with(Vec::is_empty)>
                <div class="members-empty">
                    <p class="strong">{t!(i18n, group.members.empty)}</p>
                    <p class="minor">{t!(i18n, group.members.empty_hint)}</p>
                </div>
            </Show>
            <OrderedList
                id="members-list"
                label=Signal::derive(move || t_string!(i18n, group.field.members).to_owned())
                keys
                name=Callback::new(name)
                on_move=move |step| draft.move_member(step)
                row=Callback::new(row)
            />
            <div class="warnings" role="status">
                <Show when=move || warnings.with(|warnings| !warnings.is_empty())>
                    <div class="notice" data-tone="warn" id="warnings">
                        <Glyph icon=Icon::Warning />
                        <div class="notice-body">
                            <p class="notice-title">{t!(i18n, group.members.warnings)}</p>
                            <ul>
                                {move || {
                                    warnings
                                        .get()
                                        .iter()
                                        .map(|warning| {
                                            let said = words::warning(i18n, warning);
                                            view! { <li lang=said.lang>{said.text}</li> }
                                        })
                                        .collect_view()
                                }}
                            </ul>
                        </div>
                    </div>
                </Show>
            </div>
            <div class="members-add">
                <Combobox
                    id="members-add"
                    label=Signal::derive(move || t_string!(i18n, group.members.add).to_owned())
                    value=picked
                    choices
                    on_choose=add
                    clear_after=true
                    placeholder=Signal::derive(move || t_string!(i18n, group.members.add_placeholder).to_owned())
                    hint=Signal::derive(move || t_string!(i18n, group.members.add_hint).to_owned())
                    empty
                    error=errors.at("members-add")
                    node=picker
                />
                <Show when=move || known.all().is_some_and(|all| all.is_empty())>
                    <p>
                        <A href="/models/instances/new" attr:class="button small">
                            <Glyph icon=Icon::Plus />
                            {t!(i18n, group.members.create_instance)}
                        </A>
                    </p>
                </Show>
                <p class="unseen" role="status">{said}</p>
            </div>
        </FormSection>
    }
}

/// The row that has taken the place of the removed one gets the focus, or the field to add with if there is none.
fn focus_after_removal(index: usize, picker: NodeRef<Input>) {
    request_animation_frame(move || {
        let place = index + 1;
        let find = |css: &str| document().query_selector(css).ok().flatten();
        let row = find(&format!(
            "#members-list > li:nth-child({place}) [data-action=remove]"
        ))
        .or_else(|| find("#members-list > li:last-child [data-action=remove]"));
        if let Some(row) = row {
            let _ = wasm_bindgen::JsCast::unchecked_ref::<web_sys::HtmlElement>(&row).focus();
        } else if let Some(Some(picker)) = picker.try_get_untracked() {
            let _ = picker.focus();
        }
    });
}
