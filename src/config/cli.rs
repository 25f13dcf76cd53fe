//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{Config, Error, Layers, Override, Place, SYSTEM_FILE};

/// A call hub and broadcast node for the box under the television.
#[derive(Debug, Parser)]
#[command(name = "porchlight", disable_version_flag = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 78 the configuration is wrong, 1 anything else.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon until SIGTERM or Ctrl-C.
    Run(Sources),
    /// Read the configuration and say whether it is right.
    CheckConfig(Sources),
    /// Print the configuration that `run` would use, as TOML.
    PrintConfig(Sources),
    /// Look for what keeps people from reaching the box, and from being seen and heard by it.
    #[command(subcommand)]
    Doctor(Doctor),
    /// Close camera and microphone of the box that runs here, open them again, or say how it is. For somebody who is at it.
    Privacy {
        /// What to do.
        #[arg(value_enum)]
        what: Privacy,
        /// Where the configuration comes from.
        #[command(flatten)]
        sources: Sources,
    },
    /// Print the PIN that makes whoever types it on the sign-in page the owner of a box that nobody owns. Asks the daemon.
    Pin(Sources),
    /// Print how to join the network that the box opens while it has no other. Asks the daemon.
    Hotspot(Sources),
    /// Write everything that makes this box this one into one encrypted file: rooms, people, keys, settings. The daemon may run meanwhile.
    Backup(Backup),
    /// Put a backup in the place of the state folder of a box that does not run.
    Restore(Restore),
    /// Write a file for whoever helps: how the box is, without names, addresses, keys or chats. It is shown first, and sent nowhere.
    Support(Support),
    /// Install an update of the image that this box is, and start with it the next time. For root at the box; speaks to RAUC itself.
    Update(Update),
    /// Print the version.
    Version,
    /// Code pictures with an H.264 encoder, by the name of its GStreamer element, and say how it works as JSON. The daemon runs this.
    #[command(hide = true)]
    CodePictures {
        /// For example x264enc.
        element: String,
    },
}

/// What is written for whoever helps.
#[derive(Debug, Args)]
pub struct Support {
    /// The file to write, such as support.tar.gz; it must not be there yet.
    #[arg(required_unless_present = "show")]
    pub file: Option<PathBuf>,
    /// Write it without asking.
    #[arg(long)]
    pub yes: bool,
    /// Print all that is in it.
    #[arg(long)]
    pub show: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub sources: Sources,
}

/// What is installed, or what is done about updates beside that.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "How far it is stands on the error output. Unless the exit code is 0, what runs is as it was and is started the next time."
)]
pub struct Update {
    /// The bundle: a file, or an address that begins with https://.
    #[arg(required = true)]
    pub bundle: Option<String>,
    /// Something else.
    #[command(subcommand)]
    pub what: Option<Updating>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub sources: Sources,
}

/// What can be done about updates.
#[derive(Debug, Subcommand)]
pub enum Updating {
    /// Say which slot runs, what is in the other one, and from which the box starts the next time.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell the boot loader that what runs is good, if the daemon is ready, its page answers and the encoder codes pictures. Else it is not
    /// told, and falls back after some starts.
    Confirm {
        /// Try again for so many seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        within: u64,
        /// Where the configuration comes from.
        #[command(flatten)]
        sources: Sources,
    },
}

/// What is saved, and who opens it.
#[derive(Debug, Args)]
#[command(
    after_help = "Without another option the passphrase is asked for on the terminal. The file is one of age (age-encryption.org): \
`age --decrypt FILE | tar tz` lists it. Recordings are not in it."
)]
pub struct Backup {
    /// The file to write; it must not be there yet.
    pub file: PathBuf,
    /// Take the passphrase from a file with one line.
    #[arg(long, value_name = "FILE", group = "who")]
    pub passphrase_file: Option<PathBuf>,
    /// Make a passphrase, and print it.
    #[arg(long, group = "who")]
    pub generate: bool,
    /// Encrypt it for a key of age (age1...) instead, which opens it without a passphrase.
    #[arg(long, value_name = "KEY", group = "who")]
    pub recipient: Option<String>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub sources: Sources,
}

/// What is restored, and what opens it.
#[derive(Debug, Args)]
#[command(
    after_help = "Without another option the passphrase is asked for on the terminal. Nothing is changed unless all of the file is right. \
What was in the state folder is kept beside it; recordings stay where they are."
)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
    /// Take the passphrase from a file with one line.
    #[arg(long, value_name = "FILE", group = "how")]
    pub passphrase_file: Option<PathBuf>,
    /// A file of age with the key that the backup is for.
    #[arg(long, value_name = "FILE", group = "how")]
    pub identity: Option<PathBuf>,
    /// Put what is in the state folder aside.
    #[arg(long)]
    pub replace: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub sources: Sources,
}

/// What can be done about privacy mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Privacy {
    /// Close camera and microphone.
    On,
    /// They may be opened again.
    Off,
    /// Say how it is.
    Status,
}

/// What can be looked at.
#[derive(Debug, Subcommand)]
pub enum Doctor {
    /// Say which camera, microphone, speaker, screen and encoder are there, which are used, and what to do where something is missing.
    Devices {
        /// Where the configuration comes from.
        #[command(flatten)]
        sources: Sources,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Play something through the box's speaker, listen, and say what to change. Asks the daemon, if it runs.
    Sound {
        /// Where the configuration comes from.
        #[command(flatten)]
        sources: Sources,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Try every way to the box that browsers are told, and say what to do. Asks the daemon, if it runs.
    Network {
        /// Where the configuration comes from.
        #[command(flatten)]
        sources: Sources,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
#[command(after_help = ORDER)]
pub struct Sources {
    /// The configuration file [default: /etc/porchlight/porchlight.toml when it exists].
    #[arg(long, value_name = "FILE", env = "PORCHLIGHT_CONFIG")]
    pub config: Option<PathBuf>,
    /// The address and port for pages, API and streams (http.listen).
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The folder for the database and secrets (node.state).
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<String>,
}

const ORDER: &str = "The order is: defaults, the file, what was chosen in the pages, the environment, flags; the later wins. \
Any key can be given in the environment, for example PORCHLIGHT_HTTP__LISTEN=127.0.0.1:8080 for http.listen; \
a list is separated by commas.";

impl Sources {
    /// The file whose values are used, as far as it is known before reading: for messages.
    pub fn file(&self) -> String {
        self.config.as_ref().map_or(SYSTEM_FILE.to_owned(), |path| path.display().to_string())
    }

    /// Loads the configuration from the file, what was chosen in the pages, the environment of this process and the flags.
    ///
    /// # Errors
    /// As [`Layers::read`] and [`Layers::config`].
    pub fn load(&self) -> Result<Config, Error> {
        Ok(self.layers()?.config()?.0)
    }

    /// What it is made of.
    ///
    /// # Errors
    /// As [`Layers::read`].
    pub fn layers(&self) -> Result<Layers, Error> {
        let variables = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let mut overrides = Override::of_environment(variables);
        let flags = [("--listen", "http", "listen", &self.listen), ("--state", "node", "state", &self.state)];
        for (flag, section, key, value) in flags {
            let of = |value: &String| Override {
                place: Place::Flag(flag),
                section: section.into(),
                key: key.into(),
                value: value.clone(),
            };
            overrides.extend(value.as_ref().map(of));
        }
        Layers::read(self.config.as_deref(), overrides, std::env::home_dir().as_deref())
    }
}
