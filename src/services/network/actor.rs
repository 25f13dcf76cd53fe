//! The loop: looks how the box is connected, opens and closes its own network, and joins others.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::state::{Do, Look, Plan};
use super::{ADDRESS, Ask, Asked, Error, Hotspot, Now, Parts};
use crate::drivers::identity;
use crate::drivers::wifi::{self, Lock, Opened, Seen, Wifi};
use crate::model::secret::Secret;
use crate::services::attend;

/// How often it is looked how the box is connected.
const LOOK: Duration = Duration::from_secs(10);
/// How often, where there is no radio: it may be plugged in.
const NO_RADIO: Duration = Duration::from_secs(60);
/// So old what was in reach may be.
const FRESH: Duration = Duration::from_secs(8);
/// So long the answer to whoever chose a network has to reach them, before the network by which they came closes.
const ANSWERED: Duration = Duration::from_millis(1500);
/// Letters and digits of a password, and what they are taken from: 32 that nobody mistakes for each other.
const LENGTH: usize = 12;
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

struct Actor {
    parts: Parts,
    /// Whether the box opens a network at all.
    opens: bool,
    told: watch::Sender<Now>,
    wifi: Option<Wifi>,
    /// When a radio was looked for last.
    looked: Option<Instant>,
    opened: Option<Opened>,
    plan: Plan,
    /// When it was looked last what is in reach.
    scanned: Option<Instant>,
    hotspot: Hotspot,
}

/// Runs until `stop`.
pub(super) async fn run(
    parts: Parts,
    opens: bool,
    told: watch::Sender<Now>,
    mut asks: mpsc::Receiver<Asked>,
    stop: CancellationToken,
) {
    let hotspot = Hotspot { name: name(&parts.id), password: password() };
    let (wifi, looked, opened, scanned) = (None, None, None, None);
    let mut actor = Actor { parts, opens, told, wifi, looked, opened, plan: Plan::default(), scanned, hotspot };
    let work = async {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick(), if actor.opens => actor.look().await,
                Some((ask, answer)) = asks.recv() => actor.answer(ask, answer, &mut asks).await,
                else => return,
            }
        }
    };
    let _ = stop.run_until_cancelled(work).await;
    if let (Some(wifi), Some(opened)) = (&actor.wifi, &actor.opened) {
        wifi.close(opened).await;
    }
}

/// The name of the box's own network: of the four digits that tell boxes in one house from each other.
fn name(id: &str) -> String {
    format!("Porchlight-{}", id.get(..4).unwrap_or(id))
}

fn password() -> Secret {
    let drawn = identity::random::<LENGTH>();
    // 32 divides 256: each is as likely as the others.
    Secret::new(drawn.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect::<String>())
}

/// Whoever asked may have gone away.
fn reply(answer: oneshot::Sender<Result<(), Error>>, done: Result<(), Error>) {
    let _ = answer.send(done);
}

/// The answer to whoever asks while a network is joined.
fn meanwhile((ask, answer): Asked) {
    match ask {
        Ask::Look => reply(answer, Ok(())),
        Ask::Join(..) | Ask::Forget(_) => reply(answer, Err(Error::Busy)),
    }
}

impl Actor {
    async fn answer(&mut self, ask: Ask, answer: oneshot::Sender<Result<(), Error>>, asks: &mut mpsc::Receiver<Asked>) {
        match ask {
            Ask::Look => {
                self.plan.used(Instant::now());
                let done = self.reachable().await;
                reply(answer, done);
            }
            Ask::Join(name, password) => match self.wanted(&name, password.as_ref()).await {
                Ok(network) => {
                    self.told.send_modify(|now| (now.joining, now.failed) = (Some(name), None));
                    reply(answer, Ok(()));
                    attend(self.join(network, password), asks, meanwhile).await;
                }
                Err(error) => reply(answer, Err(error)),
            },
            Ask::Forget(name) => {
                let done = match self.radio().await {
                    Ok(wifi) => wifi.forget(&name).await.map_err(Error::from),
                    Err(error) => Err(error),
                };
                if done.is_ok() {
                    self.scanned = None;
                    tracing::info!("a wireless network is forgotten");
                }
                reply(answer, done);
            }
        }
    }

    /// The radio, looked for where there is none yet.
    async fn radio(&mut self) -> Result<Wifi, Error> {
        if self.wifi.is_none() {
            self.looked = Some(Instant::now());
            let found = Wifi::find().await;
            self.told.send_modify(|now| now.wifi = found.is_ok());
            self.wifi = Some(found?);
        }
        Ok(self.wifi.clone().expect("it was found"))
    }

    /// What it was is no more.
    fn lost(&mut self, error: &wifi::Error) {
        if matches!(error, wifi::Error::None | wifi::Error::Silent) {
            tracing::warn!(%error, "the radio is gone");
            (self.wifi, self.opened) = (None, None);
            self.told.send_modify(|now| *now = Now { failed: now.failed.take(), ..Now::default() });
        }
    }

