//! Promise: every primitive is on real threads what it is in the model, in every interleaving of two threads.

use super::staging::{free_run_is_an_execution, interleavings, on_threads, samples, shown, site};
use oversell::platform::processes::Processes;
use oversell::platform::stage::{Direction, News, Pace, perform};
use oversell::platform::threads::Threads;
use oversell::platform::{Actor, Content, Instance, LockKind, Move};
use oversell::scenario::Scenario;
use oversell::sync::{Access, Cell, Condvar, Event, Mutex, Observation, Primitive, RwLock, Semaphore};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::time::Duration;

/// Runs schedules on threads, and returns what the objects hold at the ends, each once.
fn ends(scenario: &Scenario, instance: &Instance, schedules: Vec<Vec<Move>>) -> Vec<Vec<Content>> {
    assert!(!schedules.is_empty());
    let mut ends = Vec::new();
    for schedule in schedules {
        let model = on_threads(scenario, instance, &schedule)
            .unwrap_or_else(|error| panic!("{} {}: {error}", scenario.name(), shown(scenario, &schedule)));
        assert!(model.moves().is_empty(), "it has come to its end");
        if !ends.contains(&model.contents().to_vec()) {
            ends.push(model.contents().to_vec());
        }
    }
    ends
}

/// Every interleaving of two threads: two of the only role, or one of each of two.
fn every_interleaving(scenario: &Scenario) -> Vec<Vec<Content>> {
    let instance = Instance::of(scenario, if scenario.roles().len() == 1 { 2 } else { 1 });
    ends(scenario, &instance, interleavings(scenario, &instance, 3000).unwrap())
}

/// What cells hold at the ends, in order.
fn of_cells(ends: &[Vec<Content>]) -> Vec<String> {
    let held = |end: &Vec<Content>| match end[0].outcomes(&Access::Load(SeqCst)).remove(0) {
        (_, Observation::Held(word)) => word.to_string(),
        other => unreachable!("{other:?}"),
    };
    let mut all: Vec<_> = ends.iter().map(held).collect();
    all.sort();
    all
}

#[test]
fn reader_writer_locks() {
    let scenario =
        Scenario::new("rwlock", |setup| setup.rwlock("left", 3u32)).role("buyer", |at, left: &RwLock<u32>| {
            let seen = {
                let first = left.read(at);
                let second = left.try_read(at);
                assert_eq!(second.as_deref(), Some(&*first), "no writer is inside while we read");
                *first
            };
            match left.try_write(at) {
                Some(mut left) => *left = seen - 1,
                None => *left.write(at) += 10,
            }
            at.tell(Event::word("left").with(seen.into()));
        });
    assert!(every_interleaving(&scenario).len() > 1);
}

#[test]
fn mutexes_that_are_only_tried() {
    let scenario =
        Scenario::new("try-lock", |setup| setup.mutex("left", 5u64)).role("buyer", |at, left: &Mutex<u64>| {
            let Some(mut left) = left.try_lock(at) else { return "refused" };
            *left -= 1;
            at.tell(Event::word("left").with(*left));
            drop(left);
            "taken"
        });
    assert_eq!(every_interleaving(&scenario).len(), 2, "one or both took one");
}

#[test]
fn semaphores_that_count() {
    let scenario =
        Scenario::new("semaphore", |setup| setup.semaphore("seats", 2)).role("buyer", |at, seats: &Semaphore| {
            let one = seats.acquire(at, 1);
            let Some(two) = seats.try_acquire(at, 1) else { return "one" };
            drop(one);
            seats.add(at, 1);
            drop(two);
            "two"
        });
    assert!(every_interleaving(&scenario).len() > 1);
}

fn waiting(setup: &mut oversell::sync::Setup) -> (Mutex<u32>, Condvar) {
    (setup.mutex("sold", 0u32), setup.condvar("news"))
}

fn wait(at: &dyn oversell::sync::Platform, (sold, news): &(Mutex<u32>, Condvar)) {
    let mut guard = sold.lock(at);
    while *guard == 0 {
        guard = news.wait(guard);
    }
    *guard -= 1;
}

#[test]
fn condition_variables() {
    let scenario = Scenario::new("condvar", waiting).role("waiter", wait).role("seller", |at, (sold, news)| {
        *sold.lock(at) += 1;
        news.notify_one(at);
    });
    every_interleaving(&scenario);
}

#[test]
fn whichever_waiter_is_picked_is_the_one_that_wakes() {
    let scenario = Scenario::new("condvar", waiting)
        .role("waiter", wait)
        .threads(2)
        .role("seller", |at, (sold, news)| {
            *sold.lock(at) += 1;
            news.notify_one(at);
        })
        .role("closer", |at, (sold, news)| {
            *sold.lock(at) += 1;
            news.notify_all(at);
        });
    let instance = Instance::of(&scenario, 2);
    let schedules = samples(&scenario, &instance, 150);
    let picks = |schedule: &&Vec<Move>| format!("{schedule:?}").contains("Pick(\"1\")");
    assert!(schedules.iter().filter(picks).count() > 5, "the later waiter is picked now and then");
    ends(&scenario, &instance, schedules);
    (0..30).for_each(|seed| free_run_is_an_execution(&scenario, &instance, seed));
}

