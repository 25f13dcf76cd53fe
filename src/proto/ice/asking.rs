//! When STUN servers are asked, and what is held to be true of their answers.
//!
//! Asking again also keeps the way open that a router made for the socket (RFC 8445 section 11).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::stun::{self, Answer, Question, Transaction};

/// Servers at most.
pub const SERVERS: usize = 4;
/// From an answer to the next question. Routers forget a way that is not used after 30 s or more.
const AGAIN: Duration = Duration::from_secs(20);
/// How long the first question waits for its answer, and each later one twice as long (RFC 8489 section 6.2.1).
const WAIT: Duration = Duration::from_millis(500);
/// Questions in a row without an answer.
const TRIES: u32 = 4;
/// After those.
const PAUSE: Duration = Duration::from_secs(60);

/// What is known of one server.
struct Server {
    at: SocketAddr,
    /// The questions that wait for an answer.
    asked: Vec<Transaction>,
    next: Instant,
    seen: Option<Answer>,
}

/// Asks several servers in turn.
#[derive(Default)]
pub struct Asking {
    servers: Vec<Server>,
}

impl Asking {
    /// Asks these from now on. What is known of those that stay is kept.
    pub fn servers(&mut self, servers: &[SocketAddr], now: Instant) {
        self.servers.retain(|server| servers.contains(&server.at));
        for &at in servers.iter().take(SERVERS) {
            if self.servers.iter().all(|server| server.at != at) {
                self.servers.push(Server { at, asked: Vec::new(), next: now, seen: None });
            }
        }
    }

    /// When there is something to ask.
    pub fn due(&self) -> Option<Instant> {
        self.servers.iter().map(|server| server.next).min()
    }

    /// What has to be sent now, and where.
    pub fn questions(&mut self, now: Instant, mut random: impl FnMut() -> Transaction) -> Vec<(SocketAddr, Question)> {
        let mut questions = Vec::new();
        for server in self.servers.iter_mut().filter(|server| server.next <= now) {
            let tries = server.asked.len() as u32;
            if tries >= TRIES {
                // What it said last is not true any more, as far as anybody knows.
                server.asked.clear();
                server.seen = None;
                server.next = now + PAUSE;
                continue;
            }
            let transaction = random();
            server.asked.push(transaction);
            server.next = now + WAIT * 2u32.pow(tries);
            questions.push((server.at, stun::question(transaction)));
        }
        questions
    }

    /// Takes a datagram if it comes from one of the servers and answers a question; says whether it did.
    pub fn heard(&mut self, from: SocketAddr, bytes: &[u8], now: Instant) -> bool {
        let Some(server) = self.servers.iter_mut().find(|server| server.at == from) else { return false };
        let Some(answer) = stun::answer(bytes).filter(|answer| server.asked.contains(&answer.transaction)) else {
            return false;
        };
        server.asked.clear();
        server.next = now + AGAIN;
        server.seen = Some(answer);
        true
    }

    /// Each server that answered, and what it said last.
    pub fn seen(&self) -> impl Iterator<Item = (SocketAddr, Answer)> {
        self.servers.iter().filter_map(|server| Some((server.at, server.seen?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn random() -> impl FnMut() -> Transaction {
        let mut number = 0;
        move || {
            number += 1;
            [number; 12]
        }
    }

    #[test]
    fn a_change_is_noticed_and_nobody_else_can_say_it() {
        let (mut asking, mut random, now) = (Asking::default(), random(), Instant::now());
        let server = at("198.51.100.1:3478");
        asking.servers(&[server], now);
        let [(to, question)] = asking.questions(now, &mut random)[..] else { panic!("one server is asked") };
        assert_eq!(to, server);
        let (first, second) = (at("203.0.113.7:8189"), at("203.0.113.9:40000"));
        let answer = stun::answer_to(&question, first);
        assert!(!asking.heard(at("198.51.100.2:3478"), &answer, now), "from elsewhere");
        assert!(!asking.heard(server, &stun::answer_to(&stun::question([99; 12]), second), now), "to no question");
        assert!(asking.heard(server, &answer, now));
        assert!(!asking.heard(server, &answer, now), "twice");
        let seen = |asking: &Asking| asking.seen().map(|(_, answer)| answer.mapped).collect::<Vec<_>>();
        assert_eq!(seen(&asking), [first]);
        assert_eq!(asking.due(), Some(now + AGAIN));
        assert!(asking.questions(now + AGAIN - WAIT, &mut random).is_empty());
        let later = now + AGAIN;
        let [(_, question)] = asking.questions(later, &mut random)[..] else { panic!("it is asked again") };
        assert!(asking.heard(server, &stun::answer_to(&question, second), later));
        assert_eq!(seen(&asking), [second]);
    }

    #[test]
    fn a_silent_server_is_asked_less_and_what_it_said_is_forgotten() {
        let (mut asking, mut random, start) = (Asking::default(), random(), Instant::now());
        let server = at("198.51.100.1:3478");
        asking.servers(&[server], start);
        let [(_, question)] = asking.questions(start, &mut random)[..] else { panic!("one server is asked") };
        assert!(asking.heard(server, &stun::answer_to(&question, at("203.0.113.7:1")), start));
        let mut asked = Vec::new();
        while let Some(due) = asking.due().filter(|due| *due < start + Duration::from_secs(120)) {
            for _ in asking.questions(due, &mut random) {
                asked.push((due - start).as_millis());
            }
        }
        assert_eq!(asked, [20_000, 20_500, 21_500, 23_500, 87_500, 88_000, 89_000, 91_000]);
        assert_eq!(asking.seen().count(), 0);
    }

    #[test]
    fn servers_that_stay_are_not_asked_anew() {
        let (mut asking, mut random, now) = (Asking::default(), random(), Instant::now());
        let [one, two] = ["198.51.100.1:3478", "198.51.100.2:3478"].map(at);
        asking.servers(&[one], now);
        assert_eq!(asking.questions(now, &mut random).len(), 1);
        asking.servers(&[one, two], now);
        let asked: Vec<SocketAddr> = asking.questions(now, &mut random).into_iter().map(|(to, _)| to).collect();
        assert_eq!(asked, [two]);
        asking.servers(&[], now);
        assert_eq!(asking.due(), None);
    }
}
