//! Dragging a row by its grip, with pointer events: they are the same for mouse, pen and finger, and the grip keeps them once it was pressed.
//!
//! Rule: nothing in the document moves before the row is dropped, except what the pointer holds; a drag that ends in any other way leaves no trace.

use leptos::ev::PointerEvent;
use leptos::html::Ol;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::RowKey;
use super::place::{Extent, line, scroll_step, target};

/// A row under way.
#[derive(Clone)]
struct Held {
    key: RowKey,
    from: usize,
    to: usize,
    pointer: i32,
    grip: HtmlElement,
    row: HtmlElement,
    rows: Vec<Extent>,
    /// Where the pointer took hold, from the top of the list.
    start: f64,
    /// Where the pointer is, in the window.
    y: f64,
}

/// The drag of a list, if there is one.
#[derive(Clone, Copy)]
pub struct Drag {
    list: NodeRef<Ol>,
    on_drop: Callback<(usize, usize)>,
    held: StoredValue<Option<Held>, LocalStorage>,
    row: RwSignal<Option<RowKey>>,
    line: RwSignal<Option<f64>>,
}

impl Drag {
    /// A list in which nothing is dragged. `on_drop` gets where the row stood and where it shall stand.
    pub fn new(list: NodeRef<Ol>, on_drop: Callback<(usize, usize)>) -> Self {
        Self {
            list,
            on_drop,
            held: StoredValue::new_local(None),
            row: RwSignal::new(None),
            line: RwSignal::new(None),
        }
    }

    /// The row that is dragged; tracked.
    pub fn row(self) -> Option<RowKey> {
        self.row.get()
    }

    /// Where it would go, in pixels from the top of the list; tracked.
    pub fn line(self) -> Option<f64> {
        self.line.get()
    }

    /// Takes hold of the row `index`.
    pub fn start(self, event: &PointerEvent, key: RowKey, index: usize) {
        // The main button, a finger, the tip of a pen.
        if event.button() != 0 || !event.is_primary() {
            return;
        }
        let grip = event
            .current_target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok());
        let row = grip
            .as_ref()
            .and_then(|grip| grip.closest("li").ok().flatten())
            .and_then(|row| row.dyn_into::<HtmlElement>().ok());
        let (Some(grip), Some(row), Some(list)) = (grip, row, self.list.get_untracked()) else {
            return;
        };
        let top = list.get_bounding_client_rect().top();
        let extent = |element: Element| {
            let rect = element.get_bounding_client_rect();
            Extent {
                top: rect.top() - top,
                bottom: rect.bottom() - top,
            }
        };
        let children = list.children();
        let rows = (0..children.length())
            .filter_map(|index| children.item(index))
            .map(extent)
            .collect();
        let _ = grip.set_pointer_capture(event.pointer_id());
        // Not every browser gives the focus to a button that is pressed; Escape must reach it.
        let _ = grip.focus();
        // No text is selected on the way.
        event.prevent_default();
        let y = f64::from(event.client_y());
        self.held.set_value(Some(Held {
            key,
            from: index,
            to: index,
            pointer: event.pointer_id(),
            grip,
            row,
            rows,
            start: y - top,
            y,
        }));
    }

    /// Goes where the pointer goes.
    pub fn follow(self, event: &PointerEvent) {
        let moved = self.held.try_update_value(|held| {
            let held = held
                .as_mut()
                .filter(|held| held.pointer == event.pointer_id())?;
            held.y = f64::from(event.client_y());
            Some(held.key)
        });
        let Some(Some(key)) = moved else { return };
        if self.row.get_untracked() != Some(key) {
            self.row.set(Some(key));
            self.scroll();
        }
        self.update();
    }

    /// Drops the row where it is.
    pub fn finish(self, event: &PointerEvent) {
        let is_ours = self.held.with_value(|held| {
            held.as_ref()
                .is_some_and(|held| held.pointer == event.pointer_id())
        });
        if !is_ours {
            return;
        }
        if let Some(held) = self.release()
            && held.from != held.to
        {
            self.on_drop.run((held.from, held.to));
        }
    }

    /// Puts the row back; false if there is none.
    pub fn cancel(self) -> bool {
        self.release().is_some()
    }

    fn release(self) -> Option<Held> {
        let held = self.held.try_update_value(Option::take).flatten()?;
        let _ = held.row.style().remove_property("--drag");
        let _ = held.grip.release_pointer_capture(held.pointer);
        self.row.set(None);
        self.line.set(None);
        Some(held)
    }

    /// Moves the row and the line to where the pointer is, in a page that may have been scrolled.
    fn update(self) {
        let Some(list) = self.list.get_untracked() else {
            return;
        };
        let top = list.get_bounding_client_rect().top();
        let place = self.held.try_update_value(|held| {
            let held = held.as_mut()?;
            let y = held.y - top;
            held.to = target(&held.rows, held.from, y);
            let _ = held
                .row
                .style()
                .set_property("--drag", &format!("{}px", y - held.start));
            Some(line(&held.rows, held.from, held.to))
        });
        if let Some(Some(place)) = place
            && self.line.get_untracked() != place
        {
            self.line.set(place);
        }
    }

    /// Scrolls, frame after frame, as long as the row is held near an edge of the window.
    fn scroll(self) {
        let Some(Some(y)) = self
            .held
            .try_with_value(|held| held.as_ref().map(|held| held.y))
        else {
            return;
        };
        let height = window()
            .inner_height()
            .ok()
            .and_then(|height| height.as_f64());
        let by = scroll_step(y, height.unwrap_or(0.0));
        if by != 0.0 {
            window().scroll_by_with_x_and_y(0.0, by);
            self.update();
        }
        request_animation_frame(move || self.scroll());
    }
}
