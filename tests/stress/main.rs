//! Promise: whoever is killed, and whenever, on a disk that is nearly full and with hardly enough open files and
//! processes, a locked program on processes never oversells and leaves nothing behind.
#![cfg(all(feature = "cli", target_os = "linux", not(loom)))]

mod disk;

use disk::{Disk, Dwindling};
use oversell::programs::tutorials::Document;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Those whose sales a lock or a launch one by one keeps apart.
const PROGRAMS: [&str; 6] =
    ["repaired", "purchase-locked", "task-locked", "joined", "joined-locked", "joined-until-sold-out"];
const TICKETS: u64 = 3;

/// What many runs came to.
#[derive(Debug, Default)]
struct Tally {
    runs: u64,
    /// Runs that sold something.
    sold: u64,
    /// Runs in which somebody was killed before their end.
    struck: u64,
    /// Runs whose parent was killed.
    orphaned: u64,
    /// Runs that left half a document, as programs do that truncate.
    torn: u64,
    /// Runs in which a kill came between a purchase and its announcement. (In a model, there is nothing between.)
    unsaid: u64,
    /// Runs in which somebody found the disk full, or could not have one more open file, thread or process.
    full: u64,
    no_file: u64,
    no_process: u64,
}

impl Tally {
    /// Counts a run by what it has said.
    fn count(&mut self, said: &str) {
        let mut count = |counted: fn(&mut Tally) -> &mut u64, is_so: bool| *counted(self) += u64::from(is_so);
        count(|tally| &mut tally.runs, true);
        count(|tally| &mut tally.sold, said.contains(" sold of") && !said.contains("0 sold of"));
        count(|tally| &mut tally.struck, said.contains(" killed"));
        count(|tally| &mut tally.full, said.contains("No space left"));
        count(|tally| &mut tally.no_file, said.contains("Too many open files"));
        count(|tally| &mut tally.no_process, said.contains("Resource temporarily unavailable"));
    }
}

/// Processes that have this folder among their arguments.
fn still_running(folder: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(folder)).collect()
}

/// How little a run has.
struct Straits<'d> {
    /// A small disk, where one can be had.
    disk: Option<&'d Disk>,
    open_files: u64,
    /// Processes and threads, of a user that nobody else is: the superuser is not limited.
    processes: Option<(u64, u32)>,
}

impl<'d> Straits<'d> {
    /// From too little for a start to barely enough for all.
    fn of(seed: u64, disk: Option<&'d Disk>) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        // Each run has a user of its own: limits count all processes of a user.
        let user = 2_000_000 + u32::try_from(seed % 1_000_000).unwrap();
        let processes = disk.map(|_| (random.u64(2..20), user));
        Straits { disk, open_files: random.u64(6..24), processes }
    }

    /// The command that runs the program that is named first among its arguments under these limits.
    fn command(&self) -> Command {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={0}:{0}", self.open_files));
        if let Some((processes, user)) = self.processes {
            command.arg(format!("--nproc={processes}:{processes}")).uid(user).gid(user);
        }
        command
    }

    /// A folder on the disk that is its user's.
    fn folder(&self) -> tempfile::TempDir {
        let folder = match self.disk {
            Some(disk) => tempfile::tempdir_in(disk.path()),
            None => tempfile::tempdir(),
        };
        let folder = folder.unwrap();
        if let Some((_, user)) = self.processes {
            chown(folder.path(), Some(user), Some(user)).unwrap();
        }
        folder
    }
}

