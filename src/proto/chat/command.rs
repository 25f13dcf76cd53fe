//! What begins with a slash.

use super::Text;
use super::rules::Writers;
use super::timeouts::LONGEST_TIMEOUT;
use crate::proto::auth::InvalidText;

/// A time-out that nobody said how long: ten minutes, in seconds.
const TIMEOUT: u32 = 600;

/// Why a line that begins with a slash is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommand {
    /// There is none of this name.
    #[error("there is no such command; \"/help\" lists them")]
    Unknown,
    /// It needs something else.
    #[error("it is written: {0}")]
    Usage(&'static str),
    /// The text can't be written.
    #[error("{0}")]
    Text(#[from] InvalidText),
}

/// What concerns the call and not the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Mute somebody.
    Mute(String),
    /// Stop somebody's camera.
    Camera(String),
    /// Stop the screen that somebody shares.
    Screen(String),
    /// Put somebody out of the room.
    Remove(String),
    /// Bring somebody on stage.
    Stage(String),
    /// Take somebody off it.
    Backstage(String),
    /// Raise one's hand.
    Hand,
    /// Lower it.
    Lower,
    /// Let nobody else into the room, or everybody who may.
    Lock(bool),
}

/// What somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Nothing but a text.
    Say(Text),
    /// What somebody does.
    Me(Text),
    /// The list of commands.
    Help,
    /// Delete somebody's last message.
    Delete(String),
    /// Keep somebody from writing, for so many seconds.
    Timeout(String, u32),
    /// Let them write again.
    Untimeout(String),
    /// Keep somebody out of the room.
    Ban(String),
    /// Let them in again.
    Unban(String),
    /// Seconds between two messages of one person; 0 is off.
    Slow(u32),
    /// Who may write.
    Writers(Writers),
    /// Hold every message until somebody has looked at it.
    Review(bool),
    /// What concerns the call.
    Call(Call),
}

/// Reads a line. What begins with two slashes is a text that begins with one.
///
/// # Errors
/// [`InvalidCommand`].
pub fn parse(line: &str) -> Result<Command, InvalidCommand> {
    let text = Text::new(line)?;
    let Some(rest) = text.as_str().strip_prefix('/') else { return Ok(Command::Say(text)) };
    if rest.starts_with('/') {
        return Ok(Command::Say(Text::new(rest)?));
    }
    let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let rest = rest.trim();
    let who = |usage| {
        let name = rest.strip_prefix('@').unwrap_or(rest);
        if name.is_empty() { Err(InvalidCommand::Usage(usage)) } else { Ok(name.to_owned()) }
    };
    Ok(match verb.to_lowercase().as_str() {
        "me" => Command::Me(Text::new(rest).map_err(|_| InvalidCommand::Usage("/me waves"))?),
        "help" => Command::Help,
        "delete" => Command::Delete(who("/delete name")?),
        "timeout" => timeout(rest)?,
        "untimeout" => Command::Untimeout(who("/untimeout name")?),
        "ban" => Command::Ban(who("/ban name")?),
        "unban" => Command::Unban(who("/unban name")?),
        "slow" => {
            let usage = InvalidCommand::Usage("/slow 10s, or /slow off");
            let slow = if rest == "off" { Some(0) } else { seconds(rest, 1).filter(|slow| *slow <= 3600) };
            Command::Slow(slow.ok_or(usage)?)
        }
        "write" => Command::Writers(match rest {
            "everybody" => Writers::Everybody,
            "invited" => Writers::Invited,
            "moderators" => Writers::Moderators,
            _ => return Err(InvalidCommand::Usage("/write everybody, /write invited or /write moderators")),
        }),
        "review" => match rest {
            "on" => Command::Review(true),
            "off" => Command::Review(false),
            _ => return Err(InvalidCommand::Usage("/review on, or /review off")),
        },
        "mute" => Command::Call(Call::Mute(who("/mute name")?)),
        "camera" => Command::Call(Call::Camera(who("/camera name")?)),
        "screen" => Command::Call(Call::Screen(who("/screen name")?)),
        "remove" => Command::Call(Call::Remove(who("/remove name")?)),
        "stage" => Command::Call(Call::Stage(who("/stage name")?)),
        "backstage" => Command::Call(Call::Backstage(who("/backstage name")?)),
        "hand" => Command::Call(Call::Hand),
        "lower" => Command::Call(Call::Lower),
        "lock" => Command::Call(Call::Lock(true)),
        "unlock" => Command::Call(Call::Lock(false)),
        _ => return Err(InvalidCommand::Unknown),
    })
}

