//! A list whose order matters, and the ways to change it: dragging with mouse, pen or finger, and the keyboard.
//!
//! Rules: whatever the pointer can do the keyboard can, and says so in a live region. A row is known by its key and never made anew when the
//! order changes, so what is typed in it, the focus and the selection stay. The list owns no order: it asks for a move and shows what comes of it.
//!
//! Keys: Alt+↑ and Alt+↓ anywhere in a row; on the grip Space or Enter lifts, arrows, Home and End move, Space or Enter drops, Escape puts back.

mod drag;
mod place;

use leptos::ev;
use leptos::html::Ol;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use drag::Drag;
use place::step;

/// Tells a row from the others for as long as it is there, wherever it stands. The form gives it when it makes the row.
pub type RowKey = u32;

/// A wish: the row at `from` shall stand at `to`, both counted from 0 in the present order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it stands.
    pub from: usize,
    /// Where it shall stand.
    pub to: usize,
}

impl Move {
    /// Does it.
    pub fn apply<T>(self, rows: &mut Vec<T>) {
        if self.from < rows.len() && self.to < rows.len() {
            let row = rows.remove(self.from);
            rows.insert(self.to, row);
        }
    }
}

/// A row that the keyboard has lifted.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lifted {
    key: RowKey,
    /// Where it goes back to when one thinks better of it.
    origin: usize,
}

/// What the parts of the list share.
#[derive(Clone, Copy)]
struct Sorting {
    keys: Signal<Vec<RowKey>>,
    name: Callback<RowKey, String>,
    on_move: Callback<Move>,
    lifted: RwSignal<Option<Lifted>>,
    said: RwSignal<String>,
    /// A moved row loses the focus for a moment; that is nobody's doing.
    moving: StoredValue<bool>,
}

impl Sorting {
    fn index(self, key: RowKey) -> Option<usize> {
        self.keys
            .with_untracked(|keys| keys.iter().position(|other| *other == key))
    }

    fn count(self) -> usize {
        self.keys.with_untracked(Vec::len)
    }

    /// Moves a row and gives the focus back to what had it.
    fn move_row(self, from: usize, to: usize) {
        if from == to {
            return;
        }
        let focused = document()
            .active_element()
            .and_then(|element| element.dyn_into::<HtmlElement>().ok());
        self.moving.set_value(true);
        self.on_move.run(Move { from, to });
        spawn_local(async move {
            // The rows are where they belong once all that waits for the new order has run.
            leptos::task::tick().await;
            if let Some(focused) = focused
                && document().active_element().as_ref() != Some(focused.as_ref())
            {
                let _ = focused.focus();
            }
            self.moving.try_set_value(false);
        });
    }
}

/// The list.
#[component]
pub fn OrderedList(
    /// Id of the list.
    id: &'static str,
    /// What it lists.
    #[prop(into)]
    label: Signal<String>,
    /// The rows in order.
    #[prop(into)]
    keys: Signal<Vec<RowKey>>,
    /// What a row is called, for whoever cannot see it.
    #[prop(into)]
    name: Callback<RowKey, String>,
    /// Changes the order.
    #[prop(into)]
    on_move: Callback<Move>,
    /// What stands in a row; made once for each key.
    #[prop(into)]
    row: Callback<RowKey, AnyView>,
) -> impl IntoView {
    let i18n = use_i18n();
    let list = NodeRef::<Ol>::new();
    let sorting = Sorting {
        keys,
        name,
        on_move,
        lifted: RwSignal::new(None),
        said: RwSignal::new(String::new()),
        moving: StoredValue::new(false),
    };
    let dropped = move |from: usize, to: usize| {
        let key = keys.with_untracked(|keys| keys.get(from).copied());
        sorting.move_row(from, to);
        if let Some(key) = key {
            let (name, place, count) = (name.run(key), to + 1, sorting.count());
            let said = t_string!(i18n, ordered.placed, name, place, count);
            sorting.said.set(said);
        }
    };
    let drag = Drag::new(list, Callback::new(move |(from, to)| dropped(from, to)));
    let help = format!("{id}-keys");
    view! {
        <div class="ordered">
            <ol id=id class="ordered-list" role="list" aria-label=label node_ref=list>
                <For
                    each=move || keys.get()
                    key=|key| *key
                    children={
                        let help = help.clone();
                        move |key| view! { <Row key sorting drag row help=help.clone() /> }
                    }
                />
            </ol>
            <span
                class="ordered-line"
                hidden=move || drag.line().is_none()
                style:top=move || format!("{}px", drag.line().unwrap_or_default())
            ></span>
            <p id=help hidden>{t!(i18n, ordered.keys)}</p>
            <p class="unseen" role="status">{sorting.said}</p>
        </div>
    }
}

