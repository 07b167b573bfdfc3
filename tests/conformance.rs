//! Promise: the model is the machine. Every interleaving of two buyers of every program, and samples at full size,
//! run on real threads and on real processes, where every announced step, every observation, every word, every
//! outcome and, after every step, the bytes on disk are as the model predicts.
#![cfg(not(loom))]

mod announce_then_replace;

use announce_then_replace::AnnounceThenReplace;
use oversell::check::Crowd;
use oversell::office::{PROGRAMS, Program, Rush};
use oversell::platform::conductor::{ConductError, conduct};
use oversell::platform::model::Model;
use oversell::platform::processes::{Processes, attend};
use oversell::platform::site::Site;
use oversell::platform::threads::Threads;
use oversell::platform::{LockKind, Move};
use oversell::scenario::Scenario;
use oversell::sync::Setup;
use oversell::trace::Schedule;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A furnished site in a folder of its own.
fn site<S: Scenario>(scenario: &S, lock: LockKind) -> (tempfile::TempDir, Site) {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::default();
    scenario.build(&mut setup);
    let site = Site::beside(&folder.path().join("db.txt"), &setup, lock);
    site.furnish(&setup).unwrap();
    (folder, site)
}

fn on_threads<S: Scenario>(scenario: &S, crowd: &Crowd, schedule: &[Move]) -> Result<Model<S>, ConductError> {
    let (_folder, site) = site(scenario, crowd.lock);
    let mut stage = Threads::new(scenario, site.clone(), 1.0, true);
    conduct(scenario, crowd, schedule, &site, &mut stage)
}

fn on_processes(rush: &Rush, crowd: &Crowd, schedule: &[Move]) -> Result<Model<Rush>, ConductError> {
    let (folder, site) = site(rush, crowd.lock);
    let (program, database) = (rush.program().name, folder.path().join("db.txt"));
    let lock = if crowd.lock == LockKind::Owned { "owned" } else { "semaphore" };
    let buyer = move |number: usize| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
        command.args(["buyer", program, "--speed", "1", "--lock", lock, "--conducted", "--db"]).arg(&database);
        command.args(["--number", &number.to_string()]);
        command
    };
    let mut stage = Processes::new(rush, site.clone(), 1.0, true, buyer).unwrap();
    conduct(rush, crowd, schedule, &site, &mut stage)
}

/// Every interleaving, to its end.
fn interleavings(rush: &Rush, crowd: &Crowd) -> Vec<Vec<Move>> {
    let mut complete = Vec::new();
    let mut open = vec![Model::new(rush, crowd)];
    while let Some(model) = open.pop() {
        let moves = model.moves();
        if moves.is_empty() {
            complete.push(model.trace().schedule());
        }
        for mv in moves {
            let mut next = model.clone();
            next.make(mv).unwrap();
            open.push(next);
        }
    }
    complete
}

/// A few executions at full size, with the same random choices on every run.
fn samples(program: &'static Program, count: u64) -> Vec<Vec<Move>> {
    let rush = Rush::new(program, program.tickets);
    let walk = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut model = Model::new(&rush, &Crowd::of(program.buyers));
        while let Some(mv) = random.choice(model.moves()) {
            model.make(mv).unwrap();
        }
        model.trace().schedule()
    };
    (0..count).map(walk).collect()
}

fn every_interleaving_of_two(run: impl Fn(&Rush, &Crowd, &[Move]) -> Result<Model<Rush>, ConductError>) {
    for program in PROGRAMS {
        for tickets in [1, 2] {
            let rush = Rush::new(program, tickets);
            for schedule in interleavings(&rush, &Crowd::of(2)) {
                let model = run(&rush, &Crowd::of(2), &schedule)
                    .unwrap_or_else(|error| panic!("{} {}: {error}", program.name, Schedule(schedule.clone())));
                assert!(model.moves().is_empty(), "it has come to its end");
            }
        }
    }
}

#[test]
fn every_interleaving_of_two_buyers_goes_as_predicted_on_threads() {
    every_interleaving_of_two(on_threads);
}

#[test]
fn every_interleaving_of_two_buyers_goes_as_predicted_on_processes() {
    every_interleaving_of_two(on_processes);
}

#[test]
fn samples_at_full_size_go_as_predicted_on_threads_and_processes() {
    for program in PROGRAMS {
        let (rush, crowd) = (Rush::new(program, program.tickets), Crowd::of(program.buyers));
        for schedule in samples(program, 8) {
            on_threads(&rush, &crowd, &schedule).unwrap_or_else(|error| panic!("{}: {error}", program.name));
        }
        for schedule in samples(program, 4) {
            on_processes(&rush, &crowd, &schedule).unwrap_or_else(|error| panic!("{}: {error}", program.name));
        }
    }
}

