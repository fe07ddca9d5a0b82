//! What the user described, sentence by sentence, as a person does it: docs/SEED-COVERAGE.md shows the pictures that are kept here.
//!
//! One walk on purpose. Each step stands on the one before, as it does for whoever follows the description.

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::{MODEL, Upstream};
use crate::support::wait::{SOON, until};

const SAVE: &str = "[data-action='save']";

async fn picture(visit: &Visit, name: &str) {
    // What was said about the step before has been read.
    visit
        .script(
            "document.querySelectorAll('.toast [data-action=close]').forEach(one => one.click())",
        )
        .await;
    visit.settle().await;
    visit.chrome.screenshot(&format!("seed-{name}.png")).await;
}

/// «Нажать на кнопку “Создать” … и заполнить открывшуюся форму»: of an instance, up to what is different for each kind.
async fn begin_instance(visit: &Visit, kind: &str) {
    visit
        .click("#instances [data-action='create-instance']")
        .await;
    visit
        .click(&format!("#kind label[data-value='{kind}']"))
        .await;
    visit
        .find(&format!(".instance-form[data-kind='{kind}']"))
        .await;
}

async fn save_instance(visit: &Visit, name: &str) {
    visit.type_into("#name", name).await;
    visit.click(&format!("#instance-form {SAVE}")).await;
    visit
        .find(&format!("#instances tr[data-name='{name}']"))
        .await;
}

async fn first(app: &App, path: &str, name: &str) -> Value {
    let list = app.admin().await.get(path).await.expect(200).json();
    let items = list["items"].as_array().expect("a list");
    let found = items.iter().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}")).clone()
}

