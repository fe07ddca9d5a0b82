//! The icons, drawn in the application itself: nothing is fetched for them.
//!
//! The shapes are those of Lucide 0.4 (<https://lucide.dev>; ISC licence, see `web/public/licences.txt`), each written as one path; the mask is ours.
//! `docs/decisions/0011-components-of-the-web.md` says why they are copied and not taken from a crate.

use leptos::prelude::*;

/// A picture of 24 × 24 units, drawn with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    /// The product: a mask of the theatre.
    Mask,
    /// It works.
    Check,
    /// It does not; also: close.
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
    /// It is paused; also: pause it.
    Pause,
    /// Let it work again.
    Play,
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
    /// Add or create.
    Plus,
    /// Take away.
    Minus,
    /// Edit.
    Pencil,
    /// Delete.
    Trash,
    /// Duplicate or copy.
    Copy,
    /// More actions.
    More,
    /// The navigation.
    Menu,
    /// Somebody.
    Person,
    /// Users.
    People,
    /// What was done.
    History,
    /// Figures over time.
    Chart,
    /// Find.
    Search,
    /// Up; also: sorted ascending.
    ArrowUp,
    /// Down; also: sorted descending.
    ArrowDown,
    /// On.
    ArrowRight,
    /// It can be sorted.
    Sort,
    /// Unfold.
    ChevronDown,
    /// The page before.
    ChevronLeft,
    /// The next page.
    ChevronRight,
    /// Model groups.
    Layers,
    /// Model instances.
    Server,
    /// On this server.
    Chip,
    /// In the local network.
    Network,
    /// A provider on the internet.
    Cloud,
    /// A handle to drag by.
    Grip,
    /// Show what is hidden.
    Eye,
    /// Hide it.
    EyeOff,
    /// Secret.
    Lock,
    /// Check a connection.
    Pulse,
    /// Send.
    Send,
    /// Stop what is running.
    Stop,
    /// Settings.
    Sliders,
    /// Speed or load.
    Gauge,
    /// Weight.
    Scale,
    /// The fastest.
    Zap,
    /// In order.
    Ordered,
    /// Fetch.
    Download,
    /// A dialog.
    Chat,
    /// An assistant.
    Robot,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Mask => {
                "M4 5c5-2 11-2 16 0 0 7-2 14-8 14S4 12 4 5ZM8.5 10.5c.8-.7 1.9-.7 2.6 0M13 10.5c.8-.7 1.9-.7 2.6 0M9 14.5c2 1.4 4 1.4 6 0"
            }
            Self::Check => "M20 6 9 17l-5-5",
            Self::Cross => "M18 6 6 18M6 6l12 12",
            Self::Clock => "M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0ZM12 6 12 12 16 14",
            Self::Question => {
                "M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0ZM9.09 9a3 3 0 0 1 5.83 1c0 2-3 3-3 3M12 17h.01"
            }
            Self::Key => {
                "M2.586 17.414A2 2 0 0 0 2 18.828V21a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h1a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h.172a2 2 0 0 0 1.414-.586l.814-.814a6.5 6.5 0 1 0-4-4zM16 7.5a.5 .5 0 1 0 1 0a.5 .5 0 1 0-1 0Z"
            }
            Self::Ban => "M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0ZM4.9 4.9l14.2 14.2",
            Self::Cone => {
                "M16.05 10.966a5 2.5 0 0 1-8.1 0M16.923 14.049l4.48 2.04a1 1 0 0 1 .001 1.831l-8.574 3.9a2 2 0 0 1-1.66 0l-8.574-3.91a1 1 0 0 1 0-1.83l4.484-2.04M16.949 14.14a5 2.5 0 1 1-9.9 0L10.063 3.5a2 2 0 0 1 3.874 0zM9.194 6.57a5 2.5 0 0 0 5.61 0"
            }
            Self::Pause => {
                "M15 4h2a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-2a1 1 0 0 1-1-1v-14a1 1 0 0 1 1-1ZM7 4h2a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-2a1 1 0 0 1-1-1v-14a1 1 0 0 1 1-1Z"
            }
            Self::Play => "M6 3 20 12 6 21 6 3Z",
            Self::Warning => {
                "M21.73 18l-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3M12 9v4M12 17h.01"
            }
            Self::Info => "M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0ZM12 16v-4M12 8h.01",
            Self::Moon => "M12 3a6 6 0 0 0 9 9 9 9 0 1 1-9-9Z",
            Self::Sun => {
                "M8 12a4 4 0 1 0 8 0a4 4 0 1 0-8 0ZM12 2v2M12 20v2M4.93 4.93l1.41 1.41M17.66 17.66l1.41 1.41M2 12h2M20 12h2M6.34 17.66l-1.41 1.41M19.07 4.93l-1.41 1.41"
            }
            Self::Screen => {
                "M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-16a2 2 0 0 1-2-2v-10a2 2 0 0 1 2-2ZM8 21L16 21M12 17L12 21"
            }
            Self::Refresh => {
                "M3 12a9 9 0 0 1 9-9 9.75 9.75 0 0 1 6.74 2.74L21 8M21 3v5h-5M21 12a9 9 0 0 1-9 9 9.75 9.75 0 0 1-6.74-2.74L3 16M8 16H3v5"
            }
            Self::Leave => "M16 17l5-5-5-5M21 12H9M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4",
            Self::Plus => "M5 12h14M12 5v14",
            Self::Minus => "M5 12h14",
            Self::Pencil => {
                "M21.174 6.812a1 1 0 0 0-3.986-3.987L3.842 16.174a2 2 0 0 0-.5.83l-1.321 4.352a.5.5 0 0 0 .623.622l4.353-1.32a2 2 0 0 0 .83-.497zM15 5l4 4"
            }
            Self::Trash => {
                "M3 6h18M19 6v14c0 1-1 2-2 2H7c-1 0-2-1-2-2V6M8 6V4c0-1 1-2 2-2h4c1 0 2 1 2 2v2M10 11L10 17M14 11L14 17"
            }
            Self::Copy => {
                "M10 8h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-10a2 2 0 0 1-2-2v-10a2 2 0 0 1 2-2ZM4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2"
            }
            Self::More => {
                "M11 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM18 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM4 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0Z"
            }
            Self::Menu => "M4 12h16M4 18h16M4 6h16",
            Self::Person => {
                "M19 21v-2a4 4 0 0 0-4-4H9a4 4 0 0 0-4 4v2M12 11a4 4 0 1 0 0-8a4 4 0 0 0 0 8"
            }
            Self::People => {
                "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2M9 11a4 4 0 1 0 0-8a4 4 0 0 0 0 8M22 21v-2a4 4 0 0 0-3-3.87M16 3.13a4 4 0 0 1 0 7.75"
            }
            Self::History => "M3 12a9 9 0 1 0 9-9a9.75 9.75 0 0 0-6.74 2.74L3 8M3 3v5h5M12 7v5l4 2",
            Self::Chart => "M3 3v16a2 2 0 0 0 2 2h16M18 17V9M13 17V5M8 17v-3",
            Self::Search => "M21 21l-4.34-4.34M3 11a8 8 0 1 0 16 0a8 8 0 1 0-16 0Z",
            Self::ArrowUp => "M5 12l7-7 7 7M12 19V5",
            Self::ArrowDown => "M12 5v14M19 12l-7 7-7-7",
            Self::ArrowRight => "M5 12h14M12 5l7 7-7 7",
            Self::Sort => "M7 15l5 5 5-5M7 9l5-5 5 5",
            Self::ChevronDown => "M6 9l6 6 6-6",
            Self::ChevronLeft => "M15 18l-6-6 6-6",
            Self::ChevronRight => "M9 18l6-6-6-6",
            Self::Layers => {
                "M12.83 2.18a2 2 0 0 0-1.66 0L2.6 6.08a1 1 0 0 0 0 1.83l8.58 3.91a2 2 0 0 0 1.66 0l8.58-3.9a1 1 0 0 0 0-1.83zM2 12a1 1 0 0 0 .58.91l8.6 3.91a2 2 0 0 0 1.65 0l8.58-3.9A1 1 0 0 0 22 12M2 17a1 1 0 0 0 .58.91l8.6 3.91a2 2 0 0 0 1.65 0l8.58-3.9A1 1 0 0 0 22 17"
            }
            Self::Server => {
                "M4 2h16a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2h-16a2 2 0 0 1-2-2v-4a2 2 0 0 1 2-2ZM4 14h16a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2h-16a2 2 0 0 1-2-2v-4a2 2 0 0 1 2-2ZM6 6L6.01 6M6 18L6.01 18"
            }
            Self::Chip => {
                "M12 20v2M12 2v2M17 20v2M17 2v2M2 12h2M2 17h2M2 7h2M20 12h2M20 17h2M20 7h2M7 20v2M7 2v2M6 4h12a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-12a2 2 0 0 1-2-2v-12a2 2 0 0 1 2-2ZM9 8h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1Z"
            }
            Self::Network => {
                "M17 16h4a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1h-4a1 1 0 0 1-1-1v-4a1 1 0 0 1 1-1ZM3 16h4a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1h-4a1 1 0 0 1-1-1v-4a1 1 0 0 1 1-1ZM10 2h4a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1h-4a1 1 0 0 1-1-1v-4a1 1 0 0 1 1-1ZM5 16v-3a1 1 0 0 1 1-1h12a1 1 0 0 1 1 1v3M12 12V8"
            }
            Self::Cloud => "M17.5 19H9a7 7 0 1 1 6.71-9h1.79a4.5 4.5 0 1 1 0 9Z",
            Self::Grip => {
                "M8 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM8 5a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM8 19a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM14 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM14 5a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM14 19a1 1 0 1 0 2 0a1 1 0 1 0-2 0Z"
            }
            Self::Eye => {
                "M2.062 12.348a1 1 0 0 1 0-.696 10.75 10.75 0 0 1 19.876 0 1 1 0 0 1 0 .696 10.75 10.75 0 0 1-19.876 0M9 12a3 3 0 1 0 6 0a3 3 0 1 0-6 0Z"
            }
            Self::EyeOff => {
                "M10.733 5.076a10.744 10.744 0 0 1 11.205 6.575 1 1 0 0 1 0 .696 10.747 10.747 0 0 1-1.444 2.49M14.084 14.158a3 3 0 0 1-4.242-4.242M17.479 17.499a10.75 10.75 0 0 1-15.417-5.151 1 1 0 0 1 0-.696 10.75 10.75 0 0 1 4.446-5.143M2 2l20 20"
            }
            Self::Lock => {
                "M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-14a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM7 11V7a5 5 0 0 1 10 0v4"
            }
            Self::Pulse => {
                "M22 12h-2.48a2 2 0 0 0-1.93 1.46l-2.35 8.36a.25.25 0 0 1-.48 0L9.24 2.18a.25.25 0 0 0-.48 0l-2.35 8.36A2 2 0 0 1 4.49 12H2"
            }
            Self::Send => {
                "M14.536 21.686a.5.5 0 0 0 .937-.024l6.5-19a.496.496 0 0 0-.635-.635l-19 6.5a.5.5 0 0 0-.024.937l7.93 3.18a2 2 0 0 1 1.112 1.11zM21.854 2.147l-10.94 10.939"
            }
            Self::Stop => {
                "M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2h-14a2 2 0 0 1-2-2v-14a2 2 0 0 1 2-2Z"
            }
            Self::Sliders => {
                "M21 4L14 4M10 4L3 4M21 12L12 12M8 12L3 12M21 20L16 20M12 20L3 20M14 2L14 6M8 10L8 14M16 18L16 22"
            }
            Self::Gauge => "M12 14l4-4M3.34 19a10 10 0 1 1 17.32 0",
            Self::Scale => {
                "M16 16l3-8 3 8c-.87.65-1.92 1-3 1s-2.13-.35-3-1ZM2 16l3-8 3 8c-.87.65-1.92 1-3 1s-2.13-.35-3-1ZM7 21h10M12 3v18M3 7h2c2 0 5-1 7-2 2 1 5 2 7 2h2"
            }
            Self::Zap => {
                "M4 14a1 1 0 0 1-.78-1.63l9.9-10.2a.5.5 0 0 1 .86.46l-1.92 6.02A1 1 0 0 0 13 10h7a1 1 0 0 1 .78 1.63l-9.9 10.2a.5.5 0 0 1-.86-.46l1.92-6.02A1 1 0 0 0 11 14z"
            }
            Self::Ordered => {
                "M10 12h11M10 18h11M10 6h11M4 10h2M4 6h1v4M6 18H4c0-1 2-2 2-3s-1-1.5-2-1"
            }
            Self::Chat => "M4 5h16v11H9l-5 4V5Z",
            Self::Robot => {
                "M8 8h8a3 3 0 0 1 3 3v5a3 3 0 0 1-3 3h-8a3 3 0 0 1-3-3v-5a3 3 0 0 1 3-3ZM12 4v4M9 13h.01M15 13h.01"
            }
            Self::Download => "M12 15V3M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4M7 10l5 5 5-5",
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
