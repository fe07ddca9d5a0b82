//! Classes of addresses, as far as the egress policy tells them apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Denial;

/// Addresses that give away credentials of the machine to whoever asks.
const METADATA: [Ipv4Addr; 3] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// Why no instance and no proxy may have this address.
pub(super) fn never_reachable(address: IpAddr) -> Option<Denial> {
    let metadata = match address {
        IpAddr::V4(v4) => METADATA.contains(&v4),
        IpAddr::V6(v6) => v6 == METADATA_V6,
    };
    if metadata {
        return Some(Denial::Metadata);
    }
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    if link_local {
        return Some(Denial::LinkLocal);
    }
    let nowhere = match address {
        IpAddr::V4(v4) => v4.octets()[0] == 0 || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unspecified(),
    };
    if nowhere {
        return Some(Denial::NoHost);
    }
    address.is_multicast().then_some(Denial::Multicast)
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, 6to4 and NAT64.
pub(super) fn embedded_ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let s = v6.segments();
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(from(high, low)),
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        [0x64, 0xff9b, 0 | 1, .., high, low] => Some(from(high, low)),
        _ => None,
    }
}

/// Whether the address belongs to the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        // An IPv4 address in disguise is judged as that address, by the caller.
        IpAddr::V6(v6) if embedded_ipv4(address).is_some() => {
            v6.segments()[0] != 0x64 || v6.segments()[2] == 0
        }
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol_assignments = (a, b, c) == (192, 0, 0);
    let benchmarking = a == 198 && (b & 0xfe) == 18;
    let reserved = a >= 240;
    let relay = (a, b, c) == (192, 88, 99);
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_documentation()
        || shared
        || protocol_assignments
        || benchmarking
        || reserved
        || relay)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    // 2000::/3 is all that is routed; Teredo, ORCHID, benchmarking and documentation lie inside it.
    let routed = (s[0] & 0xe000) == 0x2000;
    let special = s[0] == 0x2001 && (s[1] < 0x0200 || s[1] == 0x0db8);
    let documentation = s[0] == 0x3fff && s[1] < 0x1000;
    routed && !special && !documentation
}
