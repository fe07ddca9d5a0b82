//! The scenes: where each is, and what a person does on the way there.

use Step::{ChangedElsewhere, Click, Find, Type};

/// What a person does on the way to a scene.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Click(&'static str),
    Type(&'static str, &'static str),
    Find(&'static str),
    /// Somebody else changes the resource of the page.
    ChangedElsewhere,
}

/// A page in one of its states.
#[derive(Debug)]
pub struct Scene {
    /// What it is called in reports and in the names of pictures.
    pub name: &'static str,
    /// Whether it is a page in itself rather than something that opens over one.
    pub whole: bool,
    /// Whether it is seen on narrow screens alone.
    pub narrow: bool,
    pub(super) path: &'static str,
    pub(super) steps: &'static [Step],
    /// Whether the service refuses something on the way, which the browser notes in its console.
    pub(super) refused: bool,
}

pub(super) const fn page(name: &'static str, path: &'static str, steps: &'static [Step]) -> Scene {
    Scene {
        name,
        whole: true,
        narrow: false,
        path,
        steps,
        refused: false,
    }
}

pub(super) const fn over(name: &'static str, path: &'static str, steps: &'static [Step]) -> Scene {
    Scene {
        whole: false,
        ..page(name, path, steps)
    }
}

impl Scene {
    const fn refused(self) -> Self {
        Self {
            refused: true,
            ..self
        }
    }

    const fn narrow(self) -> Self {
        Self {
            narrow: true,
            ..self
        }
    }
}

/// Nobody has an account.
pub(super) const BEFORE: [Scene; 3] = [
    page("setup", "{link}", &[Find("#setup #username")]),
    over(
        "setup-faults",
        "{link}",
        &[
            Type("#setup #username", " "),
            Type("#setup #password", "short"),
            Click("#setup button[type=submit]"),
            Find("#setup [aria-invalid='true']"),
        ],
    ),
    over("setup-no-link", "/setup", &[Find("h1")]),
];

/// Nobody is signed in.
pub(super) const OUTSIDE: [Scene; 2] = [
    page("login", "/login", &[Find("#login #username")]),
    over(
        "login-refused",
        "/login",
        &[
            Type("#login #username", "admin"),
            Type("#login #password", "not the password"),
            Click("#login button[type=submit]"),
            Find("#login [role='alert'], #login .notice"),
        ],
    )
    .refused(),
];

/// There is nothing yet.
pub(super) const EMPTY: [Scene; 9] = [
    page(
        "models-empty",
        "/models",
        &[Find("#groups .empty"), Find("#instances .empty")],
    ),
    page(
        "start",
        "/start",
        &[Find("[data-step='instance'][data-state='current']")],
    ),
    over(
        "start-nothing-found",
        "/start",
        &[
            Click("[data-action='discover']"),
            Click(".servers-probes summary"),
            Find("#local-servers-empty"),
        ],
    ),
    page("connect-empty", "/connect", &[Find("#connect .notice")]),
    page("dialogs-empty", "/dialogs/new", &[Find("#targets-empty")]),
    page(
        "assistants-empty",
        "/assistants",
        &[Find("#assistants .empty")],
    ),
    page("usage-empty", "/usage", &[Find("#usage-empty")]),
    page("keys-empty", "/keys", &[Find("#keys .empty")]),
    over(
        "group-new-without-instances",
        "/models/groups/new",
        &[Find("#members")],
    ),
];

