//! Debian's janus with its plugin for rooms (videoroom), spoken to over HTTP.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use serde_json::{Value, json};
use tempfile::TempDir;

/// It answers by then.
const START: Duration = Duration::from_secs(20);
/// A request is answered by then.
const ANSWER: Duration = Duration::from_secs(20);
const ROOM: u64 = 1;
/// Who publishes.
const FEED: u64 = 1;

/// A janus of our own. It ends when it is dropped.
pub struct Janus {
    child: Child,
    http: reqwest::Client,
    /// The address of our session.
    session: String,
    asked: u64,
    _folder: TempDir,
}

impl Janus {
    /// Starts it as Debian has it, with one room, and with nothing that is not needed.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        configure(folder.path(), port)?;
        let child = Command::new("janus")
            .arg("-F")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("janus does not start; script/bench installs it")?;
        let base = format!("http://127.0.0.1:{port}/janus");
        let mut janus = Self { child, http: reqwest::Client::new(), session: base.clone(), asked: 0, _folder: folder };
        let end = Instant::now() + START;
        while janus.http.get(format!("{base}/info")).send().await.is_err() {
            ensure!(Instant::now() < end, "janus does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let session = janus.post("", json!({ "janus": "create" })).await?;
        janus.session = format!("{base}/{}", session["data"]["id"]);
        Ok(janus)
    }

    /// An address of this machine at which it is found: it never uses loopback. What goes there stays on this machine.
    pub fn address() -> anyhow::Result<Ipv4Addr> {
        let up = getifaddrs()?.filter(|entry| entry.flags.contains(InterfaceFlags::IFF_UP));
        let mut all = up.filter_map(|entry| Some(entry.address?.as_sockaddr_in()?.ip()));
        all.find(|ip| !ip.is_loopback()).context("janus needs an IPv4 address besides that of loopback")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Publishes what this offer sends: the answer.
    pub async fn publish(&mut self, offer: &str) -> anyhow::Result<String> {
        let handle = self.attach().await?;
        let join = json!({ "request": "joinandconfigure", "ptype": "publisher", "room": ROOM, "id": FEED });
        let told = self.message(&handle, join, Some(json!({ "type": "offer", "sdp": offer }))).await?;
        sdp(&told)
    }

    /// A new subscriber: their handle and the offer to answer.
    pub async fn subscribe(&mut self) -> anyhow::Result<(String, String)> {
        let handle = self.attach().await?;
        let join = json!({ "request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{ "feed": FEED }] });
        let told = self.message(&handle, join, None).await?;
        let offer = sdp(&told)?;
        Ok((handle, offer))
    }

    /// The subscriber's answer.
    pub async fn accept(&mut self, handle: &str, answer: &str) -> anyhow::Result<()> {
        let start = json!({ "request": "start" });
        self.message(handle, start, Some(json!({ "type": "answer", "sdp": answer }))).await.map(drop)
    }

    async fn attach(&mut self) -> anyhow::Result<String> {
        let answer = self.post("", json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" })).await?;
        Ok(answer["data"]["id"].to_string())
    }

    /// Says something to the plugin and waits for what it says to that.
    async fn message(&mut self, handle: &str, body: Value, jsep: Option<Value>) -> anyhow::Result<Value> {
        let mut message = json!({ "janus": "message", "body": body });
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        let mut answer = self.post(handle, message).await?;
        let transaction = answer["transaction"].clone();
        let end = Instant::now() + ANSWER;
        while answer["janus"] != "event" || answer["transaction"] != transaction {
            ensure!(Instant::now() < end, "janus says nothing to {body}");
            let next = format!("{}?maxev=1", self.session);
            answer = self.http.get(next).timeout(ANSWER).send().await?.json().await?;
        }
        let data = &answer["plugindata"]["data"];
        if !data["error"].is_null() {
            bail!("janus says to {body}: {data}");
        }
        Ok(answer)
    }

    async fn post(&mut self, handle: &str, mut message: Value) -> anyhow::Result<Value> {
        self.asked += 1;
        message["transaction"] = json!(format!("t{}", self.asked));
        let url = if handle.is_empty() { self.session.clone() } else { format!("{}/{handle}", self.session) };
        let answer: Value = self.http.post(url).json(&message).timeout(ANSWER).send().await?.json().await?;
        ensure!(answer["janus"] != "error", "janus says {answer}");
        Ok(answer)
    }
}

impl Drop for Janus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sdp(told: &Value) -> anyhow::Result<String> {
    told["jsep"]["sdp"].as_str().map(str::to_owned).with_context(|| format!("no session description: {told}"))
}

fn configure(folder: &Path, port: u16) -> anyhow::Result<()> {
    // Below the folder of libraries of this architecture.
    let modules = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path().join("janus"));
    let modules = modules.into_iter().find(|path| path.join("plugins").is_dir()).context("janus has no plugins")?;
    for (kind, file) in [("plugins", "libjanus_videoroom.so"), ("transports", "libjanus_http.so")] {
        fs::create_dir(folder.join(kind))?;
        std::os::unix::fs::symlink(modules.join(kind).join(file), folder.join(kind).join(file))?;
    }
    let here = folder.display();
    fs::write(
        folder.join("janus.jcfg"),
        format!(
            "general: {{\n configs_folder = \"{here}\"\n plugins_folder = \"{here}/plugins\"\n \
             transports_folder = \"{here}/transports\"\n session_timeout = 0\n debug_level = 0\n}}\n"
        ),
    )?;
    fs::write(
        folder.join("janus.transport.http.jcfg"),
        format!(
            "general: {{\n json = \"compact\"\n base_path = \"/janus\"\n http = true\n port = {port}\n \
             ip = \"127.0.0.1\"\n https = false\n}}\nadmin: {{\n admin_http = false\n}}\n"
        ),
    )?;
    fs::write(
        folder.join("janus.plugin.videoroom.jcfg"),
        format!(
            "room-{ROOM}: {{\n publishers = 1\n bitrate = 0\n audiocodec = \"opus\"\n videocodec = \"h264\"\n record = false\n}}\n"
        ),
    )?;
    Ok(())
}
