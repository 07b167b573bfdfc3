//! Promise: every command does what `--help` says, and wrong input is told what is wrong, where, and what to do.

#![cfg(feature = "cli")]

mod reviewed;

use oversell::check::Property;
use oversell::programs::{self, Kind};
use reviewed::reviewed;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use unicode_width::UnicodeWidthStr;

fn oversell(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oversell")).args(args).env("LC_ALL", "C.UTF-8").output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn rows(output: &Output) -> Vec<Value> {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The command is refused: exit code 2, nothing on standard output, and the message says all of this.
fn refused(args: &[&str], says: &[&str]) {
    let output = oversell(args);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    assert!(output.stdout.is_empty(), "{args:?} printed: {}", stdout(&output));
    for part in says {
        assert!(message.contains(part), "{args:?} does not say `{part}`: {message}");
    }
    assert!(!message.contains("panicked"), "{args:?}: {message}");
}

#[test]
fn the_matrix_is_as_reviewed() {
    let output = oversell(&[]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    // Only the time, at the very end, differs from run to run.
    let (timeless, time) = text.rsplit_once(", in ").unwrap();
    assert!(time.ends_with(" ms\n"), "{time}");
    reviewed("matrix", timeless);
    assert_eq!(text.lines().count(), stdout(&oversell(&["matrix"])).lines().count());
    let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
    assert!(widest <= 80, "the matrix is {widest} columns wide:\n{text}");
}

#[test]
fn the_matrix_in_json_has_a_row_for_every_program_size_and_property() {
    let rows = rows(&oversell(&["matrix", "--format", "json"]));
    let applying = |program: &programs::Program| Property::of(&program.scenario(program.tickets)).len();
    assert_eq!(rows.len(), 2 * programs::all().iter().map(applying).sum::<usize>());
    for row in &rows {
        for key in ["program", "buyers", "threads", "tickets", "kills", "lock", "property", "verdict", "engine"] {
            assert!(row.get(key).is_some(), "no {key} in {row}");
        }
        for key in ["memory_model", "assumed", "explored", "worst", "limit", "witness", "witness_buyers"] {
            assert!(row.get(key).is_some(), "no {key} in {row}");
        }
        assert_eq!(row["memory_model"], "sequentially consistent", "{row}");
        let explored = &row["explored"];
        assert!(["states", "transitions", "nodes"].iter().all(|count| explored[count].is_u64()), "{explored}");
        let proved = matches!(row["verdict"].as_str(), Some("proved" | "impossible"));
        assert!(!proved || !row["assumed"].as_array().unwrap().is_empty(), "{row}");
        if let Some(name) = row["witness"].as_str() {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/{name}.snap"));
            assert!(file.exists(), "{name} is no snapshot");
        }
        let shop = matches!(programs::named(row["program"].as_str().unwrap()).unwrap().kind, Kind::Shop { .. });
        let kept = match row["verdict"].as_str() {
            Some("refuted") => true,
            Some("possible") => !shop,
            _ => false,
        };
        assert_eq!(kept, row["witness"].is_string(), "{row}");
    }
    let any = rows.iter().filter(|row| row["buyers"] == "any").count();
    assert_eq!(any, rows.len() / 2);
    let worst = rows.iter().find(|row| row["program"] == "unlocked" && row["property"] == "no-oversell").unwrap();
    assert_eq!((worst["worst"].as_u64(), worst["buyers"].as_u64()), (Some(10), Some(10)));
    let weak = |row: &&Value| row["assumed"].to_string().contains("weaker orderings");
    let weak: std::collections::BTreeSet<_> =
        rows.iter().filter(weak).map(|row| row["program"].as_str().unwrap()).collect();
    assert_eq!(weak.into_iter().collect::<Vec<_>>(), ["relaxed-publish", "released-publish"]);
}

#[test]
fn check_ends_with_0_1_or_3() {
    let code = |args: &[&str]| oversell(args).status.code();
    assert_eq!(code(&["check", "repaired"]), Some(0));
    assert_eq!(code(&["check", "unlocked"]), Some(1));
    assert_eq!(code(&["check", "unlocked", "--property", "no-deadlock"]), Some(0));
    assert_eq!(code(&["check", "task-locked", "--property", "searches-overlap"]), Some(1));
    let stopped = oversell(&["check", "repaired", "--max-states", "10", "--format", "json"]);
    assert_eq!(stopped.status.code(), Some(3));
    let limits: Vec<_> = rows(&stopped).into_iter().filter(|row| row["verdict"] == "inconclusive").collect();
    assert!(!limits.is_empty() && limits.iter().all(|row| row["limit"] == "stopped at 10 states (see --max-states)"));
    assert!(stdout(&oversell(&["check", "unlocked", "--max-time", "0"])).contains("stopped after 0ns, with "));
    assert_eq!(code(&["check", "repaired", "--buyers", "any", "--property", "no-oversell"]), Some(0));
    assert_eq!(code(&["check", "repaired", "--buyers", "any"]), Some(0));
    let coverability = ["check", "repaired", "--buyers", "any", "--engine", "coverability", "--property", "sells-out"];
    assert_eq!(code(&coverability), Some(3));
    assert_eq!(code(&["check", "kept-hold", "--buyers", "any", "--threads", "sweeper=any"]), Some(0));
    assert_eq!(code(&["check", "expiring-hold"]), Some(1));
}

#[test]
#[cfg(all(feature = "shuttle", not(loom)))]
fn check_asks_shuttle_too() {
    let code = |args: &[&str]| oversell(args).status.code();
    assert_eq!(code(&["check", "repaired", "--engine", "shuttle-pct", "--property", "no-oversell"]), Some(3));
    assert_eq!(code(&["check", "repaired", "--engine", "shuttle-dfs", "--buyers", "2"]), Some(0));
    refused(&["check", "unlocked", "--engine", "shuttle-dfs", "--buyers", "2", "--kills", "1"], &["kills", "counting"]);
    refused(
        &["check", "unlocked", "--engine", "shuttle-pct", "--buyers", "1002"],
        &["at most 1000 threads", "counting"],
    );
}

#[test]
fn check_says_what_a_proof_rests_on() {
    let rests = |args: &[&str]| {
        let text = stdout(&oversell(&[&["check"], args].concat()));
        text.split_once("rests on this:").map(|(_, rest)| rest.to_owned())
    };
    let proved = rests(&["repaired"]).unwrap();
    assert!(proved.contains("- memory is sequentially consistent\n") && proved.contains("cross-checked"), "{proved}");
    assert!(rests(&["relaxed-publish"]).unwrap().contains("weaker orderings"));
    assert_eq!(rests(&["unlocked", "--property", "no-oversell"]), None, "a witness rests on nothing: it replays");
}

#[test]
fn roles_are_asked_for_by_name() {
    let all = ["check", "expiring-hold", "--buyers", "1", "--threads", "sweeper=0", "--format", "json"];
    let rows = rows(&oversell(&all));
    assert!(rows.iter().all(|row| row["threads"] == serde_json::json!({"buyer": 1, "sweeper": 0})), "{rows:?}");
    assert!(rows.iter().all(|row| row["verdict"] != "refuted"), "{rows:?}");
    let two =
        oversell(&["check", "expiring-hold", "--buyers", "2", "--threads", "sweeper=2", "--property", "no-oversell"]);
    let text = stdout(&two);
    let line = text.lines().last().unwrap();
    let replay = oversell(&line.split(' ').skip(1).collect::<Vec<_>>());
    assert!(stdout(&replay).contains("✗ no-oversell: 2 sold of 1"), "{line}\n{}", stderr(&replay));
    refused(&["check", "unlocked", "--threads", "sweeper=1"], &["no role `sweeper`", "buyer"]);
    refused(&["check", "unlocked", "--threads", "buyer"], &["--threads", "`=`"]);
    refused(&["check", "unlocked", "--threads", "buyer=-1"], &["--threads", "whole number", "any"]);
    refused(&["check", "unlocked", "--buyers", "2", "--threads", "buyer=3"], &["`buyer`", "twice"]);
    refused(&["outcomes", "expiring-hold", "--threads", "sweeper=any"], &["--threads", "whole number"]);
}

#[test]
fn check_shows_the_witness_and_the_line_that_replays_it() {
    let check = oversell(&["check", "unlocked", "--property", "no-oversell", "--property", "no-oversell"]);
    let text = stdout(&check);
    assert_eq!(text.matches("✗ no-oversell:").count(), 1, "asked twice, answered once:\n{text}");
    assert!(text.contains("at worst 10 sold of 1; shown by 2 buyers"), "{text}");
    let line = text.lines().last().unwrap();
    let replay = oversell(&line.split(' ').skip(1).collect::<Vec<_>>());
    assert_eq!(replay.status.code(), Some(0));
    // Where nothing shows, it is said how far it goes.
    let begun = oversell(&["replay", "joined", "--schedule", "0"]);
    assert!(stdout(&begun).contains("\nthe schedule ends here; the execution could go on\n"), "{}", stdout(&begun));
    assert!(stdout(&replay).contains("✗ no-oversell: 2 sold of 1"), "{}", stdout(&replay));
}

#[test]
fn no_oversell_is_proved_far_beyond_the_tutorials_and_for_any_number_of_buyers() {
    let proved = |args: &[&str]| {
        let all = [&["check"], args, &["--property", "no-oversell", "--format", "json"]].concat();
        let output = oversell(&all);
        assert_eq!(rows(&output)[0]["verdict"], "proved", "{all:?}");
    };
    for program in ["task-locked", "purchase-locked", "repaired"] {
        proved(&[program, "--buyers", "10", "--tickets", "1"]);
        proved(&[program, "--buyers", "15", "--tickets", "2"]);
        proved(&[program, "--buyers", "100", "--tickets", "10"]);
        for tickets in 1..=10 {
            proved(&[program, "--buyers", "any", "--tickets", &tickets.to_string()]);
        }
    }
}

#[test]
fn for_any_number_of_buyers_the_smallest_crowd_that_fails_is_named() {
    let output = oversell(&["check", "unlocked", "--buyers", "any", "--property", "no-oversell", "--format", "json"]);
    let row = &rows(&output)[0];
    assert_eq!(
        (&row["buyers"], &row["verdict"], &row["witness_buyers"]),
        (&"any".into(), &"refuted".into(), &2.into())
    );
    assert!(row["worst"].is_null(), "any number can be sold: {row}");
}

#[test]
fn outcomes_lists_each_with_a_schedule_that_replays() {
    let output = oversell(&[
        "outcomes",
        "purchase-locked",
        "--buyers",
        "2",
        "--tickets",
        "1",
        "--kills",
        "1",
        "--format",
        "json",
    ]);
    let rows = rows(&output);
    assert_eq!(rows.len(), 6);
    for row in &rows {
        for key in ["bought", "sold_out", "crashed", "killed", "never_started", "stuck", "stock"] {
            assert!(row[key].is_u64(), "{row}");
        }
        assert!(row["count"].is_u64() || row["count"].is_null());
        let schedule = row["schedule"].as_str().unwrap();
        let replay =
            oversell(&["replay", "purchase-locked", "--buyers", "2", "--tickets", "1", "--schedule", schedule]);
        assert_eq!(replay.status.code(), Some(0), "{row}");
    }
    let ten = oversell(&["outcomes", "purchase-locked", "--buyers", "10", "--tickets", "1"]);
    assert_eq!(stdout(&ten).lines().count(), 1 + 10, "one bought, and from none to nine crashed:\n{}", stdout(&ten));
}

#[test]
fn outcomes_name_every_ending() {
    let output = oversell(&["outcomes", "kept-hold", "--buyers", "2", "--format", "json"]);
    for row in rows(&output) {
        let ended = ["bought", "declined", "expired", "all_held", "sold_out", "done", "crashed", "stuck"];
        let threads: u64 = ended.iter().map(|ending| row[ending].as_u64().unwrap()).sum();
        assert_eq!(threads, 3, "two buyers and a sweeper: {row}");
    }
}

#[test]
fn programs_describes_every_program() {
    let text = stdout(&oversell(&["programs"]));
    for program in programs::all() {
        assert!(text.contains(&format!("\n{}: {} buyers", program.name, program.threads)), "{text}");
        if let Kind::Shop { right: Some(right), report } = program.kind {
            assert!(text.contains(&format!("{report}; right in {right}")), "{text}");
        }
    }
    for property in Property::BUILT_IN {
        assert!(text.contains(&format!("\n{property} ")), "{text}");
    }
    assert!(text.contains("its own no-seat-twice: always"), "{text}");
}

#[test]
fn wrong_arguments_are_refused() {
    refused(&["check", "lockless"], &["no program `lockless`", "unlocked, task-locked"]);
    refused(&["check"], &["PROGRAM"]);
    refused(&["sell"], &["sell"]);
    refused(&["check", "unlocked", "--buyers", "0"], &["--buyers", "at least one buyer"]);
    refused(&["check", "unlocked", "--buyers", "-1"], &["--buyers", "whole number"]);
    refused(&["check", "unlocked", "--buyers", "many"], &["--buyers", "or `any`"]);
    let most = oversell::check::MOST_THREADS;
    refused(&["check", "unlocked", "--buyers", &(most + 1).to_string()], &["--buyers", &most.to_string()]);
    refused(&["check", "unlocked", "--tickets", "-1"], &["--tickets", "whole number from 0"]);
    refused(&["check", "unlocked", "--tickets", "1.5"], &["--tickets", "whole number from 0"]);
    refused(&["check", "unlocked", "--property", "no-sale"], &["no property `no-sale`", "ledger-balances"]);
    refused(&["check", "unlocked", "--engine", "spin"], &["spin", "counting"]);
    refused(&["check", "unlocked", "--engine", "coverability"], &["--buyers any"]);
    refused(&["check", "unlocked", "--engine", "counting", "--buyers", "any"], &["coverability"]);
    refused(&["outcomes", "unlocked", "--buyers", "any"], &["--buyers"]);
    refused(&["run", "unlocked", "--buyers", "0"], &["at least one buyer"]);
    refused(&["run", "unlocked", "--tickets", "-3"], &["whole number from 0"]);
    refused(&["run", "unlocked", "--speed", "0"], &["from 0.001"]);
    refused(&["run", "unlocked", "--speed", "-1"], &["from 0.001"]);
    refused(&["run", "unlocked", "--speed", "fast"], &["from 0.001"]);
    refused(&["matrix", "--format", "yaml"], &["yaml", "json"]);
}

#[test]
#[cfg(not(loom))]
fn without_loom_the_loom_engine_says_how_to_get_it() {
    refused(&["check", "unlocked", "--engine", "loom", "--buyers", "2"], &["--cfg loom"]);
}

#[test]
fn a_schedule_that_does_not_fit_is_refused_with_its_step() {
    let replay = |schedule: &str, says: &[&str]| {
        refused(&["replay", "purchase-locked", "--buyers", "2", "--tickets", "1", "--schedule", schedule], says);
    };
    replay("0,x", &["step 2", "`x`"]);
    replay("0,2", &["step 2", "no buyer 2"]);
    replay("0,0,1,1", &["step 4", "buyer 1 is waiting for the purchase lock"]);
    replay("0,p", &["step 2", "the parent has no step"]);
    replay("k0,0", &["step 2", "buyer 0 has already ended"]);
    replay("0:accepted", &["step 1", "nothing to pick"]);
    let hold = |schedule: &str, says: &[&str]| {
        refused(&["replay", "expiring-hold", "--buyers", "2", "--schedule", schedule], says);
    };
    hold("0,0,0", &["step 3", "`:accepted`, `:declined`"]);
    hold("0,canceller0", &["step 2", "`canceller0`", "`sweeper0`"]);
    hold("sweeper1", &["step 1", "no sweeper 1"]);
    refused(&["replay", "joined", "--buyers", "2", "--schedule", "1"], &["step 1", "not been started"]);
    refused(&["replay", "joined", "--buyers", "2"], &["--schedule"]);
    let kill = ["replay", "unlocked", "--buyers", "2", "--schedule", "0,k0", "--on", "threads"];
    refused(&kill, &["step 2", "thread cannot be killed", "processes"]);
}

/// A database with this content, in a folder of its own.
fn database(content: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tickets.json");
    fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_database_that_is_none_is_refused_and_left_as_it_is() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "the file is empty"),
        (b"tickets", "not JSON"),
        (b"{\"count\": 1", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"{\"tickets\": 1}", "no \"count\""),
        (b"{\"count\": -1}", "\"count\" is -1"),
        (b"{\"count\": 1.5}", "\"count\" is 1.5"),
        (b"{\"count\": 99999999999999999999}", "\"count\" is 99999999999999999999"),
        (b"{\"count\": \xff}", "not UTF-8"),
    ];
    for (content, says) in cases {
        for threads in [&["--threads"][..], &[]] {
            let (_folder, path) = database(content);
            refused(&[&["run", "unlocked", "--db", &path, "--speed", "1000"], threads].concat(), &[says, &path]);
            assert_eq!(fs::read(&path).unwrap(), content, "the file has been changed");
        }
    }
}

