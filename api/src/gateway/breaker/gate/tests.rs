use super::*;

/// A breaker on a clock that only the test moves.
struct Rig {
    breaker: Breaker,
    now: Moment,
}

impl Rig {
    fn new() -> Self {
        Self {
            breaker: Breaker::default(),
            now: Moment::now(),
        }
    }

    fn pass_time(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
    }

    fn enter(&mut self) -> Result<Pass, Gate> {
        self.breaker.enter(self.now, false)
    }

    fn fail(&mut self) {
        let pass = self.enter().unwrap();
        self.fail_with(pass);
    }

    /// Fails with dice that show the middle: no jitter.
    fn fail_with(&mut self, pass: Pass) {
        self.breaker.failed(pass, self.now, false, 0.5);
    }

    fn eject(&mut self) {
        for _ in 0..FAILURES {
            self.fail();
        }
    }

    fn gate(&self) -> Gate {
        self.breaker.gate(self.now)
    }

    /// How long the gate stays shut.
    fn shut_for(&self) -> Duration {
        match self.gate() {
            Gate::Shut(until, Why::Failures) => until.left(self.now),
            gate => panic!("not shut: {gate:?}"),
        }
    }
}

#[test]
fn three_failures_in_a_row_eject_and_a_success_between_them_starts_anew() {
    let mut rig = Rig::new();
    rig.fail();
    rig.fail();
    let pass = rig.enter().unwrap();
    rig.breaker.succeeded(pass);
    rig.fail();
    rig.fail();
    assert_eq!(rig.gate(), Gate::Open);
    rig.fail();
    assert_eq!(rig.shut_for(), Duration::from_secs(5));
    assert!(rig.enter().is_err());
}

#[test]
fn each_failed_probe_doubles_the_pause_up_to_five_minutes() {
    let mut rig = Rig::new();
    rig.eject();
    for seconds in [5, 10, 20, 40, 80, 160, 300, 300, 300] {
        assert_eq!(rig.shut_for(), Duration::from_secs(seconds));
        rig.pass_time(seconds * 1000 - 1);
        assert!(rig.enter().is_err(), "{seconds} s are not over");
        rig.pass_time(1);
        rig.fail();
    }
    rig.pass_time(300_000);
    let probe = rig.enter().unwrap();
    rig.breaker.succeeded(probe);
    assert_eq!(rig.gate(), Gate::Open);
    rig.eject();
    assert_eq!(rig.shut_for(), Duration::from_secs(5), "from the beginning");
}

#[test]
fn jitter_is_a_fifth_to_either_side_and_never_more_than_five_minutes() {
    assert_eq!(pause(0, 0.0), Duration::from_secs(4));
    assert_eq!(pause(0, 1.0), Duration::from_secs(6));
    assert_eq!(pause(3, 0.0), Duration::from_secs(32));
    assert_eq!(pause(6, 0.0), Duration::from_secs(240));
    assert_eq!(pause(6, 1.0), Duration::from_secs(300));
    assert_eq!(pause(u32::MAX, 1.0), Duration::from_secs(300));
}

#[test]
fn exactly_one_request_probes_until_its_outcome_is_known() {
    let mut rig = Rig::new();
    rig.eject();
    rig.pass_time(5_000);
    assert_eq!(rig.gate(), Gate::HalfOpen);
    let probe = rig.enter().unwrap();
    assert_eq!(rig.enter().unwrap_err(), Gate::Probing(Why::Failures));
    // The probe's caller leaves: the next request probes.
    rig.breaker.neither(probe);
    let probe = rig.enter().unwrap();
    assert!(rig.enter().is_err());
    rig.breaker.succeeded(probe);
    assert!(rig.enter().is_ok() && rig.enter().is_ok());
}

