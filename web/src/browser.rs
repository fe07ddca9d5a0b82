//! What the application asks of the browser itself: its clock, its storage, its locks, the document around the application.
//!
//! Rule: nothing secret is stored. A browser may refuse storage and locks; everything works without them, only less comfortably.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use js_sys::{Function, Promise, Reflect};
use leptos::prelude::{document, set_timeout, window};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{HtmlElement, HtmlInputElement, KeyboardEvent, ScrollRestoration};

/// The time.
pub fn now() -> DateTime<Utc> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since 1970 fit for a quarter of a million years"
    )]
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}

/// Waits.
pub async fn sleep(duration: Duration) {
    let millis = i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
    let timer = Promise::new(&mut |resolve, _| {
        let set = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
        if set.is_err() {
            // Without timers nobody waits.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    let _ = JsFuture::from(timer).await;
}

/// A number from 0 to 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// A moment in the time zone of this computer, as people who speak `language` write it.
pub fn local_time(at: DateTime<Utc>, language: &str) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact until the year 287396, as the browser's own"
    )]
    let date = js_sys::Date::new(&JsValue::from_f64(at.timestamp_millis() as f64));
    date.to_locale_string(language, &JsValue::UNDEFINED).into()
}

/// The day of a moment in the time zone of this computer, as people who speak `language` write it.
pub fn local_date(at: DateTime<Utc>, language: &str) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact until the year 287396, as the browser's own"
    )]
    let date = js_sys::Date::new(&JsValue::from_f64(at.timestamp_millis() as f64));
    // With the name of the month: 1/2 is another day in every country.
    let options = js_sys::Object::new();
    let _ = Reflect::set(&options, &"dateStyle".into(), &"medium".into());
    date.to_locale_date_string(language, &options).into()
}

/// A day in UTC: "Nov 23", or in full with its year.
pub fn utc_day(at: DateTime<Utc>, language: &str, whole: bool) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this age are exact"
    )]
    let date = js_sys::Date::new(&(at.timestamp_millis() as f64).into());
    let options = js_sys::Object::new();
    let set = |name: &str, value: &str| {
        let _ = Reflect::set(&options, &name.into(), &value.into());
    };
    set("timeZone", "UTC");
    if whole {
        set("dateStyle", "medium");
    } else {
        set("day", "numeric");
        set("month", "short");
    }
    date.to_locale_date_string(language, &options).into()
}

/// The last second of a day, written as in a date field ("2027-01-31"), in the time zone of this computer.
pub fn end_of_day(day: &str) -> Option<DateTime<Utc>> {
    NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    // Without a zone the browser takes its own, with whatever summer time it has on that day.
    let date = js_sys::Date::new(&format!("{day}T23:59:59").into());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a date field gives four digits of a year"
    )]
    DateTime::from_timestamp_millis(date.get_time() as i64)
}

/// The first moment of a day, as [`end_of_day`].
pub fn start_of_day(day: &str) -> Option<DateTime<Utc>> {
    midnight(NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?)
}

/// The first moment of the day after a day: what is before it is still of that day.
pub fn day_after(day: &str) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    midnight(day.succ_opt()?)
}

fn midnight(day: NaiveDate) -> Option<DateTime<Utc>> {
    let date = js_sys::Date::new(&format!("{day}T00:00:00").into());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of a day that a date field can name"
    )]
    DateTime::from_timestamp_millis(date.get_time() as i64)
}

/// Hands a text to the person as a file.
pub fn download(name: &str, kind: &str, text: &str) {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&text.into());
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options) else {
        return;
    };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else {
        return;
    };
    if let Ok(link) = document().create_element("a") {
        let link: web_sys::HtmlAnchorElement = link.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The browser has taken the content by then.
    set_timeout(
        move || {
            let _ = web_sys::Url::revoke_object_url(&url);
        },
        Duration::from_secs(60),
    );
}

/// The text of a file that a person has chosen; none if it is larger than that, or cannot be read.
pub async fn text_of(file: &web_sys::File, max: usize) -> Option<String> {
    let max = u32::try_from(max).map_or(f64::MAX, f64::from);
    if file.size() > max {
        return None;
    }
    let text = JsFuture::from(file.text()).await;
    text.ok()?.as_string()
}

