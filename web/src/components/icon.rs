//! The icons, drawn in the application itself: nothing is fetched for them.

use leptos::prelude::*;

/// A picture of 24 × 24 units, drawn with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    /// The product: a mask of the theatre.
    Mask,
    /// It works.
    Check,
    /// It does not.
    Cross,
    /// It waits for a time.
    Clock,
    /// Nothing is known.
    Question,
    /// A credential.
    Key,
    /// Left out.
    Ban,
    /// A drill.
    Cone,
    /// It is paused.
    Pause,
    /// Attention.
    Warning,
    /// For information.
    Info,
    /// Dark colours.
    Moon,
    /// Light colours.
    Sun,
    /// The computer.
    Screen,
    /// Once more.
    Refresh,
    /// Leave.
    Leave,
    /// Open what is folded.
    Unfold,
    /// Show what is hidden.
    Eye,
    /// Hide it again.
    EyeOff,
    /// One more.
    Plus,
    /// Throw away.
    Trash,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Mask => {
                "M4 5c5-2 11-2 16 0 0 7-2 14-8 14S4 12 4 5ZM8.5 10.5c.8-.7 1.9-.7 2.6 0M13 10.5c.8-.7 1.9-.7 2.6 0M9 14.5c2 1.4 4 1.4 6 0"
            }
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::Cross => "M6 6l12 12M18 6 6 18",
            Self::Clock => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7.5V12l3 2",
            Self::Question => {
                "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9.5 9.5c.3-3 5.2-2.6 5 .3-.1 1.7-2.5 1.9-2.5 3.7M12 16.7h.01"
            }
            Self::Key => "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM11 12l8-8M16 7l3 3",
            Self::Ban => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM5.7 5.7l12.6 12.6",
            Self::Cone => "M10 4h4l5 16H5L10 4ZM8.3 10h7.4M6.7 15h10.6M3 20h18",
            Self::Pause => "M8.5 6v12M15.5 6v12",
            Self::Warning => "M12 4 2.8 20h18.4L12 4ZM12 10v4.5M12 17.2h.01",
            Self::Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5.5M12 7.8h.01",
            Self::Moon => "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5Z",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
            }
            Self::Screen => "M3 5h18v11H3V5ZM9 20h6M12 16v4",
            Self::Refresh => {
                "M20 11a8 8 0 0 0-14.3-4L3.5 9M3.5 4v5h5M4 13a8 8 0 0 0 14.3 4l2.2-2M20.5 20v-5h-5"
            }
            Self::Leave => "M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
            Self::Unfold => "m6 9 6 6 6-6",
            Self::Eye => {
                "M2.5 12C5 7.5 8.2 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.700 6.5-9.5 6.5s-7-2-9.5-6.5ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z"
            }
            Self::EyeOff => {
                "M2.5 12C5 7.5 8.2 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.700 6.5-9.5 6.5s-7-2-9.5-6.5ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM4 20 20 4"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Trash => "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
        }
    }
}

/// Shows an icon, for the eye only: the word beside it, or the label of its button, is for everybody.
#[component]
pub fn Glyph(
    /// Which one.
    #[prop(into)]
    icon: Signal<Icon>,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=move || icon.get().path()></path>
        </svg>
    }
}
