//! Promise: `oversell db` prints tables, verdicts, traces and outcomes; and however it ends, no server and no folder
//! stays.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
    command.arg("db");
    command
}

fn oversell(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_checkout_is_told_with_its_verdicts_witnesses_and_exit_code() {
    let output = oversell(&["load-change-save", "--on", "sqlite", "--level", "deferred"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = text(&output);
    assert!(text.contains("load-change-save, 2 buyers at most, on SQLite 3."), "{text}");
    assert!(text.contains("  no-oversell      ✗ refuted: 2 sold of 1"), "{text}");
    let replay = text.lines().find(|line| line.starts_with("oversell db load-change-save --on sqlite")).unwrap();
    let args: Vec<_> = replay.split(' ').skip(2).collect();
    let replayed = oversell(&args);
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    let replayed = String::from_utf8(replayed.stdout).unwrap();
    assert!(replayed.contains("✗ no-oversell: 2 sold of 1") && replayed.contains(replay), "{replayed}");
    assert_eq!(oversell(&["conditional-update", "--on", "sqlite"]).status.code(), Some(0));
}

#[test]
fn outcomes_and_json_are_told() {
    let outcomes = text(&oversell(&["load-change-save", "--on", "sqlite", "--level", "deferred", "--outcomes"]));
    assert!(outcomes.contains("  2 sold, 0 left; bought, bought; count 0: "), "{outcomes}");
    let json = oversell(&["load-change-save", "--on", "sqlite", "--level", "deferred", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let row = json.as_array().unwrap().iter().find(|row| row["property"] == "no-oversell").unwrap();
    assert_eq!((row["verdict"].as_str(), row["worst"].as_i64()), (Some("refuted"), Some(2)));
}

#[test]
fn the_whole_catalogue_is_told_in_tables() {
    let tables = text(&oversell(&["--on", "sqlite", "--level", "deferred", "--max-executions", "1"]));
    assert!(tables.contains("\ncheckout                   deferred\nread-then-write            ·\n"), "{tables}");
    assert!(
        tables.contains("\n✗ oversells, undersells, or loses count; ") && tables.contains("· not decided"),
        "{tables}"
    );
}

#[test]
fn wrong_use_is_refused() {
    for (args, message) in [
        (&["nonsense"][..], "there is no checkout `nonsense` in the catalogue"),
        (&["for-update", "--on", "sqlite"][..], "there is nothing to check"),
        (&["read-then-write", "--on", "oracle"][..], "there is no such database"),
        (&["--file", "/nowhere.sql"][..], "/nowhere.sql"),
        (&["read-then-write", "--url", "oracle://here"][..], "is no URL of a database that this knows"),
        (&["read-then-write", "--schedule", "0"][..], "name it, --on and --level"),
    ] {
        let output = oversell(args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(message), "{args:?}: {error}");
    }
}

#[test]
fn a_file_of_sql_is_checked() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/database/checkout.sql");
    let output = oversell(&["--file", file, "--on", "sqlite", "--level", "immediate"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output).starts_with("ours, 2 buyers at most, on SQLite"), "{output:?}");
    // What fails is replayed by the line that it ends with.
    let output = oversell(&["--file", file, "--on", "sqlite", "--level", "deferred"]);
    let text = text(&output);
    assert!(text.contains("\nours, 1 ticket\n"), "{text}");
    let replay = text.lines().find(|line| line.starts_with("oversell db --file ")).unwrap();
    let replayed = oversell(&replay.split(' ').skip(2).collect::<Vec<_>>());
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    assert!(String::from_utf8(replayed.stdout).unwrap().contains("✗ no-failure: buyer 1 sees an error: busy"));
}

/// Starts an endless table in a folder of its own for temporary files, ends it, and waits until the folder is empty.
fn leaves_nothing(on: &str, signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    // The servers are not root, and must come through.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let mut child = command()
        .args(["--on", on, "--buyers", "4"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let entries = || std::fs::read_dir(folder.path()).unwrap().count();
    // Whether the server listens, or the first database is there.
    let is_up = || {
        let inside = std::fs::read_dir(folder.path()).unwrap().flatten();
        let files = inside.filter_map(|entry| std::fs::read_dir(entry.path()).ok()).flatten().flatten();
        let mut names = files.map(|file| file.file_name().into_string().unwrap());
        names.any(|name| name == "socket" || name == ".s.PGSQL.5432" || name.starts_with("sqlite-"))
    };
    let start = Instant::now();
    while !is_up() && start.elapsed() < Duration::from_secs(20) {
        if child.try_wait().unwrap().is_some() {
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            println!("skipped, because {error}");
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    while child.try_wait().unwrap().is_none() {
        // As under `nohup`, a signal may be ignored by whoever started this, and then by all below.
        assert!(start.elapsed() < Duration::from_secs(60), "{on} goes on after {signal}: is that ignored here?");
        std::thread::sleep(Duration::from_millis(2));
    }
    while entries() > 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "{on} after {signal}: {:?} stays", folder.path());
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn killed_or_interrupted_it_leaves_no_server_and_no_folder() {
    for on in ["sqlite", "postgres", "mariadb"] {
        for signal in ["-INT", "-KILL"] {
            leaves_nothing(on, signal);
        }
    }
}
