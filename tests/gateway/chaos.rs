//! Chaos: three instances that flap at random while many callers ask, and PostgreSQL is killed, frozen and killed again in between.
//!
//! At any time at least one instance is well, and was for long enough that a pause which it asked for before is over. Then nobody
//! may see a failure before the commit, and no answer may break off without saying so. `cargo xtask chaos` runs it at full length.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::json;
use tokio::time::sleep;

use super::{CHAT, GROUP, chat, streamed_chat};
use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::env;
use crate::support::sse::{self, Event};
use crate::support::upstream::healthy::{content_event, role_event};
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const NAMES: [&str; 3] = ["a", "b", "c"];
/// Time limits of the instances: long enough for a busy machine, short enough for stalls to be seen.
const LIMIT: Duration = Duration::from_secs(3);
/// A pause that an instance asked for is over after this.
const PAUSE: Duration = Duration::from_millis(1_500);
/// A request that met everybody else at their worst has come to the one that is well after this.
const DETOUR: Duration = Duration::from_secs(5);
/// So long one instance alone is well.
const ALONE: Duration = Duration::from_secs(2);
/// Management is back after this, however busy the machine is. How soon it should be `embedded::outages` asserts.
const BACK: Duration = Duration::from_secs(30);
/// Growth of the service's memory that is no leak.
const GROWTH: u64 = 48 * 1024 * 1024;

/// How long and how much.
#[derive(Clone, Copy)]
struct Scale {
    time: Duration,
    callers: usize,
    seed: u64,
}

/// What callers saw.
#[derive(Default)]
struct Seen {
    whole: usize,
    streamed: usize,
    /// Streams that ended with the error event.
    interrupted: usize,
    failed_over: usize,
    by: BTreeMap<String, usize>,
    /// What must not be.
    wrong: Vec<String>,
}

/// A sequence that looks like chance and is the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// How an instance behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Well,
    Refuses,
    Unavailable,
    Busy,
    Resets,
    Stalls,
    Garbage,
}

impl Mode {
    fn any(dice: &mut Dice, may_stall: bool) -> Self {
        match dice.below(if may_stall { 32 } else { 30 }) {
            0..24 => Self::Well,
            24 => Self::Refuses,
            25 => Self::Unavailable,
            26 => Self::Busy,
            27 | 28 => Self::Resets,
            29 => Self::Garbage,
            _ => Self::Stalls,
        }
    }

    /// A stream that breaks off after its first content.
    fn torn() -> Reply {
        Reply::events([role_event(), content_event("half an ")])
            .then_pause(Duration::from_millis(20))
            .then_reset()
    }

    fn reply(self, dice: &mut Dice) -> Option<Reply> {
        let begun = || Reply::events([role_event(), content_event("half an ")]);
        Some(match (self, dice.below(3)) {
            (Self::Well | Self::Refuses, _) => return None,
            (Self::Unavailable, _) => Reply::failure(503),
            (Self::Busy, _) => Reply::failure(429).header("retry-after", "1"),
            (Self::Resets, 0) => Reply::events([role_event()]).then_reset(),
            (Self::Resets, _) => begun().then_pause(Duration::from_millis(20)).then_reset(),
            (Self::Stalls, 0) => Reply::hang(),
            (Self::Stalls, 1) => Reply::events([role_event()]).then_hang(),
            (Self::Stalls, _) => begun().then_hang(),
            (Self::Garbage, 0) => Reply::raw("\u{0}\u{1}no HTTP at all\r\n\r\n"),
            (Self::Garbage, 1) => Reply::body(200, "text/html", "<html>502 Bad Gateway</html>"),
            (Self::Garbage, _) => {
                Reply::event_bytes("data: {\"choices\":[{\"delta\":{\"cont").then_close()
            }
        })
    }
}

/// Three instances that flap.
struct Flapping {
    upstreams: Vec<Upstream>,
    modes: [Mode; 3],
    dice: Dice,
}

impl Flapping {
    async fn turn(&mut self, place: usize, mode: Mode) {
        let upstream = &mut self.upstreams[place];
        if self.modes[place] == Mode::Refuses && mode != Mode::Refuses {
            upstream.recover();
            upstream.listen();
        }
        if mode == Mode::Refuses && self.modes[place] != Mode::Refuses {
            upstream.kill().await;
        }
        match mode.reply(&mut self.dice) {
            Some(reply) => upstream.always(reply),
            None => upstream.recover(),
        }
        self.modes[place] = mode;
    }

