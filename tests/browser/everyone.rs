//! The pages are for everybody: axe-core finds nothing on any of them, in either theme.

use super::scenes::{switch, walk};
use crate::support::axe;

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_either_theme() {
    let mut found = Vec::new();
    let mut seen = 0;
    walk("ru", async |visit, scene| {
        for theme in ["light", "dark"] {
            switch(visit, "theme", theme).await;
            for violation in axe::violations(&visit.chrome.client).await {
                found.push(format!("{} {theme}: {violation}", scene.name));
            }
            seen += 1;
        }
    })
    .await;
    assert!(seen > 60, "only {seen} looks");
    assert!(found.is_empty(), "{}", found.join("\n"));
}
