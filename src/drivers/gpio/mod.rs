//! Buttons and lights on pins, by the kernel's character device for them.
//!
//! Owns the lines that the configuration names, while it is held. How contacts become presses is in `services/remote`.
//!
//! Source: Linux's Documentation/userspace-api/gpio/chardev.rst.

mod config;

pub use config::{Config, Line};

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;

use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, EdgeKind, Offset, Value};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc;

/// What the kernel calls us in its list of users.
const CONSUMER: &str = "porchlight";

/// Edges on their way. While it is full the thread waits, and the kernel forgets the oldest.
const EDGES: usize = 64;

/// Why pins can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The chip or a line is not there, is used by another, or can't do it.
    #[error("the lines of {chip} can't be used: {reason}; see `gpioinfo`, and add the daemon's user to the group gpio")]
    Lines {
        /// The chip.
        chip: String,
        /// What the kernel says.
        reason: String,
    },
    /// Two things have one line.
    #[error("line {0} stands twice in [gpio]: give each button and light a line of its own")]
    Twice(u32),
    /// The chip has failed, or was taken out.
    #[error("the pins failed: {0}")]
    Failed(String),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A button of the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Mutes.
    Mute,
    /// Joins and hangs up.
    Answer,
    /// Closes camera and microphone.
    Privacy,
}

/// A light of the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// A room is on air.
    OnAir,
    /// The camera may be seen.
    Camera,
}

/// A button was pressed or let go, as the contact says it: it may bounce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Which.
    pub button: Button,
    /// Pressed, or let go.
    pub down: bool,
}

/// The lines that are ours. A thread reads those of buttons, which ends when this is dropped.
pub struct Pins {
    buttons: Option<Buttons>,
    lights: Option<Request>,
    lamps: Vec<(Offset, Light)>,
}

struct Buttons {
    edges: mpsc::Receiver<Result<Edge, Error>>,
    /// Its other end is with the thread.
    _held: UnixStream,
}

/// The lines of these, as far as they have one.
fn lines<T: Copy>(all: &[(Line, T)]) -> Vec<(Offset, T)> {
    all.iter().filter_map(|(line, what)| Some((line.0?, *what))).collect()
}

impl Pins {
    /// Takes the lines; nothing where there is no chip or no line. Lights are off then.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(config: &Config) -> Result<Option<Self>, Error> {
        let names = lines(&[
            (config.mute_button, Button::Mute),
            (config.answer_button, Button::Answer),
            (config.privacy_button, Button::Privacy),
        ]);
        let lamps = lines(&[(config.on_air_light, Light::OnAir), (config.camera_light, Light::Camera)]);
        let mut taken = BTreeSet::new();
        let mut all = names.iter().map(|(line, _)| *line).chain(lamps.iter().map(|(line, _)| *line));
        if let Some(twice) = all.find(|line| !taken.insert(*line)) {
            return Err(Error::Twice(twice));
        }
        if config.chip.is_empty() || taken.is_empty() {
            return Ok(None);
        }
        let refused = |error: gpiocdev::Error| Error::Lines { chip: config.chip.clone(), reason: error.to_string() };
        let buttons = match names.is_empty() {
            true => None,
            false => {
                let offsets: Vec<Offset> = names.iter().map(|(line, _)| *line).collect();
                let mut request = Request::builder();
                request.on_chip(&config.chip).with_consumer(CONSUMER).with_lines(&offsets).as_input();
                if config.buttons_active_low {
                    // Nothing else holds the line up while the button is not pressed.
                    request.as_active_low().with_bias(Bias::PullUp);
                } else {
                    request.with_bias(Bias::PullDown);
                }
                let request = request.with_edge_detection(EdgeDetection::BothEdges).request().map_err(refused)?;
                Some(Buttons::read(request, names)?)
            }
        };
        let lights = match lamps.is_empty() {
            true => None,
            false => {
                let offsets: Vec<Offset> = lamps.iter().map(|(line, _)| *line).collect();
                let mut request = Request::builder();
                request.on_chip(&config.chip).with_consumer(CONSUMER).with_lines(&offsets);
                if config.lights_active_low {
                    request.as_active_low();
                }
                Some(request.as_output(Value::Inactive).request().map_err(refused)?)
            }
        };
        Ok(Some(Self { buttons, lights, lamps }))
    }

    /// The next time that a contact closes or opens; never, if there is no button. Nothing is lost when this is dropped and called
    /// again.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub async fn next(&mut self) -> Result<Edge, Error> {
        match &mut self.buttons {
            Some(buttons) => {
                buttons.edges.recv().await.unwrap_or_else(|| Err(Error::Failed("nothing reads them".into())))
            }
            None => std::future::pending().await,
        }
    }

    /// Switches a light, if it has a line.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn light(&self, light: Light, on: bool) -> Result<(), Error> {
        let line = self.lamps.iter().find(|(_, which)| *which == light).map(|(line, _)| *line);
        let (Some(line), Some(lights)) = (line, &self.lights) else {
            return Ok(());
        };
        let value = if on { Value::Active } else { Value::Inactive };
        lights.set_value(line, value).map_err(|error| Error::Failed(error.to_string()))
    }
}

