//! Counts what forwarding allocates: none of it may be ours for each packet and each subscriber. What the engine does is told.
//!
//! The worker of the peers runs in a process of its own, so that nothing else is counted; whole engines publish and subscribe.

#![allow(clippy::unwrap_used, reason = "a test that panics says what is wrong")]

#[allow(dead_code, reason = "the benches use the rest")]
mod forward;
#[path = "../../benches/measure.rs"]
#[allow(dead_code, reason = "the benches use the rest")]
mod measure;
mod owner;

use std::io::BufRead;
use std::rc::Rc;
use std::time::{Duration, Instant};

use str0m::media::{Direction, MediaKind};
use tokio::task::{JoinSet, LocalSet};

use self::forward::client::Client;
use self::forward::load::{self, Tally};
use self::forward::worker::{self, Peers};
use self::measure::Role;
use self::owner::Blocks;

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

/// Lines between the offers by which counting begins and ends.
const BEGIN: &str = "begin";
const END: &str = "end";
/// What is forwarded before it is counted, so that every buffer has its size; and while it is.
const WARM: Duration = Duration::from_secs(3);
const COUNTED_FOR: Duration = Duration::from_secs(4);
/// However slow the machine is, everybody is connected by then.
const CONNECT: Duration = Duration::from_secs(60);
/// Few and many subscribers: what they differ by is what each costs.
const SUBSCRIBERS: [usize; 2] = [2, 10];
/// Blocks of ours for a packet that a subscriber is sent, at most: timers have some now and then, packets have none.
const AIM: f64 = 0.3;

fn main() {
    let role = std::env::args().nth(1).unwrap_or_default();
    match role.as_str() {
        "viewer" => count(Peers::Viewer),
        "call" => count(Peers::Call),
        // Whatever cargo hands to tests.
        _ => compare(),
    }
}

/// The worker, counted.
fn count(peers: Peers) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heap.json");
    let mut profiler = None;
    let mut told = |line: &str| match line.trim_matches('"') {
        BEGIN => {
            profiler = Some(dhat::Profiler::builder().file_name(&file).trim_backtraces(Some(64)).build());
            Some("null".to_owned())
        }
        END => {
            drop(profiler.take());
            Some(serde_json::to_string(&Blocks::read(&file).unwrap()).unwrap())
        }
        _ => None,
    };
    let offers = std::io::stdin().lock().lines().filter_map(|line| {
        let line = line.unwrap();
        match told(&line) {
            Some(answer) => {
                println!("{answer}");
                None
            }
            None => Some(Ok(line)),
        }
    });
    worker::run(peers, 0, offers).unwrap();
}

fn compare() {
    for peers in ["viewer", "call"] {
        let [few, many] = SUBSCRIBERS.map(|subscribers| forwarded(peers, subscribers));
        let copies = many.copies as f64 - few.copies as f64;
        let each = |of: fn(&Blocks) -> u64| (of(&many.blocks) as f64 - of(&few.blocks) as f64) / copies;
        let (ours, engine) = (each(|blocks| blocks.ours), each(|blocks| blocks.engine));
        let once = few.blocks.ours as f64 / few.packets as f64;
        println!(
            "{peers}: ours {once:.2} for a packet that is forwarded, and {ours:.3} for each copy of it; the engine's {engine:.2}"
        );
        assert!(copies > 0.0 && engine > 0.1, "nothing was counted");
        assert!(ours < AIM, "ours, most first:\n{}", many.blocks.sites.join("\n"));
    }
}

/// What was allocated while so many packets were forwarded, and so many copies of them arrived.
struct Forwarded {
    blocks: Blocks,
    packets: usize,
    copies: usize,
}

fn forwarded(peers: &str, subscribers: usize) -> Forwarded {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let mut role = Role::start(&[peers]).unwrap();
        let (tally, mut tasks, mut clients) = (Rc::new(Tally::default()), JoinSet::new(), Vec::new());
        for number in 0..=subscribers {
            let direction = if number == 0 { Direction::SendOnly } else { Direction::RecvOnly };
            let (client, sdp) = Client::new(&[(MediaKind::Video, direction), (MediaKind::Audio, direction)]).unwrap();
            let answer: worker::Answer = role.ask(&worker::Offer { sdp }).unwrap();
            client.accept(&answer.sdp).unwrap();
            tasks.spawn_local(client.clone().run(tally.clone()));
            clients.push(client);
        }
        let end = Instant::now() + CONNECT;
        while !clients.iter().all(|client| client.is_connected()) {
            assert!(Instant::now() < end, "not all are connected");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        load::pump(WARM, 1, |kind| clients[0].burst(kind, &tally)).await;
        let () = role.ask(&BEGIN).unwrap();
        tally.begin();
        load::pump(COUNTED_FOR, 1, |kind| clients[0].burst(kind, &tally)).await;
        let blocks: Blocks = role.ask(&END).unwrap();
        let counted = tally.counted();
        Forwarded { blocks, packets: counted.sent, copies: counted.delays.len() }
    })
}
