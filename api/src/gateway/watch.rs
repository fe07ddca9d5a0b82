//! Active checks: finds out about instances while nobody asks them.
//!
//! | module | does |
//! |---|---|
//! | [`schedule`] | when which instance is checked, as pure logic |
//! | [`ladder`] | what is asked: the cheapest question whose answer says something |
//! | [`finding`] | what a check found |
//! | [`alarm`] | a failed request asks for a check |
//! | [`desk`] | what this replica checks, what others found, what they are told |
//! | [`link`] | who of the replicas makes the checks |
//!
//! One task of a process. The rules: a check goes the way of a request (client, proxies, TLS, egress policy) and costs nothing unless
//! somebody asked for one that does. What it means is said in [`breaker`](super::breaker); `concluded` is the one place that
//! learns of every check that was made here.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{self, JoinSet};
use understudy_shared::{HealthCheckMode, ModelInstanceId};

use super::Gateway;
use super::breaker::tally::{Bounds, Tally};
use super::breaker::watched::{News, Turn};
use super::snapshot::{Instance, Snapshot};
use super::surroundings::Moment;
use super::upstream;

pub mod alarm;
pub mod desk;
pub mod finding;
pub mod ladder;
pub mod link;
pub mod schedule;

use desk::{Desk, Permit};
use finding::{Finding, Verdict};
use ladder::Memo;
use schedule::{Plan, Schedule, Trigger};

/// Checks at the same time. Enough for hundreds of instances that all let their checks wait for 3 s.
const AT_ONCE: usize = 64;
/// Longest sleep: whatever else was missed is seen then.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The checks of one process.
struct Watch {
    gateway: Arc<Gateway>,
    desk: Arc<Desk>,
    schedule: Schedule,
    memos: HashMap<ModelInstanceId, (u64, Rc<Memo>)>,
    revision: Option<i64>,
}

/// A check that has ended.
struct Done {
    instance: Arc<Instance>,
    trigger: Trigger,
    /// What it found, or how long it has to wait because it costs money.
    finding: Result<Finding, Duration>,
}

/// Checks instances, for ever.
pub async fn run(gateway: Arc<Gateway>, desk: Arc<Desk>) {
    // The sender lives as long as this process.
    let _ = gateway.is_loaded().wait_for(|loaded| *loaded).await;
    let mut looked = gateway.looked();
    let mut duty = desk.duty();
    let alarms = Arc::clone(gateway.alarms());
    let mut watch = Watch {
        gateway,
        desk,
        schedule: Schedule::default(),
        memos: HashMap::new(),
        revision: None,
    };
    let mut running: JoinSet<Done> = JoinSet::new();
    let mut whose: HashMap<task::Id, ModelInstanceId> = HashMap::new();
    loop {
        let snapshot = watch.gateway.snapshot();
        watch.follow(&snapshot);
        watch.hear(&snapshot);
        let now = watch.now();
        for id in alarms.take() {
            watch.schedule.alarm(id, now);
        }
        let today = *duty.borrow_and_update();
        let room = AT_ONCE.saturating_sub(running.len());
        for (id, trigger) in watch.schedule.take(now, today, room) {
            if let Some(instance) = watch.wanted(&snapshot, id, now) {
                let check = watch.check(&snapshot, instance, trigger);
                whose.insert(running.spawn_local(check).id(), id);
            }
        }
        let sleep = match watch.schedule.next(now, today) {
            // Without room only the end of a check helps.
            Some(next) if running.len() < AT_ONCE => next.left(now).min(LONGEST_SLEEP),
            _ => LONGEST_SLEEP,
        };
        tokio::select! {
            Some(ended) = running.join_next_with_id(), if !running.is_empty() => match ended {
                Ok((task, done)) => {
                    whose.remove(&task);
                    watch.conclude(&done);
                }
                Err(error) => {
                    tracing::error!(%error, "a check broke");
                    if let Some(id) = whose.remove(&error.id()) {
                        watch.ended(id, false);
                    }
                }
            },
            () = alarms.raised() => {}
            _ = looked.changed() => {}
            _ = duty.changed() => {}
            () = watch.desk.heard() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

impl Watch {
    fn now(&self) -> Moment {
        self.gateway.surroundings().now()
    }

    fn fraction(&self) -> f64 {
        self.gateway.surroundings().fraction()
    }

    /// Plans for the configuration of this moment.
    fn follow(&mut self, snapshot: &Snapshot) {
        if self.revision.replace(snapshot.revision) == Some(snapshot.revision) {
            return;
        }
        let mut plans = HashMap::new();
        for instance in snapshot.instances() {
            match plan(instance) {
                Some(plan) => {
                    plans.insert(instance.connection.id, plan);
                }
                None => instance.health.unwatched(),
            }
        }
        self.memos.retain(|id, _| plans.contains_key(id));
        let surroundings = Arc::clone(self.gateway.surroundings());
        let dice = || surroundings.fraction();
        self.schedule.set(&plans, surroundings.now(), dice);
    }

    /// The instance, if it is to be checked now.
    fn wanted<'s>(
        &mut self,
        snapshot: &'s Snapshot,
        id: ModelInstanceId,
        now: Moment,
    ) -> Option<&'s Arc<Instance>> {
        let instance = snapshot.instance(id)?;
        if let Some(drill) = instance.drill.filter(|drill| drill.is_on(now.utc())) {
            let left = (drill.until - now.utc()).to_std().unwrap_or_default();
            self.schedule.postpone(id, now.after(left));
            return None;
        }
        Some(instance)
    }

    fn check(
        &mut self,
        snapshot: &Snapshot,
        instance: &Arc<Instance>,
        trigger: Trigger,
    ) -> impl Future<Output = Done> + 'static {
        let id = instance.connection.id;
        let known = self.memos.get(&id);
        let known = known.filter(|(settings, _)| *settings == instance.settings);
        let memo = match known {
            Some((_, memo)) => Rc::clone(memo),
            None => {
                let memo = Rc::<Memo>::default();
                let fresh = (instance.settings, Rc::clone(&memo));
                self.memos.insert(id, fresh);
                memo
            }
        };
        let desk = plan(instance)
            .filter(|plan| plan.costs)
            .map(|_| Arc::clone(&self.desk));
        let egress = Arc::clone(self.gateway.egress());
        let client = upstream::client(snapshot, instance, &egress);
        let instance = Arc::clone(instance);
        async move {
            let permit = match desk {
                Some(desk) => desk.permit(id).await,
                None => Permit::Granted,
            };
            let finding = match permit {
                Permit::Granted => Ok(ladder::check(&instance, client, &egress, &memo).await),
                Permit::In(wait) => Err(wait),
            };
            Done {
                instance,
                trigger,
                finding,
            }
        }
    }

    fn conclude(&mut self, done: &Done) {
        let instance = &done.instance;
        let id = instance.connection.id;
        let finding = match &done.finding {
            Ok(finding) => finding,
            Err(wait) => {
                let until = self.now().after(*wait);
                self.schedule.refused(id, until);
                return;
            }
        };
        // Of what was changed or deleted meanwhile nothing is learnt.
        let snapshot = self.gateway.snapshot();
        let same = |known: &&Arc<Instance>| Arc::ptr_eq(&known.health, &instance.health);
        let known = snapshot.instance(id).filter(same);
        let Some((known, plan)) = known.and_then(|known| Some((known, plan(known)?))) else {
            self.ended(id, false);
            return;
        };
        let tally = concluded(instance, done.trigger, finding, plan);
        self.ended(id, tally.wavers());
        let at = self.now().utc();
        self.desk.tell(known, finding, tally, at);
    }

    fn ended(&mut self, id: ModelInstanceId, wavers: bool) {
        let (now, fraction) = (self.now(), self.fraction());
        self.schedule.finished(id, wavers, now, fraction);
    }

    /// Learns what other replicas have found.
    fn hear(&mut self, snapshot: &Snapshot) {
        let now = self.now();
        for heard in self.desk.take(snapshot, now.utc()) {
            let Some(instance) = snapshot.instance(heard.id) else {
                continue;
            };
            let Some(plan) = plan(instance).filter(|_| heard.is_current) else {
                continue;
            };
            let ago = (now.utc() - heard.at).to_std().unwrap_or_default();
            let fraction = self.fraction();
            self.schedule.heard(heard.id, ago, now, fraction);
            let news = News {
                finding: &heard.finding,
                bounds: bounds(instance),
                good_for: horizon(instance, plan).saturating_sub(ago),
                alarmed: false,
                heard: Some((heard.tally, heard.at)),
            };
            let (_, turn) = instance.health.watched(&news);
            tell_turn(instance, &heard.finding, turn);
        }
    }
}

