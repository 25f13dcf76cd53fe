//! What the box's screen shows beside a call, and what lies over the program, as drawings (SVG 1.1): pure functions of what is to be said.
//!
//! Made for a television that is seen from three metres: nothing but a long name is smaller than 44 pixels of 1080, nothing lies in the outer five
//! percent, which some televisions cut off, and what stays for long moves a little every minute, so that nothing burns in.
//! Amber is for the sign that says "on air", and for nothing else.

mod drawing;
pub mod program;
mod words;

use crate::model::opening::Opening;

use drawing::{Drawing, INK, QUIET};
pub use words::{Language, date};

/// The drawings are made for this size, and scaled.
pub const WIDTH: u32 = 1920;
/// See [`WIDTH`].
pub const HEIGHT: u32 = 1080;

/// A QR code: so many modules across, and which of them are dark, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Modules across and down.
    pub width: usize,
    /// `width * width` of them.
    pub dark: Vec<bool>,
}

/// A way into the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// What a telephone's camera reads.
    pub code: Code,
    /// The address that is read out and typed.
    pub address: String,
    /// What has to be typed there to own a box that nobody owns.
    pub pin: Option<String>,
}

/// The network that the box opens while it has no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hotspot {
    /// What a telephone's camera reads to join it.
    pub code: Code,
    /// Its name, and its password.
    pub name: String,
    /// See `name`.
    pub password: String,
    /// What is opened there.
    pub address: String,
}

/// What a telephone's camera reads to join a network by WPA2 ("WIFI:", as ZXing has it: with a backslash before `\`, `;`, `,`, `"` and `:`).
pub fn wifi(name: &str, password: &str) -> String {
    let escaped = |text: &str| {
        let special = |letter: char| matches!(letter, '\\' | ';' | ',' | '"' | ':');
        text.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter])).collect::<String>()
    };
    format!("WIFI:T:WPA;S:{};P:{};;", escaped(name), escaped(password))
}

/// What the whole screen shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// Nothing at all: nobody needs it.
    Blank,
    /// Nobody calls.
    Idle(Idle),
    /// Somebody wants in.
    Ringing {
        /// What they call themselves.
        name: String,
        /// Seconds until it is answered by itself.
        answers: Option<u32>,
        /// Camera and microphone stay closed if it is answered.
        private: bool,
    },
    /// What has to be typed to end privacy mode.
    Code(String),
    /// What somebody outside of the room wants.
    Notice(Notice),
}

/// What somebody outside of the room wants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// It is opened in so many seconds, unless somebody stops it.
    Opening(Opening, u32),
    /// Something is said.
    Message(String),
}

/// What is said while nobody calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Idle {
    /// The time, as people here write it.
    pub clock: String,
    /// The day.
    pub date: String,
    /// What the box is called.
    pub name: String,
    /// How somebody joins.
    pub join: Option<Join>,
    /// How somebody tells the box a network, while it has none.
    pub hotspot: Option<Box<Hotspot>>,
    /// It does not ring now.
    pub quiet: bool,
    /// Camera and microphone are closed.
    pub private: bool,
    /// Calls that nobody took since somebody last answered or declined one.
    pub missed: usize,
    /// Counts up every minute: where it lies.
    pub minute: u32,
}

/// A sign that lies over a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// The room is watched from outside.
    OnAir,
    /// What is on air is recorded.
    Recorded,
    /// So it is, and what the box sends in a file of its own as well.
    Separately,
    /// Camera and microphone are closed until somebody who is there opens them.
    Private,
    /// The box is not heard.
    Muted,
    /// The box is not seen.
    CameraOff,
    /// How loud the speaker is, in percent, just after that changed.
    Volume(u8),
    /// What somebody outside of the room wants.
    Notice(Notice),
}

impl Sign {
    /// All that stay as long as they are true, the most important first.
    pub const ALL: [Self; 6] =
        [Self::OnAir, Self::Recorded, Self::Separately, Self::Private, Self::Muted, Self::CameraOff];

