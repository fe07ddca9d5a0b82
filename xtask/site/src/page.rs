//! `index.html`: the template with links to what was built.

use std::collections::BTreeMap;

use crate::Result;

/// Names of files in `assets/`.
pub struct Links {
    /// Style sheets, in the order in which they apply.
    pub styles: Vec<String>,
    /// The application's module.
    pub script: String,
    /// The module that loads it.
    pub start: String,
    /// The application's code.
    pub wasm: String,
}

/// The module that loads the application, and beside it the code of the page that somebody opens: what stands in the address decides. A file,
/// since the pages forbid inline scripts.
pub fn start_script(script: &str, wasm: &str, pages: &BTreeMap<String, Vec<String>>) -> String {
    let mut table = String::new();
    for (page, files) in pages {
        // One file of code for pages of several folders is named after all of them.
        for folder in page.split('_') {
            table.push_str(&format!("  {folder}: {files:?},\n"));
        }
    }
    format!(
        r#"import init from "./{script}";
const pages = {{
{table}}};
const here = name => new URL(`./${{name}}`, import.meta.url);
const page = location.pathname.split("/").filter(part => Object.hasOwn(pages, part)).pop();
for (const file of pages[page] ?? []) fetch(here(file)).catch(() => {{}});
await init({{ module_or_path: here("{wasm}") }});
"#
    )
}

/// `template` with links in its head: absolute, since every path of the application is answered with this page.
pub fn complete(template: &str, links: &Links) -> Result<String> {
    if template.contains("data-trunk") {
        return Err(
            "web/index.html has attributes of Trunk; this build adds the links by itself".into(),
        );
    }
    let at = template
        .find("</head>")
        .ok_or("web/index.html has no </head> before which links could be added")?;
    let (before, after) = template.split_at(at);
    let mut page = before.trim_end().to_owned();
    let mut add = |line: String| {
        page.push_str("\n    ");
        page.push_str(&line);
    };
    for style in &links.styles {
        add(format!(r#"<link rel="stylesheet" href="/assets/{style}">"#));
    }
    add(format!(
        r#"<link rel="modulepreload" href="/assets/{}">"#,
        links.script
    ));
    add(format!(
        r#"<link rel="preload" href="/assets/{}" as="fetch" type="application/wasm" crossorigin>"#,
        links.wasm
    ));
    add(format!(
        r#"<script type="module" src="/assets/{}"></script>"#,
        links.start
    ));
    page.push_str("\n  ");
    page.push_str(after);
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Links {
        Links {
            styles: vec!["main-1.css".into()],
            script: "app-2.js".into(),
            start: "start-3.js".into(),
            wasm: "app-4.wasm".into(),
        }
    }

    #[test]
    fn the_head_gets_its_links_and_no_inline_script() {
        let page = complete(
            "<html><head><title>x</title>\n</head><body></body></html>",
            &links(),
        )
        .unwrap();
        for part in [
            "/assets/main-1.css",
            "/assets/app-2.js",
            "src=\"/assets/start-3.js\"></script>",
            "/assets/app-4.wasm",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(page.ends_with("</head><body></body></html>"), "{page}");
    }

    #[test]
    fn the_code_of_the_page_is_loaded_beside_the_application() {
        let pages = BTreeMap::from([("keys_users".to_owned(), vec!["page-5.wasm".to_owned()])]);
        let script = start_script("app-2.js", "app-4.wasm", &pages);
        for page in ["keys", "users"] {
            let files = format!(r#"  {page}: ["page-5.wasm"],"#);
            assert!(script.contains(&files), "{script}");
        }
        assert!(script.contains(r#"from "./app-2.js""#) && script.contains("app-4.wasm"));
    }

    #[test]
    fn a_template_without_a_head_is_refused() {
        assert!(complete("<p>", &links()).is_err());
    }
}
