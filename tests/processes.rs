//! Promise: the programs run for real, on threads and on processes, and whatever happens is told: who bought, who
//! crashed, who died, and whether anything was oversold.
#![cfg(not(loom))]

use oversell::check::{Final, Property, evidence};
use oversell::platform::Threads::Exactly;
use oversell::platform::site::Site;
use oversell::platform::stage::{Direction, Pace, Stage, perform};
use oversell::platform::threads::Threads;
use oversell::platform::{Content, Entry, Instance, LockKind, Trace};
use oversell::programs;
use oversell::programs::tutorials::Document;
use oversell::scenario::Scenario;
use oversell::trace::{Schedule, replay};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn oversell(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oversell")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A database with this content, in a folder of its own.
fn database(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.json");
    fs::write(&path, content).unwrap();
    (folder, path)
}

#[test]
fn what_happens_on_free_threads_is_an_execution_of_the_model() {
    for (seed, program) in programs::all().iter().enumerate() {
        let scenario = program.scenario(program.tickets);
        let instance = Instance::of(&scenario, program.threads);
        let (folder, _) = database("");
        let (setup, _) = scenario.build();
        let site = Site::beside(&folder.path().join("db.txt"), &setup, LockKind::Owned);
        site.furnish(&setup).unwrap();
        let mut stage = Threads::new(&scenario, site.clone(), Pace::Free { speed: 1e6, seed: seed as u64 }).recorded();
        let patience = Duration::from_secs(5);
        let ran = perform(&mut stage, &scenario, &instance, patience, &mut |_| Direction::Go, |_, _| ());
        // Those who wait for each other for ever are told to stop, which is a kill in the record.
        while ran.is_err() && stage.report(Duration::from_millis(500)).is_some() {}

        let real = stage.trace().unwrap().settled(scenario.launch());
        let model = replay(&scenario, &instance, &Schedule(real.schedule()))
            .unwrap_or_else(|error| panic!("{}: {error}", program.name));
        // Step by step, everybody saw and did the same.
        let steps = |trace: &Trace| trace.entries.iter().filter(|e| e.is_move()).cloned().collect::<Vec<Entry>>();
        assert_eq!(steps(&real), steps(model.trace()), "{}", program.name);
        let end = Final::of_model(&model, &instance).unwrap_or_else(|| panic!("{} has come to its end", program.name));
        assert_eq!(Final::of_trace(&scenario, &real, &instance, model.audit()), end, "{}", program.name);
        assert_eq!(ran.is_err(), end.killed > 0, "{}: {ran:?}", program.name);
        for (object, predicted) in model.contents().iter().enumerate() {
            match (predicted, site.content(object).unwrap()) {
                (Content::File { bytes: predicted, .. }, Content::File { bytes: found, .. }) => {
                    assert_eq!(found, *predicted, "{}", program.name);
                }
                (_, found) => assert_eq!(found, *predicted, "{}", program.name),
            }
        }
        let locked = ["task-locked", "purchase-locked", "joined", "joined-locked", "joined-until-sold-out", "repaired"];
        if locked.contains(&program.name) {
            assert_eq!(evidence(Property::NoOversell, &scenario, &real, None), None, "{}", program.name);
        }
    }
}

#[test]
fn the_original_output_comes_out_on_threads_and_processes() {
    // Slow enough that the waits decide who comes when, as they do in the tutorials; so the programs run at the same time.
    std::thread::scope(|scope| {
        for (program, sold, code) in [("unlocked", 10, 1), ("purchase-locked", 1, 0), ("task-locked", 1, 0)] {
            scope.spawn(move || {
                for threads in [&["--threads"][..], &[]] {
                    let output = oversell(&[&["run", program, "--speed", "10"], threads].concat());
                    let (said, summary) = (text(&output.stdout), text(&output.stderr));
                    assert_eq!(output.status.code(), Some(code), "{summary}");
                    assert_eq!(said.matches("查看到剩余票数").count(), 10, "{said}");
                    assert_eq!(said.matches("购票成功").count(), sold, "{said}");
                    assert!(summary.contains(&format!("{sold} sold of 1")), "{summary}");
                    assert_eq!(summary.contains("OVERSOLD"), sold > 1, "{summary}");
                }
            });
        }
    });
}

#[test]
fn the_joined_programs_print_what_their_authors_saw() {
    for threads in [&["--threads"][..], &[]] {
        for program in ["joined", "joined-locked", "joined-until-sold-out"] {
            let output = oversell(&[&["run", program, "--speed", "1000"], threads].concat());
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            // Only the process ids differ.
            let without_ids = |text: &str| text.replace(|c: char| c.is_ascii_digit() && text.contains("抢票成功"), "");
            let lines = |text: &str| text.lines().map(without_ids).collect::<Vec<_>>();
            let transcript =
                fs::read_to_string(format!("{}/tests/transcripts/{program}.txt", env!("CARGO_MANIFEST_DIR")));
            assert_eq!(lines(&text(&output.stdout)), lines(&transcript.unwrap()), "{program}");
        }
    }
}

#[test]
fn everything_but_the_count_survives_a_hundred_purchases() {
    let before = "{ \"电影\" :\t\"流浪地球\",\n  \"seats\": [1, 2.50,  3e2], \"count\"  :  100 ,\"z\":{\"count\":7}, \"a\": null}\n";
    let hundred = |program: &str, threads: Option<&str>| {
        let (_folder, path) = database(before);
        let mut args = vec!["run", program, "--buyers", "100", "--speed", "1000000", "--db", path.to_str().unwrap()];
        args.extend(threads);
        let output = oversell(&args);
        assert_eq!(output.status.code(), Some(0), "{program}: {}", text(&output.stderr));
        assert_eq!(fs::read_to_string(&path).unwrap(), before.replace(":  100 ,", ":  0 ,"), "{program}");
    };
    std::thread::scope(|scope| {
        for (program, threads) in [("joined", None), ("joined-locked", Some("--threads")), ("repaired", None)] {
            scope.spawn(move || hundred(program, threads));
        }
    });
}

#[test]
fn an_existing_database_is_used_and_a_missing_one_made_if_the_tickets_are_given() {
    let (folder, path) = database(r#"{"count": 3}"#);
    let output = oversell(&[
        "run",
        "joined",
        "--buyers",
        "2",
        "--speed",
        "1000",
        "--db",
        path.to_str().unwrap(),
        "--tickets",
        "9",
    ]);
    assert!(text(&output.stderr).contains("its count of 3 is used"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), r#"{"count": 1}"#);
    let new = folder.path().join("new.json");
    let output = oversell(&[
        "run",
        "joined",
        "--buyers",
        "2",
        "--speed",
        "1000",
        "--db",
        new.to_str().unwrap(),
        "--tickets",
        "9",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(&new).unwrap(), r#"{"count": 7}"#);
}

#[test]
fn repaired_keeps_the_permissions_of_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = database(r#"{"count": 1}"#);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    let output = oversell(&["run", "repaired", "--buyers", "2", "--speed", "1000", "--db", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
}

#[test]
fn when_nothing_happens_any_more_the_watchdog_says_who_is_still_at_it() {
    let scenario = programs::named("task-locked").unwrap().scenario(1);
    let (folder, path) = database("");
    let (setup, _) = scenario.build();
    let site = Site::beside(&path, &setup, LockKind::Owned);
    site.furnish(&setup).unwrap();
    // Somebody else takes the lock and keeps it.
    let lock = fs::File::create(folder.path().join("db.json.purchase-lock")).unwrap();
    lock.lock().unwrap();
    let mut stage = Threads::new(&scenario, site, Pace::Free { speed: 1e6, seed: 0 });
    let (instance, patience) = (Instance::of(&scenario, 2), Duration::from_millis(200));
    let error = perform(&mut stage, &scenario, &instance, patience, &mut |_| Direction::Go, |_, _| ()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("nothing has happened for 200ms; still at it: buyer 0, buyer 1"), "{error}");
    lock.unlock().unwrap();
}

#[test]
fn the_parent_looks_after_each_buyer_and_after_nobody_else() {
    use oversell::platform::stage::News;
    let scenario: Scenario = Scenario::new("watched", |_| ())
        .role("buyer", |_, ()| "done")
        .role("sweeper", |_, ()| "swept")
        .launch_while(|_, ()| true)
        .into();
    let (folder, _) = database("");
    let (setup, _) = scenario.build();
    let site = Site::beside(&folder.path().join("db.txt"), &setup, LockKind::Owned);
    let mut stage = Threads::new(&scenario, site, Pace::Free { speed: 1e6, seed: 0 });
    let instance = Instance::of(&scenario, 3).role(1, Exactly(2));
    let mut looks = 0;
    let patience = Duration::from_secs(5);
    perform(&mut stage, &scenario, &instance, patience, &mut |_| Direction::Go, |_, report| {
        looks += usize::from(matches!(report.news, News::Decided(_)));
    })
    .unwrap();
    assert_eq!(looks, 3);
}

#[test]
fn repaired_follows_a_symbolic_link_to_the_database() {
    let (folder, path) = database(r#"{"count": 1}"#);
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let output = oversell(&["run", "repaired", "--buyers", "2", "--speed", "1000", "--db", link.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), r#"{"count": 0}"#);
}

#[test]
fn a_program_that_shares_memory_runs_on_threads_only_and_run_says_so() {
    let refused = oversell(&["run", "check-then-decrement"]);
    assert_eq!(refused.status.code(), Some(2));
    let expected = "`check-then-decrement` shares `left`, in the memory of one process; run it with --threads";
    assert!(text(&refused.stderr).contains(expected), "{}", text(&refused.stderr));
    let ran = oversell(&["run", "compare-exchange", "--threads", "--buyers", "5", "--tickets", "2"]);
    let summary = text(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{summary}");
    assert!(summary.contains("2 sold of 2; 2 bought, 3 sold out; the ledger says 0 left"), "{summary}");
    let no_file = oversell(&["run", "compare-exchange", "--threads", "--db", "nowhere.json"]);
    assert_eq!(no_file.status.code(), Some(2));
    assert!(text(&no_file.stderr).contains("keeps no database"), "{}", text(&no_file.stderr));
}

/// Waits until the file is empty: a buyer is between its truncate and its write.
fn wait_until_empty(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while fs::read(path).unwrap() != b"" {
        assert!(Instant::now() < deadline, "nobody has emptied the file");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill {name} {pid}")]).status().unwrap().success());
}

#[test]
fn ctrl_c_in_the_middle_of_a_purchase_leaves_a_readable_file_and_no_children() {
    let stop = |threads: &[&str]| {
        let (_folder, path) = database(r#"{"count": 5}"#);
        let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
        command.args(["run", "joined", "--db", path.to_str().unwrap()]).args(threads);
        let mut run = command.args(["--speed", "2"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until_empty(&path);
        signal("-INT", run.id());
        // Its children hold the same pipe, so it only ends when all of them have.
        let said: Vec<String> = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
        let mut summary = String::new();
        run.stderr.take().unwrap().read_to_string(&mut summary).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(130));
        assert!(summary.contains("14 never started") && summary.contains("stopped by signal 2"), "{summary}");
        assert_eq!(
            Document::parse(&fs::read(&path).unwrap()).unwrap().count(),
            4,
            "the purchase was finished: {said:?}"
        );
    };
    std::thread::scope(|scope| {
        scope.spawn(|| stop(&["--threads"]));
        scope.spawn(|| stop(&[]));
    });
}

#[test]
fn buyers_that_ctrl_c_stops_in_silence_are_not_called_never_started() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
    command.args(["run", "task-locked", "--speed", "2"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = command.spawn().unwrap();
    // One has the lock and speaks; the other nine wait for it and have said nothing.
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("查看到剩余票数 [1]"));
    signal("-INT", run.id());
    let output = run.wait_with_output().unwrap();
    let summary = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{summary}");
    assert!(summary.contains("10 stopped") && !summary.contains("never started"), "{summary}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_buyer_that_is_killed_from_outside_is_reported_and_nothing_hangs() {
    let (folder, path) = database(r#"{"count": 5}"#);
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
    command.args(["run", "joined-locked", "--buyers", "3", "--speed", "2", "--db", path.to_str().unwrap()]);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_empty(&path);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.id())).unwrap();
    let buyer = children.trim().parse().unwrap();
    // As if it were in the middle of a replacement; and one that another program is at.
    let temporary = |process: u32| folder.path().join(format!(".oversell-{process}-abc"));
    let (its, anothers) = (temporary(buyer), temporary(run.id()));
    fs::write(&its, "").and_then(|()| fs::write(&anothers, "")).unwrap();
    signal("-KILL", buyer);
    let output = run.wait_with_output().unwrap();
    let summary = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{summary}");
    assert!(summary.contains("buyer 0 crashed: its process was killed by signal 9"), "{summary}");
    assert!(summary.contains("buyer 1 crashed: the file is empty"), "the others went on: {summary}");
    assert!(summary.contains("the database cannot be read") && summary.contains("UNBALANCED"), "{summary}");
    assert!(!its.exists() && anothers.exists(), "what the dead has left is cleared away, and nothing else");
}

#[test]
fn a_run_of_the_later_programs_can_be_explained() {
    for program in ["joined", "joined-locked", "joined-until-sold-out"] {
        let ran = oversell(&["run", program, "--speed", "1000"]);
        let (folder, output) = database(&text(&ran.stdout));
        let explained = Command::new(env!("CARGO_BIN_EXE_oversell"))
            .args(["explain", program])
            .stdin(fs::File::open(&output).unwrap())
            .output()
            .unwrap();
        assert_eq!(explained.status.code(), Some(0), "{program}: {}", text(&explained.stdout));
        drop(folder);
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = database(r#"{"count": 1}"#);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write anywhere; then there is nothing to refuse.
    if fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write to a read-only folder");
        return;
    }
    for threads in [&["--threads"][..], &[]] {
        let output = oversell(&[&["run", "repaired", "--db", path.to_str().unwrap()], threads].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("ermission denied"), "{}", text(&output.stderr));
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn on_a_full_disk_repaired_loses_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8k", "tmpfs"]).arg(folder.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no small file system can be mounted here");
        return;
    }
    let path = folder.path().join("db.json");
    fs::write(&path, r#"{"count": 1}"#).unwrap();
    // Whatever is left of the disk.
    let full = (0..16).any(|i| fs::write(folder.path().join(format!("filler{i}")), [0; 4096]).is_err());
    let runs: Vec<_> = [&["--threads"][..], &[]]
        .map(|threads| {
            oversell(
                &[&["run", "repaired", "--buyers", "2", "--speed", "1000", "--db", path.to_str().unwrap()], threads]
                    .concat(),
            )
        })
        .into();
    let content = fs::read_to_string(&path).unwrap();
    assert!(Command::new("umount").arg(folder.path()).status().unwrap().success());
    assert!(full, "the file system was not small");
    assert_eq!(content, r#"{"count": 1}"#);
    for output in runs {
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("No space left on device"), "{}", text(&output.stderr));
    }
}

/// `cargo test --release --test processes -- --ignored`
#[test]
#[ignore = "takes minutes and hundreds of processes"]
fn hundreds_of_processes_and_random_kills_never_oversell() {
    for program in ["purchase-locked", "repaired"] {
        for seed in 0..10 {
            let (_folder, path) = database(r#"{"count": 50}"#);
            let seed = seed.to_string();
            let args = ["run", program, "--buyers", "300", "--speed", "20", "--kills", "100", "--seed", &seed, "--db"];
            let output = oversell(&[&args[..], &[path.to_str().unwrap()]].concat());
            let summary = text(&output.stderr);
            assert!(!summary.contains("OVERSOLD"), "{program}, seed {seed}: {summary}");
            assert!(matches!(output.status.code(), Some(0 | 1)), "{program}, seed {seed}: {summary}");
            if program == "repaired" {
                let content = fs::read(&path).unwrap();
                assert!(Document::parse(&content).is_ok(), "seed {seed}: {:?}", text(&content));
            }
        }
    }
}

#[test]
fn a_hundred_buyers_with_a_lock_never_oversell() {
    for (program, threads) in [("purchase-locked", "--threads"), ("repaired", "--seed=1")] {
        let output = oversell(&["run", program, "--buyers", "100", "--tickets", "10", "--speed", "1000", threads]);
        let summary = text(&output.stderr);
        assert!(summary.contains(" sold of 10") && !summary.contains("OVERSOLD"), "{summary}");
    }
}
