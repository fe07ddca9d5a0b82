//! One assistant in the list.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use understudy_shared::{Assistant, AssistantId, Visibility};
use uuid::Uuid;

use super::PATH;
use super::delete::use_delete;
use crate::components::badge::Badge;
use crate::components::button::IconButton;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::Cell;
use crate::components::table::Row;
use crate::components::time::Ago;
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::listing::Listing;
use crate::live::use_live;
use crate::pages::dialogs::start::use_start_dialog;
use crate::pages::dialogs::targets::{Target, now};
use crate::pages::dialogs::words as say;

/// The row.
#[component]
pub fn AssistantRow(
    /// The assistant.
    row: Row<Uuid, Assistant>,
    /// The list.
    list: Listing<Assistant>,
) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live();
    let id = row.id;
    let assistant: Signal<Assistant> = ArcSignal::from(row.item).into();
    let path = format!("{PATH}/{id}");
    let title = Memo::new(move |_| assistant.with(|assistant| assistant.title.clone()));
    let name = Memo::new(move |_| assistant.with(|assistant| assistant.name.clone()));
    let about = Memo::new(move |_| assistant.with(|assistant| assistant.description.clone()));
    let group = Memo::new(move |_| {
        assistant.with(|assistant| assistant.group.as_ref().map(|group| group.title.clone()))
    });
    let availability = Memo::new(move |_| {
        let (known, group) =
            assistant.with(|assistant| (assistant.availability, assistant.group_id));
        now(live, known, group, list.load.asked_at())
    });
    let shared =
        Memo::new(move |_| assistant.with(|assistant| assistant.visibility == Visibility::Shared));
    let owner = Memo::new(move |_| {
        assistant.with(|assistant| assistant.owner.as_ref().map(|owner| owner.name.clone()))
    });
    let editable = Memo::new(move |_| assistant.with(|assistant| assistant.editable));
    let (start, starting) = use_start_dialog();
    let (delete, deleting) = use_delete(move |()| {
        list.pointer.acted();
        list.load.refresh();
        list.keep_focus_later();
    });
    let navigate = use_navigate();
    let edit = {
        let path = path.clone();
        move |()| navigate(&path, NavigateOptions::default())
    };
    view! {
        <tr
            role="row"
            data-id=id.to_string()
            data-name=move || name.get()
            data-availability=move || availability.get().as_str()
        >
            <th role="rowheader" scope="row" data-column="name">
                <A href=path attr:class="row-link strong">{title}</A>
                <span class="minor user-name">{move || (name.get() != title.get()).then(|| name.get())}</span>
                <span class="minor user-name assistant-about">{about}</span>
            </th>
            <Cell column="group" label=t_signal!(i18n, assistants.columns.group)>
                {move || match group.get() {
                    Some(group) => group.into_any(),
                    None => view! { <span class="minor">{t!(i18n, assistants.no_group)}</span> }.into_any(),
                }}
            </Cell>
            <Cell column="state" label=t_signal!(i18n, assistants.columns.state)>
                {move || {
                    let availability = availability.get();
                    let (tone, icon) = say::look(availability);
                    view! { <Badge tone icon word=Signal::derive(move || say::availability(i18n, availability).to_owned()) /> }
                }}
            </Cell>
            <Cell column="visibility" label=t_signal!(i18n, assistants.columns.visibility)>
                <span class="user-role">
                    <Glyph icon=Signal::derive(move || if shared.get() { Icon::People } else { Icon::Lock }) />
                    {move || {
                        if shared.get() {
                            t_string!(i18n, assistants.visibility.shared)
                        } else {
                            t_string!(i18n, assistants.visibility.private)
                        }
                    }}
                </span>
            </Cell>
            <Cell column="owner" label=t_signal!(i18n, assistants.columns.owner)>
                {move || match owner.get() {
                    Some(owner) => owner.into_any(),
                    None => view! { <span class="minor">"—"</span> }.into_any(),
                }}
            </Cell>
            <Cell column="updated" label=t_signal!(i18n, assistants.columns.updated)>
                <Ago at=Signal::derive(move || assistant.with(|assistant| assistant.updated_at)) />
            </Cell>
            <Cell column="actions" label=Signal::derive(String::new)>
                <div class="row-actions">
                    <IconButton
                        icon=Icon::Chat
                        label=Signal::derive(move || t_string!(i18n, assistants.start, name = title.get()))
                        action="start-dialog"
                        disabled=Signal::derive(move || starting.get() || !availability.get().is_available())
                        on_click=move |()| start.run(Target::Assistant(AssistantId(id)))
                    />
                    <IconButton
                        icon=Signal::derive(move || if editable.get() { Icon::Pencil } else { Icon::Eye })
                        label=Signal::derive(move || {
                            let name = title.get();
                            if editable.get() {
                                t_string!(i18n, assistants.edit, name)
                            } else {
                                t_string!(i18n, assistants.look, name)
                            }
                        })
                        action="edit"
                        on_click=edit
                    />
                    <Show when=move || editable.get()>
                        <IconButton
                            icon=Icon::Trash
                            label=Signal::derive(move || t_string!(i18n, assistants.delete.label, name = title.get()))
                            action="delete"
                            disabled=deleting
                            on_click=move |()| delete.run(assistant.get_untracked())
                        />
                    </Show>
                </div>
            </Cell>
        </tr>
    }
}
