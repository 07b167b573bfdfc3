//! Promise: files and locks are in the model as they are on disk, for programs that nobody has thought of.

use super::generated::{program, shown as shown_program};
use super::staging::{
    free_run_is_an_execution, interleavings, on_processes, on_threads, process_of_this_test, samples, shown,
};
use oversell::platform::conductor::ConductError;
use oversell::platform::model::Model;
use oversell::platform::{Actor, Content, End, Instance, Move, Trace, What};
use oversell::scenario::Scenario;
use oversell::sync::{Access, File, Inode, ObjectId, Observation, Platform, Step};
use std::collections::BTreeMap;

/// What a number of executions have shown: they would prove little if they never came to these things.
#[derive(Debug, Default)]
struct Census {
    executions: usize,
    writes_that_are_lost: usize,
    /// Writes through a handle that was opened after another one, which is still open on another file.
    writes_through_the_later_handle: usize,
    refusals: usize,
    picks: usize,
    freed_by_an_end: usize,
    kills: usize,
    crashes: usize,
    deadlocks: usize,
}

impl Census {
    fn take(&mut self, model: &Model) {
        let Trace { entries, .. } = model.trace();
        self.executions += 1;
        let mut open: BTreeMap<Actor, Vec<(ObjectId, Inode)>> = BTreeMap::new();
        for entry in entries {
            let open = open.entry(entry.actor).or_default();
            match &entry.what {
                What::Took(Step::On(file, Access::Write(inode, _)), _, Some(Content::File { inode: now, .. })) => {
                    self.writes_that_are_lost += usize::from(inode != now);
                    let handle = open.iter().position(|other| *other == (*file, *inode)).expect("it was opened");
                    open.remove(handle);
                    self.writes_through_the_later_handle += usize::from(handle > 0);
                }
                What::Took(Step::On(file, Access::Truncate), Observation::Opened(inode), _) => {
                    open.push((*file, *inode));
                }
                What::Took(_, Observation::Refused, _) => self.refusals += 1,
                What::Took(_, Observation::Chosen(_), _) => self.picks += 1,
                What::Freed(..) => self.freed_by_an_end += 1,
                What::Killed => self.kills += 1,
                What::Ended(End::Crashed(_)) => self.crashes += 1,
                _ => {}
            }
        }
        let over = model.trace().entries.iter().filter(|e| matches!(e.what, What::Ended(_) | What::Killed)).count();
        self.deadlocks += usize::from(over < 2);
    }

    fn assert_rich(&self, with_kills: bool) {
        let writes = [self.writes_that_are_lost, self.writes_through_the_later_handle];
        let others = [self.refusals, self.picks, self.freed_by_an_end, self.crashes, self.deadlocks];
        let rich = writes.iter().chain(&others).all(|number| *number > 0);
        assert!(rich && (self.kills > 0) == with_kills, "{self:?}");
    }
}

/// Every interleaving if there are no more than `every`, else so many samples.
fn schedules(scenario: &Scenario, instance: &Instance, every: usize, else_samples: u64) -> Vec<Vec<Move>> {
    interleavings(scenario, instance, every).unwrap_or_else(|| samples(scenario, instance, else_samples))
}

fn run_generated(
    seeds: std::ops::Range<u64>,
    kills: usize,
    (every, else_samples): (usize, u64),
    run: impl Fn(u64, &Scenario, &Instance, &[Move]) -> Result<Model, ConductError>,
) -> Census {
    /// Threads that wait for ever stay behind, parked.
    const MOST_DEADLOCKS: usize = 4;
    let mut census = Census::default();
    for seed in seeds {
        let (scenario, instance) = program(seed, kills);
        let before = census.deadlocks;
        for schedule in schedules(&scenario, &instance, every, else_samples) {
            let model = run(seed, &scenario, &instance, &schedule).unwrap_or_else(|error| {
                panic!("{}, {}: {error}", shown_program(seed, kills), shown(&scenario, &schedule))
            });
            assert!(model.moves().is_empty(), "it has come to its end");
            census.take(&model);
            if census.deadlocks == before + MOST_DEADLOCKS {
                break;
            }
        }
    }
    census
}

