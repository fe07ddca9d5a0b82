//! What a model writes that wants to harm whoever reads it: it stays inert, nothing leaves this origin, and the page goes on.

use serde_json::json;

use super::{LAST, Room, answer};

const WORST: &str = r#"
<script>window.pwned = 1</script>

<img src=x onerror="window.pwned=1"> <iframe srcdoc="<script>parent.pwned=1</script>"></iframe> <svg onload=window.pwned=1>

![a cat](https://stranger.example/cat.png) ![x](data:image/svg+xml,<svg/onload=window.pwned=1>)

[click](javascript:window.pwned=1) [also](JaVaScRiPt:window.pwned=1) <javascript:window.pwned=1>

[bank.example](https://evil.example/login) [аррӏе.com](https://аррӏе.com) https://plain.example/a

[user](https://bank.example@evil.example/) [out](/api/v1/auth/logout)

[ref]: javascript:window.pwned=1

[ref]

<style>body { display: none }</style> <base href="https://stranger.example/"> <form action="https://stranger.example/"><input name=x>

a{turn}b and `c{turn}d`

| <img src=x onerror=window.pwned=1> | b |
|---|---|
| <script>window.pwned=1</script> | 1 |
"#;

/// What the page made of it: whether something ran, elements that may not be there, links that lead where they may not.
const MADE: &str = "
    const bad = [...document.querySelectorAll('#log :is(img, iframe, object, embed, base, script, style, svg[onload], form[action], [onerror], [onload], [srcdoc], video, audio, link)')]
        .map(element => element.outerHTML.slice(0, 200));
    const links = [...document.querySelectorAll('#log .md a')];
    const astray = links.filter(link => !/^(https?|mailto):$/.test(link.protocol) || link.target !== '_blank'
        || link.rel !== 'noopener noreferrer nofollow' || link.origin === location.origin).map(link => link.outerHTML);
    return [window.pwned ?? null, bad, astray,
        document.documentElement.scrollWidth - document.documentElement.clientWidth]";

#[tokio::test]
async fn what_a_model_writes_is_shown_and_does_nothing() {
    let room = Room::open().await;
    let visit = &room.visit;
    let worst = WORST.replace("{turn}", "\u{202e}");
    room.first.next(answer(&[&worst]));
    room.ask("<img src=x onerror=window.pwned=1> **not bold**")
        .await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    visit.settle().await;
    for width in [360, 1280] {
        visit.chrome.resize(width, 800).await;
        visit.settle().await;
        assert_eq!(
            visit.script(MADE).await,
            json!([null, [], [], 0]),
            "{width}"
        );
    }
    visit.chrome.screenshot("dialog-hostile.png").await;
    // It can be read as it was written, the question too.
    let text = visit
        .script("return document.querySelector('#log').textContent")
        .await;
    let text = text.as_str().expect("a text");
    for part in [
        "<script>window.pwned = 1</script>",
        "<img src=x onerror=\"window.pwned=1\">",
        "**not bold**",
        "(javascript:window.pwned=1)",
        "[U+202E]",
        // Where links lead is said where their words say something else.
        "bank.example (evil.example)",
        "(xn--80ak6aa92e.com)",
        "(/api/v1/auth/logout)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // A picture is a link, and nobody was asked for it.
    let picture = visit
        .script("return document.querySelector('#log .md-picture a').href")
        .await;
    assert_eq!(picture, "https://stranger.example/cat.png");
    // Its address is said where it is all that there is.
    assert_eq!(
        visit
            .count("#log a[href^='https://plain.example'] .md-host")
            .await,
        0
    );
    visit.assert_clean().await;

    // Told again by the service after a reload, it is no better.
    visit.chrome.client.refresh().await.expect("a reload");
    visit.find(LAST).await;
    visit.settle().await;
    assert_eq!(visit.script(MADE).await, json!([null, [], [], 0]));
    visit.assert_clean().await;
}

/// As a backend sends it: no event is larger than what may be held back.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(20_000));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[tokio::test]
async fn what_is_made_to_choke_on_does_not_stop_the_page() {
    let room = Room::open().await;
    let visit = &room.visit;
    // How long the page was busy at a stretch, at most.
    visit
        .script(
            "window.longest = 0;
             new PerformanceObserver(list => list.getEntries().forEach(entry => window.longest = Math.max(window.longest, entry.duration)))
                .observe({ type: 'longtask' })",
        )
        .await;
    let hostile = [
        "> ".repeat(10_000) + "deep",
        "- ".repeat(10_000) + "deep",
        "x".repeat(400_000),
        "a\u{200b}".repeat(100_000),
        "|a".repeat(300) + "\n" + &"|-".repeat(300) + "\n" + &"|b\n".repeat(20_000),
        "*a ".repeat(50_000),
    ];
    for (number, text) in hostile.iter().enumerate() {
        room.first.next(answer(&pieces(text)));
        room.ask("Again").await;
        let done = format!(
            "return document.querySelectorAll('#log .msg-ai[data-state=complete]').length === {}",
            number + 1
        );
        visit.shows(&done, json!(true)).await;
    }
    let longest = visit.script("return Math.round(window.longest)").await;
    println!("the page was busy for {longest} ms at most");
    // It goes on being used, is no wider than the window, and has bounded what it made.
    visit.type_into("#question", "Still here").await;
    let state = visit
        .script(
            "return [document.querySelector('#question').value, document.documentElement.scrollWidth - document.documentElement.clientWidth,
                document.querySelectorAll('#log *').length < 300000]",
        )
        .await;
    assert_eq!(state, json!(["Still here", 0, true]));
    // What is too long for the page can be seen all the same.
    visit
        .script("document.querySelector('#log [data-action=show-rest]').click()")
        .await;
    visit.find("#log .md-piece").await;
    visit.assert_clean().await;
}
