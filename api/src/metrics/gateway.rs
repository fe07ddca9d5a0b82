//! The numbers of groups and instances, by the names that the configuration of this moment gives them.

use std::fmt;
use std::sync::Arc;

use understudy_shared::InstanceState;

use super::page::Page;
use crate::gateway::Gateway;
use crate::gateway::counts::{Count, Histogram, InstanceCounts};
use crate::gateway::key_use::Limited;
use crate::gateway::snapshot::{Group, Instance, Snapshot};

/// By which the numbers of a group are found. Prometheus has a use of its own for `instance` and for `job`.
const GROUP: &str = "model_group";
/// By which the numbers of an instance are found.
const INSTANCE: &str = "model_instance";

const STATES: [(InstanceState, &str); 8] = [
    (InstanceState::Up, "up"),
    (InstanceState::Down, "down"),
    (InstanceState::Unknown, "unknown"),
    (InstanceState::Cooling, "cooling"),
    (InstanceState::Ejected, "ejected"),
    (InstanceState::AuthFailed, "auth_failed"),
    (InstanceState::Drilled, "drilled"),
    (InstanceState::Disabled, "disabled"),
];

/// Whole answers and streams, as histograms keep them apart.
const STREAM: [&str; 2] = ["false", "true"];

/// Writes the numbers of the data plane.
///
/// # Errors
/// If they cannot be written.
pub fn write(page: &mut Page<'_>, gateway: &Gateway) -> fmt::Result {
    let snapshot = gateway.snapshot();
    let mut groups: Vec<&Arc<Group>> = snapshot.groups().collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let mut instances: Vec<&Arc<Instance>> = snapshot.instances().collect();
    instances.sort_by(|a, b| a.connection.name.cmp(&b.connection.name));
    requests(page, gateway, &groups)?;
    attempts(page, &instances)?;
    states(page, gateway, &groups, &instances)?;
    configuration(page, gateway, &snapshot)?;
    usage(page, gateway)?;
    let batches = gateway.traces().map(|traces| {
        let state = traces.state();
        [("sent", &state.sent), ("failed", &state.failed)]
    });
    page.counter(
        "understudy_trace_batches",
        "Batches of spans, by whether the collector took them",
        batches
            .into_iter()
            .flatten()
            .map(|(outcome, count)| ([("outcome", outcome)], count.get())),
    )
}

fn requests(page: &mut Page<'_>, gateway: &Gateway, groups: &[&Arc<Group>]) -> fmt::Result {
    let requests = groups.iter().flat_map(|group| {
        let counted = group.counts.requests();
        counted.map(|(endpoint, end, count)| {
            let labels = [
                (GROUP, group.name.as_str()),
                ("endpoint", endpoint.path().trim_start_matches('/')),
                ("status", end.name()),
            ];
            (labels, count)
        })
    });
    page.counter(
        "understudy_requests",
        "Requests that are over, by how they ended",
        requests,
    )?;
    let refused = gateway.counts().refusals();
    page.counter(
        "understudy_requests_refused",
        "Requests that came to no group, by the code of the error",
        refused
            .iter()
            .map(|(code, count)| ([("code", *code)], *count)),
    )?;
    let limited = Limited::NAMES.iter().zip(&gateway.counts().limited);
    page.counter(
        "understudy_key_limited",
        "Requests that a limit of their API key kept out",
        limited.map(|(limit, count)| ([("limit", *limit)], count.get())),
    )?;
    let of_groups = |count: fn(&Group) -> &Count| {
        let labelled = move |group: &&'_ Arc<Group>| count(group).get();
        groups
            .iter()
            .map(move |group| ([(GROUP, group.name.as_str())], labelled(group)))
    };
    page.counter(
        "understudy_failovers",
        "How often a request moved on from an instance that gave no answer to another",
        of_groups(|group| &group.counts.failovers),
    )?;
    page.counter(
        "understudy_retry_budget_exhausted",
        "Attempts that were not made because the group had used up its budget of second attempts",
        of_groups(|group| &group.counts.budget_exhausted),
    )?;
    page.gauge(
        "understudy_requests_in_flight",
        "Requests that are under way",
        groups.iter().map(|group| {
            let in_flight = f64::from(group.counts.in_flight());
            ([(GROUP, group.name.as_str())], in_flight)
        }),
    )?;
    page.histogram(
        "understudy_time_to_first_byte_seconds",
        "From the arrival of an answered request until something could be sent to its caller",
        timed(groups, |group| &group.counts.first_byte),
    )?;
    page.histogram(
        "understudy_request_duration_seconds",
        "From the arrival of a request to its end",
        timed(groups, |group| &group.counts.duration),
    )
}

type Timed<'a> = ([(&'static str, &'a str); 2], &'a Histogram);

fn timed<'a>(
    groups: &'a [&Arc<Group>],
    of: fn(&Group) -> &[Histogram; 2],
) -> impl Iterator<Item = Timed<'a>> {
    groups.iter().flat_map(move |group| {
        let both = STREAM.into_iter().zip(of(group));
        both.map(|(stream, histogram)| {
            let labels = [(GROUP, group.name.as_str()), ("stream", stream)];
            (labels, histogram)
        })
    })
}

