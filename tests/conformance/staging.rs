//! Scenarios on real stages: where their files are, and which schedules to run.

use oversell::platform::conductor::{ConductError, conduct};
use oversell::platform::model::Model;
use oversell::platform::processes::{Processes, attend};
use oversell::platform::site::Site;
use oversell::platform::stage::{Direction, News, Pace, Report, Stage, perform};
use oversell::platform::threads::Threads;
use oversell::platform::{Entry, Instance, LockKind, Move, Trace, What};
use oversell::scenario::{RoleId, Scenario};
use oversell::sync::Observation;
use oversell::trace::{Schedule, replay};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A furnished site in a folder of its own.
pub fn site(scenario: &Scenario, lock: LockKind) -> (tempfile::TempDir, Site) {
    let folder = tempfile::tempdir().unwrap();
    let (setup, _) = scenario.build();
    let site = Site::beside(&folder.path().join("db.txt"), &setup, lock);
    site.furnish(&setup).unwrap();
    (folder, site)
}

/// Conducts one schedule on threads.
pub fn on_threads(scenario: &Scenario, instance: &Instance, schedule: &[Move]) -> Result<Model, ConductError> {
    let (_folder, site) = site(scenario, instance.lock);
    let mut stage = Threads::new(scenario, site.clone(), Pace::Conducted);
    conduct(scenario, instance, schedule, &site, &mut stage)
}

/// Conducts one schedule on processes, which `command` starts over a database.
pub fn on_processes(
    scenario: &Scenario,
    instance: &Instance,
    schedule: &[Move],
    command: impl Fn(&Path, RoleId, usize) -> Command + 'static,
) -> Result<Model, ConductError> {
    let (folder, site) = site(scenario, instance.lock);
    let database = folder.path().join("db.txt");
    let command = move |role: RoleId, number: usize| command(&database, role, number);
    let mut stage = Processes::new(scenario, site.clone(), Pace::Conducted, command).unwrap();
    conduct(scenario, instance, schedule, &site, &mut stage)
}

/// Starts a thread of a scenario that only this test knows, as a process of this test.
pub fn process_of_this_test(
    name: &str,
    lock: LockKind,
) -> impl Fn(&Path, RoleId, usize) -> Command + Clone + use<> + 'static {
    let name = name.to_owned();
    move |database: &Path, role: RoleId, number: usize| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "be_a_process", "--nocapture"]).env("OVERSELL_TEST_SCENARIO", &name);
        command.env("OVERSELL_TEST_DB", database).env("OVERSELL_TEST_LOCK", format!("{lock:?}"));
        command.env("OVERSELL_TEST_ROLE", role.to_string()).env("OVERSELL_TEST_NUMBER", number.to_string());
        command
    }
}

/// The other end: be such a process, if the environment says so.
pub fn attend_if_told(scenario: impl Fn(&str) -> Scenario) {
    let told = |name: &str| std::env::var(format!("OVERSELL_TEST_{name}"));
    let (Ok(name), Ok(database)) = (told("SCENARIO"), told("DB")) else { return };
    let number = |name| told(name).unwrap().parse::<usize>().unwrap();
    let lock = if told("LOCK").unwrap() == "Owned" { LockKind::Owned } else { LockKind::Semaphore };
    let scenario = scenario(&name);
    let (setup, _) = scenario.build();
    let site = Site::beside(&PathBuf::from(database), &setup, lock);
    attend(&scenario, number("ROLE"), number("NUMBER"), &site, Pace::Conducted);
    // The test harness has nothing to add.
    std::process::exit(0);
}

/// Every interleaving, to its end; `None` if there are more than `most`.
pub fn interleavings(scenario: &Scenario, instance: &Instance, most: usize) -> Option<Vec<Vec<Move>>> {
    let mut complete = Vec::new();
    let mut open = vec![Model::new(scenario, instance)];
    while let Some(model) = open.pop() {
        let moves = model.moves();
        if moves.is_empty() {
            complete.push(model.trace().schedule());
            if complete.len() > most {
                return None;
            }
        }
        for mv in moves {
            let mut next = model.clone();
            next.make(mv).unwrap();
            open.push(next);
        }
    }
    Some(complete)
}

/// A few executions, with the same random choices on every run.
pub fn samples(scenario: &Scenario, instance: &Instance, count: u64) -> Vec<Vec<Move>> {
    let walk = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut model = Model::new(scenario, instance);
        while let Some(mv) = random.choice(model.moves()) {
            model.make(mv).unwrap();
        }
        model.trace().schedule()
    };
    (0..count).map(walk).collect()
}

/// Runs a scenario freely on threads, and compares what was recorded with the model.
pub fn free_run_is_an_execution(scenario: &Scenario, instance: &Instance, seed: u64) {
    let (_folder, site) = site(scenario, instance.lock);
    let mut stage = Threads::new(scenario, site.clone(), Pace::Free { speed: 1e6, seed }).recorded();
    let is_end = |report: &Report| matches!(report.news, News::Ended(_) | News::Stopped);
    let (mut over, patience) = (0, Duration::from_millis(60));
    let mut heard = |_: &dyn Stage, report: &Report| over += usize::from(is_end(report));
    // Those who wait for ever, or only seem to on a busy machine, are told to stop, which is a kill in the record.
    let _ = perform(&mut stage, scenario, instance, patience, &mut |_| Direction::Go, &mut heard);
    while over < instance.total().unwrap() {
        over += usize::from(is_end(&stage.report(Duration::from_secs(20)).expect("everybody ends or stops")));
    }
    let real = stage.trace().unwrap();
    if was_seen_held_after_the_last_step(&real) {
        return;
    }
    let real = real.settled(scenario.launch());
    let schedule = Schedule(real.schedule());
    let who = || format!("{}, seed {seed}, {instance:?}, {}", scenario.name(), schedule.text(scenario));
    let model = replay(scenario, instance, &schedule).unwrap_or_else(|error| panic!("{}: {error}", who()));
    let steps = |trace: &Trace| trace.entries.iter().filter(|e| e.is_move()).cloned().collect::<Vec<_>>();
    assert_eq!(steps(&real), steps(model.trace()), "{}", who());
    let ended = model.trace().entries.iter().filter(|e| matches!(e.what, What::Ended(_) | What::Killed)).count();
    assert_eq!(Some(ended), instance.total(), "{} has come to its end", who());
}

/// Whether somebody was refused a lock that another one, who had no step left to take, was about to free by ending. In
/// the model an end happens together with the last step; the checkers refuse such code, as `ends` has it.
fn was_seen_held_after_the_last_step(trace: &Trace) -> bool {
    let frees = trace.entries.iter().enumerate().filter_map(|(i, entry)| match entry.what {
        What::Freed(object, _) => Some((i, entry.actor, object)),
        _ => None,
    });
    frees.into_iter().any(|(freed, actor, object)| {
        let before = &trace.entries[..freed];
        let last = before.iter().rposition(|entry| entry.actor == actor && entry.is_move()).unwrap_or(0);
        let is_refused = |entry: &Entry| match &entry.what {
            What::Took(step, seen, _) => step.object() == Some(object) && *seen == Observation::Refused,
            _ => false,
        };
        before[last..].iter().any(is_refused)
    })
}

/// A schedule for a message.
pub fn shown(scenario: &Scenario, schedule: &[Move]) -> String {
    format!("schedule {}", Schedule(schedule.to_vec()).text(scenario))
}