#[component]
fn Row(
    key: RowKey,
    sorting: Sorting,
    drag: Drag,
    row: Callback<RowKey, AnyView>,
    help: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let Sorting {
        name, lifted, said, ..
    } = sorting;
    let is_lifted =
        Memo::new(move |_| lifted.with(|lifted| lifted.is_some_and(|row| row.key == key)));
    let is_dragged = Memo::new(move |_| drag.row() == Some(key));
    let place_of = move |index: usize| (name.run(key), index + 1, sorting.count());
    let shift = move |to: usize| {
        let Some(from) = sorting.index(key) else {
            return;
        };
        sorting.move_row(from, to);
        let (name, place, count) = place_of(to);
        said.set(t_string!(i18n, ordered.place, name, place, count));
    };
    let lift = move || {
        let Some(origin) = sorting.index(key) else {
            return;
        };
        lifted.set(Some(Lifted { key, origin }));
        let (name, place, count) = place_of(origin);
        said.set(t_string!(i18n, ordered.lifted, name, place, count));
    };
    let put = move || {
        let Some(index) = sorting.index(key) else {
            return;
        };
        lifted.set(None);
        let (name, place, count) = place_of(index);
        said.set(t_string!(i18n, ordered.placed, name, place, count));
    };
    let put_back = move |origin: usize| {
        lifted.set(None);
        if let Some(from) = sorting.index(key) {
            sorting.move_row(from, origin);
        }
        let (name, place, count) = place_of(origin);
        said.set(t_string!(i18n, ordered.put_back, name, place, count));
    };
    let handled = move |event: &ev::KeyboardEvent| {
        event.prevent_default();
        event.stop_propagation();
    };
    let in_row = move |event: ev::KeyboardEvent| {
        if !event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        let key_name = event.key();
        if matches!(key_name.as_str(), "ArrowUp" | "ArrowDown") {
            handled(&event);
            let index = sorting.index(key);
            if let Some(to) = index.and_then(|index| step(&key_name, index, sorting.count())) {
                shift(to);
            }
        }
    };
    let on_grip = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && drag.cancel() {
            handled(&event);
        }
        let Some(held) = lifted.get_untracked().filter(|held| held.key == key) else {
            return;
        };
        if event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        match event.key().as_str() {
            "Escape" => {
                handled(&event);
                put_back(held.origin);
            }
            name @ ("ArrowUp" | "ArrowDown" | "Home" | "End") => {
                handled(&event);
                let index = sorting.index(key);
                if let Some(to) = index.and_then(|index| step(name, index, sorting.count())) {
                    shift(to);
                }
            }
            _ => {}
        }
    };
    // A click that no pointer made: Space, Enter, or a screen reader's own way to press a button.
    let pressed = move |event: ev::MouseEvent| {
        if event.detail() == 0 {
            if is_lifted.get_untracked() {
                put();
            } else {
                lift();
            }
        }
    };
    let left = move |_| {
        if is_lifted.get_untracked() && !sorting.moving.get_value() {
            put();
        }
    };
    let label = move || t_string!(i18n, ordered.grip, name = name.run(key));
    view! {
        <li
            class="ordered-row"
            data-key=key
            data-lifted=move || (is_lifted.get() || is_dragged.get()).then_some("true")
            on:keydown=in_row
        >
            <button
                type="button"
                class="grip"
                data-action="move"
                aria-label=label
                aria-pressed=move || is_lifted.get().to_string()
                aria-describedby=help
                on:click=pressed
                on:keydown=on_grip
                on:blur=left
                on:pointerdown=move |event| {
                    if let Some(index) = sorting.index(key) {
                        drag.start(&event, key, index);
                    }
                }
                on:pointermove=move |event| drag.follow(&event)
                on:pointerup=move |event| drag.finish(&event)
                on:pointercancel=move |_| {
                    drag.cancel();
                }
            >
                <Glyph icon=Icon::Grip />
            </button>
            <span class="ordered-number" aria-hidden="true"></span>
            <div class="ordered-content">{row.run(key)}</div>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_takes_the_row_out_and_puts_it_in() {
        for (from, to, order) in [
            (0, 2, "bcad"),
            (3, 0, "dabc"),
            (1, 1, "abcd"),
            (9, 0, "abcd"),
            (0, 9, "abcd"),
        ] {
            let mut rows: Vec<char> = "abcd".chars().collect();
            Move { from, to }.apply(&mut rows);
            assert_eq!(
                rows.into_iter().collect::<String>(),
                order,
                "{from} to {to}"
            );
        }
    }
}
