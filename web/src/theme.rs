//! Light or dark: the system's preference, unless somebody chose otherwise with the switch.
//!
//! The style sheet does the work (`light-dark()` follows `color-scheme`); this only names the choice on `<html>` and remembers it.

use leptos::prelude::*;

use crate::browser;

/// Where the choice is kept.
const STORED: &str = "understudy.theme";

/// A choice of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system prefers.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Every choice, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The name in the storage and in the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn from_stored(stored: Option<&str>) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| Some(theme.as_str()) == stored)
            .unwrap_or_default()
    }

    fn apply(self) {
        let name = (self != Self::System).then(|| self.as_str());
        browser::set_root_attribute("data-theme", name);
    }
}

/// Applies the choice of earlier visits and lets the switch change it.
pub fn provide_theme() {
    let theme = Theme::from_stored(browser::stored(STORED).as_deref());
    theme.apply();
    provide_context(RwSignal::new(theme));
}

/// The present choice.
pub fn use_theme() -> RwSignal<Theme> {
    expect_context::<RwSignal<Theme>>()
}

/// Changes the choice, now and for later visits.
pub fn choose_theme(signal: RwSignal<Theme>, theme: Theme) {
    theme.apply();
    browser::store(STORED, theme.as_str());
    signal.set(theme);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_comes_back_and_nonsense_is_the_system() {
        for theme in Theme::ALL {
            assert_eq!(Theme::from_stored(Some(theme.as_str())), theme);
        }
        assert_eq!(Theme::from_stored(None), Theme::System);
        assert_eq!(Theme::from_stored(Some("solarized")), Theme::System);
    }
}
