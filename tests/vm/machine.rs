//! A guest in QEMU: started, told what to do by its second serial port, and photographed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a guest may take to start: translated code on a busy machine is slow.
const BOOT: Duration = Duration::from_secs(300);
/// The same by KVM, where a guest that can't be run often says nothing at all.
const BOOT_KVM: Duration = Duration::from_secs(30);
/// The longest that a command may take.
const COMMAND: Duration = Duration::from_secs(120);
/// The screen that QEMU emulates: small, since every pixel of it is composed by translated code.
const SCREEN: (u32, u32) = (640, 360);

/// How code of the guest is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Accel {
    Kvm,
    Tcg,
}

/// What a command in the guest came to.
#[derive(Debug)]
pub struct Said {
    pub text: String,
    pub code: i32,
}

/// A guest that runs. It is gone when this is dropped, and all that it wrote to its disk.
pub struct Machine {
    qemu: Child,
    agent: BufReader<UnixStream>,
    monitor: BufReader<UnixStream>,
    share: TempDir,
    /// Ports of this machine that lead to the same ones of the guest: of pages, and of media.
    pub pages: u16,
    pub media: u16,
}

impl Machine {
    /// Starts one from the folder that script/test-vm made; without `accel` KVM is tried first.
    pub fn start(made: &Path, accel: Option<Accel>) -> anyhow::Result<Self> {
        match accel {
            Some(accel) => Self::start_by(made, accel),
            None => Self::start_by(made, Accel::Kvm).or_else(|error| {
                println!("No KVM for this guest ({error:#}); its code is translated.");
                Self::start_by(made, Accel::Tcg)
            }),
        }
    }

    fn start_by(made: &Path, accel: Accel) -> anyhow::Result<Self> {
        let share = tempfile::tempdir()?;
        fs::write(share.path().join("guest"), include_str!("guest"))?;
        let (pages, media) = ports()?;
        let path = |name: &str| share.path().join(name).display().to_string();
        let (kind, cpu, limit) = match accel {
            Accel::Kvm => ("kvm", "host", BOOT_KVM),
            Accel::Tcg => ("tcg,thread=multi", "max", BOOT),
        };
        // Outside of the share, where the guest has no business.
        let sockets = tempfile::tempdir()?;
        let socket = |name: &str| sockets.path().join(name);
        let network = format!(
            "user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{pages}-:{pages},hostfwd=tcp:127.0.0.1:{media}-:{media},\
             hostfwd=udp:127.0.0.1:{media}-:{media}"
        );
        let disk = format!("if=none,id=d0,format=raw,file={}", made.join("root.img").display());
        let shared = format!("local,path={},mount_tag=share,security_model=none", share.path().display());
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-machine", "q35", "-accel", kind, "-cpu", cpu, "-smp", "2", "-m", "1536", "-nodefaults"])
            .args(["-display", "none", "-no-reboot", "-snapshot", "-kernel"])
            .arg(made.join("vmlinuz"))
            .arg("-initrd")
            .arg(made.join("initrd"))
            .args(["-append", "console=ttyS0 quiet panic=-1 mitigations=off"])
            .args(["-drive", &disk, "-device", "virtio-blk-pci,drive=d0"])
            .args(["-netdev", &network, "-device", "virtio-net-pci,netdev=n0"])
            .args(["-device", &format!("virtio-gpu-pci,xres={},yres={}", SCREEN.0, SCREEN.1)])
            .args(["-device", "virtio-rng-pci", "-virtfs", &shared])
            .args(["-serial", &format!("file:{}", path("console"))])
            .args(["-chardev", &format!("socket,id=agent,server=on,wait=off,path={}", socket("agent").display())])
            .args(["-serial", "chardev:agent"])
            .args(["-qmp", &format!("unix:{},server=on,wait=off", socket("monitor").display())]);
        let errors = File::create(share.path().join("qemu"))?;
        let qemu = qemu.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn();
        let mut qemu = Guard(Some(qemu.context("qemu-system-x86_64 can't be started; script/test-vm installs it")?));
        let said = || fs::read_to_string(share.path().join("qemu")).unwrap_or_default().trim().to_owned();
        let end = Instant::now() + limit;
        let mut connect = |name: &str| loop {
            if let Ok(stream) = UnixStream::connect(socket(name)) {
                stream.set_read_timeout(Some(limit))?;
                return anyhow::Ok(BufReader::new(stream));
            }
            ensure!(qemu.runs()?, "QEMU ended: {}", said());
            ensure!(Instant::now() < end, "QEMU says nothing");
            std::thread::sleep(Duration::from_millis(20));
        };
        let (mut agent, monitor) = (connect("agent")?, connect("monitor")?);
        let mut line = String::new();
        loop {
            line.clear();
            let read = agent.read_line(&mut line);
            if !matches!(read, Ok(1..)) {
                bail!("the guest does not start within {} s: {}", limit.as_secs(), said());
            }
            if line.trim() == "ready" {
                break;
            }
        }
        agent.get_ref().set_read_timeout(Some(COMMAND))?;
        monitor.get_ref().set_read_timeout(Some(COMMAND))?;
        let qemu = qemu.0.take().context("it runs")?;
        let mut machine = Self { qemu, agent, monitor, share, pages, media };
        machine.told()?;
        machine.ask("qmp_capabilities", &json!({}))?;
        Ok(machine)
    }

