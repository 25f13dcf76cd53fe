//! Under a service manager: the units are right and leave little open, ports that were opened for the daemon are served, and it is told
//! how the daemon is, by what media does.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use serde_json::Value;

use super::fixture::daemon::Daemon;
use super::fixture::visitor::Visitor;
use super::fixture::{DEADLINE, has, until};

const UNITS: [&str; 6] = [
    "porchlight.service",
    "porchlight.socket",
    "porchlight-https.socket",
    "porchlight-confirm.service",
    "porchlight-reboot.path",
    "porchlight-reboot.service",
];
/// What is left open at most, as systemd counts it from 0 to 10.
const EXPOSURE: f64 = 2.5;

fn unit(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The units in a folder of their own, with the daemon where it is here and the service changed like this.
fn units(folder: &Path, change: impl Fn(String) -> String) -> Vec<PathBuf> {
    let write = |name: &str| {
        let path = folder.join(name);
        let text = unit(name)
            .replace("ExecStart=/usr/bin/porchlight ", concat!("ExecStart=", env!("CARGO_BIN_EXE_porchlight"), " "));
        std::fs::write(&path, if name.ends_with(".service") { change(text) } else { text }).unwrap();
        path
    };
    UNITS.map(write).to_vec()
}

fn analyze(arguments: &[&str], units: &[PathBuf]) -> Output {
    Command::new("systemd-analyze").args(arguments).args(units).env("SYSTEMD_COLORS", "0").output().unwrap()
}

fn verified(change: impl Fn(String) -> String) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = analyze(&["verify", "--man=no"], &units(folder.path(), change));
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn the_units_are_right() {
    if !has(&["systemd-analyze"]) {
        return;
    }
    assert_eq!(verified(|unit| unit), (true, String::new()));
    // It ends with success at keys that it does not know: what it prints is what counts.
    let (_, said) = verified(|unit| unit.replace("ProtectClock=", "ProtectClocks="));
    assert!(said.contains("'ProtectClocks'"), "{said}");
}

fn exposure(name: &str, change: impl Fn(String) -> String) -> (f64, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut units = units(folder.path(), change);
    units.retain(|unit| unit.ends_with(name));
    let output = analyze(&["security", "--offline=true", "--no-pager"], &units);
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, number) = said.rsplit_once(&format!("Overall exposure level for {name}: ")).expect("a summary");
    (number.split_whitespace().next().unwrap().parse().unwrap(), said)
}

#[test]
fn the_service_leaves_little_open() {
    if !has(&["systemd-analyze"]) {
        return;
    }
    for (name, most) in [
        ("porchlight.service", EXPOSURE),
        ("porchlight-confirm.service", EXPOSURE),
        // Root, to ask systemd for a restart, and nothing else.
        ("porchlight-reboot.service", 2.0 * EXPOSURE),
    ] {
        let (level, said) = exposure(name, |unit| unit);
        println!("{name}: {level} of 10");
        assert!(level <= most, "{said}");
    }
    let (level, _) = exposure("porchlight.service", |unit| {
        unit.replace("SystemCallFilter=", "#").replace("CapabilityBoundingSet=", "#")
    });
    assert!(level > EXPOSURE, "without two of its keys it is {level}");
}

#[test]
fn what_confirms_an_update_and_restarts_into_one_is_there_on_an_image_alone() {
    let has = |name: &str, line: &str| unit(name).lines().any(|one| one == line);
    for name in ["porchlight-confirm.service", "porchlight-reboot.path"] {
        assert!(has(name, "ConditionPathExists=/etc/rauc/system.conf"), "{name}");
    }
    assert!(has("porchlight-confirm.service", "FailureAction=reboot"));
    assert!(has("porchlight-confirm.service", "ExecStart=/usr/bin/porchlight update confirm --within 180"));
    // The daemon and the path mean the same file.
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/services/update/actor.rs");
    assert!(std::fs::read_to_string(source).unwrap().contains("RESTART: &str = \"restart\";"));
    assert!(has("porchlight.service", "RuntimeDirectory=porchlight"));
    assert!(has("porchlight-reboot.path", "PathExists=/run/porchlight/restart"));
}

