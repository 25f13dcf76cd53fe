//! Where the passphrase of a backup comes from: the terminal, a file, or the box itself. Never an argument, which everybody on the machine sees.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::drivers::identity;
use crate::drivers::store::private;
use crate::model::secret::Secret;

/// Fewest letters of one that somebody thought of.
const SHORTEST: usize = 12;
/// Letters and digits that are not taken for each other; 32 of them are five bits each.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// How many of them one has that the box made: 140 bits.
const MADE: usize = 28;
/// Letters that stand together.
const GROUP: usize = 4;

/// One that nobody guesses: seven groups of four letters and digits.
pub fn made() -> Secret {
    let letters = identity::random::<MADE>().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    Secret::new(groups.join("-"))
}

/// The one in a file, without the end of its line.
pub fn of_file(path: &Path) -> anyhow::Result<Secret> {
    let bytes = private::read(path).with_context(|| format!("{} can't be read", path.display()))?;
    let bytes = bytes.with_context(|| format!("there is no file {}", path.display()))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))?;
    let text = text.trim_end_matches(['\n', '\r']);
    ensure!(!text.is_empty() && !text.contains('\n'), "{} does not hold one line with a passphrase", path.display());
    Ok(Secret::new(text))
}

/// One for a new file: long enough.
pub fn enough(passphrase: Secret) -> anyhow::Result<Secret> {
    let letters = passphrase.reveal().chars().count();
    ensure!(
        letters >= SHORTEST,
        "a passphrase has at least {SHORTEST} letters: whoever has the file may try as many as they like. --generate makes one"
    );
    Ok(passphrase)
}

/// Asks for a new one, twice.
pub fn asked_twice() -> anyhow::Result<Secret> {
    let mut terminal = Terminal::open()?;
    let first = enough(terminal.ask("A passphrase for the backup: ")?)?;
    ensure!(
        terminal.ask("The same once more: ")? == first,
        "these were two different passphrases; nothing was written"
    );
    Ok(first)
}

/// Asks for that of a file.
pub fn asked() -> anyhow::Result<Secret> {
    Terminal::open()?.ask("The passphrase of the backup: ")
}

/// The terminal that somebody sits at, whatever standard input is.
struct Terminal {
    read: BufReader<File>,
    write: File,
}

impl Terminal {
    fn open() -> anyhow::Result<Self> {
        let write = OpenOptions::new().read(true).write(true).open("/dev/tty").context(
            "there is no terminal to ask for the passphrase: give --passphrase-file, or for a new backup --generate or --recipient",
        )?;
        Ok(Self { read: BufReader::new(write.try_clone()?), write })
    }

    /// Asks, and shows nothing of what is typed.
    fn ask(&mut self, question: &str) -> anyhow::Result<Secret> {
        write!(self.write, "{question}")?;
        let mut line = Vec::new();
        {
            let _silence = Silence::begin(&self.write)?;
            self.read.read_until(b'\n', &mut line)?;
        }
        writeln!(self.write)?;
        // Ctrl-C, which ends nothing meanwhile, so that the terminal never stays silent.
        if line.contains(&3) || line.is_empty() {
            bail!("no passphrase was typed; nothing was done");
        }
        let text = String::from_utf8(line).context("the passphrase is no text")?;
        Ok(Secret::new(text.trim_end_matches(['\n', '\r'])))
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_flags &= !(LocalFlags::ECHO | LocalFlags::ISIG);
        tcsetattr(terminal, SetArg::TCSADRAIN, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(self.terminal, SetArg::TCSADRAIN, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_the_box_made_has_seven_groups_and_is_another_each_time() {
        let (one, other) = (made(), made());
        assert!(one != other);
        let groups: Vec<&str> = one.reveal().split('-').collect();
        assert!(groups.len() == 7 && groups.iter().all(|group| group.len() == 4), "{}", one.reveal());
        assert!(one.reveal().bytes().all(|letter| letter == b'-' || LETTERS.contains(&letter)));
    }

    #[test]
    fn a_file_holds_one_line_and_a_new_passphrase_is_long_enough() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (text, is) in
            [("three porch lights\n", Some("three porch lights")), ("a\r\n", Some("a")), ("\n", None), ("a\nb\n", None)]
        {
            std::fs::write(file.path(), text).expect("it writes");
            assert_eq!(of_file(file.path()).ok().as_ref().map(Secret::reveal), is, "{text:?}");
        }
        assert!(enough(Secret::new("eleven char")).is_err() && enough(Secret::new("zwölf Zeiche")).is_ok());
    }
}
