//! Throw-away servers: started from what is installed, in a temporary folder, and always stopped.

use super::DatabaseError;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Waits for the end of its standard input, which comes when whoever holds the other end says so, panics, is
/// interrupted, or is killed. Then it ends the server, and removes the folder.
///
/// `$1` is the folder, `$2` what makes the files, `$3` the server, `$4` the signal that ends it at once.
const WATCHDOG: &str = r#"
( eval "$2" && eval "exec $3" ) </dev/null >"$1/log" 2>&1 &
server=$!
read -r _
kill "-$4" "$server" 2>/dev/null
kill -TERM "$server" 2>/dev/null
wait "$server" 2>/dev/null
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// How long a server may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs as long as this lives, and its folder.
#[derive(Debug)]
pub(super) struct Server {
    watchdog: Child,
    folder: PathBuf,
}

/// What a server is started with.
pub(super) struct Recipe<'a> {
    /// The name of the user to be, if this is root.
    pub(super) user: &'a str,
    /// The shell command that makes its files.
    pub(super) init: String,
    /// The shell command that is the server.
    pub(super) serve: String,
    /// The signal that ends it at once.
    pub(super) signal: &'a str,
}

impl Server {
    /// A new folder, and a server in it. `recipe` is told the folder.
    pub(super) fn start(recipe: impl FnOnce(&Path) -> Recipe<'static>) -> Result<Server, DatabaseError> {
        let no = |what: &str, error: std::io::Error| DatabaseError::NoServer(format!("{what}: {error}"));
        let folder = tempfile::Builder::new().prefix("oversell-").tempdir();
        let folder = folder.map_err(|error| no("there is no temporary folder for a server", error))?;
        let Recipe { user, mut init, mut serve, signal } = recipe(folder.path());
        if is_root() {
            // Servers refuse to be root; the folder is theirs.
            let (uid, gid) = ids(user).ok_or_else(|| DatabaseError::NoServer(format!("there is no user `{user}`")))?;
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).map_err(|error| no("chown", error))?;
            let open = std::fs::Permissions::from_mode(0o711);
            std::fs::set_permissions(folder.path(), open).map_err(|error| no("chmod", error))?;
            let drop = format!("setpriv --reuid={uid} --regid={gid} --clear-groups ");
            init = format!("{drop}{init}");
            serve = format!("{drop}{serve}");
        }
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("oversell-watchdog").arg(folder.path()).args([&init, &serve]).arg(signal);
        // In a process group of its own, an interrupt from the terminal does not reach it: it ends by its input.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        command.current_dir(folder.path());
        let watchdog = command.spawn().map_err(|error| no("cannot start sh", error))?;
        // From here on the watchdog removes it.
        Ok(Server { watchdog, folder: folder.keep() })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tries to reach the server until it is up.
    pub(super) fn reach<T, E: std::fmt::Display>(
        &mut self,
        mut attempt: impl FnMut() -> Result<T, E>,
    ) -> Result<T, DatabaseError> {
        let start = Instant::now();
        loop {
            match attempt() {
                Ok(reached) => return Ok(reached),
                Err(error) if start.elapsed() > PATIENCE || self.gave_up() => {
                    let log = self.log();
                    return Err(DatabaseError::NoServer(format!("the server does not come up: {error}\n{log}")));
                }
                // There is nothing to wait on before the server listens.
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Whether what makes the files, or the server, has ended with an error.
    fn gave_up(&self) -> bool {
        let is_fatal = |line: &str| {
            let signs = ["FATAL:", "[ERROR]", "initdb: error:", "sh: "];
            signs.iter().any(|sign| line.contains(sign)) && !line.contains("starting up")
        };
        self.log().lines().any(is_fatal)
    }

    /// The end of what it has logged.
    fn log(&self) -> String {
        let mut log = String::new();
        if let Ok(mut file) = std::fs::File::open(self.folder.join("log")) {
            // What is not text is not worth showing.
            let _ = file.read_to_string(&mut log);
        }
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // It has nothing to report.
        let _ = self.watchdog.wait();
    }
}

/// A folder that goes when this process ends, however it ends.
#[cfg(feature = "sqlite")]
pub(super) fn guarded_folder() -> Result<&'static Path, DatabaseError> {
    static FOLDER: std::sync::OnceLock<Result<Server, DatabaseError>> = std::sync::OnceLock::new();
    let start =
        || Server::start(|_| Recipe { user: "nobody", init: "true".into(), serve: "true".into(), signal: "KILL" });
    FOLDER.get_or_init(start).as_ref().map(Server::folder).map_err(Clone::clone)
}

/// Quotes a word for the shell.
pub(super) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// The first of these programs that is there: in the folders given, then on the path.
pub(super) fn program(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = folders.iter().cloned().chain(std::env::split_paths(&path)).collect();
    let in_folder = |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    names.iter().find_map(in_folder)
}

fn is_root() -> bool {
    // The owner of one's own process, without a call that is unsafe.
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn ids(user: &str) -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(user))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
