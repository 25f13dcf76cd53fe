//! Services to send to, and what the box says of them.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use nix::sys::socket::{setsockopt, sockopt};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fixture::until;
use crate::fixture::visitor::{Line, Visitor};

/// A program that two cores can work with.
pub const SMALL: [(&str, &str); 7] = [
    ("PORCHLIGHT_ENDPOINT__AUTO_JOIN", "true"),
    ("PORCHLIGHT_ENDPOINT__WIDTH", "320"),
    ("PORCHLIGHT_ENDPOINT__HEIGHT", "180"),
    ("PORCHLIGHT_ENDPOINT__FPS", "30"),
    ("PORCHLIGHT_PROGRAM__WIDTH", "640"),
    ("PORCHLIGHT_PROGRAM__HEIGHT", "360"),
    ("PORCHLIGHT_PROGRAM__FPS", "30"),
];

/// A program of the system that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn run(command: &mut Command) -> Running {
    Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

pub fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// nginx with its RTMP module. It serves again what it takes, and takes nothing below `/closed`.
pub struct Server {
    pub port: u16,
    folder: TempDir,
}

/// Where Debian has the module.
pub const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

impl Server {
    pub fn new() -> Self {
        let (port, doors, folder) = (free(), free(), tempfile::tempdir().unwrap());
        let at = folder.path().display();
        let text = format!(
            "load_module {MODULE}; daemon off; master_process off; pid {at}/pid; error_log {at}/error.log; events {{}}\n\
             rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; }}\n\
             application closed {{ live on; on_publish http://127.0.0.1:{doors}/; }} }} }}\n\
             http {{ access_log off; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;\n\
             uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi; server {{ listen 127.0.0.1:{doors}; return 403; }} }}\n"
        );
        std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
        Self { port, folder }
    }

    pub async fn start(&self) -> Running {
        let (folder, config) = (self.folder.path(), self.folder.path().join("nginx.conf"));
        let nginx = run(Command::new("/usr/sbin/nginx")
            .arg("-e")
            .arg(folder.join("error.log"))
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(config));
        until("RTMP server", async || TcpStream::connect(("127.0.0.1", self.port)).is_ok()).await;
        nginx
    }

    pub fn address(&self, application: &str) -> String {
        format!("rtmp://127.0.0.1:{}/{application}", self.port)
    }

    /// Where it serves what it takes by this key.
    pub fn stream(&self, key: &str) -> String {
        format!("{}/{key}", self.address("live"))
    }
}

/// The owner, and the services of the first room.
pub struct Pushes {
    pub owner: Visitor,
    pub room: String,
}

impl Pushes {
    pub async fn of(owner: Visitor) -> Self {
        Self { room: owner.first_room().await, owner }
    }

    pub fn path(&self) -> String {
        format!("/api/v1/rooms/{}/pushes", self.room)
    }

    pub async fn add(&self, name: &str, address: &str, secrets: Value) -> String {
        let mut body = json!({ "name": name, "preset": "custom", "address": address, "enabled": true });
        body.as_object_mut().unwrap().extend(secrets.as_object().unwrap().clone());
        let answer = self.owner.post(&self.path(), &body).await;
        assert_eq!(answer.status(), 201, "{name}");
        let push: Value = answer.json().await.unwrap();
        push["id"].as_str().unwrap().to_owned()
    }

    pub async fn change(&self, id: &str, change: Value) -> Value {
        let path = format!("{}/{id}", self.path());
        let answer = self.owner.request(Method::PATCH, &path).json(&change).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{change}");
        answer.json().await.unwrap()
    }

    pub async fn text(&self) -> String {
        self.owner.get(&self.path()).await.text().await.unwrap()
    }

    pub async fn one(&self, id: &str) -> Value {
        let all: Value = serde_json::from_str(&self.text().await).unwrap();
        all.as_array().unwrap().iter().find(|push| push["id"] == id).expect("it is listed").clone()
    }

    pub async fn is(&self, id: &str, state: &str) -> Value {
        until(&format!("{state} of {id}"), async || self.one(id).await["state"] == state).await;
        self.one(id).await
    }

    /// Waits until one has failed, and gives why. It may be trying again when it is looked at.
    pub async fn fails(&self, id: &str) -> String {
        until("failure", async || self.one(id).await["error"].is_object()).await;
        let push = self.one(id).await;
        assert!(push["error"]["text"].as_str().unwrap().ends_with('.'), "{push}");
        push["error"]["code"].as_str().unwrap().to_owned()
    }
}

pub async fn go_live(owner: &Visitor, room: &str) -> Line {
    let mut line = owner.join(room, "Ada").await;
    let box_is_there = |state: &Value| {
        state["participants"].as_object().unwrap().values().any(|one| one["kind"] == "box" && one["camera"] == true)
    };
    line.until("box", box_is_there).await;
    line.ask("go_live", json!({ "title": "A test" })).await.unwrap();
    line
}

/// A way to a server that can be jammed: it takes connections, and then nothing of what comes in them. Little fits into it.
pub struct Way {
    pub port: u16,
    jammed: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Bytes that wait in it.
const NARROW: u32 = 4096;
/// Bytes of a packet in it: what waits with the sender grows with them.
const PACKET: u32 = 536;

impl Way {
    pub fn to(server: u16) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(NARROW).unwrap();
        setsockopt(&socket, sockopt::TcpMaxSeg, &PACKET).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let (jammed, seen) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let listener = socket.listen(16).unwrap();
        tasks.spawn(async move {
            let mut carried = JoinSet::new();
            loop {
                let (from, _) = listener.accept().await.unwrap();
                carried.spawn(carry(from, server, seen.clone()));
            }
        });
        Self { port, jammed, tasks }
    }

    /// From now on it takes nothing, or goes on.
    pub fn jam(&self, jammed: bool) {
        assert!(!self.tasks.is_empty());
        self.jammed.send_replace(jammed);
    }
}

async fn carry(mut from: tokio::net::TcpStream, server: u16, mut jammed: watch::Receiver<bool>) {
    let mut to = tokio::net::TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    let ((mut reads, mut answers), (mut back, mut out)) = (from.split(), to.split());
    let there = async {
        let mut buffer = vec![0; NARROW as usize];
        loop {
            let _ = jammed.wait_for(|jammed| !jammed).await;
            match reads.read(&mut buffer).await {
                Ok(count) if count > 0 && out.write_all(&buffer[..count]).await.is_ok() => {}
                _ => return,
            }
        }
    };
    tokio::select! {
        () = there => {}
        _ = tokio::io::copy(&mut back, &mut answers) => {}
    }
}
