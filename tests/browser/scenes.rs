//! Every page of the application in every state that looks different: what the tests of all pages walk through.
//!
//! Rule: a scene ends with waiting for what it is about, so that whoever looks at it sees it whole.

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::app::Made;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::{MODEL, Upstream};

/// Names that stand on the pages as they are in every language.
pub const NAMES: [&str; 13] = [
    MODEL,
    "GPU server 1",
    "Laboratory",
    "OpenAI",
    "Old laptop",
    "Everyday chat",
    "chat-default",
    "broken",
    "nobody",
    "mixed",
    "Dialog service",
    "Nightly job",
    "Work",
];

/// What a person does on the way to a scene.
#[derive(Clone, Copy, Debug)]
enum Step {
    Click(&'static str),
    Type(&'static str, &'static str),
    Find(&'static str),
    /// Somebody else changes the resource of the page.
    ChangedElsewhere,
}

use Step::{ChangedElsewhere, Click, Find, Type};

/// A page in one of its states.
#[derive(Debug)]
pub struct Scene {
    /// What it is called in reports and in the names of pictures.
    pub name: &'static str,
    /// Whether it is a page in itself rather than something that opens over one.
    pub whole: bool,
    /// Whether it is seen on narrow screens alone.
    pub narrow: bool,
    path: &'static str,
    steps: &'static [Step],
    /// Whether the service refuses something on the way, which the browser notes in its console.
    refused: bool,
}

const fn page(name: &'static str, path: &'static str, steps: &'static [Step]) -> Scene {
    Scene {
        name,
        whole: true,
        narrow: false,
        path,
        steps,
        refused: false,
    }
}

const fn over(name: &'static str, path: &'static str, steps: &'static [Step]) -> Scene {
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
const BEFORE: [Scene; 3] = [
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
const OUTSIDE: [Scene; 2] = [
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
const EMPTY: [Scene; 3] = [
    page(
        "models-empty",
        "/models",
        &[Find("#groups .empty"), Find("#instances .empty")],
    ),
    page("keys-empty", "/keys", &[Find("#keys .empty")]),
    over(
        "group-new-without-instances",
        "/models/groups/new",
        &[Find("#members")],
    ),
];

/// There is something of everything.
const FULL: [Scene; 31] = [
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
        "keys-revoke",
        "/keys",
        &[
            Click("#keys tr[data-name='Nightly job'] [data-action='revoke']"),
            Find("#confirm[open] [data-action='confirm']"),
        ],
    ),
    page("not-found", "/no/such/page", &[Find("h1")]),
];

/// A service with something of everything, and a browser at it.
#[derive(Debug)]
pub struct World {
    /// The service.
    pub app: App,
    /// The browser.
    pub visit: Visit,
    link: String,
    made: Vec<Made>,
    changes: u32,
    /// They live as long as the instances that point to them.
    _upstreams: Vec<Upstream>,
}

/// Leads through every scene, in a language to begin with, and lets `look` look at each.
pub async fn walk(language: &str, mut look: impl AsyncFnMut(&Visit, &Scene)) {
    let mut world = World::start().await;
    switch(&world.visit, "language", language).await;
    for scene in &BEFORE {
        world.play(scene, &mut look).await;
    }
    world.set_up().await;
    for scene in &OUTSIDE {
        world.play(scene, &mut look).await;
    }
    world.visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    world.visit.find("#account").await;
    for scene in &EMPTY {
        world.play(scene, &mut look).await;
    }
    world.fill().await;
    for scene in &FULL {
        world.play(scene, &mut look).await;
    }
}

impl World {
    async fn start() -> Self {
        let app = App::builder().without_admin().with_site().start().await;
        let log = app.log();
        let start = log.find("/setup?token=").expect("a link in the log");
        let link = log[start..].split_whitespace().next().expect("a link");
        Self {
            visit: {
                let visit = Visit::to(&app, link).await;
                visit.find("#setup #username").await;
                visit
            },
            link: link.to_owned(),
            app,
            made: Vec::new(),
            changes: 0,
            _upstreams: Vec::new(),
        }
    }

    async fn set_up(&self) {
        let (_, token) = self.link.split_once('=').expect("a token");
        let body = json!({"token": token, "username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
        let answer = self.app.anonymous().post("/api/v1/setup", &body).await;
        assert!(answer.status < 300, "{answer:?}");
    }

    async fn fill(&mut self) {
        let app = &self.app;
        let up = Upstream::start("up");
        let down = Upstream::refusing("down");
        let gpu = app.instance("GPU server 1", &up).await;
        let laboratory = app
            .instance_with(
                "Laboratory",
                down.port(),
                json!({"kind": "network", "endpoint": {"host": "127.0.0.1"}}),
            )
            .await;
        let cloud = app
            .instance_with(
                "OpenAI",
                443,
                json!({
                    "kind": "cloud",
                    "endpoint": {"scheme": "https", "host": "api.example", "base_path": "/v1"},
                    "auth": {"type": "bearer"},
                    "tokens": [{"label": "Work", "value": "token-0123456789abcd"}, {"value": "token-0123456789abce"}],
                    "headers": [{"name": "x-org", "value": "header-0123456789ab"}],
                    "proxies": [{"url": "http://proxy.example:3128", "username": "us", "password": "proxy-password"}],
                }),
            )
            .await;
        let paused = app
            .instance_with("Old laptop", 1, json!({"enabled": false}))
            .await;
        let title = json!({"title": "Everyday chat"});
        let chat = app.group_with("chat-default", [&paused, &gpu], title).await;
        let broken = app.group("broken", [&laboratory]).await;
        app.group("nobody", [&paused]).await;
        let strategy = json!({"strategy": "weighted"});
        let mixed = app
            .group_with("mixed", [&laboratory, &gpu, &cloud, &paused], strategy)
            .await;
        let admin = app.admin().await;
        for (name, scopes) in [
            ("Dialog service", json!(["gateway"])),
            ("Nightly job", json!(["gateway", "manage:read"])),
        ] {
            let body = json!({"name": name, "scopes": scopes});
            admin.post("/api/v1/api-keys", &body).await.expect(201);
        }
        let caller = app.gateway().await;
        for (group, status) in [("chat-default", 200), ("broken", 502)] {
            let body = json!({"model": group, "messages": []});
            // What is counted here is that both states are known.
            let answer = caller.post("/v1/chat/completions", &body).await;
            assert_eq!(answer.status < 400, status < 400, "{answer:?}");
        }
        self.made = vec![gpu, laboratory, cloud, chat, broken, mixed];
        self._upstreams = vec![up, down];
    }

    /// Goes to the scene, lets `look` look, and finds that nothing went wrong on the way.
    async fn play(&mut self, scene: &Scene, look: &mut impl AsyncFnMut(&Visit, &Scene)) {
        let chrome = &self.visit.chrome;
        let width = if scene.narrow { 360 } else { 1280 };
        chrome.resize(width, 800).await;
        let made = self
            .made
            .iter()
            .find(|made| scene.path.ends_with(&format!("{{{}}}", made.name)));
        let path = match made {
            Some(made) => scene.path.replace(&format!("{{{}}}", made.name), &made.id),
            None => scene.path.replace("{link}", &self.link),
        };
        // Leaving a page with changes in it is noted in the console, as nobody is asked who has not touched it.
        let blank = self.visit.chrome.client.goto("about:blank").await;
        blank.expect("an empty page");
        self.visit.chrome.console().await;
        self.visit.go(&path).await;
        for step in scene.steps {
            match step {
                Click(css) => self.visit.click(css).await,
                Type(css, text) => self.visit.type_into(css, text).await,
                Find(css) => drop(self.visit.find(css).await),
                ChangedElsewhere => {
                    self.changes += 1;
                    let body = json!({"title": format!("Work {}", self.changes)});
                    let admin = self.app.admin().await;
                    let path = &made.expect("a resource").path;
                    admin.patch(path, &body).await.expect(200);
                }
            }
        }
        self.visit.settle().await;
        look(&self.visit, scene).await;
        // The note of a refusal may come late.
        let refused: &[u16] = if scene.refused { &REFUSALS } else { &[] };
        self.visit.assert_clean_but(refused).await;
    }
}

/// How the service refuses what a scene does on purpose.
const REFUSALS: [u16; 8] = [401, 404, 409, 412, 422, 429, 502, 503];

/// Chooses colours or a language by the switch, which also works where a dialog lies over it.
pub async fn switch(visit: &Visit, switch: &str, value: &str) {
    let found = visit
        .script(&format!(
            "const choice = document.querySelector('#{switch} input[value=\"{value}\"]');
             if (choice && !choice.checked) choice.click();
             return choice !== null"
        ))
        .await;
    assert_eq!(found, Value::Bool(true), "no switch for {value}");
    visit.settle().await;
}
