//! Debian's nginx, which serves files from memory with one process.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

/// Where files are in memory.
const MEMORY: &str = "/dev/shm";
const START: Duration = Duration::from_secs(10);

/// It ends when it is dropped.
pub struct Nginx {
    child: Child,
    pub address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(MEMORY)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let at = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.iter().map(|kind| format!("{kind}_temp_path {at}/{kind};\n")).collect();
        fs::create_dir(folder.path().join("files"))?;
        // Whoever starts it as root has its files read by another user.
        let user = if fs::metadata("/proc/self")?.uid() == 0 { "user root;" } else { "" };
        let text = format!(
            "{user} daemon off; pid {at}/pid; error_log {at}/error.log; worker_processes 1; worker_rlimit_nofile 4096;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_timeout 60s; keepalive_requests 1000000000;\n\
             open_file_cache max=1000; open_file_cache_valid 10s;\n\
             types {{ application/vnd.apple.mpegurl m3u8; video/mp4 m4s mp4; }}\n{temporary}\
             server {{ listen {address} backlog=4096; root {at}/files;\n\
             add_header cache-control \"public, max-age=60\"; add_header access-control-allow-origin \"*\"; }} }}\n"
        );
        let config = folder.path().join("nginx.conf");
        fs::write(&config, text)?;
        let child = Command::new("/usr/sbin/nginx")
            .args(["-e".as_ref(), folder.path().join("error.log").as_os_str()])
            .args(["-p".as_ref(), folder.path().as_os_str(), "-c".as_ref(), config.as_os_str()])
            .stdin(Stdio::null())
            .spawn()
            .context("nginx starts")?;
        let nginx = Self { child, address, folder };
        let end = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < end, "nginx does not serve: {}", nginx.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }

    /// Serves these bytes under this path from now on.
    pub fn serve(&self, path: &str, body: &[u8]) -> anyhow::Result<()> {
        let file = self.file(path);
        fs::create_dir_all(file.parent().context("it is in a folder")?)?;
        // As another file: one that is open stays as it is.
        let draft = file.with_extension("draft");
        fs::write(&draft, body)?;
        Ok(fs::rename(draft, file)?)
    }

    fn file(&self, path: &str) -> PathBuf {
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        self.folder.path().join("files").join(path.trim_start_matches('/'))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The process that serves ends with this one, if it is asked to.
        let asked = i32::try_from(self.child.id()).map(nix::unistd::Pid::from_raw);
        if let Ok(id) = asked {
            let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}
