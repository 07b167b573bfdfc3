//! Promise: an engine stops at each of its limits and says at which, the limit on memory is one on memory, and meanwhile it
//! tells how far it is.

#![cfg(not(loom))]

use oversell::check::{
    Check, CheckError, Counting, Engine, Instance, Limits, MOST_THREADS, Parametric, Progress, Property, Verdict,
};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Platform};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Counts what each thread has allocated, less what it has freed, and the most that this ever was.
struct Counted;

thread_local! {
    static LIVE: cell::Cell<(isize, isize)> = const { cell::Cell::new((0, 0)) };
}

fn allocated(bytes: isize) {
    // At the very end of a thread there is nobody left to tell.
    let _ = LIVE.try_with(|live| {
        let (now, most) = live.get();
        live.set((now + bytes, most.max(now + bytes)));
    });
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        allocated(-(layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated(size as isize - layout.size() as isize);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTED: Counted = Counted;

/// The most that is allocated at any time meanwhile, beyond what was before.
fn most_allocated<R>(act: impl FnOnce() -> R) -> (usize, R) {
    let before = LIVE.get().0;
    LIVE.set((before, before));
    let result = act();
    ((LIVE.get().1 - before).try_into().unwrap(), result)
}

/// More states than anybody can keep: many cells, and threads that pass by them in opposite orders.
fn many_states() -> Scenario {
    let up = |at: &dyn Platform, cells: &Vec<Cell<u32>>| {
        for cell in cells {
            cell.fetch_add(at, 1, SeqCst);
        }
    };
    Scenario::new("many-states", |setup| (0..12).map(|_| setup.cell("c", 0u32)).collect::<Vec<_>>())
        .role("first", up)
        .role("second", up)
        .role("third", up)
        .role("fourth", up)
        .into()
}

/// More control points than anybody can keep: each choice is remembered.
fn many_control_points() -> Scenario {
    Scenario::new("many-control-points", |setup| setup.cell("c", 0u64))
        .role("chooser", |at, cell: &Cell<u64>| {
            for _ in 0..40 {
                let way = at.choose("way", &["left", "right"]);
                let seen = cell.load(at, SeqCst);
                cell.store(at, 2 * seen + u64::from(way == "left"), SeqCst);
            }
        })
        .into()
}

/// How far an engine has come, and why no further.
fn stopped(engine: &dyn Engine, scenario: &Scenario, instance: &Instance) -> String {
    let findings = engine.check(scenario, instance, &[Property::NoCrash]).unwrap();
    match &findings[0].verdict {
        Verdict::Inconclusive { limit, .. } => limit.clone(),
        verdict => panic!("{verdict:?}"),
    }
}

#[test]
fn the_limit_on_memory_is_one_on_what_is_allocated() {
    let limits = Limits { max_memory: 4 << 20, ..Limits::default() };
    let counting = Counting { limits: limits.clone() };
    let parametric = Parametric { limits, ..Parametric::default() };
    for scenario in [many_states(), many_control_points()] {
        let engines: [(&dyn Engine, _); 2] =
            [(&counting, Instance::of(&scenario, 2)), (&parametric, Instance::any(&scenario))];
        for (engine, instance) in engines {
            let (most, limit) = most_allocated(|| stopped(engine, &scenario, &instance));
            let case = format!("{} of {} took {most} bytes, {limit}", engine.name(), scenario.name());
            assert!(limit.contains("stopped at 4 MB of memory, with "), "{case}");
            // Tables double as they grow, and are there twice while they do.
            assert!((4 << 20..8 << 20).contains(&most), "{case}");
        }
    }
}

#[test]
fn as_many_states_as_there_are_allowed_are_kept_and_not_one_more() {
    let scenario: Scenario = Scenario::new("two-steps", |setup| setup.cell("c", 0u32))
        .role("walker", |at, cell: &Cell<u32>| {
            cell.fetch_add(at, 1, SeqCst);
            cell.fetch_add(at, 2, SeqCst);
        })
        .into();
    let check = |max_states| {
        let engine = Counting { limits: Limits { max_states, ..Limits::default() } };
        engine.check(&scenario, &Instance::of(&scenario, 3), &[Property::NoDeadlock]).unwrap().remove(0).verdict
    };
    let Verdict::Proved(explored) = check(1_000) else { panic!("nothing hinders anybody") };
    let states = usize::try_from(explored.get("states").unwrap()).unwrap();
    assert!(matches!(check(states), Verdict::Proved(_)));
    let Verdict::Inconclusive { limit, .. } = check(states - 1) else { panic!("{states} states are one too many") };
    assert_eq!(limit, format!("stopped at {} states (see --max-states)", states - 1));
}

#[test]
fn the_limits_of_a_check_are_those_of_any_number_of_threads_too() {
    let limits = Limits { max_states: 10, ..Limits::default() };
    let report = Check::new(&many_states()).any("first").property("no-crash").limits(limits).run().unwrap();
    let verdict = &report.finding("no-crash").verdict;
    assert!(matches!(verdict, Verdict::Inconclusive { limit, .. } if limit.contains("at 10 states")), "{verdict:?}");
}

#[test]
fn more_threads_than_can_be_counted_are_refused() {
    let scenario = many_states();
    for threads in [MOST_THREADS, MOST_THREADS + 1] {
        let refused = Counting::default().check(&scenario, &Instance::of(&scenario, threads), &[Property::NoCrash]);
        // Of the other roles there is one thread each.
        assert!(matches!(refused, Err(CheckError::Unsupported { .. })), "{threads}: {refused:?}");
    }
}

#[test]
fn it_is_told_several_times_a_second_how_far_an_engine_is_until_it_stops() {
    let told = Arc::new(Mutex::new(Vec::<(Instant, Progress)>::new()));
    let telling = Arc::clone(&told);
    let limits = Limits {
        max_time: Duration::from_millis(900),
        progress: Some(Arc::new(move |progress| telling.lock().unwrap().push((Instant::now(), *progress)))),
        ..Limits::default()
    };
    let (scenario, start) = (many_states(), Instant::now());
    let limit = stopped(&Counting { limits }, &scenario, &Instance::of(&scenario, 2));
    assert!(limit.contains("stopped after 900ms, with "), "{limit}");
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    let told = told.lock().unwrap();
    assert!(!told.is_empty());
    let times: Vec<_> = std::iter::once(start).chain(told.iter().map(|(when, _)| *when)).collect();
    assert!(times.windows(2).all(|two| two[1] - two[0] > Duration::from_millis(190)), "{times:?}");
    for (_, Progress { doing, count, limit }) in told.iter() {
        assert!(["states", "control points"].contains(doing) && (1..=*limit).contains(count), "{told:?}");
    }
}