    /// Pixels across of [`WIDTH`] and down of [`HEIGHT`].
    pub const fn size(&self) -> (u32, u32) {
        match self {
            Self::OnAir => (430, 96),
            Self::Recorded | Self::Private => (400, 96),
            Self::Separately => (640, 96),
            Self::Muted => (480, 96),
            Self::CameraOff => (420, 96),
            Self::Volume(_) => (480, 96),
            Self::Notice(_) => (1400, 168),
        }
    }
}

/// The drawing of a whole screen.
pub fn screen(screen: &Screen, language: Language) -> String {
    let say = |word| words::say(language, word);
    let mut drawing = Drawing::new(WIDTH, HEIGHT);
    match screen {
        Screen::Blank => drawing.ground("#000000"),
        Screen::Idle(idle) => drawn_idle(&mut drawing, idle, language),
        Screen::Ringing { name, answers, private } => {
            drawing.ground(drawing::DUSK);
            drawing.bell(960.0, 250.0);
            drawing.centred(name, 560.0, 150.0, INK, true);
            drawing.centred(say(words::Word::Calls), 660.0, 64.0, QUIET, false);
            let line = match answers {
                Some(seconds) => words::by_itself(language, *seconds),
                None => say(words::Word::HowToAnswer).to_owned(),
            };
            drawing.centred(&line, 840.0, 52.0, INK, false);
            let below = if *private { words::Word::StaysClosed } else { words::Word::NotSeenYet };
            drawing.centred(say(below), 930.0, 44.0, QUIET, false);
        }
        Screen::Code(code) => {
            drawing.ground(drawing::DUSK);
            drawing.centred(say(words::Word::EndPrivacy), 330.0, 64.0, INK, true);
            let spaced: Vec<String> = code.chars().map(String::from).collect();
            drawing.centred(&spaced.join(" "), 640.0, 260.0, INK, true);
            drawing.centred(say(words::Word::TypeCode), 820.0, 48.0, QUIET, false);
            drawing.centred(say(words::Word::NotYou), 900.0, 44.0, QUIET, false);
        }
        Screen::Notice(Notice::Opening(what, seconds)) => {
            drawing.ground(drawing::DUSK);
            drawing.centred(&words::opening(language, *what, *seconds), 500.0, 96.0, INK, true);
            drawing.centred(say(words::Word::FromOutside), 640.0, 52.0, QUIET, false);
            drawing.centred(say(words::Word::HowToStop), 760.0, 52.0, INK, false);
        }
        Screen::Notice(Notice::Message(text)) => {
            drawing.ground(drawing::DUSK);
            for (line, y) in lines(text, 34, 6).into_iter().zip((0..).map(|row| 320.0 + 110.0 * f64::from(row))) {
                drawing.centred(&line, y, 84.0, INK, true);
            }
        }
    }
    drawing.finish()
}

