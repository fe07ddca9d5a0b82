//! A headless browser of its own per test, with an empty profile, driven over WebDriver.

use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::{ParseError, Url};

use super::env;
use super::wait::soon;

/// Browsers at the same time: each keeps both cores of a small machine busy while it starts.
static RUNNING: Semaphore = Semaphore::const_new(2);
/// How often a driver is started that ends at once.
const DRIVER_STARTS: u32 = 3;

/// A browser; it ends with this value.
#[derive(Debug)]
pub struct Chrome {
    /// The session.
    pub client: Client,
    // In the order in which they end: driver and browser, then nobody uses the profile.
    _driver: Driver,
    _profile: TempDir,
    _permit: SemaphorePermit<'static>,
}

/// The driver and the browser that it started, in a process group of their own: a driver that is killed leaves its browser
/// behind.
#[derive(Debug)]
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let group = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group.and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Starts a driver and hears its port. One that ends before it says so (it looks for a free port, which another program may take
/// first) is started again.
async fn start_driver(profile: &TempDir) -> (Driver, String) {
    for _ in 0..DRIVER_STARTS {
        let mut driver = Command::new(env::chromedriver())
            .arg("--port=0")
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Driver)
            .expect("chromedriver starts");
        let mut lines = BufReader::new(driver.0.stdout.take().expect("a pipe")).lines();
        let port = soon("chromedriver says its port", async {
            while let Some(line) = lines.next_line().await.expect("text") {
                if let Some((_, rest)) = line.split_once("started successfully on port ") {
                    return Some(rest.trim_end_matches('.').to_owned());
                }
            }
            None
        })
        .await;
        if let Some(port) = port {
            return (driver, port);
        }
    }
    panic!("chromedriver ended {DRIVER_STARTS} times before it said its port");
}

impl Chrome {
    /// Starts a browser of 1280×800.
    pub async fn start() -> Self {
        let permit = RUNNING.acquire().await.expect("never closed");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let (driver, port) = start_driver(&profile).await;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(&profile));
        let webdriver = format!("http://127.0.0.1:{port}");
        let client = soon("the browser starts", builder.connect(&webdriver))
            .await
            .expect("the browser starts");
        Self {
            client,
            _driver: driver,
            _profile: profile,
            _permit: permit,
        }
    }

    /// What the page wrote to the console since the last call, warnings and errors alone.
    pub async fn console(&self) -> Vec<String> {
        let log = self.client.issue_cmd(BrowserLog).await.expect("the log");
        log.as_array()
            .expect("a list of entries")
            .iter()
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(Value::to_string)
            .collect()
    }

    /// Keeps a picture of what is in sight, for people.
    pub async fn screenshot(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a screenshot");
        keep(name, &picture);
    }

    /// Keeps a picture of the whole page, also of what one would have to scroll to, for people.
    pub async fn screenshot_of_all(&self, name: &str) {
        let whole = json!({"captureBeyondViewport": true});
        let answer = self.devtools("Page.captureScreenshot", whole).await;
        let picture = answer["data"].as_str().expect("a picture");
        keep(name, &STANDARD.decode(picture).expect("base64"));
    }

    /// Makes the page that many pixels wide and high, also less than a window can be.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// Cuts the page off from the network, or connects it again.
    pub async fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions)
            .await;
    }

    /// A command of the browser's own protocol.
    pub async fn devtools(&self, command: &'static str, params: Value) -> Value {
        let command = Devtools(command, params);
        self.client.issue_cmd(command).await.expect("a command")
    }
}

/// Keeps a file among the artifacts, for people.
pub fn keep(name: &str, content: &[u8]) {
    let path = PathBuf::from(env::artifacts()).join(name);
    std::fs::write(path, content).expect("the artifacts' folder can be written");
}

fn capabilities(profile: &TempDir) -> Capabilities {
    let Value::Object(capabilities) = json!({
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {
            "binary": env::chromium(),
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--no-first-run", "--hide-scrollbars", "--window-size=1280,800", "--lang=en", "--accept-lang=en",
                format!("--user-data-dir={}", profile.path().display()),
            ],
        },
    }) else {
        unreachable!("it is an object")
    };
    capabilities
}

/// Chromedriver's own command for the console of the page.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/se/log"))
    }

    fn method_and_body(&self, _request_url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}

/// Chromedriver's own command for everything that WebDriver has no word for.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _request_url: &Url) -> (Method, Option<String>) {
        let body = json!({"cmd": self.0, "params": self.1});
        (Method::POST, Some(body.to_string()))
    }
}
