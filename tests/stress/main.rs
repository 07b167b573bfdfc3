//! Promise: whoever is killed, and whenever, a locked program on processes never oversells and leaves nothing behind.
#![cfg(all(feature = "cli", target_os = "linux", not(loom)))]

use oversell::programs::tutorials::Document;
use std::fs;
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
    /// Runs in which somebody was killed before their end.
    struck: u64,
    /// Runs whose parent was killed.
    orphaned: u64,
    /// Runs that left half a document, as programs do that truncate.
    torn: u64,
    /// Runs in which a kill came between a purchase and its announcement. (In a model, there is nothing between.)
    unsaid: u64,
}

/// Processes that have this folder among their arguments.
fn still_running(folder: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(folder)).collect()
}

/// One run of five buyers; with `orphan`, its parent is killed too, after so long.
fn run(program: &str, seed: u64, orphan: Option<Duration>, tally: &mut Tally) {
    let what = format!("{program}, seed {seed}");
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db.json");
    fs::write(&database, Document::with_tickets(TICKETS).bytes()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
    command.args(["run", program, "--buyers", "5", "--kills", "2", "--speed", "400", "--seed", &seed.to_string()]);
    command.arg("--db").arg(&database).env("TMPDIR", folder.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(after) = orphan {
        std::thread::sleep(after);
        child.kill().unwrap();
        tally.orphaned += 1;
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    tally.runs += 1;
    tally.struck += u64::from(said.contains(" killed"));

    assert!(!said.contains("OVERSOLD"), "{what}: {said}");
    let mends = program == "repaired";
    match output.status.code() {
        Some(0) => {}
        Some(1) if !mends && said.contains("UNBALANCED") => {}
        Some(1) if said.contains("UNBALANCED") => {
            let number = |before: &str, after: &str| -> u64 {
                let text = said.split_once(after).and_then(|(text, _)| text.rsplit(before).next()).unwrap();
                text.trim().parse().unwrap_or_else(|_| panic!("{what}: {said}"))
            };
            let (sold, killed, left) = (number("\n", " sold of"), number(",", " killed"), number(" says ", " left"));
            assert!(sold + left < TICKETS && sold + left + killed >= TICKETS, "{what}: {said}");
            tally.unsaid += 1;
        }
        None if orphan.is_some() => {}
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
    match Document::parse(&fs::read(&database).unwrap()) {
        Ok(document) => assert!(document.count() <= TICKETS, "{what}: {document:?}"),
        Err(error) => {
            assert!(!mends, "{what}: {error}");
            tally.torn += 1;
        }
    }
    nothing_is_left(folder.path(), orphan.is_some(), &what);
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
    let mut tally = Tally::default();
    for seed in 0..runs {
        let program = PROGRAMS[seed as usize % PROGRAMS.len()];
        // Each at another moment of its run.
        let orphan = (seed % 10 == 9).then(|| Duration::from_micros(seed * 7919 % 60_000));
        run(program, seed, orphan, &mut tally);
        if tally.runs.is_multiple_of(500) {
            eprintln!("{tally:?}");
        }
    }
    tally
}

#[test]
fn a_few_runs_under_fire_leave_nothing_behind() {
    let tally = under_fire(12);
    assert!(tally.struck > 0, "{tally:?}");
}

/// `cargo test --release --test stress -- --ignored --nocapture`
#[test]
#[ignore = "takes half an hour"]
fn ten_thousand_runs_under_fire_never_oversell_and_leave_nothing_behind() {
    let tally = under_fire(10_000);
    assert!(tally.struck > 5_000 && tally.torn > 0, "{tally:?}");
}