/// How an instance is to be checked, if it is.
fn plan(instance: &Instance) -> Option<Plan> {
    let connection = &instance.connection;
    let settings = &connection.health_check;
    if !instance.enabled || settings.mode == HealthCheckMode::Off {
        return None;
    }
    // There is nothing to ask with.
    connection.unreadable().is_none().then_some(())?;
    let mut hasher = DefaultHasher::new();
    instance.settings.hash(&mut hasher);
    settings.mode.hash(&mut hasher);
    settings.path.hash(&mut hasher);
    // Whoever ends a drill wants to see at once how the instance is.
    instance.drill.map(|drill| drill.until).hash(&mut hasher);
    Some(Plan {
        settings: hasher.finish(),
        interval: Duration::from_secs(settings.interval_s_for(connection.kind).into()),
        costs: settings.mode == HealthCheckMode::Chat,
    })
}

fn bounds(instance: &Instance) -> Bounds {
    let settings = &instance.connection.health_check;
    Bounds {
        fall: settings.fall,
        rise: settings.rise,
    }
}

fn horizon(instance: &Instance, plan: Plan) -> Duration {
    let timeout = instance.connection.health_check.timeout_s;
    plan.horizon(Duration::from_secs(timeout.into()))
}

/// A check that was made here has ended: the one place that learns of all of them.
fn concluded(instance: &Instance, trigger: Trigger, finding: &Finding, plan: Plan) -> Tally {
    let passed = matches!(finding.verdict, Verdict::Passed | Verdict::Unverified);
    instance.counts.checked(passed);
    let news = News {
        finding,
        bounds: bounds(instance),
        good_for: horizon(instance, plan),
        alarmed: trigger == Trigger::Failure,
        heard: None,
    };
    let (tally, turn) = instance.health.watched(&news);
    tracing::debug!(
        instance = instance.connection.name,
        verdict = ?finding.verdict,
        code = %finding.code,
        reason = finding.reason,
        trigger = ?trigger,
        "checked an instance"
    );
    tell_turn(instance, finding, turn);
    tally
}

fn tell_turn(instance: &Instance, finding: &Finding, turn: Option<Turn>) {
    let name = &instance.connection.name;
    match turn {
        Some(Turn::Fell) => {
            let (code, reason) = (finding.code, &finding.reason);
            tracing::warn!(instance = name, %code, reason, "an instance fails its checks and is down");
        }
        Some(Turn::Rose) => {
            tracing::info!(instance = name, "an instance passes its checks and is back");
        }
        None => {}
    }
}
