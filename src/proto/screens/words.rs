//! What the screen says.

use serde::{Deserialize, Serialize};

use crate::model::opening::Opening;

/// In which language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Calls,
    HowToAnswer,
    NotSeenYet,
    StaysClosed,
    EndPrivacy,
    TypeCode,
    NotYou,
    Private,
    Quiet,
    Scan,
    Own,
    Network,
    NoNetwork,
    OnAir,
    Recorded,
    Separately,
    PrivateSign,
    Muted,
    CameraOff,
    Soon,
    Back,
    FromOutside,
    HowToStop,
}

pub(super) const fn say(language: Language, word: Word) -> &'static str {
    match (language, word) {
        (Language::En, Word::Calls) => "is calling",
        (Language::De, Word::Calls) => "ruft an",
        (Language::En, Word::HowToAnswer) => "Answer by the remote control, the button, or the box's page",
        (Language::De, Word::HowToAnswer) => "Annehmen mit Fernbedienung, Taste oder auf der Seite der Box",
        (Language::En, Word::NotSeenYet) => "Nobody sees or hears this room before you answer",
        (Language::De, Word::NotSeenYet) => "Niemand sieht oder hört diesen Raum, bevor du annimmst",
        (Language::En, Word::StaysClosed) => "Privacy mode: camera and microphone stay closed",
        (Language::De, Word::StaysClosed) => "Privatmodus: Kamera und Mikrofon bleiben zu",
        (Language::En, Word::EndPrivacy) => "To open camera and microphone",
        (Language::De, Word::EndPrivacy) => "Kamera und Mikrofon öffnen",
        (Language::En, Word::TypeCode) => "Type this code on the page where you asked for it",
        (Language::De, Word::TypeCode) => "Gib diesen Code auf der Seite ein, die danach fragt",
        (Language::En, Word::NotYou) => "Did nobody here ask for it? Then do nothing: they stay closed.",
        (Language::De, Word::NotYou) => "Hat hier niemand danach gefragt? Dann tu nichts: Sie bleiben zu.",
        (Language::En, Word::Private) => "Privacy mode: camera and microphone are closed",
        (Language::De, Word::Private) => "Privatmodus: Kamera und Mikrofon sind zu",
        (Language::En, Word::Quiet) => "Do not disturb: calls do not ring",
        (Language::De, Word::Quiet) => "Nicht stören: Anrufe klingeln nicht",
        (Language::En, Word::Scan) => "Scan to join",
        (Language::De, Word::Scan) => "Scannen und dabei sein",
        (Language::En, Word::Own) => "Own it: scan, then type",
        (Language::De, Word::Own) => "Scannen, dann eintippen",
        (Language::En, Word::Network) => "Scan: the box's own Wi-Fi",
        (Language::De, Word::Network) => "Scannen: WLAN der Box",
        (Language::En, Word::NoNetwork) => "No network: tell the box one",
        (Language::De, Word::NoNetwork) => "Kein Netz: Nenne der Box eins",
        (Language::En, Word::OnAir) => "On air",
        (Language::De, Word::OnAir) => "Auf Sendung",
        (Language::En, Word::Recorded) => "Recorded",
        (Language::De, Word::Recorded) => "Aufnahme",
        (Language::En, Word::Separately) => "Recorded, box alone too",
        (Language::De, Word::Separately) => "Aufnahme, Box auch einzeln",
        (Language::En, Word::PrivateSign) => "Privacy mode",
        (Language::De, Word::PrivateSign) => "Privatmodus",
        (Language::En, Word::Muted) => "Microphone is off",
        (Language::De, Word::Muted) => "Mikrofon ist aus",
        (Language::En, Word::CameraOff) => "Camera is off",
        (Language::De, Word::CameraOff) => "Kamera ist aus",
        (Language::En, Word::Soon) => "We begin soon",
        (Language::De, Word::Soon) => "Gleich geht es los",
        (Language::En, Word::Back) => "We will be right back",
        (Language::De, Word::Back) => "Gleich geht es weiter",
        (Language::En, Word::FromOutside) => "Somebody asks for it by the smart home",
        (Language::De, Word::FromOutside) => "Jemand will das über das Smart Home",
        (Language::En, Word::HowToStop) => "Exit or Mute on the remote control, or a button, stops it",
        (Language::De, Word::HowToStop) => "Exit oder Stumm auf der Fernbedienung, oder eine Taste, verhindert es",
    }
}

/// A day as people write it: the weekday (0 is Monday), the day of the month, and the month (1 to 12).
pub fn date(language: Language, weekday: usize, day: u32, month: usize) -> String {
    const EN: ([&str; 7], [&str; 12]) = (
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    );
    const DE: ([&str; 7], [&str; 12]) = (
        ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
    );
    let (days, months) = if language == Language::De { DE } else { EN };
    let (weekday, month) = (days[weekday % 7], months[(month + 11) % 12]);
    match language {
        Language::En => format!("{weekday}, {day} {month}"),
        Language::De => format!("{weekday}, {day}. {month}"),
    }
}

pub(super) fn by_itself(language: Language, seconds: u32) -> String {
    match language {
        Language::En => format!("It is answered by itself in {seconds} s"),
        Language::De => format!("In {seconds} s geht die Box von selbst ran"),
    }
}

pub(super) fn opening(language: Language, what: Opening, seconds: u32) -> String {
    match (language, what) {
        (Language::En, Opening::Answer) => format!("The call is answered in {seconds} s"),
        (Language::De, Opening::Answer) => format!("In {seconds} s wird der Anruf angenommen"),
        (Language::En, Opening::Unmute) => format!("The microphone is on in {seconds} s"),
        (Language::De, Opening::Unmute) => format!("In {seconds} s ist das Mikrofon an"),
        (Language::En, Opening::Camera) => format!("The camera is on in {seconds} s"),
        (Language::De, Opening::Camera) => format!("In {seconds} s ist die Kamera an"),
        (Language::En, Opening::Live) => format!("This is on air in {seconds} s"),
        (Language::De, Opening::Live) => format!("In {seconds} s geht das auf Sendung"),
        (Language::En, Opening::Record) => format!("Recording begins in {seconds} s"),
        (Language::De, Opening::Record) => format!("In {seconds} s beginnt die Aufnahme"),
    }
}

pub(super) fn volume(language: Language, percent: u8) -> String {
    match language {
        Language::En => format!("Volume {percent} %"),
        Language::De => format!("Lautstärke {percent} %"),
    }
}

pub(super) fn then_open(language: Language, address: &str) -> String {
    match language {
        Language::En => format!("then open {address}"),
        Language::De => format!("dann {address} öffnen"),
    }
}

pub(super) fn missed(language: Language, calls: usize) -> String {
    match (language, calls) {
        (Language::En, 1) => "1 missed call".to_owned(),
        (Language::En, calls) => format!("{calls} missed calls"),
        (Language::De, 1) => "1 verpasster Anruf".to_owned(),
        (Language::De, calls) => format!("{calls} verpasste Anrufe"),
    }
}
