//! What pages are made of. Rule: no component here talks to the service; data and actions come in as properties.

pub mod badge;
pub mod form;
pub mod frame;
pub mod icon;
pub mod notice;
pub mod section;
pub mod switches;
