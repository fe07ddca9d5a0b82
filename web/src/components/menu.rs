//! A button with more actions behind it.
//!
//! Rules: the list is made when it opens, so that hundreds of rows cost hundreds of buttons and nothing more. Arrows move within, Home and End
//! too, a letter jumps; Escape, Tab and anything outside closes it; the focus comes back to the button. It lies in the browser's top layer, so
//! that no table cuts it off, and at the lower edge of narrow screens.

use leptos::ev::{self, KeyboardEvent, PointerEvent};
use leptos::html::{Button, Div};
use leptos::prelude::*;
use leptos::web_sys::{HtmlElement, Node};
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;

use super::icon::{Glyph, Icon};

/// What choosing an item does.
#[derive(Clone)]
enum Choice {
    Run(Callback<()>),
    Go(String),
}

/// One action.
#[derive(Clone)]
pub struct MenuItem {
    action: &'static str,
    icon: Icon,
    label: String,
    choice: Choice,
    danger: bool,
}

impl MenuItem {
    /// An item that does something. `action` is its name for tests.
    pub fn run(
        action: &'static str,
        icon: Icon,
        label: impl Into<String>,
        run: impl Into<Callback<()>>,
    ) -> Self {
        Self {
            action,
            icon,
            label: label.into(),
            choice: Choice::Run(run.into()),
            danger: false,
        }
    }

    /// An item that leads to a page of this application.
    pub fn go(
        action: &'static str,
        icon: Icon,
        label: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        Self {
            action,
            icon,
            label: label.into(),
            choice: Choice::Go(path.into()),
            danger: false,
        }
    }

    /// For what destroys; set apart from the rest.
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }
}

/// The button, and the menu while it is open.
#[component]
pub fn Menu(
    /// What the button is for, as "More actions for chat-default".
    #[prop(into)]
    label: Signal<String>,
    /// The actions, asked for when it opens.
    items: impl Fn() -> Vec<MenuItem> + Send + Sync + 'static,
    /// What the button shows.
    #[prop(default = Icon::More)]
    icon: Icon,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let button = NodeRef::<Button>::new();
    let items = StoredValue::new(items);
    let toggle = move |_| open.update(|open| *open = !*open);
    let key = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "ArrowDown" | "ArrowUp") {
            event.prevent_default();
            open.set(true);
        }
    };
    view! {
        <button
            type="button"
            class="button quiet square small"
            data-action="menu"
            aria-haspopup="menu"
            aria-expanded=move || open.get().to_string()
            aria-label=move || label.get()
            node_ref=button
            on:click=toggle
            on:keydown=key
        >
            <Glyph icon />
        </button>
        {move || {
            open.get()
                .then(|| {
                    let items = items.with_value(|items| items());
                    view! { <MenuList items label open button /> }
                })
        }}
    }
}

#[component]
fn MenuList(
    items: Vec<MenuItem>,
    label: Signal<String>,
    open: RwSignal<bool>,
    button: NodeRef<Button>,
) -> impl IntoView {
    let navigate = use_navigate();
    let list = NodeRef::<Div>::new();
    Effect::new(move || {
        let (Some(list), Some(button)) = (list.get(), button.get_untracked()) else {
            return;
        };
        let _ = list.show_popover();
        place(&list, &button);
        focus_item(&list, Move::First);
    });
    let back = move || {
        open.set(false);
        if let Some(Some(button)) = button.try_get_untracked() {
            let _ = button.focus();
        }
    };
    let outside = window_event_listener(ev::pointerdown, move |event: PointerEvent| {
        let inside = |node: Option<HtmlElement>| {
            let target = event
                .target()
                .and_then(|target| target.dyn_into::<Node>().ok());
            node.is_some_and(|node| node.contains(target.as_ref()))
        };
        let list = list.get_untracked().map(Into::into);
        // The button closes it by itself, and must not find it closed already.
        let button = button.get_untracked().map(Into::into);
        if !inside(list) && !inside(button) {
            open.set(false);
        }
    });
    // It is fixed to the window: scrolling would part it from its button.
    let scrolled = window_event_listener(ev::scroll, move |_| open.set(false));
    let resized = window_event_listener(ev::resize, move |_| open.set(false));
    on_cleanup(move || {
        outside.remove();
        scrolled.remove();
        resized.remove();
    });
    let key = move |event: KeyboardEvent| {
        let Some(list) = list.get_untracked() else {
            return;
        };
        let pressed = event.key();
        let step = match pressed.as_str() {
            "ArrowDown" => Move::Next,
            "ArrowUp" => Move::Previous,
            "Home" => Move::First,
            "End" => Move::Last,
            "Escape" | "Tab" => {
                event.prevent_default();
                event.stop_propagation();
                return back();
            }
            _ => {
                let mut letters = pressed.chars();
                match (letters.next(), letters.next()) {
                    (Some(letter), None) if letter.is_alphanumeric() => Move::Letter(letter),
                    _ => return,
                }
            }
        };
        event.prevent_default();
        focus_item(&list, step);
    };
    let items = items
        .into_iter()
        .map(|item| {
            let MenuItem {
                action,
                icon,
                label,
                choice,
                danger,
            } = item;
            let navigate = navigate.clone();
            let choose = move |_| {
                back();
                match &choice {
                    Choice::Run(run) => run.run(()),
                    Choice::Go(path) => navigate(path, Default::default()),
                }
            };
            view! {
                <button
                    type="button"
                    role="menuitem"
                    tabindex="-1"
                    class="menu-item"
                    data-action=action
                    data-danger=danger.to_string()
                    on:click=choose
                    on:pointerenter:target=move |event| {
                        let _ = event.target().focus();
                    }
                >
                    <Glyph icon />
                    <span>{label}</span>
                </button>
            }
        })
        .collect_view();
    view! {
        <div
            class="menu"
            popover="manual"
            role="menu"
            aria-label=move || label.get()
            node_ref=list
            on:keydown=key
        >
            {items}
        </div>
    }
}