    /// Lets one that is well fail now and then, too seldom to be left alone for it.
    fn stumble(&mut self, place: usize, may_stall: bool) {
        const FAULTS: [Mode; 5] = [
            Mode::Unavailable,
            Mode::Busy,
            Mode::Resets,
            Mode::Garbage,
            Mode::Stalls,
        ];
        let faults = if may_stall { 5 } else { 4 };
        let fault = FAULTS[usize::try_from(self.dice.below(faults)).unwrap()];
        let upstream = &self.upstreams[place];
        upstream.next(Mode::torn());
        if let Some(reply) = fault.reply(&mut self.dice) {
            upstream.next(reply);
        }
    }

    /// Flaps until the time is over; of those that may, one at a time stalls.
    async fn flap(&mut self, ends: Instant) {
        // The first in order is never the one that is well at first, so that requests have to move on.
        let mut well = 1 + usize::try_from(self.dice.below(2)).unwrap();
        let mut next: Option<(usize, Instant)> = None;
        let mut staller = 0;
        // Meanwhile two of three flap.
        let mut alone_until = Instant::now() + ALONE;
        while Instant::now() < ends {
            let now = Instant::now();
            match next {
                None if now >= alone_until => {
                    // The next one becomes well, and must have been for a while before anybody relies on it.
                    let place = (well + 1 + usize::try_from(self.dice.below(2)).unwrap()) % 3;
                    self.turn(place, Mode::Well).await;
                    next = Some((place, now + PAUSE + DETOUR));
                }
                Some((place, from)) if now >= from => {
                    staller = well;
                    well = place;
                    next = None;
                    alone_until = now + ALONE;
                }
                _ => {}
            }
            for place in 0..3 {
                if place == well || next.is_some_and(|(other, _)| other == place) {
                    continue;
                }
                let mode = Mode::any(&mut self.dice, place == staller);
                self.turn(place, mode).await;
                if mode == Mode::Well {
                    self.stumble(place, place == staller);
                }
            }
            sleep(self.dice.millis(100, 300)).await;
        }
        for place in 0..3 {
            self.turn(place, Mode::Well).await;
        }
    }
}

/// One caller, who asks until the time is over.
async fn call(caller: Client, mut dice: Dice, over: Arc<AtomicBool>, seen: Arc<Mutex<Seen>>) {
    while !over.load(Ordering::Relaxed) {
        let streamed = dice.below(2) == 0;
        let question = match streamed {
            true => streamed_chat(GROUP),
            false => chat(GROUP),
        };
        let answer = caller.post(CHAT, &question).try_send().await;
        seen.lock().unwrap().note(answer, streamed);
        sleep(dice.millis(50, 250)).await;
    }
}

impl Seen {
    fn note(&mut self, answer: Option<Answer>, streamed: bool) {
        let answer = match answer {
            Some(answer) if answer.status == 200 => answer,
            other => {
                let what = format!("a failure before the commit: {other:?}");
                self.wrong.push(what);
                return;
            }
        };
        let who = answer.header("x-understudy-instance").unwrap_or_default();
        let whole = format!("hello from {who}");
        let right = if streamed {
            self.streamed += 1;
            let events = answer.events();
            let last = events.last();
            let interrupted =
                last.is_some_and(|last| last.error_code().as_deref() == Some("stream_interrupted"));
            self.interrupted += usize::from(interrupted);
            interrupted || (last.is_some_and(Event::is_done) && sse::text(&events) == whole)
        } else {
            self.whole += 1;
            answer.json()["choices"][0]["message"]["content"] == whole
        };
        if !right {
            self.wrong
                .push(format!("an answer that is not whole: {answer:?}"));
        }
        self.failed_over += usize::from(answer.header("x-understudy-attempts") != Some("1"));
        *self.by.entry(who.to_owned()).or_default() += 1;
    }
}

/// Kills PostgreSQL, and waits until another one runs and management works again. Tells how long that took.
async fn killed(app: &App, admin: &Client) -> Duration {
    let killed = app.home().postmaster().expect("it runs");
    kill_process(killed, Signal::KILL).expect("it runs");
    let (_, took) = until(BACK, "management is back", async || {
        let another = app.home().postmaster().is_some_and(|now| now != killed);
        let answer = admin.get("/api/v1/model-groups").try_send().await?;
        (answer.status == 200 && another).then_some(())
    })
    .await;
    took
}