fn generated_on_threads(seeds: std::ops::Range<u64>, schedules: (usize, u64)) -> Census {
    run_generated(seeds, 0, schedules, |_, scenario, instance, schedule| on_threads(scenario, instance, schedule))
}

fn generated_on_processes(seeds: std::ops::Range<u64>, schedules: (usize, u64)) -> Census {
    run_generated(seeds, 1, schedules, |seed, scenario, instance, schedule| {
        let command = process_of_this_test(&format!("generated {seed}"), instance.lock);
        on_processes(scenario, instance, schedule, command)
    })
}

#[test]
fn generated_file_programs_go_as_predicted_on_threads() {
    generated_on_threads(0..50, (200, 30)).assert_rich(false);
}

/// They wait for each other most of the time: two tests go side by side.
#[test]
fn more_generated_file_programs_go_as_predicted_on_threads() {
    generated_on_threads(50..100, (200, 30)).assert_rich(false);
}

/// Runs a generated program freely on threads.
fn run_freely(seed: u64) {
    let (scenario, instance) = program(seed, 0);
    free_run_is_an_execution(&scenario, &instance, seed);
}

#[test]
fn what_generated_file_programs_do_on_free_threads_is_an_execution_of_the_model() {
    (0..200).for_each(run_freely);
}

#[test]
#[ignore = "minutes: cargo test --release --test conformance -- --ignored thousands_of_generated"]
fn thousands_of_generated_file_programs_on_free_threads_are_executions_of_the_model() {
    (0..10_000).for_each(run_freely);
}

#[test]
fn generated_file_programs_go_as_predicted_on_processes() {
    generated_on_processes(0..60, (5, 5)).assert_rich(true);
}

#[test]
#[ignore = "minutes: cargo test --release --test conformance -- --ignored thousands_of_generated"]
fn thousands_of_generated_file_programs_go_as_predicted_on_threads() {
    generated_on_threads(0..3000, (100, 50)).assert_rich(false);
}

#[test]
#[ignore = "minutes: cargo test --release --test conformance -- --ignored thousands_of_generated"]
fn thousands_of_generated_file_programs_go_as_predicted_on_processes() {
    generated_on_processes(0..3000, (10, 10)).assert_rich(true);
}

/// Empties the file, gives the name another one, and writes the first: who reads sees the second.
pub fn write_through_an_old_handle() -> Scenario {
    let buyer = |at: &dyn Platform, file: &File| {
        let before = file.read(at);
        let emptied = file.truncate(at);
        file.replace(at, &b"none left"[..]);
        emptied.write(at, &b"one left, as before"[..]);
        if *before == b"one left"[..] { "bought" } else { "sold out" }
    };
    Scenario::new("old-handle", |setup| setup.file("database", &b"one left"[..])).role("buyer", buyer).into()
}

#[test]
fn what_is_written_through_a_handle_that_a_rename_outlived_is_seen_by_nobody() {
    let scenario = write_through_an_old_handle();
    let instance = Instance::of(&scenario, 2);
    let command = process_of_this_test("old-handle", instance.lock);
    for (i, schedule) in interleavings(&scenario, &instance, 100).unwrap().into_iter().enumerate() {
        let go = |error| panic!("{}: {error}", shown(&scenario, &schedule));
        let model = on_threads(&scenario, &instance, &schedule).unwrap_or_else(go);
        assert_eq!(model.contents()[0].outcomes(&Access::Read)[0].1, Observation::Content(b"none left"[..].into()));
        if i % 10 == 0 {
            on_processes(&scenario, &instance, &schedule, command.clone()).unwrap_or_else(go);
        }
    }
}