fn attempts(page: &mut Page<'_>, instances: &[&Arc<Instance>]) -> fmt::Result {
    let attempts: Vec<(&str, &str, String, u64)> = instances
        .iter()
        .flat_map(|instance| {
            let (name, counts) = (instance.connection.name.as_str(), &instance.counts);
            let answered = ("answered", "answered".to_owned(), counts.answered.get());
            let left = (
                "caller_left",
                "caller_left".to_owned(),
                counts.caller_left.get(),
            );
            let failed = counts.failed.counted();
            [answered, left]
                .into_iter()
                .chain(failed.map(|(code, count)| ("failed", code, count)))
                .map(move |(outcome, code, count)| (name, outcome, code, count))
        })
        .collect();
    page.counter(
        "understudy_attempts",
        "Attempts at an instance that are over, by how they ended",
        attempts.iter().map(|(instance, outcome, code, count)| {
            let labels = [
                (INSTANCE, *instance),
                ("outcome", *outcome),
                ("code", code.as_str()),
            ];
            (labels, *count)
        }),
    )?;
    let skipped: Vec<(&str, String, u64)> = instances
        .iter()
        .flat_map(|instance| {
            let name = instance.connection.name.as_str();
            let counted = instance.counts.skipped.counted();
            counted.map(move |(code, count)| (name, code, count))
        })
        .collect();
    page.counter(
        "understudy_skipped",
        "How often an instance was passed over, by the reason",
        skipped.iter().map(|(instance, code, count)| {
            let labels = [(INSTANCE, *instance), ("code", code.as_str())];
            (labels, *count)
        }),
    )?;
    let durations = instances.iter().flat_map(|instance| {
        let counts: &InstanceCounts = &instance.counts;
        let both = [
            ("answered", &counts.answered_in),
            ("failed", &counts.failed_in),
        ];
        both.map(|(outcome, histogram)| {
            let name = instance.connection.name.as_str();
            ([(INSTANCE, name), ("outcome", outcome)], histogram)
        })
    });
    page.histogram(
        "understudy_attempt_duration_seconds",
        "From the beginning of an attempt until its answer was complete or its stream began, or until it failed",
        durations,
    )?;
    let checks = instances.iter().flat_map(|instance| {
        let name = instance.connection.name.as_str();
        let both = ["failed", "passed"]
            .into_iter()
            .zip(&instance.counts.checks);
        both.map(move |(outcome, count)| ([(INSTANCE, name), ("outcome", outcome)], count.get()))
    });
    page.counter(
        "understudy_checks",
        "Checks of an instance, by how they ended",
        checks,
    )
}

fn states(
    page: &mut Page<'_>,
    gateway: &Gateway,
    groups: &[&Arc<Group>],
    instances: &[&Arc<Instance>],
) -> fmt::Result {
    let states = instances.iter().flat_map(|instance| {
        let id = instance.connection.id;
        let status = gateway.instance_status(id, instance.enabled, chrono::DateTime::UNIX_EPOCH);
        STATES.map(|(state, name)| {
            let labels = [
                (INSTANCE, instance.connection.name.as_str()),
                ("state", name),
            ];
            (labels, f64::from(status.state == state))
        })
    });
    page.gauge(
        "understudy_instance_state",
        "1 for the state that an instance is in, 0 for the others",
        states,
    )?;
    page.gauge(
        "understudy_instance_in_flight",
        "Attempts at an instance that are under way",
        instances.iter().map(|instance| {
            let name = instance.connection.name.as_str();
            ([(INSTANCE, name)], f64::from(instance.health.in_flight()))
        }),
    )?;
    // One that somebody has paused, or has put nobody into yet, is not out of order: it is not there, and no alert wakes anybody.
    let in_use = groups
        .iter()
        .filter(|group| group.enabled && !group.members.is_empty());
    page.gauge(
        "understudy_group_available",
        "Whether at least one instance of a group would answer now",
        in_use.map(|group| {
            let available = f64::from(gateway.is_available(group, None));
            ([(GROUP, group.name.as_str())], available)
        }),
    )
}

fn configuration(page: &mut Page<'_>, gateway: &Gateway, snapshot: &Snapshot) -> fmt::Result {
    page.gauge(
        "understudy_config_revision",
        "Number of the configuration that requests are answered by",
        [([], snapshot.revision as f64)],
    )?;
    page.gauge(
        "understudy_config_confirmed_timestamp_seconds",
        "When the configuration was last compared with the database, in seconds since 1970",
        [([], gateway.confirmed_at())],
    )
}

fn usage(page: &mut Page<'_>, gateway: &Gateway) -> fmt::Result {
    let ledger = gateway.ledger();
    page.counter(
        "understudy_usage_recorded",
        "Requests whose usage is in the database",
        [([], ledger.recorded.get())],
    )?;
    page.counter(
        "understudy_usage_lost",
        "Requests whose usage could not be recorded",
        [([], ledger.lost.get())],
    )?;
    page.gauge(
        "understudy_usage_waiting",
        "Requests whose usage waits for the database",
        [([], ledger.waiting() as f64)],
    )
}