/// One run of five buyers; with `orphan`, its parent is killed too, after so long.
fn run(program: &str, seed: u64, disk: Option<&Disk>, orphan: Option<Duration>, tally: &mut Tally) {
    let what = format!("{program}, seed {seed}");
    let straits = Straits::of(seed, disk);
    let folder = straits.folder();
    let database = folder.path().join("db.json");
    fs::write(&database, Document::with_tickets(TICKETS).bytes()).unwrap();
    if let Some((_, user)) = straits.processes {
        chown(&database, Some(user), Some(user)).unwrap();
    }
    let mut command = straits.command();
    command.arg(env!("CARGO_BIN_EXE_oversell"));
    command.args(["run", program, "--buyers", "5", "--kills", "2", "--speed", "400", "--seed", &seed.to_string()]);
    command.arg("--db").arg(&database).env("TMPDIR", folder.path());
    let dwindling = disk.map(|disk| Dwindling::start(disk, seed));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(after) = orphan {
        std::thread::sleep(after);
        child.kill().unwrap();
        tally.orphaned += 1;
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    tally.count(&said);

    assert!(!said.contains("OVERSOLD") && !said.contains("panicked"), "{what}: {said}");
    let mends = program == "repaired";
    if said.contains("UNBALANCED") && mends {
        let number = |before: &str, after: &str| -> u64 {
            let text = said.split_once(after).and_then(|(text, _)| text.rsplit(before).next()).unwrap();
            text.trim().parse().unwrap_or_else(|_| panic!("{what}: {said}"))
        };
        let (sold, killed, left) = (number("\n", " sold of"), number(",", " killed"), number(" says ", " left"));
        assert!(sold + left < TICKETS && sold + left + killed >= TICKETS, "{what}: {said}");
        tally.unsaid += 1;
    }
    let starved = ["No space left", "Too many open files", "Resource temporarily unavailable"];
    match output.status.code() {
        Some(0) => {}
        Some(1) if said.contains("UNBALANCED") => {}
        Some(2) if starved.iter().any(|reason| said.contains(reason)) => {}
        None if orphan.is_some() => {}
        // Not even `prlimit` could start it.
        Some(126) if said.contains("prlimit: failed to execute") => {}
        code => panic!("{what}: {code:?}, {said}"),
    }
    // Children that have lost their parent end by themselves.
    let (folder_name, deadline) = (folder.path().to_str().unwrap(), Instant::now() + Duration::from_secs(10));
    loop {
        let running = still_running(folder_name);
        if running.is_empty() {
            break;
        }
        assert!(orphan.is_some() && Instant::now() < deadline, "{what}: {running:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(dwindling);
    match Document::parse(&fs::read(&database).unwrap()) {
        Ok(document) => assert!(document.count() <= TICKETS, "{what}: {document:?}"),
        Err(error) => {
            assert!(!mends, "{what}: {error}");
            tally.torn += 1;
        }
    }
    nothing_is_left(folder.path(), orphan.is_some(), &format!("{what}: {said}"));
}

/// But the database and free locks beside it. Whoever is killed right after killing cannot clear away.
fn nothing_is_left(folder: &Path, orphaned: bool, what: &str) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name == "db.json" || orphaned && name.starts_with(".oversell-") {
            continue;
        }
        assert!(name.starts_with("db.json.") && name.ends_with("-lock"), "{what} leaves {name}");
        let lock = fs::File::open(entry.path()).unwrap();
        assert!(lock.try_lock().is_ok(), "{what} leaves {name} locked");
    }
}

fn under_fire(runs: u64) -> Tally {
    let disk = Disk::mount();
    let mut tally = Tally::default();
    for seed in 0..runs {
        let program = PROGRAMS[seed as usize % PROGRAMS.len()];
        // Each at another moment of its run.
        let orphan = (seed % 10 == 9).then(|| Duration::from_micros(seed * 7919 % 60_000));
        run(program, seed, disk.as_ref(), orphan, &mut tally);
        if tally.runs.is_multiple_of(500) {
            eprintln!("{tally:?}");
        }
    }
    eprintln!("{tally:?}");
    // Else these were runs like any others.
    if disk.is_some() {
        assert!(tally.full > 0 && tally.no_process > 0, "{tally:?}");
    }
    assert!(tally.no_file > 0, "{tally:?}");
    tally
}

#[test]
fn a_few_runs_under_fire_leave_nothing_behind() {
    let tally = under_fire(24);
    assert!(tally.sold * 4 > tally.runs && tally.struck > 0, "{tally:?}");
}

/// `cargo test --release --test stress -- --ignored --nocapture`
#[test]
#[ignore = "takes an hour"]
fn ten_thousand_runs_under_fire_never_oversell_and_leave_nothing_behind() {
    let tally = under_fire(10_000);
    assert!(tally.sold > 4_000 && tally.struck > 2_500 && tally.torn > 0, "{tally:?}");
}
