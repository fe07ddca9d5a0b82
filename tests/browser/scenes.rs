//! Every page of the application in every state that looks different: what the tests of all pages walk through.
//!
//! Rule: a scene ends with waiting for what it is about, so that whoever looks at it sees it whole.

mod catalog;

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::app::Made;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::{MODEL, Upstream};
use catalog::Step::{ChangedElsewhere, Click, Find, Type};
use catalog::{BEFORE, EMPTY, FULL, OUTSIDE};

pub use catalog::Scene;

/// Names that stand on the pages as they are in every language.
pub const NAMES: [&str; 17] = [
    "Lawyer",
    "lawyer",
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
    "Ada Lovelace",
    "ada",
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
    /// Where local servers are looked for; it listens once there is something of everything.
    local: Upstream,
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
        let local = Upstream::refusing("local");
        let app = App::builder()
            .without_admin()
            .with_site()
            .env("UNDERSTUDY_DISCOVER", &local.port().to_string())
            .start()
            .await;
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
            local,
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
        self.local.listen();
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
        let ada = json!({"username": "ada", "display_name": "Ada Lovelace", "role": "operator",
            "password": "a horse of another colour"});
        admin.post("/api/v1/users", &ada).await.expect(201);
        let lawyer = json!({"name": "lawyer", "title": "Lawyer", "group_id": chat.id,
            "system_prompt": "Work", "parameters": {"temperature": 0.2}, "visibility": "shared"});
        let lawyer = app.made("/api/v1/assistants", &lawyer).await;
        let caller = app.gateway().await;
        for (group, status) in [("chat-default", 200), ("broken", 502)] {
            let body = json!({"model": group, "messages": []});
            // What is counted here is that both states are known.
            let answer = caller.post("/v1/chat/completions", &body).await;
            assert_eq!(answer.status < 400, status < 400, "{answer:?}");
        }
        self.made = vec![gpu, laboratory, cloud, chat, broken, mixed, lawyer];
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
