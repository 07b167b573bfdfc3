//! Promise: how real threads end. What they leave held is freed or not as the model has it; whoever is told to stop
//! unwinds through nobody's code; a panic prints nothing; and nobody takes a step after a death.

use super::staging::{interleavings, on_threads, process_of_this_test, shown, site};
use oversell::platform::stage::{Direction, News, Pace, Stage, perform};
use oversell::platform::threads::Threads;
use oversell::platform::{Actor, Content, End, Hold, Instance, LockKind};
use oversell::scenario::Scenario;
use oversell::sync::{File, Lock, Mutex, Platform, Semaphore, Setup};
use std::mem::forget;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// The scenarios of this file whose threads are processes of this test.
pub fn scenario(name: &str) -> Scenario {
    match name {
        "panics" => panics(),
        "step-in-drop" => step_in_drop(),
        other => panic!("there is no scenario `{other}`"),
    }
}

type Held = (Lock, Mutex<u32>, Semaphore, oversell::sync::RwLock<u32>);

fn locks(setup: &mut Setup) -> Held {
    (setup.lock("file lock"), setup.mutex("mutex", 0), setup.semaphore("permits", 3), setup.rwlock("shelf", 0))
}

/// Takes one of each and does not give it back.
fn keep(at: &dyn Platform, (lock, mutex, permits, shelf): &Held) {
    if let Some(guard) = lock.try_acquire(at) {
        forget(guard);
    }
    if let Some(mut guard) = mutex.try_lock(at) {
        *guard += 1;
        forget(guard);
    }
    forget(permits.acquire(at, 1));
    forget(shelf.read(at));
}

/// What is held once two threads have ended, one after the other.
fn left_by(code: impl Fn(&dyn Platform, &Held) + Send + Sync + 'static, lock: LockKind) -> String {
    let scenario = Scenario::new("left behind", locks).role("buyer", code);
    let instance = Instance::of(&scenario, 2).lock(lock);
    let schedule = interleavings(&scenario, &instance, 1000).unwrap().remove(0);
    let model =
        on_threads(&scenario, &instance, &schedule).unwrap_or_else(|e| panic!("{}: {e}", shown(&scenario, &schedule)));
    let held = |content: &Content| match content {
        Content::Lock { hold: Hold::Free, .. } => "free".to_owned(),
        Content::Lock { hold, .. } => format!("{hold:?}"),
        Content::Semaphore { permits } => format!("{permits} left"),
        other => unreachable!("{other:?}"),
    };
    model.contents().iter().map(held).collect::<Vec<_>>().join(", ")
}

#[test]
fn what_a_thread_leaves_held_is_as_in_the_model() {
    let crash = |at: &dyn Platform, held: &Held| {
        keep(at, held);
        at.crash("gone")
    };
    // A kernel frees the file locks of whoever ends; what is in memory is freed by unwinding, which a guard that was
    // forgotten does not see unless its thread dies; nobody frees a semaphore.
    assert_eq!(left_by(keep, LockKind::Owned), "free, Exclusive, 1 left, Shared(2)");
    assert_eq!(left_by(crash, LockKind::Owned), "free, free, 3 left, free");
    assert_eq!(left_by(keep, LockKind::Semaphore), "Exclusive, Exclusive, 1 left, Shared(2)");
    assert_eq!(left_by(crash, LockKind::Semaphore), "Exclusive, Exclusive, 1 left, Shared(2)");
}

#[test]
fn whoever_is_told_to_stop_notices_nothing_and_frees_what_it_holds() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Noticed;
    impl Drop for Noticed {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    let scenario = Scenario::new("stopped", |setup| setup.lock("door")).role("buyer", |at, door: &Lock| {
        let _noticed = Noticed;
        let _guard = door.acquire(at);
        at.pause(Duration::from_secs(1000));
        let _never = door.acquire(at);
    });
    let instance = Instance::of(&scenario, 3);
    let (_folder, site) = site(&scenario, LockKind::Owned);
    let mut stage = Threads::new(&scenario, site.clone(), Pace::Free { speed: 1.0, seed: 0 });
    let (start, mut stopped) = (Instant::now(), 0);
    let mut direct = |_: &mut dyn Stage| match start.elapsed() > Duration::from_millis(50) {
        true => Direction::Stop,
        false => Direction::Go,
    };
    perform(&mut stage, &scenario, &instance, Duration::from_secs(20), &mut direct, |_, report| {
        assert_eq!(report.news, News::Stopped);
        stopped += 1;
    })
    .unwrap();
    assert_eq!((stopped, DROPPED.load(SeqCst)), (3, 0));
    assert_eq!(site.content(0).unwrap(), Content::Lock { value: None, hold: Hold::Free });
}