#[test]
fn a_write_over_a_longer_one_leaves_its_tail_on_disk_as_in_the_model() {
    // From 11 tickets: three buyers read 11, 11 and 10; the one that writes 9 overwrites 10 without a truncate
    // in between, and one byte of that stays.
    let rush = Rush::new(Program::named("unlocked").unwrap(), 11);
    let schedule: Schedule = "0,0,1,1,1,1,2,2,0,2,0,2".parse().unwrap();
    let crowd = Crowd::of(3);
    let model = on_threads(&rush, &crowd, &schedule.0).unwrap();
    let torn = oversell::platform::Content::File(br#"{"count": 9}}"#[..].into());
    assert_eq!(model.contents()[0], torn);
    on_processes(&rush, &crowd, &schedule.0).unwrap();
}

#[test]
fn a_difference_between_stage_and_model_is_named_with_its_step() {
    // The stage has another database than the model.
    let (rush, other) =
        (Rush::new(Program::named("unlocked").unwrap(), 1), Rush::new(Program::named("unlocked").unwrap(), 7));
    let (_folder, site) = site(&other, LockKind::Owned);
    let mut stage = Threads::new(&rush, site.clone(), 1.0, true);
    let error = conduct(&rush, &Crowd::of(2), &[], &site, &mut stage).err().unwrap().to_string();
    for part in ["step 0", r#""{\"count\": 1}""#, r#""{\"count\": 7}""#] {
        assert!(error.contains(part), "{error}");
    }
}

/// Every witness that reviewers see: the arguments of its replay, and the line that says what it shows.
fn reviewed_witnesses() -> Vec<(Vec<String>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let witness = |text: String| {
        let replay = text.lines().find_map(|line| line.strip_prefix("oversell replay "))?;
        let shows = text.lines().rfind(|line| line.starts_with(['✓', '✗']))?;
        let arguments = replay.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect();
        Some((arguments, shows.trim_start_matches(['✓', '✗', ' ']).to_owned()))
    };
    files.filter_map(witness).collect()
}

#[test]
fn every_reviewed_witness_replays_on_real_processes() {
    let witnesses = reviewed_witnesses();
    assert!(witnesses.len() >= 30, "only {} witnesses found", witnesses.len());
    let mut kills = 0;
    for (arguments, shows) in witnesses {
        let output = Command::new(env!("CARGO_BIN_EXE_oversell"))
            .arg("replay")
            .args(&arguments)
            .args(["--on", "processes"])
            .output()
            .unwrap();
        let (said, wrong) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {wrong}");
        assert!(said.contains("so it went on real processes"), "{arguments:?}: {said}");
        assert!(said.contains(&shows), "{arguments:?} does not show `{shows}`:\n{said}");
        kills += usize::from(said.contains("KILLED"));
    }
    assert!(kills > 0, "no witness has a kill");
}

/// The witness of a scenario that is not in the binary: the buyers are processes of this test.
#[test]
fn the_witness_of_announcing_before_replacing_replays_on_real_processes() {
    let name = "snapshots/announce-then-replace.no-oversell.one-kill-owned.snap";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let schedule = text.lines().find_map(|line| line.strip_prefix("schedule ")).unwrap();
    let schedule: Schedule = schedule.parse().unwrap();
    let (folder, site) = site(&AnnounceThenReplace, LockKind::Owned);
    let database = folder.path().join("db.txt");
    let buyer = move |number: usize| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "be_a_buyer_that_announces_before_it_replaces", "--nocapture"]);
        command.env("OVERSELL_TEST_BUYER", number.to_string()).env("OVERSELL_TEST_DB", &database);
        command
    };
    let mut stage = Processes::new(&AnnounceThenReplace, site.clone(), 1.0, true, buyer).unwrap();
    let model = conduct(&AnnounceThenReplace, &Crowd::of(2), &schedule.0, &site, &mut stage).unwrap();
    assert_eq!(model.trace().schedule(), schedule.0);
}

/// Not a test of its own, but the buyer of the one above. Without its environment it has nothing to do.
#[test]
fn be_a_buyer_that_announces_before_it_replaces() {
    let (Ok(number), Ok(database)) = (std::env::var("OVERSELL_TEST_BUYER"), std::env::var("OVERSELL_TEST_DB")) else {
        return;
    };
    let mut setup = Setup::default();
    AnnounceThenReplace.build(&mut setup);
    let site = Site::beside(Path::new(&database), &setup, LockKind::Owned);
    attend(&AnnounceThenReplace, number.parse().unwrap(), &site, 1.0, true);
}
