//! No spelling of an address that is always denied passes, for nobody.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::fuzz_target;
use understudy_api::gateway::egress::{Destination, EgressPolicy, normalize_host};
use understudy_shared::InstanceKind;

fn everybody() -> [Destination; 4] {
    let backend = Destination::Backend;
    [
        backend(InstanceKind::Local),
        backend(InstanceKind::Network),
        backend(InstanceKind::Cloud),
        Destination::Proxy,
    ]
}

/// The rule, once more and in other words.
fn always_denied(address: IpAddr) -> bool {
    let v4 = |a: Ipv4Addr| {
        a.octets()[0] == 0 || a.is_link_local() || a.is_multicast() || a.is_broadcast()
    };
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => {
            let s = address.segments();
            let last = Ipv4Addr::from(((u32::from(s[6])) << 16) | u32::from(s[7]));
            let embedded = match s {
                [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => v4(last),
                [0x2002, a, b, ..] => v4(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b))),
                _ => false,
            };
            embedded
                || address.is_unspecified()
                || address.is_multicast()
                || (s[0] & 0xffc0) == 0xfe80
        }
    }
}

fn denied(text: &str) {
    let Ok(host) = normalize_host(text) else {
        return;
    };
    let policy = EgressPolicy::default();
    for destination in everybody() {
        assert!(
            policy.check_host(destination, &host, 80).is_err(),
            "{text} became {host}, which passed"
        );
    }
}

/// One number in one of the spellings that readers of addresses know.
fn part(number: u32, style: u8) -> String {
    match style % 5 {
        0 => number.to_string(),
        1 => format!("0x{number:x}"),
        2 => format!("0X{number:08X}"),
        3 => format!("0{number:o}"),
        _ => number
            .to_string()
            .chars()
            .map(|digit| char::from_u32(digit as u32 - 0x30 + 0xff10).expect("a digit"))
            .collect(),
    }
}

fn spelled(address: Ipv4Addr, styles: [u8; 4], shape: u8) -> String {
    let number = u32::from(address);
    let [a, b, c, d] = address.octets().map(u32::from);
    let parts = match shape % 4 {
        0 => vec![a, b, c, d],
        1 => vec![a, b, (c << 8) | d],
        2 => vec![a, number & 0x00ff_ffff],
        _ => vec![number],
    };
    let dot = if shape & 4 == 0 { "." } else { "\u{3002}" };
    let texts: Vec<String> = parts
        .iter()
        .zip(styles)
        .map(|(number, style)| part(*number, style))
        .collect();
    let end = if shape & 8 == 0 { "" } else { "." };
    texts.join(dot) + end
}

fuzz_target!(|input: (&str, [u8; 4], [u8; 4], u8, [u8; 16])| {
    let (text, octets, styles, shape, bytes) = input;
    if let Ok(host) = normalize_host(text) {
        assert_eq!(
            normalize_host(&host).as_deref(),
            Ok(host.as_str()),
            "of {text:?}: one spelling and no other"
        );
        match host.parse::<IpAddr>() {
            Ok(address) if always_denied(address) => denied(text),
            Ok(_) => {}
            // What is not read as an address here must be none for whoever resolves it.
            Err(_) => {
                let last = host.rsplit('.').next().unwrap_or_default();
                let number = last
                    .strip_prefix("0x")
                    .map_or(last.bytes().all(|b| b.is_ascii_digit()), |hex| {
                        hex.bytes().all(|b| b.is_ascii_hexdigit())
                    });
                assert!(!number, "{text:?} became the name {host:?}");
            }
        }
    }
    let address = Ipv4Addr::from(octets);
    // Every second one is moved into a network that is denied.
    let address = match octets[0] % 4 {
        0 => Ipv4Addr::new(169, 254, octets[2], octets[3]),
        1 => Ipv4Addr::new(0, octets[1], octets[2], octets[3]),
        2 => Ipv4Addr::new(224 | (octets[1] & 15), octets[1], octets[2], octets[3]),
        _ => address,
    };
    let spelling = spelled(address, styles, shape);
    let host = normalize_host(&spelling).unwrap_or_else(|_| panic!("{spelling} is {address}"));
    assert_eq!(host, address.to_string(), "{spelling}");
    if always_denied(address.into()) {
        denied(&spelling);
        let [a, b, c, d] = address.octets();
        let six = u16::from_be_bytes([a, b]);
        let ten = u16::from_be_bytes([c, d]);
        for form in [
            address.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, six, ten),
            Ipv6Addr::new(0x2002, six, ten, 0, 0, 0, 0, 1),
        ] {
            denied(&form.to_string());
        }
        denied(&format!("::ffff:{address}"));
    }
    let address = Ipv6Addr::from(bytes);
    if always_denied(address.into()) {
        denied(&address.to_string());
        denied(&format!("{address}.").to_uppercase());
    }
});