/// There is something of everything.
pub(super) const FULL: [Scene; 53] = [
    page(
        "models",
        "/models",
        &[
            Find("#groups tr[data-name='chat-default']"),
            Find("#instances tr[data-name='Laboratory']"),
        ],
    ),
    over(
        "models-navigation",
        "/models",
        &[
            Find("#groups tr[data-name='chat-default']"),
            Click("#open-navigation"),
            Find("#side:popover-open"),
        ],
    )
    .narrow(),
    over(
        "models-selected",
        "/models",
        &[
            Click("#groups tr[data-name='mixed'] [data-column='select'] label"),
            Click("#instances tr[data-name='OpenAI'] [data-column='select'] label"),
            Find("#instances tr[data-name='OpenAI'][data-selected='true']"),
        ],
    ),
    over(
        "models-group-menu",
        "/models",
        &[
            Click("#groups tr[data-name='mixed'] [data-action='menu']"),
            Find("[role='menu']"),
        ],
    ),
    over(
        "models-instance-menu",
        "/models",
        &[
            Click("#instances tr[data-name='GPU server 1'] [data-action='menu']"),
            Find("[role='menu']"),
        ],
    ),
    over(
        "models-delete",
        "/models",
        &[
            Click("#instances tr[data-name='GPU server 1'] [data-action='menu']"),
            Click("[role='menu'] [data-action='delete']"),
            Find("#confirm[open] [data-action='confirm']"),
        ],
    ),
    over(
        "models-nothing-found",
        "/models?g.q=nothing&i.q=nothing",
        &[Find("#groups .empty-title")],
    ),
    page(
        "group-new",
        "/models/groups/new",
        &[Type("#title", "Work"), Find("#members-add")],
    ),
    over(
        "group-new-faults",
        "/models/groups/new",
        &[Click("[data-action='save']"), Find("#form-errors")],
    ),
    over(
        "group-new-choosing",
        "/models/groups/new",
        &[
            Click("#members-add"),
            Find("#members-add[aria-expanded='true']"),
            Find("[role='option']"),
        ],
    ),
    page(
        "group",
        "/models/groups/{mixed}",
        &[Find("#preview .verdict"), Find("#members-list .member")],
    ),
    over(
        "group-member-settings",
        "/models/groups/{mixed}",
        &[
            Click("#members-list [data-action='settings']"),
            Find(".member-settings input"),
        ],
    ),
    over(
        "group-answered",
        "/models/groups/{chat-default}",
        &[
            Type("#ask-question", "What is 2 + 2?"),
            Click("[data-action='ask']"),
            Find(".ask-outcome[data-stage='done']"),
        ],
    ),
    over(
        "group-unanswered",
        "/models/groups/{broken}",
        &[
            Type("#ask-question", "What is 2 + 2?"),
            Click("[data-action='ask']"),
            Find(".ask-outcome[data-stage='failed']"),
        ],
    )
    .refused(),
    over(
        "group-conflict",
        "/models/groups/{mixed}",
        &[
            Find("#preview .verdict"),
            Type("#title", "Everyday chat"),
            ChangedElsewhere,
            Click("[data-action='save']"),
            Find("#conflict[open] [data-action='confirm']"),
        ],
    )
    .refused(),
    over(
        "group-leaving",
        "/models/groups/{mixed}",
        &[
            Type("#title", "Everyday chat"),
            Click("[data-action='cancel']"),
            Find("#confirm[open] [data-action='confirm']"),
        ],
    ),
    over(
        "group-delete",
        "/models/groups/{mixed}",
        &[
            Click(".form-more [data-action='delete']"),
            Find("#confirm[open] [data-action='confirm']"),
        ],
    ),
    over(
        "group-gone",
        "/models/groups/00000000-0000-7000-8000-000000000000",
        &[Find("#group-gone")],
    )
    .refused(),
    page(
        "instance-new",
        "/models/instances/new",
        &[Find("#instance-form [data-action='save']")],
    ),
    over(
        "instance-new-found",
        "/models/instances/new",
        &[
            Click("[data-action='discover']"),
            Find("#local-servers [data-action='take']"),
            Click(".servers-probes summary"),
            Find(".servers-probes[open]"),
            Click("#fit summary"),
            Find("#fit-host [data-part='memory']"),
            Click("#fit-source input[value='size']"),
            Type("#fit-parameters", "8"),
            Find("[data-fit]"),
        ],
    ),
    over(
        "instance-new-network",
        "/models/instances/new",
        &[
            Click("[data-value='network']"),
            Find("[data-kind='network']"),
        ],
    ),
    page(
        "instance-new-cloud",
        "/models/instances/new",
        &[
            Click("[data-value='cloud']"),
            Find("[data-kind='cloud']"),
            Type("#endpoint-url", "https://api.openai.com/v1"),
            Click("#add-token"),
            Find("#tokens-list input:focus"),
            Type("#tokens-list input[id$='-value']", "token-0123456789abcd"),
            Click("#access summary"),
            Find("#access[open]"),
            Click("#add-header"),
            Find("#headers input:focus"),
            Type("#headers input[id$='-name']", "x-org"),
            Type("#headers input[id$='-value']", "header-0123456789ab"),
            Click("#add-proxy"),
            Find("#proxies-list input:focus"),
        ],
    ),
    over(
        "instance-new-faults",
        "/models/instances/new",
        &[
            Click("[data-value='cloud']"),
            Click("[data-action='save']"),
            Find("#form-errors"),
        ],
    ),
    page(
        "instance",
        "/models/instances/{OpenAI}",
        &[Find("[data-secret='kept']"), Find("#state")],
    ),
    over(
        "instance-unfolded",
        "/models/instances/{OpenAI}",
        &[
            Click("#parameters summary"),
            Click("#limits summary"),
            Click("#timeouts summary"),
            Click("#health-check summary"),
            Click("#capabilities summary"),
            Click("#tls summary"),
            Click("#about summary"),
            Find("#about[open]"),
        ],
    ),
    over(
        "instance-secrets-again",
        "/models/instances/{OpenAI}",
        &[
            Find("[data-secret='kept']"),
            Type("#endpoint-url", "https://elsewhere.example/v1"),
            Find("[data-secret='reenter']"),
        ],
    ),
    over(
        "instance-checked",
        "/models/instances/{GPU server 1}",
        &[
            Click("#check [data-action='check']"),
            Find("[data-check='ok']"),
        ],
    ),
    over(
        "instance-check-failed",
        "/models/instances/{Laboratory}",
        &[
            Click("#check [data-action='check']"),
            Find("[data-check='failed']"),
        ],
    ),
    page(
        "start-done",
        "/start",
        &[
            Find("#start .guide-step[data-state='done']"),
            Find("#ask-question"),
        ],
    ),
    page(
        "connect",
        "/connect",
        &[
            Click("#connect-tabs input[value='langchain']"),
            Find("#connect-model option"),
        ],
    ),
    page(
        "dialogs-choice",
        "/dialogs/new",
        &[
            Find(".target[data-name='chat-default']"),
            Find(".target[data-name='nobody'][aria-disabled='true']"),
        ],
    ),
    page(
        "dialog",
        "/dialogs/new",
        &[
            Click(".target[data-name='lawyer']"),
            Type("#question", "Work"),
            Click("[data-action='send']"),
            Find("#log .msg-ai[data-id][data-state='complete']"),
            Click("#log [data-action='why']"),
            Find("#log .verdict"),
        ],
    ),
    over(
        "dialog-choose-another",
        "/dialogs/new",
        &[
            Click(".target[data-name='chat-default']"),
            Find("#question"),
            Click(".chat-actions [data-action='menu']"),
            Click("[role='menu'] [data-action='choose-another']"),
            Find("#choose-target[open] .target"),
        ],
    ),
    over(
        "dialog-rename",
        "/dialogs/new",
        &[
            Click(".target[data-name='chat-default']"),
            Find("#question"),
            Click(".chat-actions [data-action='menu']"),
            Click("[role='menu'] [data-action='rename']"),
            Find("#rename-dialog[open] #dialog-title"),
        ],
    ),
    over("dialogs-list", "/dialogs", &[Find("#dialog-list .dl-item")]).narrow(),
    page(
        "assistants",
        "/assistants",
        &[Find("#assistants tr[data-name='lawyer']")],
    ),
    page(
        "assistant-new",
        "/assistants/new",
        &[Find("#assistant-form #system-prompt")],
    ),
    over(
        "assistant-new-faults",
        "/assistants/new",
        &[Click("[data-action='save']"), Find("#form-errors li")],
    ),
    page(
        "assistant",
        "/assistants/{lawyer}",
        &[Find("#assistant-model")],
    ),
    page(
        "keys",
        "/keys",
        &[Find("#keys tr[data-name='Dialog service']")],
    ),
    over(
        "keys-new",
        "/keys",
        &[
            Click("[data-action='create']"),
            Click("input[name='key-groups'][value='some']"),
            Find("[data-group='chat-default']"),
        ],
    ),
    over(
        "keys-change",
        "/keys",
        &[
            Click("#keys tr[data-name='Nightly job'] [data-action='change']"),
            Find("#change-key[open] #key-name"),
        ],
    ),
    over(
        "keys-revoke",
        "/keys",
        &[
            Click("#keys tr[data-name='Nightly job'] [data-action='revoke']"),
            Find("#confirm[open] [data-action='confirm']"),
        ],
    ),
    page("users", "/users", &[Find("#users tr[data-name='ada']")]),
    page("user-new", "/users/new", &[Find("#user #new-password")]),
    over(
        "user-new-faults",
        "/users/new",
        &[Click("[data-action='save']"), Find("#form-errors")],
    ),
    page(
        "user",
        "/users",
        &[
            Click("#users tr[data-name='ada'] a"),
            Find("[data-secret='kept']"),
        ],
    ),
    over(
        "user-delete",
        "/users",
        &[
            Click("#users tr[data-name='admin'] [data-action='delete']"),
            Find("#confirm[open] [data-part='self']"),
        ],
    ),
    page("usage", "/usage", &[Find("#usage-apart tr[data-name]")]),
    page("audit", "/audit", &[Find("#audit tr[data-action-name]")]),
    over(
        "audit-details",
        "/audit?action=user.create",
        &[
            Click("#audit [data-action='details']"),
            Find("#audit .changes tr[data-field]"),
        ],
    ),
    page("settings", "/settings", &[Find("#keep-usage")]),
    page("not-found", "/no/such/page", &[Find("h1")]),
];
