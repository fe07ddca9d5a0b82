//! A browser and its driver, for the tests that look at pages as a person does.

use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::setup::apt;
use crate::workspace::{find_program, variable};

const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];
const MAC_BROWSER: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
const MANUAL: &str = "Install Chromium (or Chrome) and the chromedriver of the same version, so that both are in PATH, or name them in \
     UNDERSTUDY_TEST_CHROMIUM and UNDERSTUDY_TEST_CHROMEDRIVER.";

/// The two programs of a browser test.
#[derive(Debug)]
pub struct Browser {
    /// Chromium or Chrome.
    pub chromium: PathBuf,
    /// The driver that speaks WebDriver.
    pub chromedriver: PathBuf,
}

/// Finds or installs Chromium and chromedriver.
pub fn ensure() -> Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    apt::install(
        &["chromium", "chromium-driver", "fonts-liberation"],
        "the browser tests need a browser, its driver and letters to draw",
        MANUAL,
    )?;
    find().ok_or_else(|| {
        Failure::new(format!(
            "no Chromium with a chromedriver was found. {MANUAL}"
        ))
    })
}

fn find() -> Option<Browser> {
    let chromium = variable("UNDERSTUDY_TEST_CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| BROWSERS.iter().find_map(|name| find_program(name)))
        .or_else(|| Some(PathBuf::from(MAC_BROWSER)).filter(|path| path.is_file()))?;
    let chromedriver = variable("UNDERSTUDY_TEST_CHROMEDRIVER")
        .map(PathBuf::from)
        .or_else(|| find_program("chromedriver"))?;
    Some(Browser {
        chromium,
        chromedriver,
    })
}
