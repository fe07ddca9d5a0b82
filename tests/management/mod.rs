//! The management API, noun by noun.