/// Two threads that use every operation that a cell has.
fn cell<T: Primitive + Send + Sync>(name: &'static str, start: T, operand: T) -> Vec<Vec<Content>> {
    let scenario = Scenario::new(name, move |setup| setup.cell("cell", start))
        .role("adder", move |at, cell: &Cell<T>| {
            cell.fetch_add(at, operand, AcqRel);
            cell.fetch_max(at, operand, Relaxed);
            let held = cell.load(at, Acquire);
            match cell.compare_exchange(at, held, operand, SeqCst, Relaxed) {
                Ok(_) => "exchanged",
                Err(_) => "not exchanged",
            }
        })
        .role("taker", move |at, cell| {
            cell.fetch_sub(at, operand, Relaxed);
            cell.fetch_nand(at, operand, Release);
            cell.fetch_xor(at, operand, SeqCst);
            cell.swap(at, start, AcqRel);
            cell.store(at, operand, Release);
        });
    every_interleaving(&scenario)
}

#[test]
fn cells_of_every_width() {
    cell("bool", true, true);
    cell("u8", 250u8, 9);
    cell("u16", 0u16, 3);
    cell("u32", 7u32, u32::MAX);
    cell("u64", 1u64, u64::MAX);
    cell("usize", 1usize, 2);
    cell("i8", i8::MAX, 5);
    cell("i16", -3i16, i16::MIN);
    cell("i32", 0i32, -7);
    cell("i64", i64::MIN, -1);
    cell("isize", -1isize, 1);
}

#[test]
fn compare_exchange_loops_sell_each_ticket_once() {
    let scenario =
        Scenario::new("loop", |setup| setup.cell("left", 1u8)).role("buyer", |at, left: &Cell<u8>| {
            match left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)) {
                Ok(_) => "bought",
                Err(_) => "sold out",
            }
        });
    assert_eq!(of_cells(&every_interleaving(&scenario)), ["0"]);
}

#[test]
fn choices_and_fences() {
    let scenario = Scenario::new("choice", |setup| setup.cell("paid", 0u16)).role("buyer", |at, paid: &Cell<u16>| {
        at.fence(SeqCst);
        match at.choose("payment", &["accepted", "declined", "later"]) {
            "accepted" => paid.fetch_add(at, 1, SeqCst),
            "declined" => return "declined",
            _ => paid.fetch_add(at, 10, SeqCst),
        };
        at.fence(Release);
        "paid"
    });
    assert_eq!(of_cells(&every_interleaving(&scenario)), ["0", "1", "10", "11", "2", "20"]);
}

/// What each of some threads chose in a free run, by number.
fn chosen(seed: u64) -> Vec<String> {
    let scenario = Scenario::new("coins", |_| ()).role("tosser", |at, ()| {
        for _ in 0..16 {
            at.tell(Event::word(at.choose("coin", &["heads", "tails"])));
        }
    });
    let (_folder, site) = site(&scenario, LockKind::Owned);
    let mut stage = Threads::new(&scenario, site, Pace::Free { speed: 1.0, seed });
    let mut chosen = vec![String::new(); 4];
    let patience = Duration::from_secs(20);
    perform(&mut stage, &scenario, &Instance::of(&scenario, 4), patience, &mut |_| Direction::Go, |_, report| {
        if let (Actor::Thread(_, number), News::Told(event)) = (report.actor, &report.news) {
            chosen[number].push_str(&event.name[..1]);
        }
    })
    .unwrap();
    chosen
}

#[test]
fn a_free_run_draws_its_choices_from_the_seed_for_each_thread_anew() {
    let (one, other) = (chosen(1), chosen(2));
    assert_eq!(one, chosen(1));
    let all: BTreeSet<_> = one.iter().chain(&other).collect();
    assert_eq!(all.len(), 8, "{one:?} {other:?}");
}

#[test]
fn processes_refuse_by_name_what_lives_in_memory() {
    let scenario = Scenario::new("in memory", |setup| {
        (setup.file("database", &b""[..]), setup.cell("left", 1u8), setup.lock("door"), setup.mutex("stock", 1u8))
    });
    let scenario = scenario.role("buyer", |_, _| ());
    let (_folder, site) = site(&scenario, LockKind::Owned);
    let command = |_, _| unreachable!("nobody is started");
    let error = Processes::new(&scenario, site, Pace::Conducted, command).err().unwrap().to_string();
    assert_eq!(error, "`left`, `stock` live in one process's memory; run this scenario on threads");
}

/// Drop-in types find the real platform as they find the model: the same steps, on real locks and atomics.
#[test]
fn drop_in_types() {
    use oversell::drop_in::sync::{Condvar, Mutex, atomic::AtomicU64};
    let scenario = Scenario::over("drop-in", || (Mutex::new(2u64), Condvar::new(), AtomicU64::new(0)))
        .role("taker", |(left, taken, count)| {
            let mut left = left.lock().unwrap();
            *left -= 1;
            taken.notify_all();
            drop(left);
            count.fetch_add(1, SeqCst);
        })
        .role("waiter", |(left, taken, count)| {
            let left = taken.wait_while(left.lock().unwrap(), |left| *left == 2).unwrap();
            count.fetch_add(*left, SeqCst);
        });
    let ends = every_interleaving(&scenario);
    assert_eq!(ends.len(), 1, "however they come, one is taken and both have counted: {ends:?}");
}
