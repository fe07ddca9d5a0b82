use super::*;

const LOCAL: Destination = Destination::Backend(InstanceKind::Local);
const CLOUD: Destination = Destination::Backend(InstanceKind::Cloud);

fn allowed(policy: &EgressPolicy, destination: Destination, address: &str) -> bool {
    policy
        .check_address(destination, address.parse().unwrap(), 80)
        .is_ok()
}

#[test]
fn private_hosts_are_a_feature_and_never_reachable_ones_are_denied_for_all() {
    let policy = EgressPolicy::default();
    for address in [
        "127.0.0.1",
        "10.0.0.7",
        "192.168.1.1",
        "::1",
        "fd12::1",
        "100.64.0.1",
    ] {
        assert!(allowed(&policy, LOCAL, address), "{address}");
        assert!(allowed(&policy, Destination::Proxy, address), "{address}");
    }
    for address in [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "::",
        "::ffff:169.254.169.254",
        "2002:a9fe:a9fe::1",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "::169.254.169.254",
    ] {
        for destination in [LOCAL, CLOUD, Destination::Proxy] {
            assert!(!allowed(&policy, destination, address), "{address}");
        }
    }
}

#[test]
fn cloud_instances_are_public_unless_allowed() {
    let policy = EgressPolicy::new(Vec::new(), vec!["10.9.0.0/16".parse().unwrap()], Vec::new());
    for address in ["1.1.1.1", "2606:4700::1111", "10.9.1.1"] {
        assert!(allowed(&policy, CLOUD, address), "{address}");
    }
    for address in [
        "10.0.0.1",
        "127.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "::1",
        "fc00::1",
        "::ffff:10.0.0.1",
        "2002:0a00:0001::",
        "64:ff9b::7f00:1",
        "198.18.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "2001:db8::1",
        "2001::1",
    ] {
        assert!(!allowed(&policy, CLOUD, address), "{address}");
    }
}

#[test]
fn the_operator_adds_denials_and_the_service_never_calls_itself() {
    let own = vec![
        "127.0.0.1:8080".parse().unwrap(),
        "0.0.0.0:9090".parse().unwrap(),
    ];
    let policy = EgressPolicy::new(
        vec!["10.1.0.0/16".parse().unwrap()],
        vec!["127.0.0.0/8".parse().unwrap()],
        own,
    );
    assert!(!allowed(&policy, LOCAL, "10.1.2.3"));
    let at = |address: &str, port| {
        policy
            .check_address(LOCAL, address.parse().unwrap(), port)
            .is_ok()
    };
    assert!(!at("127.0.0.1", 8080));
    assert!(!at("::ffff:127.0.0.1", 8080));
    assert!(at("127.0.0.1", 8081));
    assert!(!at("127.0.0.2", 9090));
    assert!(at("10.255.255.254", 9090));
}

#[test]
fn every_spelling_becomes_one() {
    for (spelling, normal) in [
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("１２７.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("Example.COM.", "example.com"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("my_host-1", "my_host-1"),
    ] {
        assert_eq!(
            normalize_host(spelling).as_deref(),
            Ok(normal),
            "{spelling}"
        );
    }
    for spelling in [
        "",
        ".",
        "a b",
        "a..b",
        "1.2.3.4.5",
        "::1%eth0",
        "256.256.256.256",
        // Found by fuzzing: without their dots these are addresses.
        "0x7f000001...",
        "0x7f000001。。",
        "example.com..",
        "a/b",
        "a:b",
    ] {
        assert!(normalize_host(spelling).is_err(), "{spelling}");
    }
}

#[test]
fn metadata_names_are_denied_before_they_resolve() {
    let policy = EgressPolicy::default();
    assert!(
        policy
            .check_host(LOCAL, "Metadata.Google.Internal.", 80)
            .is_err()
    );
    assert!(policy.check_host(LOCAL, "gpu-1.example", 80).is_ok());
}
