//! What pages are made of. Rule: no component here talks to the service; data and actions come in as properties.

pub mod badge;
pub mod banner;
pub mod button;
pub mod caps_lock;
pub mod changes;
pub mod chart;
pub mod confirm;
pub mod conflict;
pub mod copy;
pub mod editing;
pub mod form;
pub mod form_page;
pub mod frame;
pub mod icon;
pub mod menu;
pub mod modal;
pub mod notice;
pub mod ordered_list;
pub mod section;
pub mod switches;
pub mod table;
pub mod time;
pub mod toast;
pub mod tooltip;
pub mod unsaved;
