//! The places that the side navigation leads to.
//!
//! Rule: a place stands here only when its page exists, and only people who may use the page see it. A new screen adds one line.

use understudy_shared::Role;

use crate::chunks::{self, Page};
use crate::components::icon::Icon;
use crate::i18n::{Locale, t_string};

type Words = leptos_i18n::I18nContext<Locale>;

/// A part of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What people work with.
    Work,
    /// What administrators look after.
    Administration,
    /// How to begin, and how to go on elsewhere.
    Help,
}

impl Part {
    /// Every part, from above.
    pub const ALL: [Self; 3] = [Self::Work, Self::Administration, Self::Help];

    /// Its heading; the first needs none.
    pub fn title(self, i18n: Words) -> Option<&'static str> {
        match self {
            Self::Work => None,
            Self::Administration => Some(t_string!(i18n, frame.administration)),
            Self::Help => Some(t_string!(i18n, frame.help)),
        }
    }
}

/// A place.
pub struct Place {
    /// Address of the page.
    pub path: &'static str,
    /// The code of the page.
    pub page: Page,
    /// Its icon.
    pub icon: Icon,
    /// Its name.
    pub title: fn(Words) -> &'static str,
    /// Where it stands.
    pub part: Part,
    /// The least role that it is for.
    pub role: Role,
}

/// Every place, from above.
pub const PLACES: &[Place] = &[
    Place {
        path: "/models",
        page: chunks::models,
        icon: Icon::Layers,
        title: |i18n| t_string!(i18n, frame.places.models),
        part: Part::Work,
        role: Role::User,
    },
    Place {
        path: "/dialogs",
        page: chunks::dialogs,
        icon: Icon::Chat,
        title: |i18n| t_string!(i18n, frame.places.dialogs),
        part: Part::Work,
        role: Role::User,
    },
    Place {
        path: "/assistants",
        page: chunks::assistants,
        icon: Icon::Robot,
        title: |i18n| t_string!(i18n, frame.places.assistants),
        part: Part::Work,
        role: Role::User,
    },
    Place {
        path: "/usage",
        page: chunks::usage,
        icon: Icon::Chart,
        title: |i18n| t_string!(i18n, frame.places.usage),
        part: Part::Work,
        role: Role::User,
    },
    Place {
        path: "/keys",
        page: chunks::keys,
        icon: Icon::Key,
        title: |i18n| t_string!(i18n, frame.places.keys),
        part: Part::Administration,
        role: Role::User,
    },
    Place {
        path: "/users",
        page: chunks::users,
        icon: Icon::People,
        title: |i18n| t_string!(i18n, frame.places.users),
        part: Part::Administration,
        role: Role::Admin,
    },
    Place {
        path: "/audit",
        page: chunks::audit,
        icon: Icon::History,
        title: |i18n| t_string!(i18n, frame.places.audit),
        part: Part::Administration,
        role: Role::Admin,
    },
    Place {
        path: "/settings",
        page: chunks::settings,
        icon: Icon::Sliders,
        title: |i18n| t_string!(i18n, frame.places.settings),
        part: Part::Administration,
        role: Role::Operator,
    },
    Place {
        path: "/connect",
        page: chunks::connect,
        icon: Icon::Network,
        title: |i18n| t_string!(i18n, frame.places.connect),
        part: Part::Help,
        role: Role::User,
    },
    Place {
        path: "/start",
        page: chunks::start,
        icon: Icon::Play,
        title: |i18n| t_string!(i18n, frame.places.start),
        part: Part::Help,
        role: Role::Operator,
    },
];
