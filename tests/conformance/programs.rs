//! Promise: the built-in programs go on a real machine as the model predicts, and so does every witness that reviewers
//! see.

use super::announce_then_replace::announce_then_replace;
use super::staging::{interleavings, on_processes, on_threads, process_of_this_test, samples, site};
use oversell::platform::conductor::{ConductError, conduct};
use oversell::platform::model::Model;
use oversell::platform::stage::Pace;
use oversell::platform::threads::Threads;
use oversell::platform::{Content, Instance, LockKind, Move};
use oversell::programs::{self, Kind, Program};
use oversell::scenario::{RoleId, Scenario};
use oversell::trace::Schedule;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The programs of the tutorials, and the repaired one: they have a database file, so they run on processes too.
fn with_a_database() -> impl Iterator<Item = &'static Program> {
    programs::all().iter().filter(|program| matches!(program.kind, Kind::Tutorial | Kind::Repair))
}

/// Starts a thread of a program as a process of the command line's program.
fn process_of(
    program: &'static Program,
    scenario: &Scenario,
) -> impl Fn(&Path, RoleId, usize) -> Command + Clone + use<> + 'static {
    let tickets = scenario.stock().unwrap_or(0);
    move |database: &Path, role: RoleId, number: usize| {
        assert_eq!(role, 0, "the tutorials have buyers only");
        let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
        command.args(["buyer", program.name, "--role", "buyer", "--lock", "owned", "--conducted", "--db"]);
        command.arg(database).args(["--number", &number.to_string(), "--tickets", &tickets.to_string()]);
        command
    }
}

