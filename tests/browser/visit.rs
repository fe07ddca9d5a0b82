//! What a person does in the browser, in a person's words.

use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::App;
use crate::support::chrome::Chrome;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::wait::{SOON, soon, until};

/// The last argument is told when the next picture is on the screen and every animation that ends has ended.
const SETTLE: &str = "
    const done = arguments[arguments.length - 1];
    const ends = animation => animation.effect?.getComputedTiming().endTime !== Infinity;
    requestAnimationFrame(() => requestAnimationFrame(() =>
        Promise.allSettled(document.getAnimations().filter(ends).map(one => one.finished)).then(() => done(true))));";

/// A browser at the web application of a service.
#[derive(Debug)]
pub struct Visit {
    /// The browser.
    pub chrome: Chrome,
    base: String,
}

impl Visit {
    /// Opens a path of the application.
    pub async fn to(app: &App, path: &str) -> Self {
        let visit = Self {
            chrome: Chrome::start().await,
            base: format!("http://{}", app.address()),
        };
        visit.go(path).await;
        visit
    }

    /// Goes to a path of the application.
    pub async fn go(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        self.chrome.client.goto(&url).await.expect("the page loads");
    }

    /// The element, as soon as it is there.
    pub async fn find(&self, css: &str) -> Element {
        let wait = self.chrome.client.wait().at_most(SOON);
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => {
                let page = self.chrome.client.source().await.unwrap_or_default();
                panic!("{css}: {error}\n{page}");
            }
        }
    }

    /// How many elements there are now.
    pub async fn count(&self, css: &str) -> usize {
        let found = self.chrome.client.find_all(Locator::Css(css)).await;
        found.expect("a selector").len()
    }

    /// What a person reads in the element.
    pub async fn text(&self, css: &str) -> String {
        let read = async || self.find(css).await.text().await;
        self.until_it_holds_still(css, read).await
    }

    /// Types into a field in place of what is there.
    pub async fn type_into(&self, css: &str, text: &str) {
        let clear = async || {
            let field = self.find(css).await;
            field.clear().await.map(|()| field)
        };
        let field = self.until_it_holds_still(css, clear).await;
        field.send_keys(text).await.expect("a field");
    }

    /// Clicks the element. Where something that stays in sight lies over it, a person scrolls on first.
    pub async fn click(&self, css: &str) {
        let click = async || {
            let element = self.find(css).await;
            let Err(error) = element.click().await else {
                return Ok(());
            };
            if error.to_string().contains("click intercepted") {
                let itself = serde_json::to_value(&element).expect("an element");
                let scroll =
                    "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
                self.chrome.client.execute(scroll, vec![itself]).await?;
            }
            Err(error)
        };
        self.until_it_holds_still(css, click).await;
    }

    /// Does what a person does to an element that is being replaced or moves: looks again.
    async fn until_it_holds_still<T>(
        &self,
        css: &str,
        mut act: impl AsyncFnMut() -> Result<T, CmdError>,
    ) -> T {
        let (done, _) = until(SOON, css, async || match act().await {
            Ok(done) => Some(done),
            Err(error) => {
                let text = error.to_string();
                let moved = ["stale element", "click intercepted", "not interactable"];
                assert!(moved.iter().any(|one| text.contains(one)), "{css}: {text}");
                None
            }
        })
        .await;
        done
    }

    /// Fills in and sends the form of the sign-in page.
    pub async fn sign_in(&self, username: &str, password: &str) {
        self.type_into("#login #username", username).await;
        self.type_into("#login #password", password).await;
        self.click("#login button[type=submit]").await;
    }

    /// Signed in, and gone on from the list to a path.
    pub async fn signed_in(app: &App, path: &str) -> Self {
        let visit = Self::to(app, "/login").await;
        visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
        visit.find("#groups").await;
        visit.follow(path).await;
        visit
    }

    /// Goes there as by a link of the application, without loading it anew.
    pub async fn follow(&self, path: &str) {
        let script = format!(
            "const link = document.createElement('a'); link.href = '{path}'; document.body.append(link); link.click(); link.remove()"
        );
        self.script(&script).await;
    }

    /// Presses and releases these keys, one after the other.
    pub async fn press(&self, keys: impl IntoIterator<Item = char>) {
        let actions =
            keys.into_iter()
                .fold(KeyActions::new("keys".to_owned()), |actions, value| {
                    actions
                        .then(KeyAction::Down { value })
                        .then(KeyAction::Up { value })
                });
        let pressed = self.chrome.client.perform_actions(actions).await;
        pressed.expect("keys are pressed");
    }

    /// Presses a key while another is held.
    pub async fn press_with(&self, held: Key, value: char) {
        let held = char::from(held);
        let actions = KeyActions::new("keys".to_owned())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value })
            .then(KeyAction::Up { value: held });
        let pressed = self.chrome.client.perform_actions(actions).await;
        pressed.expect("keys are pressed");
    }

    /// Waits until a script of the page gives this.
    pub async fn shows(&self, script: &str, expected: Value) {
        let last = std::cell::RefCell::new(Value::Null);
        let wait = async {
            until(SOON * 2, script, async || {
                let now = self.script(script).await;
                let found = (now == expected).then_some(());
                *last.borrow_mut() = now;
                found
            })
            .await
        };
        if timeout(SOON, wait).await.is_err() {
            panic!("{script}\ngives {}\nand not {expected}", last.borrow());
        }
    }

    /// The path that the address bar shows.
    pub async fn path(&self) -> String {
        let url = self.chrome.client.current_url().await.expect("an address");
        url.path().to_owned()
    }

    /// Runs a script in the page; `return` gives its result.
    pub async fn script(&self, script: &str) -> Value {
        let result = self.chrome.client.execute(script, Vec::new()).await;
        result.expect("the script runs")
    }

    /// Waits until nothing on the page moves any more but what moves for ever.
    pub async fn settle(&self) {
        let wait = self.chrome.client.execute_async(SETTLE, Vec::new());
        soon("the page comes to rest", wait).await.expect("a page");
    }

    /// Nothing went wrong on the page, and it asked nobody but the service.
    pub async fn assert_clean(&self) {
        self.assert_clean_but(&[]).await;
    }

    /// As [`Self::assert_clean`], where the service refuses requests with these statuses on purpose: the browser notes each.
    pub async fn assert_clean_but(&self, refused: &[u16]) {
        let mut lines = self.chrome.console().await;
        lines.retain(|line| {
            let refusal =
                |status: &u16| line.contains(&format!("responded with a status of {status} "));
            !refused.iter().any(refusal)
        });
        assert_eq!(lines, Vec::<String>::new());
        let strangers = self
            .script(
                "return performance.getEntriesByType('resource').map(entry => entry.name)
                    .filter(name => new URL(name).origin !== location.origin)",
            )
            .await;
        assert_eq!(strangers, json!([]));
    }

    /// No secret stands in the page, or in anything that outlives it; `shown` stands there.
    pub async fn assert_nowhere(&self, secrets: &[&str], shown: &str) {
        let kept = self
            .script(
                "const values = [...document.querySelectorAll('input, textarea')].map(field => field.value);
                 return (async () => [
                     JSON.stringify([document.documentElement.outerHTML, values, location.href, document.cookie,
                         {...localStorage}, {...sessionStorage}, history.state]),
                     [...await indexedDB.databases(), ...await caches.keys(),
                      ...await navigator.serviceWorker.getRegistrations()].length,
                 ])()",
            )
            .await;
        assert_eq!(
            kept[1], 0,
            "the page has a database, a cache or a worker of its own"
        );
        let mut kept = kept[0].as_str().expect("a text").to_owned();
        assert!(kept.contains(shown), "not the page: {kept}");
        kept.extend(self.chrome.console().await);
        for secret in secrets {
            assert!(!kept.contains(secret), "a secret is still there");
        }
    }
}