#[tokio::test]
async fn nobody_notices_while_instances_flap_and_the_database_is_killed() {
    let scale = match env::chaos_at_full_length() {
        true => Scale {
            time: Duration::from_secs(60),
            callers: 200,
            seed: 4,
        },
        false => Scale {
            time: Duration::from_secs(10),
            callers: 40,
            seed: 4,
        },
    };
    // A line per request would be most of what the process does.
    let mut app = App::builder()
        .with_own_database()
        .env("RUST_LOG", "info,understudy::request=off")
        .start()
        .await;
    let upstreams: Vec<Upstream> = NAMES.into_iter().map(Upstream::start).collect();
    let limit = u64::try_from(LIMIT.as_millis()).unwrap();
    let fields = json!({"timeouts": {"first_byte_ms": limit, "idle_ms": limit}});
    let mut members = Vec::new();
    for upstream in &upstreams {
        members.push(
            app.instance_with(upstream.name(), upstream.port(), fields.clone())
                .await,
        );
    }
    // Everybody is asked, not only the first one that is well.
    app.group_with(GROUP, &members, json!({"strategy": "weighted"}))
        .await;
    let caller = app.gateway().await;
    let admin = app.admin().await;

    let begun = Instant::now();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let over = Arc::new(AtomicBool::new(false));
    let mut dice = Dice(scale.seed);
    let callers: Vec<_> = (0..scale.callers)
        .map(|_| {
            // A client of its own: what the shared one keeps of every answer is not needed.
            let caller = Client::new(app.address()).with_bearer(caller.bearer());
            tokio::spawn(call(
                caller,
                Dice(dice.roll()),
                Arc::clone(&over),
                Arc::clone(&seen),
            ))
        })
        .collect();
    let mut flapping = Flapping {
        upstreams,
        modes: [Mode::Well; 3],
        dice,
    };
    let outage = async {
        sleep(scale.time / 4).await;
        let first = killed(&app, &admin).await;
        sleep((begun + scale.time / 2).saturating_duration_since(Instant::now())).await;
        let frozen = app.home().freeze();
        sleep(scale.time / 4).await;
        drop(frozen);
        [first, killed(&app, &admin).await]
    };
    let memory = async {
        let mut samples = Vec::new();
        while begun.elapsed() < scale.time {
            samples.push(app.resident());
            sleep(Duration::from_millis(250)).await;
        }
        samples
    };
    let ((), back, memory) = tokio::join!(flapping.flap(begun + scale.time), outage, memory);
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller that did not panic");
    }
    let took = begun.elapsed();

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let requests = seen.whole + seen.streamed + seen.wrong.len();
    let calls: usize = flapping
        .upstreams
        .iter()
        .map(|upstream| upstream.requests().len())
        .sum();
    // A fifth of the requests and ten a second, over windows of ten seconds.
    let budget = requests / 5 + 10 * (usize::try_from(took.as_secs()).unwrap() + 10);
    // Everybody has asked at least once after this.
    let warm = memory.len() / 4;
    let growth = memory[warm..]
        .iter()
        .max()
        .unwrap()
        .saturating_sub(memory[warm]);
    let mut told = String::new();
    let mib = |bytes: u64| bytes / 1024 / 1024;
    writeln!(
        told,
        "seed {}, {} callers, {:.1} s: {} whole answers, {} streams of which {} ended with the error event, {} wrong; \
         {} after moving on, by {:?}; management back {back:.1?} after PostgreSQL was killed; {calls} calls of instances for {requests} requests (budget {budget} more); \
         resident {} MiB, then at most {} MiB more",
        scale.seed,
        scale.callers,
        took.as_secs_f64(),
        seen.whole,
        seen.streamed,
        seen.interrupted,
        seen.wrong.len(),
        seen.failed_over,
        seen.by,
        mib(memory[warm]),
        mib(growth),
    )
    .unwrap();
    eprintln!("{told}");
    assert!(
        seen.wrong.is_empty(),
        "{told}\n{}",
        seen.wrong[..seen.wrong.len().min(3)].join("\n")
    );
    assert!(requests > 10 * scale.callers, "{told}");
    assert!(
        seen.failed_over + seen.interrupted >= 5 && seen.by.len() > 1,
        "nothing was tried: {told}"
    );
    assert!(calls <= requests + budget, "{told}");
    assert!(growth <= GROWTH, "{told}");
    app.signal(Signal::INT);
    assert_eq!(app.exit_code(SOON).await, Some(0));
}
