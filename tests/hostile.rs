//! Promise: whatever is given to a command, it says what is wrong, where, and what to do; ends with an exit code that the
//! README names; and leaves nothing behind and nothing changed.
#![cfg(all(feature = "cli", unix))]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const OVERSELL: &str = env!("CARGO_BIN_EXE_oversell");
const GOOD: &str = r#"{"count": 1, "event": "a concert"}"#;

/// A folder with everything in it that one may come across.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("good.json", GOOD.as_bytes());
    write("mark.json", b"\xef\xbb\xbf{\"count\": 1}");
    write("utf16.txt", b"\xff\xfe<\0");
    write("escape.txt", b"\x1b[2J\x1b]0;owned\x07\n");
    write("mark.txt", "\u{feff}<路人 0> 查看到剩余票数 [1]\n<路人 0> 购票成功\n".as_bytes());
    fs::create_dir(folder.path().join("folder")).unwrap();
    let made = Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
    assert!(made.success());
    folder
}

/// What is in a folder, but for locks, which stay beside a database.
fn inventory(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let lock = |path: &Path| path.to_string_lossy().ends_with(".purchase-lock");
    let content = |path: &Path| path.is_file().then(|| fs::read(path).unwrap());
    entries.map(|entry| entry.path()).filter(|path| !lock(path)).map(|path| (path.clone(), content(&path))).collect()
}

/// Processes that have this folder among their arguments.
fn left_behind(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let lines = processes.flatten().filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(folder)).collect()
}