fn drawn_idle(drawing: &mut Drawing, idle: &Idle, language: Language) {
    let say = |word| words::say(language, word);
    drawing.ground(drawing::DUSK);
    // A path around the place where it would be, a step a minute.
    const STEPS: [(f64, f64); 8] =
        [(0.0, 0.0), (20.0, -8.0), (32.0, 4.0), (20.0, 16.0), (0.0, 22.0), (-20.0, 16.0), (-32.0, 4.0), (-20.0, -8.0)];
    let (x, y) = STEPS[idle.minute as usize % STEPS.len()];
    drawing.moved(x, y);
    drawing.left(&idle.clock, (150.0, 420.0), 260.0, INK, true);
    drawing.left(&idle.date, (160.0, 510.0), 60.0, QUIET, false);
    drawing.lantern(160.0, 850.0);
    drawing.left(&idle.name, (260.0, 925.0), 56.0, INK, true);
    let mut line = 630.0;
    let mut says = |drawing: &mut Drawing, text: &str| {
        drawing.left(text, (160.0, line), 46.0, INK, false);
        line += 68.0;
    };
    if idle.hotspot.is_some() {
        says(drawing, say(words::Word::NoNetwork));
    }
    if idle.private {
        says(drawing, say(words::Word::Private));
    }
    if idle.quiet {
        says(drawing, say(words::Word::Quiet));
    }
    if idle.missed > 0 {
        says(drawing, &words::missed(language, idle.missed));
    }
    if let Some(hotspot) = &idle.hotspot {
        drawing.code(&hotspot.code, (1310.0, 190.0), 440.0);
        drawing.middle(say(words::Word::Network), (1530.0, 710.0), 46.0, QUIET, 560.0);
        drawing.middle(&hotspot.name, (1530.0, 776.0), 46.0, INK, 560.0);
        drawing.middle(&hotspot.password, (1530.0, 852.0), 56.0, INK, 560.0);
        drawing.middle(&words::then_open(language, &hotspot.address), (1530.0, 940.0), 46.0, QUIET, 560.0);
    } else if let Some(join) = &idle.join {
        drawing.code(&join.code, (1310.0, 250.0), 440.0);
        let scan = if join.pin.is_some() { words::Word::Own } else { words::Word::Scan };
        drawing.middle(say(scan), (1530.0, 770.0), 46.0, QUIET, 560.0);
        drawing.middle(&join.address, (1530.0, 836.0), 46.0, INK, 560.0);
        if let Some((one, two)) = join.pin.as_ref().and_then(|pin| pin.split_at_checked(3)) {
            drawing.middle(&format!("{one} {two}"), (1530.0, 940.0), 96.0, INK, 560.0);
        }
    }
}

/// Words in lines of about so many characters; what has no room in the last of them is left out.
fn lines(text: &str, long: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is one from the beginning");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > long {
            if lines.len() == most {
                lines.last_mut().expect("there is one").push_str(" …");
                break;
            }
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// The drawing of a sign, of [`Sign::size`], to be laid over a picture.
pub fn sign(sign: &Sign, language: Language) -> String {
    let say = |word| words::say(language, word);
    let (width, height) = sign.size();
    let mut drawing = Drawing::new(width, height);
    if let Sign::Notice(notice) = sign {
        drawing.plate(drawing::OVER);
        let rows = match notice {
            Notice::Opening(what, seconds) => {
                vec![words::opening(language, *what, *seconds), say(words::Word::HowToStop).to_owned()]
            }
            Notice::Message(text) => lines(text, 48, 2),
        };
        for (row, y) in rows.iter().zip([72.0, 136.0]) {
            drawing.within(row, (32.0, y), 48.0, INK, f64::from(width) - 64.0);
        }
        return drawing.finish();
    }
    let percent;
    let (text, ground, ink) = match sign {
        Sign::OnAir => (say(words::Word::OnAir), drawing::AMBER, drawing::ON_AMBER),
        Sign::Recorded => (say(words::Word::Recorded), drawing::OVER, INK),
        Sign::Separately => (say(words::Word::Separately), drawing::OVER, INK),
        Sign::Private => (say(words::Word::PrivateSign), drawing::OVER, INK),
        Sign::Muted => (say(words::Word::Muted), drawing::OVER, INK),
        Sign::CameraOff => (say(words::Word::CameraOff), drawing::OVER, INK),
        Sign::Volume(of) => {
            percent = words::volume(language, *of);
            (percent.as_str(), drawing::OVER, INK)
        }
        Sign::Notice(_) => return drawing.finish(),
    };
    drawing.plate(ground);
    if matches!(sign, Sign::OnAir | Sign::Recorded | Sign::Separately) {
        drawing.dot(56.0, 48.0, 14.0, ink);
        drawing.within(text, (88.0, 65.0), 50.0, ink, f64::from(width) - 116.0);
    } else {
        drawing.within(text, (32.0, 64.0), 46.0, ink, f64::from(width) - 64.0);
    }
    drawing.finish()
}

#[cfg(test)]
mod tests;