/// Where the focus goes.
#[derive(Clone, Copy)]
enum Move {
    First,
    Last,
    Next,
    Previous,
    Letter(char),
}

fn focus_item(list: &HtmlElement, step: Move) {
    let items = list.children();
    let item = |index: u32| items.item(index)?.dyn_into::<HtmlElement>().ok();
    let focused = document().active_element();
    let now = (0..items.length()).find(|index| items.item(*index) == focused);
    let first = |item: &HtmlElement| {
        let text = item.text_content().unwrap_or_default();
        text.trim().chars().next()
    };
    let starts = |index: u32, letter: char| {
        let text = item(index).as_ref().and_then(first);
        text.is_some_and(|text| text.to_lowercase().eq(letter.to_lowercase()))
    };
    let to = target(step, now, items.length(), starts);
    if let Some(item) = to.and_then(item) {
        let _ = item.focus();
    }
}

/// The index of the item that gets the focus.
fn target(
    step: Move,
    now: Option<u32>,
    count: u32,
    starts: impl Fn(u32, char) -> bool,
) -> Option<u32> {
    let last = count.checked_sub(1)?;
    Some(match (step, now) {
        (Move::First, _) | (Move::Next, None) => 0,
        (Move::Last, _) | (Move::Previous, None) => last,
        (Move::Next, Some(now)) => (now + 1) % count,
        (Move::Previous, Some(now)) => (now + last) % count,
        (Move::Letter(letter), now) => {
            let from = now.map_or(0, |now| now + 1);
            return (0..count)
                .map(|step| (from + step) % count)
                .find(|index| starts(*index, letter));
        }
    })
}

/// Puts the list under its button, or above it where there is no room below.
fn place(list: &HtmlElement, button: &HtmlElement) {
    const GAP: f64 = 4.0;
    let size = |value: Result<wasm_bindgen::JsValue, _>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0)
    };
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let (own, at) = (
        list.get_bounding_client_rect(),
        button.get_bounding_client_rect(),
    );
    let below = at.bottom() + GAP;
    let top = if below + own.height() > height && at.top() - GAP - own.height() > 0.0 {
        at.top() - GAP - own.height()
    } else {
        below
    };
    let left = (at.right() - own.width()).clamp(8.0, (width - own.width() - 8.0).max(8.0));
    let style = list.style();
    let _ = style.set_property("--menu-top", &format!("{top}px"));
    let _ = style.set_property("--menu-left", &format!("{left}px"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: u32, _: char) -> bool {
        false
    }

    #[test]
    fn arrows_go_round() {
        assert_eq!(target(Move::Next, Some(2), 3, none), Some(0));
        assert_eq!(target(Move::Previous, Some(0), 3, none), Some(2));
        assert_eq!(target(Move::Next, None, 3, none), Some(0));
        assert_eq!(target(Move::Previous, None, 3, none), Some(2));
        assert_eq!(target(Move::Next, None, 0, none), None);
    }

    #[test]
    fn a_letter_finds_the_next_item_that_starts_with_it() {
        let starts = |index: u32, letter: char| ['d', 'p', 'd'][index as usize] == letter;
        assert_eq!(target(Move::Letter('d'), Some(0), 3, starts), Some(2));
        assert_eq!(target(Move::Letter('d'), Some(2), 3, starts), Some(0));
        assert_eq!(target(Move::Letter('x'), Some(0), 3, starts), None);
    }
}
