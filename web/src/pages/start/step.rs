//! One step of the guide. What is done in it is not built anew by how far it gets.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n};

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is done.
    Done,
    /// It is next.
    Current,
    /// Others come before it.
    Later,
}

impl Stage {
    /// Its name for styles and tests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "current",
            Self::Later => "later",
        }
    }

    /// Of each step, from what is done.
    pub fn of(done: [bool; 3]) -> [Self; 3] {
        let current = done.iter().position(|done| !done);
        let mut place = 0;
        done.map(|done| {
            let stage = match (done, current == Some(place)) {
                (true, _) => Self::Done,
                (false, true) => Self::Current,
                (false, false) => Self::Later,
            };
            place += 1;
            stage
        })
    }
}

/// What stands below the words of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Done,
    Deed,
}

/// One step: what it is, how far it is, and what to do.
#[component]
pub fn Step(
    /// Its name for styles and tests.
    name: &'static str,
    /// Its place.
    number: u8,
    /// How far it is.
    stage: Memo<Stage>,
    /// What it is.
    #[prop(into)]
    title: Signal<String>,
    /// More about it.
    #[prop(into)]
    text: Signal<String>,
    /// What stands in the place of what to do once it is done.
    #[prop(optional, into)]
    done: Option<ViewFn>,
    /// What to do.
    children: ChildrenFn,
) -> impl IntoView {
    let i18n = use_i18n();
    let heading = format!("step-{name}");
    let mark = move || match stage.get() {
        Stage::Done => view! { <Glyph icon=Icon::Check /> }.into_any(),
        Stage::Current | Stage::Later => number.into_any(),
    };
    let said = move || match stage.get() {
        Stage::Done => t_string!(i18n, start.stage.done),
        Stage::Current => t_string!(i18n, start.stage.current),
        Stage::Later => t_string!(i18n, start.stage.later),
    };
    // Without such a place one may go on doing it.
    let over = done.clone();
    let shown = Memo::new(move |_| match stage.get() {
        Stage::Later => Shown::Nothing,
        Stage::Done if over.is_some() => Shown::Done,
        Stage::Done | Stage::Current => Shown::Deed,
    });
    let body = move || match (shown.get(), &done) {
        (Shown::Nothing, _) => ().into_any(),
        (Shown::Done, Some(done)) => view! { <p class="guide-done">{done.run()}</p> }.into_any(),
        (Shown::Done | Shown::Deed, _) => children().into_any(),
    };
    view! {
        <li
            class="guide-step card"
            data-step=name
            data-state=move || stage.get().as_str()
            aria-labelledby=heading.clone()
            aria-current=move || (stage.get() == Stage::Current).then_some("step")
        >
            <span class="guide-mark" aria-hidden="true">
                {mark}
            </span>
            <div class="guide-body">
                <h2 id=heading.clone()>
                    {title} <span class="unseen">" · " {said}</span>
                </h2>
                <p class="sub">{text}</p>
                {body}
            </div>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_after_the_last_that_is_done_is_next() {
        use Stage::{Current, Done, Later};
        assert_eq!(Stage::of([false, false, false]), [Current, Later, Later]);
        assert_eq!(Stage::of([true, false, false]), [Done, Current, Later]);
        assert_eq!(Stage::of([true, true, false]), [Done, Done, Current]);
        assert_eq!(Stage::of([true, true, true]), [Done; 3]);
        // Somebody took the instance away again.
        assert_eq!(Stage::of([false, true, true]), [Current, Done, Done]);
    }
}
