//! Against routers made here, on loopback addresses of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

use super::*;

const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
const ONE: Ipv4Addr = Ipv4Addr::new(127, 53, 51, 1);
const TWO: Ipv4Addr = Ipv4Addr::new(127, 53, 51, 2);
const THREE: Ipv4Addr = Ipv4Addr::new(127, 53, 51, 3);
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 53, 51, 4);

/// What a router was asked: transport, inside port, suggested outside port, seconds.
type Asked = Arc<Mutex<Vec<(Transport, u16, u16, u32)>>>;

#[derive(Clone, Copy)]
enum Speaks {
    Pcp,
    NatPmp,
    /// It knows PCP and says NOT_AUTHORIZED.
    No,
}

fn port(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("it is a port")
}

/// A router that forwards everything one port further.
async fn router(at: Ipv4Addr, speaks: Speaks) -> Asked {
    let socket = UdpSocket::bind((at, crab_nat::GATEWAY_PORT)).await.expect("the address is free");
    let asked = Asked::default();
    let noted = asked.clone();
    tokio_util::task::TaskTracker::new().spawn(async move {
        let mut buffer = [0; 1100];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let answer = match (speaks, buffer[0]) {
                (Speaks::NatPmp, 0) => nat_pmp(&buffer[..length], &noted),
                // Version not supported; this one speaks version 0 (RFC 6887 appendix A).
                (Speaks::NatPmp, _) => vec![0, 128, 0, 1, 0, 0, 0, 1],
                (Speaks::Pcp, _) => pcp_answer(&buffer[..length], 0, &noted),
                (Speaks::No, _) => pcp_answer(&buffer[..length], 2, &noted),
            };
            let _ = socket.send_to(&answer, from).await;
        }
    });
    asked
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn seconds(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// RFC 6886 sections 3.2 and 3.3.
fn nat_pmp(question: &[u8], asked: &Asked) -> Vec<u8> {
    let mut answer = vec![0, question[1] | 128, 0, 0, 0, 0, 0, 9];
    if question[1] == 0 {
        answer.extend(OUTSIDE.octets());
        return answer;
    }
    let transport = if question[1] == 1 { Transport::Udp } else { Transport::Tcp };
    let (inside, outside, lease) = (word(question, 4), word(question, 6), seconds(question, 8));
    asked.lock().expect("nobody panics").push((transport, inside, outside, lease));
    answer.extend(inside.to_be_bytes());
    answer.extend(if lease == 0 { 0 } else { inside + 1 }.to_be_bytes());
    answer.extend(lease.to_be_bytes());
    answer
}

/// RFC 6887 sections 7.2 and 11.1.
fn pcp_answer(question: &[u8], result: u8, asked: &Asked) -> Vec<u8> {
    let transport = if question[36] == 17 { Transport::Udp } else { Transport::Tcp };
    let (inside, outside, lease) = (word(question, 40), word(question, 42), seconds(question, 4));
    asked.lock().expect("nobody panics").push((transport, inside, outside, lease));
    let mut answer = vec![2, question[1] | 128, 0, result];
    answer.extend(lease.to_be_bytes());
    answer.extend([0, 0, 0, 9]);
    answer.extend([0; 12]);
    answer.extend(&question[24..42]);
    answer.extend(if lease == 0 { 0 } else { inside + 1 }.to_be_bytes());
    answer.extend(OUTSIDE.to_ipv6_mapped().octets());
    answer
}

async fn settled(state: &mut watch::Receiver<State>) -> State {
    let reached = tokio::time::timeout(Duration::from_secs(30), state.wait_for(|state| *state != State::Asking)).await;
    reached.expect("it answers").expect("it runs").clone()
}

fn ports() -> Vec<Port> {
    [Transport::Udp, Transport::Tcp].map(|transport| Port { transport, number: port(8189) }).to_vec()
}

#[tokio::test]
async fn ports_are_forwarded_and_taken_back_in_either_language() {
    let find: [fn() -> Option<Ipv4Addr>; 2] = [|| Some(ONE), || Some(TWO)];
    for (at, find, speaks, by) in [(ONE, find[0], Speaks::Pcp, By::Pcp), (TWO, find[1], Speaks::NatPmp, By::NatPmp)] {
        let asked = router(at, speaks).await;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut state = start_at(find, ports(), &tasks, stop.clone());
        let outside = |transport| Outside { transport, at: SocketAddr::new(OUTSIDE.into(), 8190) };
        let expected = State::Mapped(by, vec![outside(Transport::Udp), outside(Transport::Tcp)]);
        assert_eq!(settled(&mut state).await, expected);
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        let asked = asked.lock().expect("nobody panics").clone();
        let lease = LEASE.as_secs() as u32;
        let [udp, tcp, rest @ ..] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((*udp, *tcp), ((Transport::Udp, 8189, 8189, lease), (Transport::Tcp, 8189, 8189, lease)));
        let withdrawn: Vec<_> =
            rest.iter().map(|(transport, inside, _, lease)| (*transport, *inside, *lease)).collect();
        assert_eq!(withdrawn, [(Transport::Udp, 8189, 0), (Transport::Tcp, 8189, 0)]);
    }
}

#[tokio::test]
async fn a_router_that_says_no_is_heard_and_one_that_says_nothing_is_silent() {
    let _asked = router(THREE, Speaks::No).await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut refused = start_at(|| Some(THREE), ports(), &tasks, stop.clone());
    let mut silent = start_at(|| Some(NOBODY), ports(), &tasks, stop.clone());
    let mut none = start_at(|| None, ports(), &tasks, stop.clone());
    assert!(matches!(settled(&mut refused).await, State::Refused(_)));
    assert_eq!(settled(&mut silent).await, State::Silent);
    assert_eq!(settled(&mut none).await, State::NoRouter);
    stop.cancel();
}