#[test]
fn a_probe_whose_stream_begins_lets_others_in_and_a_break_of_it_ejects_for_longer() {
    let mut rig = Rig::new();
    rig.eject();
    rig.pass_time(5_000);
    let mut probe = rig.enter().unwrap();
    rig.breaker.began(&mut probe);
    assert_eq!(rig.gate(), Gate::Open);
    rig.fail_with(probe);
    assert_eq!(rig.shut_for(), Duration::from_secs(10));
}

#[test]
fn streams_that_begin_and_break_are_failures_in_a_row() {
    let mut rig = Rig::new();
    for _ in 0..FAILURES {
        let mut pass = rig.enter().unwrap();
        rig.breaker.began(&mut pass);
        rig.fail_with(pass);
    }
    assert_eq!(rig.shut_for(), Duration::from_secs(5));
}

#[test]
fn what_began_before_the_gate_moved_says_nothing_of_now() {
    let mut rig = Rig::new();
    let [slow, slower] = [rig.enter().unwrap(), rig.enter().unwrap()];
    rig.eject();
    rig.breaker.succeeded(slow);
    assert_eq!(
        rig.shut_for(),
        Duration::from_secs(5),
        "not restored by old news"
    );
    rig.fail_with(slower);
    assert_eq!(rig.shut_for(), Duration::from_secs(5), "not punished twice");
}

#[test]
fn the_last_resort_goes_through_a_shut_gate_restores_it_and_never_prolongs_it() {
    let mut rig = Rig::new();
    rig.eject();
    let forced = rig.breaker.enter(rig.now, true).unwrap();
    rig.fail_with(forced);
    assert_eq!(rig.shut_for(), Duration::from_secs(5));
    let forced = rig.breaker.enter(rig.now, true).unwrap();
    rig.breaker.succeeded(forced);
    assert_eq!(rig.gate(), Gate::Open);
}

#[test]
fn the_only_usable_member_is_spared() {
    let mut rig = Rig::new();
    for _ in 0..FAILURES {
        let pass = rig.enter().unwrap();
        rig.breaker.failed(pass, rig.now, true, 0.5);
    }
    assert!(matches!(rig.gate(), Gate::Shut(_, Why::Spared)));
    assert!(rig.breaker.enter(rig.now, true).is_ok());
}

#[test]
fn a_pause_that_was_asked_for_is_kept_to_the_end_whatever_happens() {
    let mut rig = Rig::new();
    let begun = rig.enter().unwrap();
    let long = rig.now.after(Duration::from_secs(20));
    rig.breaker.cool(long);
    rig.breaker.cool(rig.now.after(Duration::from_secs(7)));
    assert_eq!(rig.gate(), Gate::Cooling(long), "the later deadline holds");
    assert!(
        rig.breaker.enter(rig.now, true).is_err(),
        "nobody forces it"
    );
    rig.breaker.succeeded(begun);
    rig.breaker.check_passed(rig.now);
    assert_eq!(rig.gate(), Gate::Cooling(long));
    rig.pass_time(20_000);
    assert_eq!(rig.gate(), Gate::Open);
}

#[test]
fn a_passed_check_moves_an_ejected_instance_to_half_open() {
    let mut rig = Rig::new();
    rig.eject();
    rig.breaker.check_passed(rig.now);
    assert_eq!(rig.gate(), Gate::HalfOpen);
}

#[test]
fn a_failed_check_takes_it_down_and_never_shortens_an_ejection() {
    let mut rig = Rig::new();
    rig.breaker.check_failed(rig.now);
    assert!(matches!(rig.gate(), Gate::Shut(_, Why::Check)));
    rig.breaker.check_passed(rig.now);
    assert_eq!(rig.gate(), Gate::Open);

    rig.eject();
    for seconds in [5, 10, 20, 40] {
        rig.pass_time(seconds * 1000);
        rig.fail();
    }
    assert_eq!(rig.shut_for(), Duration::from_secs(80));
    rig.breaker.check_failed(rig.now);
    assert_eq!(rig.shut_for(), Duration::from_secs(80));
}
