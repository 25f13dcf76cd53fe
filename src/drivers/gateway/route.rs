//! Where the kernel sends what is for nobody on the local networks.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// The kernel's table of IPv4 routes.
const TABLE: &str = "/proc/net/route";
/// `RTF_UP` and `RTF_GATEWAY` of `linux/route.h`.
const UP_BY_GATEWAY: u32 = 1 | 2;

/// The router of the default route.
pub(super) fn default() -> Option<Ipv4Addr> {
    of(&std::fs::read_to_string(TABLE).unwrap_or_default())
}

/// A line is interface, destination, gateway, flags, counts, metric and mask, the addresses as the kernel has them in memory.
fn of(table: &str) -> Option<Ipv4Addr> {
    let read = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let number = |at: usize| u32::from_str_radix(words.get(at)?, 16).ok();
        let through = number(3)? & UP_BY_GATEWAY == UP_BY_GATEWAY;
        let everything = number(1)? == 0 && number(7)? == 0;
        let metric: u32 = words.get(6)?.parse().ok()?;
        (through && everything).then_some((metric, Ipv4Addr::from(number(2)?.to_ne_bytes())))
    };
    table.lines().skip(1).filter_map(read).min_by_key(|(metric, _)| *metric).map(|(_, router)| router)
}

/// Our address on the way there. Nothing is sent.
pub(super) fn source(to: Ipv4Addr) -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((to, 9)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(here) if !here.ip().is_unspecified() => Some(*here.ip()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    fn line(interface: &str, gateway: [u8; 4], flags: u32, metric: u32, mask: [u8; 4]) -> String {
        let word = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
        format!("{interface}\t00000000\t{}\t{flags:04X}\t0\t0\t{metric}\t{}\t0\t0\t0\n", word(gateway), word(mask))
    }

    #[test]
    fn the_router_is_that_of_the_default_route_with_the_least_metric() {
        let table = [
            HEAD,
            &line("eth0", [192, 168, 1, 1], 3, 100, [0; 4]),
            &line("wlan0", [192, 168, 2, 1], 3, 50, [0; 4]),
            &line("tun0", [10, 0, 0, 1], 3, 0, [128, 0, 0, 0]),
            &line("eth1", [0; 4], 1, 0, [0; 4]),
        ];
        assert_eq!(of(&table.concat()), Some(Ipv4Addr::new(192, 168, 2, 1)));
        for odd in ["", HEAD, "x\ny", "eth0\t0\t0\n\t\t\t\n"] {
            assert_eq!(of(odd), None, "{odd:?}");
        }
    }
}
