//! What the operating system knows: time on the processor, resident memory, which processor runs what.
//!
//! Linux tells it in `/proc`. Elsewhere the figures are simply absent; nothing is estimated.

use std::fs;
use std::time::Duration;

/// What one process has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Time on the processor, of all its threads, in user and in kernel mode.
    pub cpu: Option<Duration>,
    /// Resident memory in KiB.
    pub resident_kib: Option<u64>,
}

/// What `process` has used until now.
pub fn usage(process: u32) -> Usage {
    let read = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    Usage {
        cpu: read("stat").and_then(|stat| cpu_of(&stat)),
        resident_kib: read("status").and_then(|status| resident_of(&status)),
    }
}

/// Time that all processors of the machine have spent on anything, including what its host took from it.
pub fn busy() -> Option<Duration> {
    busy_of(&fs::read_to_string("/proc/stat").ok()?)
}

/// The processes that `parent` has started.
pub fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|process| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            fields(&stat).nth(1).and_then(|field| field.parse().ok()) == Some(parent)
        })
        .collect()
}

/// The processor's name.
pub fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Fields of `/proc/PID/stat` from the third (the state) on. The second, the program's name, may contain anything.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace()
}

fn cpu_of(stat: &str) -> Option<Duration> {
    let mut fields = fields(stat).skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    ticks(user + kernel)
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn busy_of(stat: &str) -> Option<Duration> {
    let all = stat.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<u64> = all
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; what comes after is contained in these.
    let &[user, nice, system, _, _, irq, softirq, steal] = times.get(..8)? else {
        return None;
    };
    ticks(user + nice + system + irq + softirq + steal)
}

fn ticks(count: u64) -> Option<Duration> {
    let per_second = rustix::param::clock_ticks_per_second();
    (per_second > 0).then(|| Duration::from_secs(count) / u32::try_from(per_second).unwrap_or(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let stat = "42 (a) S (b) R 7 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 1 0 100 1000 10";
        assert_eq!(fields(stat).nth(1), Some("7"));
        let per_second = rustix::param::clock_ticks_per_second();
        let expected = Duration::from_secs(200) / u32::try_from(per_second).unwrap();
        assert_eq!(cpu_of(stat), Some(expected));
    }

    #[test]
    fn idle_time_is_not_busy_time() {
        let stat = "cpu  1 2 3 1000 1000 4 5 6 7 8\ncpu0 0 0 0 0 0 0 0 0 0 0\n";
        assert_eq!(busy_of(stat), ticks(21));
    }

    #[test]
    fn memory_is_read_in_kib() {
        assert_eq!(resident_of("Name:\tx\nVmRSS:\t    5128 kB\n"), Some(5128));
    }
}