#[test]
fn whoever_is_told_to_stop_with_a_file_emptied_writes_it_first() {
    let scenario = Scenario::new("stopped", |setup| [setup.file("one", &b"1"[..]), setup.file("two", &b"2"[..])]).role(
        "buyer",
        |at, [one, two]: &[File; 2]| {
            let (first, second) = (one.truncate(at), two.truncate(at));
            second.write(at, &b"second"[..]);
            first.write(at, &b"first"[..]);
            one.replace(at, &b"too late"[..]);
        },
    );
    let (_folder, site) = site(&scenario, LockKind::Owned);
    let mut stage = Threads::new(&scenario, site.clone(), Pace::Conducted);
    let buyer = Actor::Thread(0, 0);
    stage.start(buyer).unwrap();
    let patience = Duration::from_secs(20);
    for _ in 0..2 {
        assert!(matches!(stage.report(patience).unwrap().news, News::Before(_)));
        stage.grant(buyer, None).unwrap();
        assert!(matches!(stage.report(patience).unwrap().news, News::Took(_)));
    }
    // Both are empty, and it stands before the first of the writes.
    stage.stop();
    while stage.report(patience).expect("it stops").news != News::Stopped {}
    let bytes = |object| site.content(object).unwrap();
    assert_eq!([bytes(0), bytes(1)], [Content::file(b"first"[..].into()), Content::file(b"second"[..].into())]);
}

#[test]
fn whoever_empties_a_file_for_good_stops_all_the_same() {
    let scenario = Scenario::new("stopped", |setup| setup.file("one", &b"1"[..])).role("buyer", |at, one: &File| {
        drop(one.truncate(at));
        at.retry("look", || {
            at.pause(Duration::from_millis(1));
            if one.read(at).is_empty() { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) }
        });
    });
    let (_folder, site) = site(&scenario, LockKind::Owned);
    let mut stage = Threads::new(&scenario, site.clone(), Pace::Free { speed: 1.0, seed: 0 });
    let instance = Instance::of(&scenario, 1);
    let mut heard = Vec::new();
    let mut direct = |_: &mut dyn Stage| match site.content(0).unwrap() == Content::file(b""[..].into()) {
        true => Direction::Stop,
        false => Direction::Go,
    };
    perform(&mut stage, &scenario, &instance, Duration::from_secs(20), &mut direct, |_, report| {
        heard.push(report.news.clone());
    })
    .unwrap();
    assert_eq!(heard, [News::Stopped]);
}

fn panics() -> Scenario {
    Scenario::new("panics", |setup| setup.lock("door"))
        .role("buyer", |at, door: &Lock| {
            let _guard = door.acquire(at);
            if at.choose("luck", &["good", "bad"]) == "bad" {
                panic!("this is printed nowhere");
            }
            std::hint::black_box(0u32).checked_sub(1).expect("nor is this");
        })
        .into()
}

/// Runs a scenario freely, without waits, and returns how everybody ended.
fn ends(scenario: &Scenario, threads: usize) -> Vec<End> {
    ends_at(scenario, threads, 1e6)
}

/// The same at a speed.
fn ends_at(scenario: &Scenario, threads: usize, speed: f64) -> Vec<End> {
    let (_folder, site) = site(scenario, LockKind::Owned);
    let mut stage = Threads::new(scenario, site, Pace::Free { speed, seed: 3 });
    let (instance, mut ends) = (Instance::of(scenario, threads), Vec::new());
    let mut heard = |_: &dyn Stage, report: &oversell::platform::stage::Report| match &report.news {
        News::Ended(end) => ends.push(end.clone()),
        other => assert!(matches!(other, News::Told(_)), "{other:?}"),
    };
    let patience = Duration::from_secs(20);
    perform(&mut stage, scenario, &instance, patience, &mut |_| Direction::Go, &mut heard).unwrap();
    ends
}

fn reason(end: &End) -> String {
    match end {
        End::Crashed(death) => death.reason.clone(),
        other => panic!("{other:?} is no crash"),
    }
}

