//! Choosing whom to ask: assistants and groups with their availability as it changes. Whoever cannot answer is shown, with the reason, and not
//! chosen.

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{
    Assistant, AssistantId, Availability, CreateDialog, ModelGroup, ModelGroupId, ResourceKind,
    Role, UpdateDialog,
};

use super::words as say;
use crate::api::{Api, ApiError, use_api};
use crate::components::badge::Badge;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ErrorNotice;
use crate::components::table::Search;
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::live::{Live, use_live};
use crate::load::Load;
use crate::session::use_session;

/// With fewer nobody needs a search.
const MANY: usize = 8;

/// Whom a dialog can be with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A group.
    Group(ModelGroupId),
    /// An assistant.
    Assistant(AssistantId),
}

impl Target {
    /// A dialog with it.
    pub fn create(self) -> CreateDialog {
        let (group_id, assistant_id) = self.ids();
        CreateDialog {
            title: String::new(),
            group_id,
            assistant_id,
        }
    }

    /// A dialog that goes on with it.
    pub fn update(self) -> UpdateDialog {
        let (group_id, assistant_id) = self.ids();
        UpdateDialog {
            title: None,
            group_id,
            assistant_id,
        }
    }

    fn ids(self) -> (Option<ModelGroupId>, Option<AssistantId>) {
        match self {
            Self::Group(id) => (Some(id), None),
            Self::Assistant(id) => (None, Some(id)),
        }
    }
}

/// What there is to choose from.
#[derive(Clone, PartialEq)]
struct All {
    assistants: Vec<Assistant>,
    groups: Vec<ModelGroup>,
}

impl All {
    async fn read(api: Api) -> Result<Self, ApiError> {
        let assistants = api.all_assistants().await?;
        let groups = api.all_model_groups().await?;
        Ok(Self { assistants, groups })
    }
}

/// Why nobody answers in a group, or that somebody does.
pub fn of_group(group: &ModelGroup, available: bool) -> Availability {
    if !group.enabled {
        Availability::GroupDisabled
    } else if !group.members.iter().any(|member| member.enabled) {
        Availability::GroupEmpty
    } else if available {
        Availability::Available
    } else {
        Availability::Unavailable
    }
}

/// What was known when it was asked for, or what was told of the group since; tracked.
pub fn now(
    live: Live,
    known: Availability,
    group: Option<ModelGroupId>,
    since: Option<chrono::DateTime<chrono::Utc>>,
) -> Availability {
    let told = group.and_then(|id| live.group_status(id, since));
    match (known, told) {
        (Availability::Available | Availability::Unavailable, Some(status)) if status.available => {
            Availability::Available
        }
        (Availability::Available | Availability::Unavailable, Some(_)) => Availability::Unavailable,
        _ => known,
    }
}

/// One to choose.
#[derive(Clone, PartialEq)]
struct Card {
    target: Target,
    name: String,
    title: String,
    text: String,
    known: Availability,
    group: Option<ModelGroupId>,
}

impl Card {
    fn of_assistant(assistant: &Assistant) -> Self {
        let about = if assistant.description.is_empty() {
            let group = assistant.group.as_ref();
            group.map(|group| group.title.clone()).unwrap_or_default()
        } else {
            assistant.description.clone()
        };
        Self {
            target: Target::Assistant(assistant.id),
            name: assistant.name.clone(),
            title: assistant.title.clone(),
            text: about,
            known: assistant.availability,
            group: assistant.group_id,
        }
    }

    fn of_group(group: &ModelGroup) -> Self {
        Self {
            target: Target::Group(group.id),
            name: group.name.clone(),
            title: group.title.clone(),
            text: group.description.clone(),
            known: of_group(group, group.status.available),
            group: Some(group.id),
        }
    }

    fn matches(&self, words: &str) -> bool {
        let all = format!("{} {} {}", self.title, self.name, self.text).to_lowercase();
        words
            .to_lowercase()
            .split_whitespace()
            .all(|word| all.contains(word))
    }
}

