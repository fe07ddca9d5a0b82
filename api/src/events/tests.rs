use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures_util::{Stream, StreamExt as _};
use understudy_shared::{ApiKeyId, ApiKeyScope, ChangeKind, ConfigChange, ResourceKind};

use super::*;
use crate::auth::principal::Program;

const SLOW: Duration = Duration::from_secs(3600);

fn program(scope: ApiKeyScope) -> Principal {
    Principal::Program(Program {
        id: ApiKeyId(Uuid::now_v7()),
        name: String::new(),
        scopes: vec![scope],
        until: None,
    })
}

fn change(kind: ResourceKind) -> News {
    let event = LiveEvent::ConfigChanged(ConfigChange {
        revision: 1,
        kind,
        id: Uuid::now_v7(),
        change: ChangeKind::Updated,
    });
    News {
        event,
        audience: Audience::Managers,
    }
}

fn sight(manages: bool) -> Sight {
    Sight {
        manages,
        person: None,
    }
}

fn open(hub: &Arc<Hub>, who: &Principal) -> Ticket {
    hub.open(who, Sight::of(who).unwrap()).unwrap()
}

fn listen(hub: &Arc<Hub>, last: Option<&str>, heartbeat: Duration) -> impl Stream<Item = String> {
    let ticket = open(hub, &program(ApiKeyScope::ManageRead));
    let start = hub.start(last.map(str::as_bytes));
    let feed = Feed::new(ticket, start, None, heartbeat);
    let text = |piece: Result<Bytes, _>| String::from_utf8(piece.unwrap().to_vec()).unwrap();
    feed.into_stream().map(text).boxed_local()
}

fn id_of(frames: &str) -> String {
    let line = frames.lines().rfind(|line| line.starts_with("id: "));
    line.unwrap()["id: ".len()..].to_owned()
}

#[tokio::test]
async fn what_was_missed_is_told_once_and_in_order() {
    let hub = Arc::new(Hub::default());
    let mut stream = listen(&hub, None, SLOW);
    let first = stream.next().await.unwrap();
    assert!(
        first.starts_with("retry: 2000\n\nid: ") && first.contains("event: reset\ndata: {}\n\n")
    );
    hub.publish([change(ResourceKind::ModelInstance)]);
    let known = id_of(&stream.next().await.unwrap());
    drop(stream);

    let missed = [
        change(ResourceKind::ApiKey),
        change(ResourceKind::ModelGroup),
    ];
    hub.publish(missed.clone());
    let mut stream = listen(&hub, Some(&known), SLOW);
    assert_eq!(stream.next().await.unwrap(), "retry: 2000\n\n");
    let replayed = stream.next().await.unwrap();
    let data = replayed
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let expected: Vec<_> = missed
        .iter()
        .map(|news| news.event.data().unwrap())
        .collect();
    assert_eq!(data.collect::<Vec<_>>(), expected);
    hub.publish([change(ResourceKind::ModelGroup)]);
    assert_eq!(stream.next().await.unwrap().matches("data: ").count(), 1);
}

#[test]
fn unknown_ids_begin_anew() {
    let hub = Arc::new(Hub::default());
    hub.publish([change(ResourceKind::ModelGroup)]);
    let mine = |number: &str| format!("{}-{number}", hub.boot);
    let theirs = format!("{}-1", Hub::default().boot);
    for id in [
        "",
        "1",
        "-1",
        &theirs,
        &mine(""),
        &mine("+1"),
        &mine("01"),
        &mine("2"),
        &mine("-1"),
    ] {
        assert!(hub.start(Some(id.as_bytes())).first.is_some(), "{id}");
    }
    assert!(hub.start(Some(b"\xff")).first.is_some());
    for id in ["0", "1"] {
        assert!(hub.start(Some(mine(id).as_bytes())).first.is_none(), "{id}");
    }
}

#[tokio::test]
async fn silence_is_broken_by_a_sign_of_life() {
    let hub = Arc::new(Hub::default());
    let mut stream = listen(&hub, None, Duration::from_millis(20));
    stream.next().await.unwrap();
    for _ in 0..2 {
        assert_eq!(stream.next().await.unwrap(), ": heartbeat\n\n");
    }
}

#[tokio::test]
async fn who_reads_too_slowly_is_let_go_and_nobody_else() {
    let hub = Arc::new(Hub::default());
    let (mut slow, mut quick) = (listen(&hub, None, SLOW), listen(&hub, None, SLOW));
    slow.next().await.unwrap();
    quick.next().await.unwrap();
    let mut seen = 0;
    for _ in 0..=KEPT {
        hub.publish([change(ResourceKind::ModelGroup)]);
        seen += quick.next().await.unwrap().matches("event: ").count();
    }
    assert_eq!(seen, KEPT + 1);
    assert_eq!(slow.next().await, None);
}

#[tokio::test]
async fn stream_ends_with_its_credential_and_with_the_process() {
    let hub = Arc::new(Hub::default());
    let who = program(ApiKeyScope::ManageRead);
    let ticket = open(&hub, &who);
    let soon = Utc::now() + TimeDelta::milliseconds(30);
    let feed = Feed::new(ticket, hub.start(None), Some(soon), SLOW);
    assert_eq!(feed.into_stream().count().await, 1);
    assert!(!hub.has_clients());

    let (valid, demoted) = (
        program(ApiKeyScope::ManageRead),
        program(ApiKeyScope::ManageRead),
    );
    let tickets = [&who, &valid, &demoted].map(|who| open(&hub, who));
    let Principal::Program(mut rest) = demoted else {
        unreachable!()
    };
    rest.scopes = vec![ApiKeyScope::GroupsRead];
    hub.keep(&hub.credentials(), &[valid, Principal::Program(rest)]);
    let ended = |tickets: &[Ticket; 3]| tickets.each_ref().map(|ticket| *ticket.ended.borrow());
    assert_eq!(ended(&tickets), [true, false, true]);
    hub.stop();
    assert_eq!(ended(&tickets), [true; 3]);
    assert_eq!(hub.open(&who, sight(true)).unwrap_err(), Refusal::Stopping);
}

#[test]
fn one_caller_cannot_take_all_there_is() {
    let hub = Arc::new(Hub::default());
    let who = program(ApiKeyScope::ManageRead);
    let mut tickets: Vec<Ticket> = (0..STREAMS_PER_CALLER).map(|_| open(&hub, &who)).collect();
    assert_eq!(hub.open(&who, sight(true)).unwrap_err(), Refusal::TooMany);
    open(&hub, &program(ApiKeyScope::ManageRead));
    tickets.pop();
    open(&hub, &who);
}

#[test]
fn sight_follows_the_rights() {
    for (scope, expected) in [
        (ApiKeyScope::Gateway, None),
        (ApiKeyScope::GroupsRead, Some(sight(false))),
        (ApiKeyScope::ManageRead, Some(sight(true))),
        (ApiKeyScope::ManageWrite, Some(sight(true))),
    ] {
        assert_eq!(Sight::of(&program(scope)), expected);
    }
}

#[test]
fn after_a_long_silence_nobody_reads_on_from_before_it() {
    let hub = Arc::new(Hub::default());
    hub.publish([change(ResourceKind::ModelGroup)]);
    let known = format!("{}-1", hub.boot);
    assert!(hub.start(Some(known.as_bytes())).first.is_none());
    assert!(hub.sleep());
    assert!(hub.start(Some(known.as_bytes())).first.is_some());
    let _ticket = open(&hub, &program(ApiKeyScope::ManageRead));
    assert!(!hub.sleep());
}