#[test]
fn a_panic_is_what_the_thread_died_of_and_frees_its_lock() {
    let ends = ends(&panics(), 8);
    let (bad, good): (Vec<_>, Vec<_>) =
        ends.iter().map(reason).partition(|reason| *reason == "this is printed nowhere");
    assert_eq!(bad.len() + good.len(), 8);
    assert!(!bad.is_empty() && !good.is_empty(), "luck is drawn for each: {ends:?}");
    assert!(good.iter().all(|reason| reason == "nor is this"), "{good:?}");
}

/// Prints what `a_panic_is_what_the_thread_died_of_and_frees_its_lock` prints, if anything.
#[test]
fn panics_print_nothing() {
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    test.args(["ends::a_panic_is_what_the_thread_died_of_and_frees_its_lock", "--exact", "--nocapture"]);
    let output = test.output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 passed"));
}

fn step_in_drop() -> Scenario {
    struct Steps<'a>(&'a dyn Platform, File);
    impl Drop for Steps<'_> {
        fn drop(&mut self) {
            self.1.replace(self.0, &b"from the grave"[..]);
        }
    }
    let buyer = |at: &dyn Platform, file: &File| {
        let _steps = Steps(at, *file);
        panic!("its end");
    };
    Scenario::new("step-in-drop", |setup| setup.file("database", &b"alive"[..]))
        .role("buyer", move |at, file| -> () { buyer(at, file) })
        .into()
}

#[test]
fn a_step_after_a_death_is_a_crash_of_its_own() {
    let reasons: Vec<_> = ends(&step_in_drop(), 1).iter().map(reason).collect();
    assert!(reasons[0].starts_with("a `Drop` takes a step while a panic unwinds: database#0: replace"), "{reasons:?}");

    // Code that catches its own end, and goes on or returns.
    let survivor = |goes_on: bool| {
        Scenario::new("survivor", |setup| setup.file("database", &b"alive"[..])).role(
            "buyer",
            move |at, file: &File| {
                let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| at.crash("enough")));
                assert!(died.is_err());
                if goes_on {
                    file.read(at);
                }
            },
        )
    };
    let said = |goes_on| reason(&ends(&survivor(goes_on), 1)[0]);
    assert_eq!(said(true), "it died of an error of its own, and yet it goes on: database#0: Read");
    assert_eq!(said(false), "it died of an error of its own, and yet it returns (`catch_unwind`?)");
}

/// In the model a thread ends together with its last step. On a machine there is time in between, in which a lock that only
/// the end frees is seen held, if somebody tries it without waiting: so no verdict is given on such code.
#[test]
fn a_lock_that_only_its_end_frees_is_seen_on_a_machine_and_gives_no_verdict() {
    let scenario = Scenario::new("late end", |setup| setup.lock("door"))
        .role("keeper", |at, door: &Lock| {
            forget(door.acquire(at));
            at.pause(Duration::from_millis(300));
        })
        .role("visitor", |at, door| {
            at.pause(Duration::from_millis(100));
            if door.try_acquire(at).is_some() { "let in" } else { "refused" }
        });
    assert!(ends_at(&scenario, 1, 1.0).contains(&End::Returned("refused".into())));
    let error = oversell::check::Check::new(&scenario).run().unwrap_err().to_string();
    assert!(error.contains("role `keeper` can come to its end") && error.contains("holds the door"), "{error}");
}

#[test]
fn processes_end_like_threads() {
    use oversell::platform::processes::Processes;
    for (name, expected) in [("panics", ["this is printed nowhere", "nor is this"]), ("step-in-drop", ["a `Drop`"; 2])]
    {
        let scenario = scenario(name);
        let (folder, site) = site(&scenario, LockKind::Owned);
        let (start, database) = (process_of_this_test(name, LockKind::Owned), folder.path().join("db.txt"));
        let command = move |role, number| start(&database, role, number);
        let mut stage = Processes::new(&scenario, site, Pace::Conducted, command).unwrap();
        let buyer = Actor::Thread(0, 0);
        stage.start(buyer).unwrap();
        let died = StdMutex::new(String::new());
        while died.lock().unwrap().is_empty() {
            match stage.report(Duration::from_secs(20)).expect("it dies").news {
                News::Before(_) => stage.grant(buyer, Some("bad")).unwrap(),
                News::Ended(end) => *died.lock().unwrap() = reason(&end),
                _ => {}
            }
        }
        let died = died.into_inner().unwrap();
        assert!(expected.iter().any(|start| died.starts_with(start)), "{died}");
    }
}