#[test]
fn a_database_that_is_missing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.json");
    let missing = missing.to_str().unwrap();
    let made = oversell(&["run", "unlocked", "--buyers", "2", "--threads", "--speed", "1000", "--db", missing]);
    assert!(stderr(&made).contains("none.json; it is made, with a count of 1\n"), "{}", stderr(&made));
    assert_eq!(fs::read(missing).unwrap(), br#"{"count": 0}"#, "with as many tickets as the help says");
}

#[test]
fn a_lock_file_that_cannot_be_had_is_refused() {
    let (_folder, path) = database(br#"{"count": 1}"#);
    let lock = format!("{path}.purchase-lock");
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    refused(&["run", "purchase-locked", "--db", &path], &[&lock, "another program holds it"]);
    drop(held);
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    refused(&["run", "purchase-locked", "--db", &path], &[&lock, "directory"]);
}

/// What `explain` says of an output.
fn explain(program: &str, output: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oversell"))
        .args(["explain", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(output.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), stdout(&output))
}

fn transcript(program: &str) -> String {
    fs::read_to_string(format!("{}/tests/transcripts/{program}.txt", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_tutorial_output_is_possible_for_its_own_program() {
    for program in ["unlocked", "task-locked", "purchase-locked", "joined", "joined-locked", "joined-until-sold-out"] {
        let (code, said) = explain(program, &transcript(program));
        assert_eq!(code, Some(0), "{program}: {said}");
        let line = said.lines().last().unwrap();
        let replayed = stdout(&oversell(&line.split(' ').skip(1).collect::<Vec<_>>()));
        let printed = replayed.lines().filter(|line| line.contains(" > ")).count();
        assert_eq!(printed, transcript(program).lines().count(), "the replay prints exactly these lines:\n{replayed}");
    }
}

#[test]
fn the_output_of_unlocked_is_impossible_with_a_lock() {
    for (program, line) in
        [("purchase-locked", "line 12: <路人 2> 购票成功"), ("task-locked", "line 2: <路人 1> 查看到剩余票数 [1]")]
    {
        let (code, said) = explain(program, &transcript("unlocked"));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn an_output_with_a_line_too_many_too_few_or_from_elsewhere_is_impossible() {
    let transcript = transcript("joined-until-sold-out");
    let (code, said) = explain("joined-until-sold-out", &transcript.lines().take(3).collect::<Vec<_>>().join("\n"));
    assert_eq!((code, said.contains("goes on to print more")), (Some(1), true), "{said}");
    let (code, said) = explain("joined-until-sold-out", &format!("{}\n还剩余0\n", transcript.trim_end()));
    assert_eq!((code, said.contains("line 5")), (Some(1), true), "{said}");
    let (code, said) = explain("joined-until-sold-out", "Traceback (most recent call last):\n");
    assert_eq!((code, said.contains("line 1")), (Some(1), true), "{said}");
    let twice_the_same = transcript.replace("15936", "4356");
    let (code, said) = explain("joined-until-sold-out", &twice_the_same);
    assert_eq!((code, said.contains("line 4")), (Some(1), true), "one process buys once: {said}");
}

/// What `new` writes is a test of `tests/drop_in`.
#[test]
fn new_writes_a_test_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let new = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_oversell"))
            .args(["new", "tests/shop.rs"])
            .current_dir(&folder)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, _, error) = new();
    assert_eq!(code, Some(2));
    assert!(error.contains("there is no crate here"), "{error}");
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"shop\"\n").unwrap();
    let (code, text, _) = new();
    assert_eq!(
        (code, &*text),
        (Some(0), "wrote tests/shop.rs\nnext: cargo add --dev oversell --no-default-features, and cargo test\n")
    );
    let path = folder.path().join("tests/shop.rs");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), include_str!("../src/cli/new_test.rs"));
    std::fs::write(&path, "mine").unwrap();
    let (code, _, error) = new();
    assert_eq!((code, &*error), (Some(2), "error: tests/shop.rs is there already, and stays as it is\n"));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "mine");
}