#[test]
fn the_daemon_asks_for_the_ports_and_the_key_that_the_units_hand_over() {
    let source =
        |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)).unwrap();
    for (unit_name, port, name) in [("porchlight.socket", 80, "http"), ("porchlight-https.socket", 443, "https")] {
        let text = unit(unit_name);
        assert!(text.lines().any(|line| line == format!("ListenStream={port}")), "{text}");
        assert!(text.lines().any(|line| line == format!("FileDescriptorName={name}")), "{text}");
        assert!(source("daemon/inherited.rs").contains(&format!(": &str = {name:?};")), "{name}");
        // By its name, or because it says so.
        let leads = unit_name == "porchlight.socket" || text.lines().any(|line| line == "Service=porchlight.service");
        assert!(leads, "{unit_name} starts nothing");
    }
    let service = unit("porchlight.service");
    // It would start sockets that are turned off.
    assert!(!service.lines().any(|line| line.starts_with("Sockets=")));
    let credential = service.lines().find_map(|line| line.strip_prefix("LoadCredential=")).unwrap();
    assert!(source("drivers/identity/seal.rs").contains(&format!("CREDENTIAL: &str = {credential:?};")));
}

/// Opens ports of 127.0.0.1 as a service manager does, writes their numbers into a file, and becomes the daemon.
const OPENER: &str = r#"
import fcntl, os, socket, sys
file, names, *command = sys.argv[1:]
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names.split(":")]
if names == "deaf":
    sockets = [socket.socket()]
    sockets[0].bind(("127.0.0.1", 0))
with open(file, "w") as numbers:
    numbers.write(" ".join(str(one.getsockname()[1]) for one in sockets))
high = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 100) for one in sockets]
for at, one in enumerate(high):
    os.dup2(one, 3 + at, inheritable=True)
os.environ.update(LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names, LISTEN_PID=str(os.getpid()))
os.execv(command[0], command)
"#;

fn opened(state: &tempfile::TempDir, names: &str, keys: &[(&str, &str)]) -> (Daemon, Vec<u16>) {
    let file = state.path().join("ports");
    let command = ["python3", "-c", OPENER, file.to_str().unwrap(), names, env!("CARGO_BIN_EXE_porchlight")];
    // An address that nobody has: whoever opened it would fail.
    let daemon = Daemon::start_through(&command, state, "192.0.2.1:1", keys);
    let numbers = std::fs::read_to_string(file).unwrap();
    (daemon, numbers.split(' ').map(|number| number.parse().unwrap()).collect())
}

