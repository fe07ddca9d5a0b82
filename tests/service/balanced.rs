//! Two replicas on one database behind HAProxy, with the configuration of `deploy/haproxy`, under load: one is rolled, one is killed.
//!
//! Nothing fails but the streams that the killed process had begun, each of them by name, and no model is asked twice but for the whole
//! answers that it was still waiting for. `cargo xtask replicas` does it for minutes, and prints the figures.

mod callers;
mod site;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tokio::time::sleep;

use crate::support::client::Client;
use crate::support::env;
use crate::support::live::Live;
use crate::support::upstream::Gate;
use crate::support::wait::{SOON, until};

use callers::{Kind, Ledger, caller, writer};
use site::{STREAMS, Site, WHOLE};

/// How long and how much.
struct Scale {
    rounds: usize,
    callers: usize,
    /// Of load before and after each event.
    calm: Duration,
}

const SHORT: Scale = Scale {
    rounds: 1,
    callers: 4,
    calm: Duration::from_millis(500),
};
const FULL: Scale = Scale {
    rounds: 8,
    callers: 16,
    calm: Duration::from_secs(3),
};

/// Rolls a replica as an orchestrator does: tells it to go, waits, starts another in its place, waits until that is asked.
async fn roll(site: &mut Site, place: usize, ledger: &Ledger) {
    let replica = &mut site.replicas[place];
    let name = replica.name;
    replica.server().signal(Signal::TERM);
    let mut old = replica.server.take().expect("it runs");
    let status = old.exit(Duration::from_secs(60)).await;
    assert_eq!(status.code(), Some(0), "{}", old.log());
    replica.start().await;
    back(ledger, name).await;
}

/// Waits until a replica answers again.
async fn back(ledger: &Ledger, name: &str) {
    let before = ledger.answered_by(name);
    until(SOON, "it is on the list again", async || {
        (ledger.answered_by(name) > before + 2).then_some(())
    })
    .await;
}

/// What a killed process carried.
struct Carried {
    /// Ids of the streams that it had begun.
    streams: BTreeSet<String>,
    /// How many whole answers it waited for.
    whole: usize,
}

/// Kills a replica in the middle of streams and of whole answers, and gives what it carried.
async fn kill(site: &mut Site, place: usize, ledger: &Arc<Ledger>) -> Carried {
    let writing = ledger.writing.lock().await;
    let gate = Gate::closed();
    let from = site.hold(&gate);
    let name = site.replicas[place].name;
    // More and more until it has some of both: everything is held, so nothing of it goes away again.
    let mut more = Vec::new();
    let ((streams, whole), _) = until(SOON, "it carries streams and whole answers", async || {
        let begun = ledger.begun_by(name);
        let streams = site.in_flight(place, STREAMS).await?;
        let whole = site.in_flight(place, WHOLE).await?;
        // All that is under way is held, and every stream of this replica has come to its caller.
        if ledger.open() == site.held(&from) && begun.len() == streams {
            if streams >= 2 && whole >= 2 {
                return Some((begun, whole));
            }
            for kind in [Kind::Stream, Kind::Whole] {
                let (address, key) = (site.address.clone(), site.key.clone());
                more.push(tokio::spawn(caller(
                    kind,
                    address,
                    key,
                    Arc::clone(ledger),
                    1,
                )));
            }
        }
        None
    })
    .await;
    let replica = &mut site.replicas[place];
    replica.server().signal(Signal::KILL);
    // Dropped when it is dead, so that nothing of it is left when the others go on.
    let mut dead = replica.server.take().expect("it runs");
    dead.exit(SOON).await;
    gate.open();
    site.calm();
    for one in more {
        one.await.expect("a caller that did not panic");
    }
    drop(writing);
    Carried { streams, whole }
}