#[tokio::test]
async fn users_description_is_walked_through_sentence_by_sentence() {
    let app = App::builder().with_site().start().await;
    let local = Upstream::start("local");
    let network = Upstream::start("network");
    let visit = Visit::to(&app, "/login").await;
    visit
        .script("localStorage.setItem('understudy.language', 'ru')")
        .await;
    visit.go("/models").await;
    visit.chrome.resize(1280, 1000).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;

    // «Экран "Модели", разделенный на "Модели" и "Экземпляры моделей"»
    visit.find("#instances .empty").await;
    assert!(visit.text("#groups h2").await.starts_with("Модели"));
    assert!(
        visit
            .text("#instances h2")
            .await
            .starts_with("Экземпляры моделей")
    );
    picture(&visit, "01-screen").await;

    // «настройка включает указание хоста, порта и протокола»: a local one and one on another server of the local network.
    begin_instance(&visit, "local").await;
    visit.type_into("#endpoint-host", "127.0.0.1").await;
    visit
        .type_into("#endpoint-port", &local.port().to_string())
        .await;
    visit.click("#check [data-action='check']").await;
    visit.find("#check [data-check='ok']").await;
    picture(&visit, "02-local-instance").await;
    save_instance(&visit, "Контейнер этого сервера").await;
    begin_instance(&visit, "network").await;
    visit.type_into("#endpoint-host", "127.0.0.1").await;
    visit
        .type_into("#endpoint-port", &network.port().to_string())
        .await;
    visit.type_into("#model", MODEL).await;
    picture(&visit, "03-network-instance").await;
    save_instance(&visit, "Сервер с видеокартой").await;

    // «специальные настройки, включающие прокси-сервера и дополнительные токены доступа»
    begin_instance(&visit, "cloud").await;
    visit
        .type_into("#endpoint-url", "https://api.example/v1")
        .await;
    visit.click("#add-token").await;
    visit.find("#tokens-list input:focus").await;
    visit
        .type_into("#tokens-list input[id$='-value']", "token-0123456789abcdef")
        .await;
    visit.click("#access summary").await;
    visit.click("#add-proxy").await;
    visit.find("#proxies-list input:focus").await;
    visit
        .type_into(
            "#proxies-list input[id$='-url']",
            "http://proxy.example:3128",
        )
        .await;
    visit.type_into("#model", "large").await;
    visit
        .script("document.querySelector('#proxies-list').scrollIntoView({block: 'center'})")
        .await;
    picture(&visit, "04-cloud-instance").await;
    save_instance(&visit, "Облако").await;
    let cloud = first(&app, "/api/v1/model-instances", "Облако").await;
    assert_eq!(cloud["proxies"][0]["url"], "http://proxy.example:3128");
    assert_eq!(cloud["tokens"][0]["hint"], "…cdef");

    // «нажать на кнопку “Создать” в таблице “Модели”», and put several backends with different models into one group.
    visit.click("#groups [data-action='create-group']").await;
    visit.type_into("#title", "Помощник сотрудника").await;
    for name in ["Сервер с видеокартой", "Контейнер", "Облако"] {
        visit.type_into("#members-add", name).await;
        visit.find("#members-add-list [role='option']").await;
        visit.press([Key::Down.into(), Key::Enter.into()]).await;
        visit
            .shows(
                "return document.querySelector('#members-add').value",
                json!(""),
            )
            .await;
    }
    visit
        .shows(
            "return document.querySelectorAll('#members-list > li').length",
            json!(3),
        )
        .await;
    picture(&visit, "05-new-group").await;
    visit.press_with(Key::Control, 's').await;

    // «проверяет доступность моделей и отвечает первой доступной из них»
    visit.find("#ask-question").await;
    visit.type_into("#ask-question", "Кто отвечает?").await;
    visit.click("[data-action='ask']").await;
    visit.find(".ask-outcome[data-stage='done']").await;
    assert!(
        visit
            .text(".ask-head")
            .await
            .contains("Сервер с видеокартой")
    );
    drop(network);
    visit.type_into("#ask-question", "А теперь?").await;
    visit.click("[data-action='ask']").await;
    visit.find(".ask-outcome[data-stage='done']").await;
    visit
        .shows(
            "return document.querySelector('.ask-head').textContent.includes('Контейнер этого сервера')",
            json!(true),
        )
        .await;
    visit
        .script("document.querySelector('.ask-outcome').scrollIntoView({block: 'center'})")
        .await;
    picture(&visit, "06-first-available").await;

    // «В соответствующей группе один экземпляр»: one model and no other.
    visit.follow("/models/groups/new").await;
    visit.type_into("#title", "Только контейнер").await;
    visit.type_into("#members-add", "Контейнер").await;
    // The one that is left needs no arrow.
    visit
        .find("#members-add-list [role='option']:only-child")
        .await;
    visit.press([Key::Enter.into()]).await;
    visit.press_with(Key::Control, 's').await;
    visit.find("#ask-question").await;
    picture(&visit, "07-one-instance").await;

    // «выбрать нужную группу в списке и нажать на кнопку» with the pencil: the same form, with what was saved.
    visit.follow("/models").await;
    visit.find("#groups tr[data-state='ready']").await;
    picture(&visit, "08-list").await;
    visit.click("#groups tr [data-action='edit']").await;
    visit.find("#members-list > li").await;
    visit
        .type_into("#description", "Для всех сотрудников")
        .await;
    picture(&visit, "09-edit-group").await;
    visit.press_with(Key::Control, 's').await;
    until(SOON, "the description is saved", async || {
        let group = first(&app, "/api/v1/model-groups", "pomoshchnik-sotrudnika").await;
        (group["description"] == "Для всех сотрудников").then_some(())
    })
    .await;
    let unsaved = "return document.querySelector('.form-dirty').textContent.trim()";
    visit.shows(unsaved, json!("")).await;

    // The same of an instance: «Новых полей в ранее созданном экземпляре модели нет».
    visit.follow("/models").await;
    visit
        .click("#instances tr[data-name='Контейнер этого сервера'] [data-action='edit']")
        .await;
    visit.find("#instance-form #name").await;
    picture(&visit, "10-edit-instance").await;

    // «Пользователь сможет выбирать при создании нового диалога»
    visit.follow("/dialogs").await;
    let group = ".target[data-name='pomoshchnik-sotrudnika']";
    visit
        .find(&format!("{group}[data-availability='available']"))
        .await;
    picture(&visit, "11-new-dialog").await;
    visit.click(group).await;
    visit
        .type_into("#question", "Сколько дней отпуска я могу перенести?")
        .await;
    visit.press([Key::Enter.into()]).await;
    let answered = "#log .msg-ai[data-state='complete']";
    visit.find(answered).await;
    visit
        .click(&format!("{answered} [data-action='why']"))
        .await;
    assert!(
        visit
            .text(answered)
            .await
            .contains("Контейнер этого сервера")
    );
    picture(&visit, "12-dialog").await;

    // «Также при создании ассистента»
    visit.follow("/assistants/new").await;
    visit.type_into("#title", "Юрист").await;
    visit.type_into("#name", "lawyer").await;
    visit
        .type_into("#system-prompt", "Ты юрист. Называй статью закона.")
        .await;
    visit.click("#group").await;
    visit.find("#group-list [role='option']").await;
    picture(&visit, "13-new-assistant").await;
    visit.click("#group-list [role='option']").await;
    visit.click(SAVE).await;
    visit.click("#use [data-action='start-dialog']").await;
    visit.type_into("#question", "А если я в декрете?").await;
    visit.press([Key::Enter.into()]).await;
    visit.find(answered).await;
    picture(&visit, "14-dialog-with-assistant").await;
    visit.assert_clean().await;
}