/// A shell runs it there, so that its standard streams can be anything.
fn shell(folder: &Path, line: &str) -> Output {
    let mut command = Command::new("sh");
    // Temporary files of its own are to be seen, too.
    let scratch = folder.join("folder");
    command.args(["-c", line]).env("OVERSELL", OVERSELL).env("LC_ALL", "C.UTF-8").env("TMPDIR", scratch);
    command.env("DB", folder).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// A command line, its exit code, and what it must say.
type Case = (&'static str, i32, &'static [&'static str]);

const CASES: &[Case] = &[
    // A database that is no file, or not one of ours.
    ("$OVERSELL run unlocked --db $DB/pipe", 2, &["cannot read", "pipe: it is a pipe, and must be a file"]),
    ("$OVERSELL run unlocked --db /dev/zero", 2, &["/dev/zero: it is a device, and must be a file"]),
    ("$OVERSELL run unlocked --db /dev/full", 2, &["/dev/full: it is a device"]),
    ("$OVERSELL run unlocked --db $DB/folder", 2, &["folder: it is a directory"]),
    ("$OVERSELL run unlocked --db $DB/no/such.json", 2, &["such.json: there is no directory", "/no"]),
    ("$OVERSELL run unlocked --db $DB/no/such.json --tickets 1", 2, &["such.json: there is no directory", "/no"]),
    ("$OVERSELL run unlocked --db $DB/mark.json", 2, &["mark.json", "starts with a byte-order mark"]),
    ("$OVERSELL run unlocked --db $DB/$(printf '%0250d' 0)", 2, &["cannot open the lock file", "File name too long"]),
    ("TMPDIR=/none $OVERSELL run unlocked", 2, &["cannot make a temporary folder", "/none"]),
    // A file that may not grow.
    ("ulimit -f 0; $OVERSELL run unlocked --buyers 1 --speed 1000", 2, &["cannot write", "File too large"]),
    (
        "ulimit -f 0; $OVERSELL run repaired --buyers 2 --speed 1000 --db $DB/good.json",
        2,
        &["buyer 0 crashed: cannot replace", "File too large", "the database says 1 left"],
    ),
    ("$OVERSELL run compare-exchange --threads --db $DB/good.json", 2, &["keeps no database", "leave out --db"]),
    // Numbers.
    ("$OVERSELL run unlocked --speed 1e-300", 2, &["--speed", "from 0.001 to 1000000"]),
    ("$OVERSELL run unlocked --speed inf", 2, &["--speed", "from 0.001 to 1000000"]),
    ("$OVERSELL run unlocked --speed nan", 2, &["--speed", "from 0.001 to 1000000"]),
    ("$OVERSELL run unlocked --buyers -1", 2, &["--buyers", "write a whole number from 1 to 65534"]),
    ("$OVERSELL run unlocked --tickets -1", 2, &["--tickets", "write a whole number from 0 to 9223372036854775807"]),
    ("$OVERSELL run unlocked --seed -1", 2, &["--seed", "write a whole number from 0 to 18446744073709551615"]),
    ("$OVERSELL run unlocked --kills -1", 2, &["--kills", "write a whole number from 0 to 65534"]),
    ("$OVERSELL check unlocked --kills -1", 2, &["--kills", "write a whole number from 0 to 65534"]),
    ("$OVERSELL check unlocked --buyers +1", 2, &["--buyers", "write a whole number from 1 to 65534"]),
    ("$OVERSELL check unlocked --threads buyer=-1", 2, &["--threads", "write a whole number from 0 to 65534"]),
    ("$OVERSELL check unlocked --max-states -1", 2, &["--max-states", "write a whole number from 1 to"]),
    ("$OVERSELL check unlocked --max-memory -1", 2, &["--max-memory", "write a whole number from 1 to"]),
    ("$OVERSELL check unlocked --max-time -1", 2, &["--max-time", "write a number of seconds, from 0 on"]),
    ("$OVERSELL run unlocked --kills 11", 2, &["--kills 11 is more than there are threads: 10"]),
    ("$OVERSELL check unlocked --buyers 2 --kills 3", 2, &["--kills 3 is more than there are threads: 2"]),
    ("$OVERSELL outcomes unlocked --buyers 2 --kills 3", 2, &["--kills 3 is more than there are threads: 2"]),
    ("$OVERSELL run unlocked --tickets 9223372036854775808", 2, &["--tickets", "from 0 to 9223372036854775807"]),
    // Words that are none, and how they are shown.
    ("$OVERSELL check \"$(printf '\\377')\"", 2, &["invalid UTF-8"]),
    ("$OVERSELL replay unlocked --schedule \"$(printf '0,\\033[2J')\"", 2, &["step 2 of the schedule is `\\u{1b}[2J`"]),
    ("$OVERSELL replay unlocked --buyers 2 --schedule 0,5", 2, &["step 2 of the schedule, `5`", "there is no buyer 5"]),
    ("$OVERSELL new $DB/test.rs", 2, &["there is no crate here"]),
    // Crowds.
    ("$OVERSELL run unlocked --buyers 65534", 2, &["65534 threads are too many to run for real; at most 10000"]),
    ("$OVERSELL run unlocked --buyers 65534 --threads", 2, &["65534 threads are too many to run for real"]),
    ("$OVERSELL replay unlocked --buyers 65534 --schedule 0", 2, &["65534 threads are too many to show"]),
    ("$OVERSELL explain unlocked --buyers 65534 < mark.txt", 2, &["65534 threads are too many to tell apart"]),
    ("$OVERSELL check unlocked --buyers 65534 --property no-deadlock", 0, &["no-deadlock       proved"]),
    (
        "ulimit -n 40; $OVERSELL run unlocked --buyers 90 --speed 1000",
        2,
        &["cannot start buyer", "Too many open files", "ulimit"],
    ),
    // A limit is no wrong use.
    ("$OVERSELL outcomes unlocked --max-states 10", 3, &["inconclusive", "stopped at 10 states", "--max-states"]),
    ("$OVERSELL check repaired --max-states 10", 3, &["inconclusive"]),
    ("$OVERSELL explain unlocked --max-states 1 < mark.txt", 3, &["not settled within 1 states"]),
    // What only reports ends with 0, whatever fails in it.
    ("$OVERSELL matrix", 0, &["✗ 10"]),
    ("$OVERSELL replay unlocked --buyers 2 --schedule 0,0,1,1,1,1,0,0", 0, &["✗ no-oversell: 2 sold of 1"]),
    ("$OVERSELL outcomes unlocked --buyers 2", 0, &["0,0,0,1,0"]),
    // Output that somebody else has printed.
    ("$OVERSELL explain unlocked < escape.txt", 1, &["line 1: \\u{1b}[2J\\u{1b}]0;owned\\u{7}"]),
    ("$OVERSELL explain unlocked --buyers 1 < mark.txt", 0, &["exactly these 2 lines"]),
    ("$OVERSELL explain unlocked < utf16.txt", 2, &["not UTF-8: it is UTF-16"]),
    ("head -c 200000000 /dev/zero | tr '\\0' x | $OVERSELL explain unlocked", 2, &["it is longer than 64 MB"]),
    ("head -c 2000000 /dev/zero | tr '\\0' x | $OVERSELL explain unlocked", 1, &["line 1: xxx", "… and 1999800 more"]),
    ("$OVERSELL explain unlocked < $DB/folder", 2, &["cannot read the output on standard input", "directory"]),
    // Files with proofs in them.
    ("$OVERSELL verify /dev/zero", 2, &["cannot read /dev/zero: it is a device"]),
    ("$OVERSELL verify $DB/pipe", 2, &["pipe: it is a pipe"]),
    ("$OVERSELL verify $DB/none", 2, &["cannot read", "none: No such file"]),
    ("$OVERSELL verify $DB/good.json", 2, &["good.json"]),
    ("$OVERSELL check repaired --buyers any --certificate $DB/no/such", 2, &["cannot write", "no/such"]),
    // Streams that are full or closed.
    ("$OVERSELL --help > /dev/full", 2, &["cannot write to standard output", "No space left"]),
    ("$OVERSELL --version > /dev/full", 2, &["cannot write to standard output"]),
    ("$OVERSELL matrix > /dev/full", 2, &["cannot write to standard output"]),
    ("$OVERSELL check unlocked --format json > /dev/full", 2, &["cannot write to standard output"]),
    ("$OVERSELL check unlocked > /dev/full", 2, &["cannot write to standard output"]),
    ("$OVERSELL run unlocked --buyers 2 --speed 1000 > /dev/full", 2, &["cannot write to standard output"]),
    ("$OVERSELL check unlocked 2> /dev/full", 1, &["✗ no-oversell"]),
    ("$OVERSELL run unlocked --buyers 1 --speed 1000 2> /dev/full", 0, &["购票成功"]),
    ("$OVERSELL run purchase-locked --buyers 1 --speed 1000 2>&-", 0, &["购票成功"]),
    ("$OVERSELL check lockless 2> /dev/full", 2, &[]),
    ("$OVERSELL run unlocked --db /dev/zero 2>&-", 2, &[]),
    ("$OVERSELL --help >&-", 0, &[]),
    ("$OVERSELL check unlocked >&-", 1, &[]),
    ("$OVERSELL matrix | true", 0, &[]),
];

/// The same, where there are databases.
#[cfg(all(not(loom), feature = "sqlite"))]
const OF_DATABASES: &[Case] = &[
    ("$OVERSELL db --on sqlite --file /dev/zero", 2, &["cannot read /dev/zero: it is a device"]),
    ("$OVERSELL db --on sqlite --file $DB/pipe", 2, &["pipe: it is a pipe"]),
    ("$OVERSELL db --on sqlite --file $DB/good.json", 2, &["good.json"]),
    ("$OVERSELL db read-then-write --url nonsense", 2, &["`nonsense` is no URL of a database"]),
];
#[cfg(not(all(not(loom), feature = "sqlite")))]
const OF_DATABASES: &[Case] = &[];

#[test]
fn every_hostile_input_is_told_what_is_wrong_and_changes_nothing() {
    let folder = folder();
    let before = inventory(folder.path());
    let mut wrong = Vec::new();
    for (line, code, says) in CASES.iter().chain(OF_DATABASES) {
        let start = Instant::now();
        let output = shell(folder.path(), line);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let missing: Vec<_> = says.iter().filter(|part| !said.contains(**part)).collect();
        let steers = said.contains("panicked") || said.contains('\u{1b}');
        if output.status.code() != Some(*code) || !missing.is_empty() || steers {
            wrong.push(format!("{line}: {} without {missing:?}: {said}", output.status));
        }
        assert_eq!(inventory(folder.path()), before, "{line} has changed something");
        assert_eq!(left_behind(&folder.path().join("folder")), Vec::<String>::new(), "{line} has left processes");
        assert_eq!(fs::read_dir(folder.path().join("folder")).unwrap().count(), 0, "{line} has left files");
        assert!(start.elapsed() < Duration::from_secs(20), "{line} took {:?}", start.elapsed());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_new_database_is_made_as_the_help_says() {
    let folder = folder();
    let line = "$OVERSELL run joined-until-sold-out --db $DB/new.json --speed 1000";
    let output = shell(folder.path(), line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("new.json; it is made, with a count of 2"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("new.json")).unwrap(), r#"{"count": 0}"#);
}

#[test]
fn a_database_may_hold_more_than_can_be_counted_with_a_sign() {
    let folder = folder();
    fs::write(folder.path().join("many.json"), r#"{"count": 18446744073709551615}"#).unwrap();
    let output = shell(folder.path(), "$OVERSELL run repaired --db $DB/many.json --buyers 2 --speed 1000");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("2 sold of 18446744073709551615;"), "{said}");
}

/// A run over a database, once somebody has looked into it.
fn running(folder: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new(OVERSELL);
    command.args(["run", "purchase-locked", "--buyers", "3", "--speed", "4", "--db"]).arg(folder.join("good.json"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert!(line.contains("[1]"), "{line}");
    (child, lines)
}

#[test]
fn signals_are_told_apart_and_leave_the_database_whole() {
    for (signal, code) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        let folder = folder();
        let (child, _lines) = running(folder.path());
        let killed = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "SIG{signal}: {said}");
        assert!(said.contains(&format!("stopped by signal {}", code - 128)), "{said}");
        let database = fs::read_to_string(folder.path().join("good.json")).unwrap();
        assert!([GOOD, r#"{"count": 0, "event": "a concert"}"#].contains(&database.as_str()), "{database}");
        assert_eq!(left_behind(folder.path()), Vec::<String>::new(), "SIG{signal} has left processes");
    }
}

#[test]
fn a_parent_that_is_killed_takes_its_buyers_along() {
    let folder = folder();
    let (mut child, _lines) = running(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !left_behind(folder.path()).is_empty() {
        assert!(Instant::now() < deadline, "{:?} are left", left_behind(folder.path()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let database = fs::read_to_string(folder.path().join("good.json")).unwrap();
    assert!(database.starts_with("{\"count\": ") && database.ends_with("\"a concert\"}"), "{database}");
}

#[test]
fn an_output_that_never_ends_a_line_is_read_to_its_end() {
    let mut child = Command::new(OVERSELL)
        .args(["explain", "unlocked", "--buyers", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all("<路人 0> 查看到剩余票数 [1]\n<路人 0> 购票成功".as_bytes()).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}