#[tokio::test]
async fn ports_that_were_opened_for_the_daemon_are_served_by_their_names() {
    if !has(&["python3"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let (daemon, ports) = opened(&state, "https:http", &[("PORCHLIGHT_HTTPS__LISTEN", "192.0.2.1:2")]);
    let [secure, plain] = ports[..] else { panic!("{ports:?}") };
    assert_eq!(daemon.url, format!("http://localhost:{plain}"));
    let trust: Value = reqwest::get(format!("{}/api/v1/trust", daemon.url)).await.unwrap().json().await.unwrap();
    assert_eq!(trust["secure"], format!("https://localhost:{secure}"));
    assert!(reqwest::get(format!("{}/healthz", daemon.url)).await.unwrap().status().is_success());
    assert!(std::net::TcpStream::connect(("127.0.0.1", secure)).is_ok());
    assert_eq!(daemon.log().matches("the service manager opened this port").count(), 2, "{}", daemon.log());
    assert!(daemon.stop().success());
}

#[tokio::test]
async fn a_port_that_nothing_is_served_at_is_closed_and_named() {
    if !has(&["python3"]) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let (daemon, ports) = opened(&state, "http:https:gopher", &[("PORCHLIGHT_HTTPS__ENABLED", "false")]);
    assert!(reqwest::get(format!("{}/healthz", daemon.url)).await.unwrap().status().is_success());
    for (port, name) in [(ports[1], "https"), (ports[2], "gopher")] {
        let refused = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused, "{name}");
        assert!(
            daemon.log().contains(&format!(
                "nothing is served at this port that the service manager opened: turn its socket unit off name={name:?}"
            )),
            "{}",
            daemon.log()
        );
    }
    assert!(daemon.stop().success());
}

#[test]
fn ports_that_can_not_be_served_are_a_matter_of_the_configuration() {
    if !has(&["python3"]) {
        return;
    }
    for (names, why) in [
        ("http:http", "hands over several ports named \"http\": leave one ListenStream= in its socket unit"),
        ("deaf", "hands over \"deaf\", which is no port that is open"),
    ] {
        let state = tempfile::tempdir().unwrap();
        let output = Command::new("python3")
            .args(["-c", OPENER])
            .arg(state.path().join("ports"))
            .args([names, env!("CARGO_BIN_EXE_porchlight"), "run", "--state"])
            .arg(state.path())
            .args(["--listen", "127.0.0.1:0"])
            .env("PORCHLIGHT_HTTPS__LISTEN", "127.0.0.1:0")
            .env("PORCHLIGHT_PEERS__LISTEN", "127.0.0.1:0")
            .env("PORCHLIGHT_MEDIA__H264_ENCODER", "x264")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

/// The other end of `NOTIFY_SOCKET`.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    /// What is said next.
    fn next(&self) -> String {
        let mut bytes = [0; 1024];
        let length = self.0.recv(&mut bytes).unwrap_or_else(|error| panic!("nothing is said any more: {error}"));
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    /// Waits until something with this line is said, and gives what was said before it.
    fn until(&self, line: &str) -> Vec<String> {
        let (end, mut before) = (Instant::now() + DEADLINE, Vec::new());
        loop {
            let said = self.next();
            if said.lines().any(|said| said == line) {
                return before;
            }
            before.push(said);
            assert!(Instant::now() < end, "{line} is not said, but {before:?}");
        }
    }

    /// What is said within this time.
    fn within(&self, time: Duration) -> Vec<String> {
        let end = Instant::now() + time;
        self.0.set_nonblocking(true).unwrap();
        let (mut all, mut bytes) = (Vec::new(), [0; 1024]);
        while Instant::now() < end {
            match self.0.recv(&mut bytes) {
                Ok(length) => all.push(String::from_utf8_lossy(&bytes[..length]).into_owned()),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        self.0.set_nonblocking(false).unwrap();
        all
    }
}

/// One thread of the daemon that does not go on, and goes on when this is dropped: what a hanging driver or an endless loop is from
/// outside. Everything else runs.
struct Hanging(Pid);

impl Hanging {
    fn thread(daemon: &Daemon, name: &str) -> Self {
        let named = |task: &PathBuf| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name);
        let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.id())).unwrap();
        let task = tasks.map(|task| task.unwrap().path()).find(named).expect("the thread is there");
        let id = Pid::from_raw(task.file_name().unwrap().to_str().unwrap().parse().unwrap());
        ptrace::seize(id, ptrace::Options::empty()).unwrap();
        ptrace::interrupt(id).unwrap();
        waitpid(id, Some(WaitPidFlag::__WALL)).unwrap();
        Self(id)
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        // When the test has failed, the daemon is killed next.
        let _ = ptrace::detach(self.0, None);
    }
}

#[tokio::test]
async fn the_service_manager_is_told_how_the_daemon_is_and_is_not_fed_while_media_hangs() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("notify");
    let manager = Manager::at(&path);
    // It looks six times within this, and says after three that something hangs.
    let patience = Duration::from_millis(1800);
    let micros = patience.as_micros().to_string();
    let daemon = Daemon::start_with(&state, &[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", &micros)]);
    let ready = async || reqwest::get(format!("{}/readyz", daemon.url)).await.unwrap().json::<Value>().await.unwrap();

    manager.until("READY=1");
    for _ in 0..3 {
        manager.until("WATCHDOG=1");
    }
    assert_eq!(ready().await["parts"]["media"], "ok");

    // The one that reads the sockets and has the peers. Pages are served all the same.
    let hanging = Hanging::thread(&daemon, "peers");
    manager.until("STATUS=Stands still: the peers' worker");
    let said = ready().await;
    assert_eq!((&said["ready"], &said["parts"]["media"]), (&Value::Bool(false), &Value::from("down")), "{said}");
    assert_eq!(manager.within(2 * patience), [""; 0], "the service manager would have lost patience");
    drop(hanging);
    manager.until("STATUS=Ready");
    manager.until("WATCHDOG=1");
    until("media that goes on", async || ready().await["ready"] == true).await;
    assert!(daemon.log().contains("it stands still"), "{}", daemon.log());

    kill(daemon.id(), Signal::SIGHUP).unwrap();
    manager.until("RELOADING=1");
    manager.until("READY=1");
    assert!(daemon.stop().success());
    manager.until("STOPPING=1");
    assert_eq!(manager.within(Duration::from_millis(100)), [""; 0], "it is fed no more");
}

#[tokio::test]
async fn a_daemon_that_takes_its_own_place_is_not_said_to_stop() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("notify");
    let manager = Manager::at(&path);
    let daemon = Daemon::start_with(&state, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    manager.until("READY=1");
    let owner = Visitor::owner(&daemon).await;
    let answer = owner.post("/api/v1/node/restart", &serde_json::json!({})).await;
    assert_eq!(answer.status(), 200);
    // A service manager that is told of it ends the process when its patience is over, whatever has become of it.
    let said = manager.until("READY=1");
    assert!(said.iter().all(|said| !said.contains("STOPPING=1")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("STATUS=Starting again")), "{said:?}");
    assert!(daemon.stop().success(), "it is the same process");
    manager.until("STOPPING=1");
}