/// Where this application comes from: `https://ai.example`.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Copies a text; false where the browser does not let pages do so.
pub async fn copy(text: &str) -> bool {
    let navigator: JsValue = window().navigator().into();
    // There is none on a page without HTTPS, whatever the types say.
    let clipboard = Reflect::get(&navigator, &"clipboard".into()).unwrap_or_default();
    let write = Reflect::get(&clipboard, &"writeText".into())
        .ok()
        .and_then(|write| write.dyn_into::<Function>().ok());
    let Some(write) = write else { return false };
    match write.call1(&clipboard, &text.into()).map(Promise::from) {
        Ok(written) => JsFuture::from(written).await.is_ok(),
        Err(_) => false,
    }
}

/// Selects what an element shows and copies it the old way; false if it is only selected.
pub fn copy_selected(id: &str) -> bool {
    document()
        .get_element_by_id(id)
        .is_some_and(|element| copy_element(&element))
}

/// As [`copy_selected`], for an element at hand.
pub fn copy_element(element: &web_sys::Element) -> bool {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        let _ = input.focus();
        input.select();
    } else if let Ok(Some(selection)) = window().get_selection() {
        let _ = selection.select_all_children(element);
    }
    command_copy()
}

fn command_copy() -> bool {
    let document: JsValue = document().into();
    let copy = Reflect::get(&document, &"execCommand".into())
        .ok()
        .and_then(|copy| copy.dyn_into::<Function>().ok());
    let copied = copy.and_then(|copy| copy.call1(&document, &"copy".into()).ok());
    copied.is_some_and(|copied| copied.is_truthy())
}

/// The hour and minute of a moment in the time zone of this computer: "14:02".
pub fn local_hour(at: DateTime<Utc>) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact until the year 287396, as the browser's own"
    )]
    let date = js_sys::Date::new(&JsValue::from_f64(at.timestamp_millis() as f64));
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// Loads this application anew at `path`, as if its address had been typed: nothing of the present page is kept.
pub fn load_anew(path: &str) {
    // It fails for addresses that are none.
    let _ = window().location().assign(path);
}

/// Keeps the browser from scrolling by itself when somebody goes back: it does so before the page has its content.
pub fn restore_no_scroll() {
    if let Ok(history) = window().history() {
        let _ = history.set_scroll_restoration(ScrollRestoration::Manual);
    }
}

/// Path and query of the present address.
pub fn here() -> String {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    path + &location.search().unwrap_or_default()
}

/// What was stored under `key`; none as well when the browser stores nothing.
pub fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Whether the browser stores anything for this page.
pub fn has_storage() -> bool {
    storage().is_some()
}

/// Stores `value`. A browser that refuses forgets it with the page.
pub fn store(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// What keys of questions begin with that are put aside until they are sent.
pub const DRAFTS: &str = "understudy.question.";

/// What was put aside under `key` for as long as this tab is open.
pub fn put_aside(key: &str) -> Option<String> {
    aside()?.get_item(key).ok()?
}

/// Puts `value` aside for as long as this tab is open; an empty one is forgotten.
pub fn put_aside_as(key: &str, value: &str) {
    if let Some(storage) = aside() {
        let _ = if value.is_empty() {
            storage.remove_item(key)
        } else {
            storage.set_item(key, value)
        };
    }
}

fn aside() -> Option<web_sys::Storage> {
    window().session_storage().ok()?
}

/// Forgets what was put aside under keys that begin so.
pub fn clear_aside(prefix: &str) {
    let Some(storage) = aside() else { return };
    let count = storage.length().unwrap_or_default();
    let keys: Vec<String> = (0..count)
        .filter_map(|index| storage.key(index).ok().flatten())
        .filter(|key| key.starts_with(prefix))
        .collect();
    for key in keys {
        let _ = storage.remove_item(&key);
    }
}

/// Whether a key sends a question: Enter alone, but not one that ends the input of a character.
pub fn wants_to_send(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.alt_key() && !event.is_composing()
}

/// Whether people write here with keys, so that a field that takes the focus does not bring up a keyboard on the screen.
pub fn has_keyboard() -> bool {
    let query = window().match_media("(hover: hover)").ok().flatten();
    query.is_none_or(|query| query.matches())
}

/// Copies a text the old way, by way of a field that is gone at once.
pub fn copy_text(text: &str) -> bool {
    let field = document()
        .create_element("textarea")
        .ok()
        .and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
    let (Some(field), Some(body)) = (field, document().body()) else {
        return false;
    };
    let before = document().active_element();
    field.set_class_name("unseen");
    field.set_value(text);
    let _ = body.append_child(&field);
    field.select();
    let copied = command_copy();
    field.remove();
    if let Some(before) = before.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = before.focus();
    }
    copied
}

