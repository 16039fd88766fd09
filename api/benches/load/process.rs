//! The two servers, each a process of its own; gone when dropped.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    Outcome, client,
    database::{ENCRYPTION_KEY, Prepared},
};

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs.
#[derive(Debug)]
pub struct Process {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

impl Process {
    /// The release binary with its default settings; what it logs goes into a file, as in production.
    pub async fn product(prepared: &Prepared, folder: &Path) -> Outcome<Self> {
        let address = free()?;
        let log = File::options().create(true).append(true).open(folder.join("serve.log"))?;
        let child = Command::new(env!("CARGO_BIN_EXE_zhiqiao"))
            .arg("serve")
            .current_dir(folder)
            .env("ZHIQIAO_DATABASE__URL", &prepared.url)
            .env("ZHIQIAO_KEYS__ENCRYPTION_KEY", ENCRYPTION_KEY)
            .env("ZHIQIAO_LISTEN", address.to_string())
            // A token of one instance is good at another.
            .env("ZHIQIAO_PUBLIC_URL", "http://zhiqiao.bench")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Self { address, child }.ready("/health/ready").await
    }

    /// The constant answers and the bare SQL.
    pub async fn limits(prepared: &Prepared) -> Outcome<Self> {
        let address = free()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["limits", &prepared.url, &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        Self { address, child }.ready("/ready").await
    }

    async fn ready(mut self, path: &str) -> Outcome<Self> {
        let began = Instant::now();
        let request = client::request("GET", path, &[], "");
        loop {
            match client::once(self.address, &request).await {
                Ok(_) => return Ok(self),
                Err(fault) if began.elapsed() > PATIENCE => return Err(fault),
                Err(_) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("a server has ended: {status}").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The memory that it holds.
    pub fn memory(&self) -> String {
        self.status("VmRSS:").map_or_else(|_| "unknown".to_owned(), |kilobytes| format!("{} MB", kilobytes / 1_024))
    }

    /// Begins a new measurement of the most that it holds; returns what it holds now, in kB.
    pub fn forget_peak(&self) -> Outcome<u64> {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?;
        self.status("VmRSS:")
    }

    /// The most memory that it has held since then, in kB.
    pub fn peak(&self) -> Outcome<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

fn free() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
