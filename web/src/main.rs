//! Understudy's web application: the screens on which people manage models.
//!
//! It runs in the browser, as WebAssembly, and talks to nothing but `/api/v1` of the origin it came from. [`api`] is the only module
//! that does so; [`pages`] are what a person opens, [`components`] what pages are made of.

mod address;
mod age;
mod api;
mod app;
mod arrival;
mod browser;
mod chunks;
mod clock;
mod components;
mod i18n;
mod listing;
mod live;
mod load;
mod markdown;
mod merge;
mod navigation;
mod network;
mod pages;
mod pause;
mod session;
mod snippets;
mod sse;
mod theme;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
