//! Throw-away servers: started from what is installed, in a temporary folder, and always stopped.

use super::DatabaseError;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Makes a folder, and says where; reads what makes the files in it and what the server is, a line each; and then
/// waits for the end of its standard input, which comes when whoever holds the other end says so, panics, is
/// interrupted, or is killed. Then it ends the server, and removes the folder. A signal to itself does the same.
///
/// `$1` is where the folder is to be, `$2` the owner of the folder, if it is not to be this user, `$3` the signal that
/// ends the server at once.
const WATCHDOG: &str = r#"
trap : HUP INT TERM QUIT PIPE
folder=$(mktemp -d "$1/oversell-XXXXXX") || exit 1
if [ -n "$2" ]; then chown "$2" "$folder" && chmod 711 "$folder"; fi
echo "$folder"
exec >/dev/null
cd "$folder"
if IFS= read -r init && IFS= read -r serve; then
    ( eval "$init" && eval "exec $serve" ) </dev/null >"$folder/log" 2>&1 &
    server=$!
    read -r _
    kill "-$3" "$server" 2>/dev/null
    kill -TERM "$server" 2>/dev/null
    wait "$server" 2>/dev/null
fi
cd /
# What it was still making when it was ended may come after the first time.
rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
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
pub(super) struct Recipe {
    /// The shell command that makes its files.
    pub(super) init: String,
    /// The shell command that is the server.
    pub(super) serve: String,
}

impl Server {
    /// A new folder, and a server in it, which runs as this user if this is root, and ends at once by this signal.
    /// `recipe` is told the folder.
    pub(super) fn start(
        user: &str,
        signal: &str,
        recipe: impl FnOnce(&Path) -> Recipe,
    ) -> Result<Server, DatabaseError> {
        let no = |what: &str, error: std::io::Error| DatabaseError::NoServer(format!("{what}: {error}"));
        // Servers refuse to be root; the folder is theirs.
        let owner = match is_root() {
            false => None,
            true => Some(ids(user).ok_or_else(|| DatabaseError::NoServer(format!("there is no user `{user}`")))?),
        };
        let owned = owner.map(|(uid, gid)| format!("{uid}:{gid}")).unwrap_or_default();
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("oversell-watchdog").arg(std::env::temp_dir()).arg(owned).arg(signal);
        // In a process group of its own, an interrupt from the terminal does not reach it: it ends by its input.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut watchdog = command.spawn().map_err(|error| no("cannot start sh", error))?;
        let mut folder = String::new();
        if let Some(told) = watchdog.stdout.take() {
            BufReader::new(told).read_line(&mut folder).map_err(|error| no("no word from sh", error))?;
        }
        if folder.trim().is_empty() {
            return Err(DatabaseError::NoServer("there is no temporary folder for a server".to_owned()));
        }
        let mut server = Server { watchdog, folder: PathBuf::from(folder.trim_end()) };
        let Recipe { init, serve } = recipe(&server.folder);
        let drop = owner.map(|(uid, gid)| format!("setpriv --reuid={uid} --regid={gid} --clear-groups "));
        let drop = drop.unwrap_or_default();
        if let Some(orders) = &mut server.watchdog.stdin {
            orders
                .write_all(format!("{drop}{init}\n{drop}{serve}\n").as_bytes())
                .map_err(|error| no("sh is gone", error))?;
        }
        Ok(server)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Of an error that says that the server is not there, also what it logged.
    pub(super) fn explained(&self, error: DatabaseError) -> DatabaseError {
        match error {
            DatabaseError::NoServer(why) => DatabaseError::NoServer(format!("{why}\n{}", self.log())),
            other => other,
        }
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
    let start = || Server::start("nobody", "KILL", |_| Recipe { init: "true".into(), serve: "true".into() });
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
