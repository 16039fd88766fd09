//! A throw-away PostgreSQL for the tests: made in a folder of its own, as root or not,
//! and removed whatever happens.
//!
//! Whatever happens includes Ctrl-C and `kill -9`, where no destructor runs. So the
//! removal is not ours to do: a small shell waits at the other end of a pipe, in a
//! process group of its own, and cleans up when the pipe closes, which the system does
//! for us however we end.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

const SETTINGS: &str = "-c max_connections=200 -c listen_addresses=127.0.0.1";

/// Whether what is committed is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Durability is for data that somebody wants to keep: tests do not.
    Nothing,
    /// As it comes, and as a province would have it: what a commit costs is part of the figure.
    Everything,
}

impl Keeps {
    const fn settings(self) -> &'static str {
        match self {
            Self::Nothing => "-c fsync=off -c synchronous_commit=off -c full_page_writes=off",
            Self::Everything => "-c fsync=on -c synchronous_commit=on -c full_page_writes=on",
        }
    }
}

/// macOS has no `C.UTF-8` of its own.
const LOCALE: &str = if cfg!(target_os = "macos") { "C" } else { "C.UTF-8" };

/// `initdb` refuses root, so as root it runs under the account that Debian's package makes.
const ACCOUNT: &str = "postgres";

/// Between choosing a free port and using it somebody else may take it.
const ATTEMPTS: usize = 3;

/// $1 is the folder, the rest the command that stops the server.
const CLEANER: &str = r#"trap '' INT TERM HUP
folder=$1; shift
cat > /dev/null
"$@"
rm -rf "$folder""#;

/// The folder with the newest server binaries of this machine.
pub(crate) fn binaries() -> Option<PathBuf> {
    let asked = Command::new("pg_config").arg("--bindir").output().ok();
    let asked = asked.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
    // Clients alone are no server: on Debian `pg_config` may name a folder without `initdb`.
    let is_server = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    asked.into_iter().chain(installed()).chain(on_path.into_iter().flatten()).find(is_server)
}

/// Where packages put them, the newest version first.
fn installed() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, before_version) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix(before_version)?.parse().ok());
            found.extend(version.map(|version| (version, entry.path().join("bin"))));
        }
    }
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

/// A running server; gone when dropped.
pub(crate) struct Server {
    url: String,
    cleaner: Child,
}

impl Server {
    /// Makes a cluster and starts it.
    pub(crate) fn start(binaries: &Path, keeps: Keeps) -> Result<Self, String> {
        println!("\n==> PostgreSQL: a throw-away cluster with {}", binaries.display());
        // Not the user's own temporary folder: the server's account must reach it, and
        // the path of a socket has to be short.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        let folder = Path::new("/tmp").join(format!("zhiqiao-postgres-{}-{now}", process::id()));
        let as_root = make(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let run = |program: &str| account(as_root, &binaries.join(program), &folder);

        let stop = run("pg_ctl");
        let cleaner = Command::new("sh")
            .args(["-c", CLEANER, "sh"])
            .arg(&folder)
            .arg(stop.get_program())
            .args(stop.get_args())
            .args(["-m", "immediate", "-w", "stop", "-D"])
            .arg(folder.join("data"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .apart()
            .spawn()
            .map_err(|error| format!("sh cannot be started: {error}"))?;
        let mut server = Self { url: String::new(), cleaner };

        if as_root {
            finish(Command::new("chown").arg(ACCOUNT).arg(&folder))?;
        }
        let locale = format!("--locale={LOCALE}");
        finish(
            run("initdb")
                .args(["-U", ACCOUNT, "-A", "trust", "--no-sync", "-E", "UTF8", &locale, "-D"])
                .arg(folder.join("data")),
        )?;
        let mut outcome = Err("no port was tried".to_owned());
        for _ in 0..ATTEMPTS {
            let port = free_port().map_err(|error| format!("no free port: {error}"))?;
            let options = format!("{SETTINGS} {} -p {port} -k {}", keeps.settings(), folder.display());
            outcome = finish(
                run("pg_ctl")
                    .args(["-w", "-t", "60", "start", "-o", &options, "-l"])
                    .arg(folder.join("log"))
                    .arg("-D")
                    .arg(folder.join("data")),
            );
            if outcome.is_ok() {
                server.url = format!("postgres://{ACCOUNT}@127.0.0.1:{port}/postgres");
                return Ok(server);
            }
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        outcome.map_err(|why| format!("{why}\n{log}"))?;
        Ok(server)
    }

    /// The address of its first database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.cleaner.stdin.take());
        if let Err(error) = self.cleaner.wait() {
            eprintln!("the PostgreSQL of the tests may be left over: {error}");
        }
    }
}

/// A program as the server's account, in the server's folder.
fn account(as_root: bool, program: &Path, folder: &Path) -> Command {
    let mut command = if as_root {
        let mut command = Command::new("runuser");
        command.args(["-u", ACCOUNT, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

/// Runs a command quietly; what it said is the error.
fn finish(command: &mut Command) -> Result<(), String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("{shown} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{} {}: {}", shown, output.status, String::from_utf8_lossy(&said).trim()))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Makes the folder, for its owner only, and says whether that is root.
#[cfg(unix)]
fn make(folder: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    Ok(fs::metadata(folder)?.uid() == 0)
}

#[cfg(not(unix))]
fn make(_: &Path) -> std::io::Result<bool> {
    Err(std::io::Error::other("throw-away clusters are made on Unix only; set TEST_DATABASE_URL"))
}

/// Out of reach of the terminal's Ctrl-C.
trait Apart {
    fn apart(&mut self) -> &mut Self;
}

impl Apart for Command {
    #[cfg(unix)]
    fn apart(&mut self) -> &mut Self {
        std::os::unix::process::CommandExt::process_group(self, 0)
    }

    #[cfg(not(unix))]
    fn apart(&mut self) -> &mut Self {
        self
    }
}