#[tokio::test]
async fn nothing_fails_behind_a_balancer_but_the_streams_of_the_process_that_is_killed() {
    let full = env::replicas_at_full_length();
    let scale = if full { FULL } else { SHORT };
    let mut site = Site::start().await;
    let ledger = Arc::<Ledger>::default();
    let mut tasks = Vec::new();
    for kind in [Kind::Whole, Kind::Stream, Kind::Read] {
        for _ in 0..scale.callers {
            let credential = if kind == Kind::Read {
                &site.admin
            } else {
                &site.key
            };
            let (address, credential) = (site.address.clone(), credential.clone());
            tasks.push(tokio::spawn(caller(
                kind,
                address,
                credential,
                Arc::clone(&ledger),
                usize::MAX,
            )));
        }
    }
    let (address, admin) = (site.address.clone(), site.admin.clone());
    tasks.push(tokio::spawn(writer(
        address,
        admin,
        site.group.clone(),
        Arc::clone(&ledger),
    )));
    for name in ["a", "b"] {
        until(SOON, "both are asked", async || {
            (ledger.answered_by(name) > 4).then_some(())
        })
        .await;
    }

    let begun = Instant::now();
    let mut torn = BTreeSet::new();
    let mut twice = 0;
    for round in 0..scale.rounds {
        sleep(scale.calm).await;
        roll(&mut site, round % 2, &ledger).await;
        let failed = ledger.failed();
        assert_eq!(
            failed.keys().cloned().collect::<BTreeSet<_>>(),
            torn,
            "{failed:#?}"
        );
        sleep(scale.calm).await;
        let place = 1 - round % 2;
        let carried = kill(&mut site, place, &ledger).await;
        torn.extend(carried.streams);
        twice += carried.whole;
        let other = site.replicas[1 - place].name;
        back(&ledger, other).await;
        sleep(scale.calm).await;
        site.replicas[place].start().await;
        back(&ledger, site.replicas[place].name).await;
    }
    ledger.stop();
    for task in tasks {
        task.await.expect("a caller that did not panic");
    }
    let figures = ledger.figures(begun.elapsed());
    eprintln!(
        "{} rounds: {figures}; {} streams torn by kills, {twice} whole answers asked again",
        scale.rounds,
        torn.len()
    );

    // What failed is what the killed carried, and each of it is a stream that broke off after its beginning.
    let failed = ledger.failed();
    assert_eq!(
        failed.keys().cloned().collect::<BTreeSet<_>>(),
        torn,
        "{failed:#?}"
    );
    assert!(failed.values().all(|how| how == "torn"), "{failed:#?}");
    assert!(torn.len() >= 2 * scale.rounds);
    // A model was asked once for everything, but for the whole answers that a killed process waited for.
    let asked = site.asked();
    let again = asked.values().filter(|times| **times > 1).count();
    assert_eq!((again, asked.values().max()), (twice, Some(&2)));

    // Live events pass, whichever replica has them and whichever made the change.
    let people = Client::new(&site.address).with_bearer(&site.admin);
    let mut live = Live::open(&people).await;
    for replica in &site.replicas {
        let direct = Client::new(replica.server().address()).with_bearer(&site.admin);
        let path = format!("/api/v1/model-groups/{}", site.group);
        let title = json!({"title": format!("by {}", replica.name)});
        direct.patch(&path, &title).await.expect(200);
        live.until("the change", |told| told.is_change("updated", &site.group))
            .await;
    }
    // The client is who HAProxy says, not who the client says. And the numbers are not for the outside.
    let body = json!({"username": "nobody", "password": "wrong password"});
    let sign_in = people.post("/api/v1/auth/login", &body);
    sign_in
        .header("x-forwarded-for", "203.0.113.9")
        .await
        .expect(401);
    let audit = "/api/v1/audit-log?limit=200";
    let records = people.get(audit).await.expect(200).text().to_owned();
    assert!(
        records.contains("127.0.0.1") && !records.contains("203.0.113.9"),
        "{records}"
    );
    people.get("/metrics").await.expect(404);
}
