//! An answer on the page ([`crate::markdown`]), also while it comes.
//!
//! Rules: of a text that grows only the end is built anew, once for each picture of the screen at most, and more seldom when it takes long. What
//! is too long for a page is cut, with a way to see the rest as text.

use std::time::Duration;

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::{Element, HtmlElement};
use wasm_bindgen::JsCast;

use crate::browser;
use crate::i18n::{t, t_string, use_i18n};
use crate::markdown::dom::{Words, build};
use crate::markdown::{Node, Reader, cut, read_whole};

/// Letters of the rest of a long text in one element: the browser lays each out when it comes into sight.
const PIECE: usize = 8_000;

/// How long the button says what it did.
const SAID: Duration = Duration::from_secs(2);

/// What is on the page.
#[derive(Default)]
struct Shown {
    reader: Reader,
    /// The blocks, of which the last may be read again.
    blocks: Vec<Node>,
    words: Option<Words>,
}

/// A text that does not change.
#[component]
pub fn Markdown(
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let words = use_words();
    let (shown, rest) = cut(&text);
    let blocks = StoredValue::new(read_whole(shown));
    let rest = rest.to_owned();
    Effect::new(move || {
        let Some(place) = place.get() else { return };
        let words = words.get();
        place.set_text_content(None);
        blocks.with_value(|blocks| append(&place, blocks, &words));
    });
    view! {
        <div class="md" node_ref=place on:click=copy_code></div>
        {(!rest.is_empty()).then(|| view! { <Rest text=rest /> })}
    }
}

/// A text that grows.
#[component]
pub fn GrowingMarkdown(
    /// The text; it only gets longer.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let words = use_words();
    let shown = StoredValue::new_local(Shown::default());
    let waiting = StoredValue::new(false);
    let draw = move || {
        waiting.try_set_value(false);
        let (Some(Some(place)), Some(words)) =
            (place.try_get_untracked(), words.try_get_untracked())
        else {
            return;
        };
        text.with_untracked(|text| {
            shown.update_value(|shown| shown.draw(&place, cut(text).0, words));
        });
    };
    let last = StoredValue::new(0.0_f64);
    Effect::new(move || {
        text.track();
        words.track();
        place.track();
        if waiting.get_value() {
            return;
        }
        waiting.set_value(true);
        let timed = move || {
            let begun = browser::ticks();
            draw();
            last.try_set_value(browser::ticks() - begun);
        };
        // What takes long is done seldom, so that typing and scrolling go on.
        let took = last.get_value();
        if took < 8.0 {
            request_animation_frame(timed);
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to a second"
            )]
            let pause = Duration::from_millis((took * 8.0).clamp(50.0, 1_000.0) as u64);
            set_timeout(timed, pause);
        }
    });
    view! { <div class="md" node_ref=place on:click=copy_code></div> }
}

impl Shown {
    fn draw(&mut self, place: &HtmlElement, text: &str, words: Words) {
        if self.words != Some(words) {
            *self = Self {
                words: Some(words),
                ..Self::default()
            };
            place.set_text_content(None);
        }
        let fresh = self.reader.read(text);
        let same = self.blocks[fresh.from.min(self.blocks.len())..]
            .iter()
            .zip(&fresh.blocks)
            .take_while(|(before, now)| before == now)
            .count();
        let keep = fresh.from + same;
        self.blocks.truncate(keep);
        while place.child_element_count() as usize > keep {
            let Some(last) = place.last_element_child() else {
                break;
            };
            last.remove();
        }
        append(place, &fresh.blocks[same..], &words);
        self.blocks.extend(fresh.blocks.into_iter().skip(same));
    }
}

fn append(place: &HtmlElement, blocks: &[Node], words: &Words) {
    for block in blocks {
        if let Some(element) = build(block, words) {
            let _ = place.append_child(&element);
        }
    }
}

fn use_words() -> Memo<Words> {
    let i18n = use_i18n();
    Memo::new(move |_| Words {
        copy: t_string!(i18n, answer.copy_code),
        copied: t_string!(i18n, answer.copied_code),
        code: t_string!(i18n, answer.code),
        table: t_string!(i18n, answer.table),
        picture: t_string!(i18n, answer.picture),
        done: t_string!(i18n, answer.task_done),
        open: t_string!(i18n, answer.task_open),
    })
}

/// One listener for the buttons of all blocks of code.
fn copy_code(event: leptos::ev::MouseEvent) {
    let button = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .and_then(|target| target.closest("[data-action='copy-code']").ok().flatten());
    let Some(button) = button else { return };
    let block = button.closest(".md-code").ok().flatten();
    let code = block.and_then(|block| block.query_selector("pre").ok().flatten());
    let Some(code) = code else { return };
    spawn_local(async move {
        let text = code.text_content().unwrap_or_default();
        let said = button.get_attribute("data-said");
        // Where the browser does not copy, the code is selected, so that two keys are enough.
        if (browser::copy(&text).await || browser::copy_element(&code))
            && let Some(said) = said
        {
            let label = button.text_content();
            if label.as_ref() != Some(&said) {
                button.set_text_content(Some(&said));
                browser::sleep(SAID).await;
                button.set_text_content(label.as_deref());
            }
        }
    });
}

/// What of a text is not shown as Markdown.
#[component]
fn Rest(text: String) -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(false);
    let kilobytes = text.len().div_ceil(1_000);
    let pieces = StoredValue::new(pieces(&text));
    view! {
        <Show
            when=move || open.get()
            fallback=move || {
                view! {
                    <p class="md-rest">
                        <button
                            type="button"
                            class="button small"
                            data-action="show-rest"
                            on:click=move |_| open.set(true)
                        >
                            {t!(i18n, answer.show_rest, count = kilobytes)}
                        </button>
                    </p>
                }
            }
        >
            {pieces
                .get_value()
                .into_iter()
                .map(|piece| view! { <div class="md-plain md-piece">{piece}</div> })
                .collect_view()}
        </Show>
    }
}

fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut at = rest.len().min(PIECE);
        while !rest.is_char_boundary(at) {
            at -= 1;
        }
        let (piece, after) = rest.split_at(at);
        pieces.push(crate::markdown::visible(piece));
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole() {
        let text = "жук ".repeat(9_000);
        let pieces = pieces(&text);
        assert!(pieces.len() > 3);
        assert_eq!(pieces.concat(), text);
    }
}