impl Buttons {
    fn read(request: Request, names: Vec<(Offset, Button)>) -> io::Result<Self> {
        let (held, holder) = UnixStream::pair()?;
        let (sender, edges) = mpsc::channel(EDGES);
        thread::Builder::new().name("buttons".into()).spawn(move || {
            while let Some(edge) = next(&request, &names, &holder).transpose() {
                let last = edge.is_err();
                // Whoever took them away has dropped the pins.
                if sender.blocking_send(edge).is_err() || last {
                    return;
                }
            }
        })?;
        Ok(Self { edges, _held: held })
    }
}

/// Waits for an edge; nothing when whoever holds the other end is gone.
fn next(request: &Request, names: &[(Offset, Button)], holder: &UnixStream) -> Result<Option<Edge>, Error> {
    let failed = |error: gpiocdev::Error| Error::Failed(error.to_string());
    loop {
        let mut ready =
            [PollFd::new(request.as_fd(), PollFlags::POLLIN), PollFd::new(holder.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(io::Error::from(error).into()),
            Ok(_) => {}
        }
        if ready[1].any() == Some(true) {
            return Ok(None);
        }
        if !request.has_edge_event().map_err(failed)? {
            return Err(Error::Failed("the chip is gone".into()));
        }
        let event = request.read_edge_event().map_err(failed)?;
        if let Some((_, button)) = names.iter().find(|(line, _)| *line == event.offset) {
            return Ok(Some(Edge { button: *button, down: event.kind == EdgeKind::Rising }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_chip_or_a_line_there_are_no_pins() {
        assert!(Pins::open(&Config::default()).expect("nothing is asked").is_none());
        let only_chip = Config { chip: "/dev/gpiochip0".into(), ..Config::default() };
        assert!(Pins::open(&only_chip).expect("nothing is asked").is_none());
        let only_line = Config { mute_button: Line(Some(4)), ..Config::default() };
        assert!(Pins::open(&only_line).expect("nothing is asked").is_none());
    }

    #[test]
    fn a_line_that_stands_twice_and_a_chip_that_is_not_there_are_refused() {
        let twice = Config {
            chip: "/dev/gpiochip0".into(),
            mute_button: Line(Some(4)),
            on_air_light: Line(Some(4)),
            ..Config::default()
        };
        assert!(matches!(Pins::open(&twice), Err(Error::Twice(4))));
        let away = Config { chip: "/dev/gpiochip999".into(), mute_button: Line(Some(4)), ..Config::default() };
        let error = Pins::open(&away).err().expect("it is not there");
        assert!(error.to_string().starts_with("the lines of /dev/gpiochip999 can't be used"), "{error}");
    }

    #[test]
    fn lines_are_numbers_and_minus_one_is_none() {
        let read = |text: &str| toml::from_str::<Config>(text);
        let config = read("chip = \"/dev/gpiochip0\"\nmute_button = 17\nanswer_button = -1").expect("it is right");
        assert_eq!((config.mute_button, config.answer_button), (Line(Some(17)), Line::NONE));
        for wrong in [
            "mute_button = 512",
            "mute_button = -2",
            "chip = \"gpiochip0\"",
            "chip = \"/dev/sda\"",
            "debounce = \"1s\"",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