    /// Looks how the box is connected, and does what follows from it.
    async fn look(&mut self) {
        if self.wifi.is_none() && self.looked.is_some_and(|looked| looked.elapsed() < NO_RADIO) {
            return;
        }
        let Ok(wifi) = self.radio().await else { return };
        if let Some(opened) = &self.opened
            && !wifi.is_open(opened).await
        {
            tracing::warn!("the box's own network has ended");
            self.closed();
        }
        let status = match wifi.status(self.opened.as_ref()).await {
            Ok(status) => status,
            Err(error) => return self.lost(&error),
        };
        let look = Look {
            connected: status.connected,
            trying: status.trying,
            knows: status.knows,
            screen: (self.parts.screen)(),
            open: self.opened.is_some(),
        };
        self.told.send_if_modified(|now| std::mem::replace(&mut now.status, status.clone()) != status);
        match self.plan.look(look, Instant::now()) {
            Do::Nothing => {}
            Do::Open => self.open(&wifi).await,
            Do::Close => self.close(&wifi).await,
        }
    }

    async fn open(&mut self, wifi: &Wifi) {
        // Once it is open the radio finds no others.
        let _ = self.reachable().await;
        let hotspot = wifi::Hotspot {
            name: self.hotspot.name.clone(),
            password: self.hotspot.password.clone(),
            address: ADDRESS,
        };
        match wifi.open(&hotspot).await {
            Ok(opened) => {
                tracing::info!("the box has no network: it opened one, which its screen tells of");
                self.opened = Some(opened);
                let hotspot = self.hotspot.clone();
                self.told.send_modify(|now| now.hotspot = Some(hotspot));
            }
            Err(error) => {
                tracing::warn!(%error, "the box has no network, and can't open one");
                self.lost(&error);
            }
        }
    }

    fn closed(&mut self) {
        self.opened = None;
        self.scanned = None;
        self.told.send_modify(|now| now.hotspot = None);
    }

    async fn close(&mut self, wifi: &Wifi) {
        if let Some(opened) = &self.opened {
            wifi.close(opened).await;
            tracing::info!("the box's own network is closed");
            self.closed();
        }
        if self.told.borrow().status.connected {
            // Whoever knew the password does not know the next.
            self.hotspot.password = password();
        }
    }

    /// Looks what is in reach, unless that is known: while its own network is open, the radio does not find others.
    async fn reachable(&mut self) -> Result<(), Error> {
        let wifi = self.radio().await?;
        let fresh = self.scanned.is_some_and(|scanned| scanned.elapsed() < FRESH);
        if fresh || self.opened.is_some() {
            return Ok(());
        }
        let seen = match wifi.scan().await {
            Ok(seen) => seen,
            Err(error) => {
                self.lost(&error);
                return Err(error.into());
            }
        };
        let status = wifi.status(None).await?;
        self.scanned = Some(Instant::now());
        self.told.send_modify(|now| (now.seen, now.status) = (seen.into(), status));
        Ok(())
    }

    /// The network of this name, if it can be joined.
    async fn wanted(&mut self, name: &str, password: Option<&Secret>) -> Result<Seen, Error> {
        self.radio().await?;
        let seen = self.told.borrow().seen.iter().find(|seen| seen.name == name).cloned();
        let Some(seen) = seen else {
            let lock = if password.is_some() { Lock::Password } else { Lock::Open };
            return Ok(Seen { name: name.to_owned(), strength: 0, lock, known: false });
        };
        match (seen.lock, password) {
            (Lock::Other, _) if !seen.known => Err(Error::Lock),
            (Lock::Password | Lock::NewPassword, None) if !seen.known => Err(Error::Password),
            // One that takes everybody is told no password.
            (Lock::Open, Some(_)) => Err(Error::Lock),
            _ => Ok(seen),
        }
    }

    async fn join(&mut self, network: Seen, password: Option<Secret>) {
        let Ok(wifi) = self.radio().await else { return };
        let here = self.opened.is_some();
        if here {
            sleep(ANSWERED).await;
            self.close(&wifi).await;
        }
        let joined = wifi.join(&network, password.as_ref()).await;
        let status = wifi.status(None).await;
        self.scanned = None;
        self.told.send_modify(|now| {
            now.joining = None;
            if let Ok(status) = status {
                now.status = status;
            }
        });
        match joined {
            Ok(()) => tracing::info!("the box is in a wireless network"),
            Err(error) => {
                tracing::warn!(%error, "the box could not join a wireless network");
                self.lost(&error);
                self.told.send_modify(|now| now.failed = Some((network.name, error)));
                // Who is elsewhere in a network finds the box there again.
                if here {
                    self.plan.failed();
                    self.look().await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_that_a_person_can_type_and_each_is_another() {
        let drawn: Vec<Secret> = (0..50).map(|_| password()).collect();
        for one in &drawn {
            assert!(wifi::is_password(one.reveal()) && one.reveal().len() == LENGTH);
            assert!(!one.reveal().contains(['l', 'o', '0', '1']), "{}", one.reveal());
        }
        assert!(drawn.iter().skip(1).all(|one| *one != drawn[0]));
        assert_eq!(name("1a2b3c4d"), "Porchlight-1a2b");
    }
}