    /// A file in the folder that the guest sees as `/share`.
    pub fn shared(&self, name: &str) -> PathBuf {
        self.share.path().join(name)
    }

    /// Runs a line of shell in the guest.
    pub fn run(&mut self, line: &str) -> anyhow::Result<Said> {
        ensure!(!line.contains('\n'), "it is one line");
        writeln!(self.agent.get_mut(), "{line}")?;
        let mut answer = String::new();
        ensure!(self.agent.read_line(&mut answer)? > 0, "the guest has ended");
        let (text, code) = answer.trim().rsplit_once(' ').unwrap_or(("", answer.trim()));
        Ok(Said { text: decoded(text)?, code: code.parse().with_context(|| format!("no answer: {answer:?}"))? })
    }

    /// The same, and it must go well: what it wrote.
    pub fn done(&mut self, line: &str) -> anyhow::Result<String> {
        let said = self.run(line)?;
        ensure!(said.code == 0, "in the guest, {line:?} ended with {}: {}", said.code, said.text.trim());
        Ok(said.text)
    }

    /// What the emulated screen shows, as a PPM file on this machine.
    pub fn screen(&mut self, file: &Path) -> anyhow::Result<()> {
        self.ask("screendump", &json!({ "filename": file })).map(drop)
    }

    fn ask(&mut self, command: &str, arguments: &Value) -> anyhow::Result<Value> {
        writeln!(self.monitor.get_mut(), "{}", json!({ "execute": command, "arguments": arguments }))?;
        loop {
            let answer = self.told()?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refuses {command}: {error}");
            }
            if let Some(answer) = answer.get("return") {
                return Ok(answer.clone());
            }
        }
    }

    fn told(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        ensure!(self.monitor.read_line(&mut line)? > 0, "QEMU has ended");
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Two ports that are free at this moment, drawn together, so that they differ: one for TCP, one for UDP.
fn ports() -> anyhow::Result<(u16, u16)> {
    let (pages, media) = (TcpListener::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    Ok((pages.local_addr()?.port(), media.local_addr()?.port()))
}

/// A process that ends with this, unless it was taken out.
struct Guard(Option<Child>);

impl Guard {
    fn runs(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What base64 (RFC 4648) says.
fn decoded(text: &str) -> anyhow::Result<String> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => Ok(letter - b'A'),
        b'a'..=b'z' => Ok(letter - b'a' + 26),
        b'0'..=b'9' => Ok(letter - b'0' + 52),
        b'+' => Ok(62),
        b'/' => Ok(63),
        _ => bail!("{:?} is no letter of base64", char::from(letter)),
    };
    let mut bytes = Vec::new();
    for four in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for letter in four {
            bits = bits << 6 | u32::from(value(*letter)?);
        }
        bits <<= 6 * (4 - four.len());
        bytes.extend(&bits.to_be_bytes()[1..four.len()]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