fn every_interleaving_of_two(
    programs: impl Iterator<Item = &'static Program>,
    run: impl Fn(&'static Program, &Scenario, &Instance, &[Move]) -> Result<Model, ConductError>,
) {
    for program in programs {
        let with_a_database = matches!(program.kind, Kind::Tutorial | Kind::Repair);
        for tickets in if with_a_database { vec![1, 2] } else { vec![program.tickets] } {
            let scenario = program.scenario(tickets);
            let instance = Instance::of(&scenario, 2);
            let schedules =
                interleavings(&scenario, &instance, 400).unwrap_or_else(|| samples(&scenario, &instance, 40));
            for schedule in schedules {
                let model = run(program, &scenario, &instance, &schedule).unwrap_or_else(|error| {
                    panic!("{} {}: {error}", program.name, Schedule(schedule.clone()).text(&scenario))
                });
                assert!(model.moves().is_empty(), "it has come to its end");
            }
        }
    }
}

#[test]
fn every_interleaving_of_two_buyers_goes_as_predicted_on_threads() {
    every_interleaving_of_two(programs::all().iter(), |_, scenario, instance, schedule| {
        on_threads(scenario, instance, schedule)
    });
}

#[test]
fn every_interleaving_of_two_buyers_goes_as_predicted_on_processes() {
    every_interleaving_of_two(with_a_database(), |program, scenario, instance, schedule| {
        on_processes(scenario, instance, schedule, process_of(program, scenario))
    });
}

#[test]
fn samples_at_full_size_go_as_predicted_on_threads_and_processes() {
    for program in with_a_database() {
        let scenario = program.scenario(program.tickets);
        let instance = Instance::of(&scenario, program.threads);
        for schedule in samples(&scenario, &instance, 8) {
            on_threads(&scenario, &instance, &schedule).unwrap_or_else(|error| panic!("{}: {error}", program.name));
        }
        for schedule in samples(&scenario, &instance, 4) {
            on_processes(&scenario, &instance, &schedule, process_of(program, &scenario))
                .unwrap_or_else(|error| panic!("{}: {error}", program.name));
        }
    }
}

#[test]
fn a_write_over_a_longer_one_leaves_its_tail_on_disk_as_in_the_model() {
    // From 11 tickets: three buyers read 11, 11 and 10; the one that writes 9 overwrites 10 without a truncate
    // in between, and one byte of that stays.
    let program = programs::named("unlocked").unwrap();
    let scenario = program.scenario(11);
    let schedule = Schedule::parse("0,0,1,1,1,1,2,2,0,2,0,2", &scenario).unwrap();
    let instance = Instance::of(&scenario, 3);
    let model = on_threads(&scenario, &instance, &schedule.0).unwrap();
    let Content::File { bytes, .. } = &model.contents()[0] else { unreachable!() };
    assert_eq!(**bytes, br#"{"count": 9}}"#[..]);
    on_processes(&scenario, &instance, &schedule.0, process_of(program, &scenario)).unwrap();
}

#[test]
fn a_difference_between_stage_and_model_is_named_with_its_step() {
    // The stage has another database than the model.
    let unlocked = programs::named("unlocked").unwrap();
    let (scenario, other) = (unlocked.scenario(1), unlocked.scenario(7));
    let (_folder, site) = site(&other, LockKind::Owned);
    let mut stage = Threads::new(&scenario, site.clone(), Pace::Conducted);
    let error = conduct(&scenario, &Instance::of(&scenario, 2), &[], &site, &mut stage).err().unwrap().to_string();
    for part in ["step 0", r#""{\"count\": 1}""#, r#""{\"count\": 7}""#] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_step_that_cannot_happen_is_named() {
    let scenario = programs::named("purchase-locked").unwrap().scenario(1);
    // Buyer 0 has the lock.
    let schedule = Schedule::parse("0,0,1,1", &scenario).unwrap();
    let error = on_threads(&scenario, &Instance::of(&scenario, 2), &schedule.0).err().unwrap().to_string();
    assert!(error.starts_with("step 4 of the schedule cannot happen: buyer 1 is waiting"), "{error}");
}

/// Every witness that reviewers see: the arguments of its replay, as for a shell, and the line that says what it shows.
fn reviewed_witnesses() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let witness = |text: String| {
        let replay = text.lines().find_map(|line| line.strip_prefix("oversell replay "))?;
        let shows = text.lines().rfind(|line| line.starts_with(['✓', '✗']))?;
        Some((replay.to_owned(), shows.trim_start_matches(['✓', '✗', ' ']).to_owned()))
    };
    files.filter_map(witness).collect()
}

/// Whether all that a program shares can be shared between processes.
fn is_on_disk(program: &str) -> bool {
    let scenario = programs::named(program).unwrap().scenario(1);
    site(&scenario, LockKind::Owned).1.in_memory().next().is_none()
}

#[test]
fn every_reviewed_witness_replays_on_real_processes_or_threads() {
    let witnesses = reviewed_witnesses();
    assert!(witnesses.len() >= 30, "only {} witnesses found", witnesses.len());
    let (mut kills, mut on_processes) = (0, 0);
    for (arguments, shows) in witnesses {
        let on = if is_on_disk(arguments.split(' ').next().unwrap()) { "processes" } else { "threads" };
        let line = format!("exec \"$0\" replay {arguments} --on {on}");
        let output = Command::new("sh").args(["-c", &line, env!("CARGO_BIN_EXE_oversell")]).output().unwrap();
        let (said, wrong) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(0), "{arguments}: {wrong}");
        assert!(said.contains(&format!("so it went on real {on}")), "{arguments}: {said}");
        assert!(said.contains(&shows), "{arguments} does not show `{shows}`:\n{said}");
        kills += usize::from(said.contains("KILLED"));
        on_processes += usize::from(on == "processes");
    }
    assert!(kills > 0 && on_processes >= 20, "{kills} with a kill, {on_processes} on processes");
}

/// The witness of a scenario that is not in the binary: the buyers are processes of this test.
#[test]
fn the_witness_of_announcing_before_replacing_replays_on_real_processes() {
    let name = "snapshots/announce-then-replace.no-oversell.one-kill-owned.snap";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let schedule = text.lines().find_map(|line| line.strip_prefix("schedule ")).unwrap();
    let scenario = announce_then_replace();
    let schedule = Schedule::parse(schedule, &scenario).unwrap();
    let instance = Instance::of(&scenario, 2);
    let command = process_of_this_test("announce-then-replace", LockKind::Owned);
    let model = on_processes(&scenario, &instance, &schedule.0, command).unwrap();
    assert_eq!(model.trace().schedule(), schedule.0);
}