/// A name, and how long; a name may have spaces in it.
fn timeout(rest: &str) -> Result<Command, InvalidCommand> {
    let usage = InvalidCommand::Usage("/timeout name 10m");
    let rest = rest.strip_prefix('@').unwrap_or(rest);
    let (name, length) = match rest.rsplit_once(' ').map(|(name, last)| (name.trim(), seconds(last, 60))) {
        Some((name, Some(length))) => (name, length),
        _ => (rest, TIMEOUT),
    };
    let fits = !name.is_empty() && (1..=LONGEST_TIMEOUT).contains(&length);
    if fits { Ok(Command::Timeout(name.to_owned(), length)) } else { Err(usage) }
}

/// `90`, `90s`, `10m`, `2h` or `1d` in seconds; without a unit it is so many times `unit`.
fn seconds(text: &str, unit: u32) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => unit,
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(unit).filter(|length| *length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_a_slash_is_a_command() {
        let ada = || "Ada".to_owned();
        for (line, command) in [
            ("/help", Command::Help),
            ("/delete @Ada", Command::Delete(ada())),
            ("/TIMEOUT Ada", Command::Timeout(ada(), 600)),
            ("/timeout Ada 5", Command::Timeout(ada(), 300)),
            ("/timeout @Ada Lovelace 90s", Command::Timeout("Ada Lovelace".into(), 90)),
            ("/timeout Henry V", Command::Timeout("Henry V".into(), 600)),
            ("/untimeout Ada", Command::Untimeout(ada())),
            ("/ban  Ada ", Command::Ban(ada())),
            ("/unban Ada", Command::Unban(ada())),
            ("/slow 10s", Command::Slow(10)),
            ("/slow 2m", Command::Slow(120)),
            ("/slow off", Command::Slow(0)),
            ("/write invited", Command::Writers(Writers::Invited)),
            ("/review on", Command::Review(true)),
            ("/mute Ada", Command::Call(Call::Mute(ada()))),
            ("/hand", Command::Call(Call::Hand)),
            ("/unlock", Command::Call(Call::Lock(false))),
        ] {
            assert_eq!(parse(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn everything_else_is_a_text() {
        let text = |text: &str| Text::new(text).expect("a text");
        assert_eq!(parse(" hi "), Ok(Command::Say(text("hi"))));
        assert_eq!(parse("//hi"), Ok(Command::Say(text("/hi"))));
        assert_eq!(parse("1/2"), Ok(Command::Say(text("1/2"))));
        assert_eq!(parse("/me waves"), Ok(Command::Me(text("waves"))));
        assert_eq!(parse(""), Err(InvalidCommand::Text(InvalidText::Empty)));
    }

    #[test]
    fn what_is_wrong_says_how_it_is_written() {
        for line in [
            "/timeout",
            "/timeout Ada 8d",
            "/slow",
            "/slow 2h",
            "/slow -1",
            "/ban",
            "/ban @",
            "/write all",
            "/review",
            "/mute",
            "/me",
            "/slow 99999999999s",
            "/slow 99999999d",
            "/slow off please",
        ] {
            assert!(matches!(parse(line), Err(InvalidCommand::Usage(_))), "{line}: {:?}", parse(line));
        }
        for line in ["/", "/ help", "/frobnicate", "/тест"] {
            assert_eq!(parse(line), Err(InvalidCommand::Unknown), "{line}");
        }
    }
}