/// The lists.
#[component]
pub fn Targets(
    /// Whether something that was chosen is under way.
    #[prop(into)]
    busy: Signal<bool>,
    /// Called with whom somebody chose, and its title.
    #[prop(into)]
    on_choose: Callback<(Target, String)>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let session = use_session();
    let all = Load::live(
        &[ResourceKind::Assistant, ResourceKind::ModelGroup],
        move || All::read(api),
    );
    let search = RwSignal::new(String::new());
    let is_operator = Memo::new(move |_| {
        session
            .user()
            .is_some_and(|user| user.role >= Role::Operator)
    });
    let cards = move |of: fn(&All) -> Vec<Card>| {
        Memo::new(move |_| {
            let words = search.get();
            let cards = all.with(of).unwrap_or_default();
            cards
                .into_iter()
                .filter(|card| card.matches(&words))
                .collect::<Vec<Card>>()
        })
    };
    let assistants = cards(|all| all.assistants.iter().map(Card::of_assistant).collect());
    let groups = cards(|all| all.groups.iter().map(Card::of_group).collect());
    let count = Memo::new(move |_| {
        all.with(|all| all.assistants.len() + all.groups.len())
            .unwrap_or_default()
    });
    let list = move |cards: Memo<Vec<Card>>, id: &'static str, title: Signal<String>| {
        view! {
            <Show when=move || cards.with(|cards| !cards.is_empty())>
                <section aria-labelledby=id class="targets-part">
                    <h2 id=id>{title}</h2>
                    <ul class="targets">
                        <For each=move || cards.get() key=|card| (card.target, card.title.clone(), card.text.clone(), card.known) let:card>
                            <TargetCard card since=Signal::derive(move || all.asked_at()) busy on_choose />
                        </For>
                    </ul>
                </section>
            </Show>
        }
    };
    let nothing = move || {
        let operator = is_operator.get();
        view! {
            <div class="empty" id="targets-empty">
                <p class="empty-title">{t!(i18n, dialogs.choose.nothing)}</p>
                <p>
                    {move || {
                        if operator {
                            t_string!(i18n, dialogs.choose.nothing_operator)
                        } else {
                            t_string!(i18n, dialogs.choose.nothing_user)
                        }
                    }}
                </p>
                {operator
                    .then(|| {
                        view! {
                            <p>
                                <A href="/models" attr:class="button primary">
                                    {t!(i18n, dialogs.choose.to_models)}
                                </A>
                            </p>
                        }
                    })}
            </div>
        }
    };
    // What is there is not rebuilt for news of it.
    let stage = Memo::new(move |_| match (all.with(|_| ()), all.error()) {
        (Some(()), _) if count.get() == 0 => Stage::Empty,
        (Some(()), _) => Stage::Ready,
        (None, Some(error)) => Stage::Failed(error),
        (None, None) => Stage::Loading,
    });
    move || match stage.get() {
        Stage::Loading => view! {
            <p class="unseen" role="status">{t!(i18n, dialogs.choose.loading)}</p>
            <div class="targets targets-skeleton" aria-hidden="true">
                <span></span><span></span><span></span>
            </div>
        }
        .into_any(),
        Stage::Failed(error) => {
            view! { <ErrorNotice error retry=Callback::new(move |()| all.refresh()) /> }.into_any()
        }
        Stage::Empty => nothing().into_any(),
        Stage::Ready => view! {
            <Show when=move || { count.get() > MANY }>
                <div class="targets-search">
                    <Search
                        label=t_signal!(i18n, dialogs.choose.search)
                        value=search
                        on_search=move |text| search.set(text)
                    />
                </div>
            </Show>
            {list(assistants, "targets-assistants", t_signal!(i18n, dialogs.choose.assistants))}
            {list(groups, "targets-groups", t_signal!(i18n, dialogs.choose.groups))}
            <Show when=move || assistants.with(Vec::is_empty) && groups.with(Vec::is_empty)>
                <p class="empty-title" role="status">{t!(i18n, dialogs.choose.none_found)}</p>
            </Show>
        }
        .into_any(),
    }
}

#[derive(Clone, PartialEq)]
enum Stage {
    Loading,
    Failed(ApiError),
    Empty,
    Ready,
}

#[component]
fn TargetCard(
    card: Card,
    since: Signal<Option<chrono::DateTime<chrono::Utc>>>,
    busy: Signal<bool>,
    on_choose: Callback<(Target, String)>,
) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live();
    let Card {
        target,
        name,
        title,
        text,
        known,
        group,
    } = card;
    let availability = Memo::new(move |_| now(live, known, group, since.get()));
    let icon = match target {
        Target::Group(_) => Icon::Layers,
        Target::Assistant(_) => Icon::Robot,
    };
    let shown = title.clone();
    let data_name = name.clone();
    let same = shown == name;
    let choose = move |_| {
        if availability.get_untracked().is_available() && !busy.get_untracked() {
            on_choose.run((target, title.clone()));
        }
    };
    view! {
        <li>
            <button
                type="button"
                class="target"
                data-name=data_name
                data-availability=move || availability.get().as_str()
                aria-disabled=move || (!availability.get().is_available() || busy.get()).then_some("true")
                on:click=choose
            >
                <span class="target-icon"><Glyph icon /></span>
                <span class="target-name">
                    <span class="strong">{shown}</span>
                    {(!same).then(|| view! { <code>{name}</code> })}
                </span>
                <span class="target-state">
                    {move || {
                        let (tone, icon) = say::look(availability.get());
                        view! {
                            <Badge tone icon word=Signal::derive(move || {
                                say::availability(i18n, availability.get()).to_owned()
                            }) />
                        }
                    }}
                </span>
                <span class="target-text">
                    {move || say::why(i18n, availability.get()).map_or_else(|| text.clone(), str::to_owned)}
                </span>
            </button>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_looked_for_in_all_that_is_said_of_somebody() {
        let card = Card {
            target: Target::Group("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap()),
            name: "chat-default".into(),
            title: "Everyday chat".into(),
            text: "For letters".into(),
            known: Availability::Available,
            group: None,
        };
        assert!(card.matches("") && card.matches("letters EVERY") && card.matches("chat-def"));
        assert!(!card.matches("everyday code"));
    }
}