/// Milliseconds that only ever go on, for measuring.
pub fn ticks() -> f64 {
    window()
        .performance()
        .map(|performance| performance.now())
        .unwrap_or_default()
}

/// Forgets what was stored under `key`.
pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}

/// Sets or, with `None`, removes an attribute of `<html>`.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// The size of a file, in bytes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size is whole and not negative"
)]
pub fn size(file: &web_sys::File) -> u64 {
    file.size() as u64
}

/// The first bytes of a file, so many of them as there are; none if it cannot be read.
pub async fn beginning(file: &web_sys::File, bytes: usize) -> Option<Vec<u8>> {
    let end = f64::from(u32::try_from(bytes).ok()?);
    let part = file.slice_with_f64_and_f64(0.0, end).ok()?;
    let read = JsFuture::from(part.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(&read).to_vec())
}

/// Moves the focus to the element with this id if nothing has it, as what had it has gone from the page.
pub fn focus_if_lost(id: &str) {
    let lost = document()
        .active_element()
        .is_none_or(|element| element.tag_name() == "BODY");
    if lost {
        focus(id);
    }
}

/// Moves the focus to the element with this id; the view stays where it is.
pub fn focus(id: &str) {
    focus_on(document().get_element_by_id(id));
}

/// Moves the focus to the first element that a selector finds; the view stays where it is.
pub fn focus_first(css: &str) {
    focus_on(document().query_selector(css).ok().flatten());
}

fn focus_on(element: Option<web_sys::Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let still = web_sys::FocusOptions::new();
        still.set_prevent_scroll(true);
        let _ = element.focus_with_options(&still);
    }
}

/// Whether nobody looks at the page, as its tab or window is in the background.
pub fn is_hidden() -> bool {
    document().hidden()
}

/// Runs `work` while no other tab of this browser runs anything under the same name.
///
/// By hand, since `web-sys` calls this part of the platform unstable. Browsers offer it to secure pages only (HTTPS or this computer);
/// elsewhere `work` runs at once.
pub async fn exclusively(name: &str, work: impl Future<Output = ()> + 'static) {
    let navigator: JsValue = window().navigator().into();
    let locks = Reflect::get(&navigator, &"locks".into()).unwrap_or_default();
    let request = Reflect::get(&locks, &"request".into())
        .ok()
        .and_then(|request| request.dyn_into::<Function>().ok());
    let Some(request) = request else {
        return work.await;
    };
    let work = Closure::once(move |_lock: JsValue| -> Promise {
        future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        })
    });
    let granted = request.call2(&locks, &name.into(), work.as_ref());
    if let Ok(granted) = granted.map(Promise::from) {
        // It fails only when the page is being left.
        let _ = JsFuture::from(granted).await;
    }
}

/// Hears an event of the window before everybody else, for as long as the application runs.
pub fn listen_first(name: &str, heard: impl Fn(web_sys::Event) + 'static) {
    let heard = Closure::<dyn Fn(web_sys::Event)>::new(heard).into_js_value();
    let _ = window().add_event_listener_with_callback_and_bool(name, heard.unchecked_ref(), true);
}

/// A text with its letters split into their bases and their marks (Unicode NFD).
pub fn decompose(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFD").into()
}
