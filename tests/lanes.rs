//! Promise: a trace in lanes shows what each step observed, of what is shared only what changed, and who waits.

use oversell::check::Check;
use oversell::platform::{Instance, Threads};
use oversell::scenario::Scenario;
use oversell::sync::{Event, Platform};
use oversell::trace::{Closing, Schedule, lanes, replay};

/// The lanes of a schedule, without the header.
fn told(scenario: &Scenario, threads: &[usize], schedule: &str) -> String {
    let mut instance = Instance::of(scenario, 0);
    for (role, threads) in threads.iter().enumerate() {
        instance = instance.role(role, Threads::Exactly(*threads));
    }
    let schedule = Schedule::parse(schedule, scenario).unwrap();
    let model = replay(scenario, &instance, &schedule).unwrap();
    let text = lanes(scenario, model.trace(), &Closing::Stands("so it stands".to_owned()));
    let (header, rest) = text.split_once('\n').unwrap();
    assert!(header.starts_with("step"), "{text}");
    rest.to_owned()
}

/// The words of a text, however far apart.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn of_what_is_shared_a_row_shows_only_what_it_changed() {
    use std::sync::atomic::Ordering::{Relaxed, SeqCst};
    let scenario = Scenario::new("two cells", |setup| (setup.cell("left", 3u8), setup.cell("open", true)))
        .role("buyer", |at, (left, open)| {
            open.load(at, Relaxed);
            left.fetch_sub(at, 1, SeqCst);
            open.store(at, true, SeqCst);
        })
        .into();
    let text = told(&scenario, &[1], "0,0,0");
    let rows: Vec<_> = text.lines().map(words).collect();
    assert_eq!(rows[0..2], [vec!["left", "3"], vec!["open", "true"]], "{text}");
    assert_eq!(rows[2], words("1 load open -> true (Relaxed)"), "{text}");
    assert_eq!(rows[3], words("2 fetch-sub left 1 -> 3 (SeqCst) left 2"), "{text}");
    assert_eq!(rows[4], words("3 store open true (SeqCst)"), "{text}");
    assert_eq!(rows[5..], [words("ends: done"), words("so it stands")], "{text}");
}

#[test]
fn at_the_end_everybody_who_waits_says_for_what() {
    let scenario =
        Scenario::new("waiters", |setup| (setup.mutex("stock", 1u8), setup.semaphore("seats", 1), setup.lock("till")))
            .role("buyer", |at, (stock, seats, _)| {
                let _seat = seats.acquire(at, 1);
                let _stock = at.span("count", || *stock.lock(at));
            })
            .role("auditor", |at, (stock, _, till)| {
                let _till = till.acquire(at);
                let _stock = stock.lock(at);
            })
            .into();
    let text = told(&scenario, &[2, 2], "auditor0,auditor0,0");
    let waiting: Vec<_> = text.lines().filter(|line| line.contains("waits")).map(words).collect();
    assert_eq!(
        waiting,
        [
            words("buyer 0 count: waits to acquire the stock"),
            words("buyer 1 waits to acquire 1 of the seats"),
            words("auditor 1 waits to acquire the till"),
        ],
        "{text}"
    );
}

#[test]
fn who_has_given_back_what_they_took_is_no_holder() {
    let scenario = Scenario::new("seats", |setup| setup.semaphore("seats", 2))
        .role("buyer", |at, seats| drop(seats.acquire(at, 1)))
        .role("couple", |at, seats| drop(seats.acquire(at, 2)))
        .into();
    let text = told(&scenario, &[2, 1], "0,1,0");
    let couple: Vec<_> = text.lines().skip_while(|line| !line.contains("waits to acquire 2 of the seats")).collect();
    assert_eq!(couple[1].trim(), "held by buyer 1", "{text}");
}

#[test]
fn of_two_readers_the_one_that_has_not_left_is_the_holder() {
    let scenario = Scenario::new("readers", |setup| setup.rwlock("stock", 1u8))
        .role("reader", |at, stock| drop(stock.read(at)))
        .role("writer", |at, stock| *stock.write(at) = 0)
        .into();
    for (schedule, stays) in [("0,1,0", "reader 1"), ("0,1,1", "reader 0")] {
        let text = told(&scenario, &[2, 1], schedule);
        let writer: Vec<_> = text.lines().skip_while(|line| !line.contains("waits to")).collect();
        assert_eq!(writer[1].trim(), format!("held by {stays}"), "{text}");
    }
}

#[test]
fn a_notification_says_whom_it_reached() {
    let scenario = Scenario::new("bell", |setup| (setup.mutex("stock", 0u8), setup.condvar("bell")))
        .role("buyer", |at, (stock, bell)| {
            let guard = stock.lock(at);
            drop(bell.wait(guard));
        })
        .role("restocker", |at, (_, bell)| {
            bell.notify_one(at);
            bell.notify_all(at);
        })
        .into();
    let text = told(&scenario, &[2, 2], "0,0,0,1,1,1,restocker0:1,restocker0,restocker1");
    assert!(text.contains("notify-one bell -> buyer 1\n"), "{text}");
    assert!(text.contains("notify-all bell -> buyer 0\n"), "{text}");
    assert!(text.contains("notify-one bell -> nobody\n"), "{text}");
    assert!(!text.contains("waits"), "both have been notified, and nobody is in the way:\n{text}");
    let text = told(&scenario, &[2, 1], "0,0,0,1,1,1,k0,restocker0");
    assert!(text.contains("notify-one bell -> buyer 1\n"), "the dead wait no more:\n{text}");
}

#[test]
fn a_write_into_a_file_that_was_replaced_is_told_apart() {
    let scenario = Scenario::new("handles", |setup| setup.file("database", &b"old"[..]))
        .role("buyer", |at, file| file.truncate(at).write(at, &b"mine"[..]))
        .role("replacer", |at, file| file.replace(at, &b"new"[..]))
        .into();
    let text = told(&scenario, &[1, 1], "0,replacer0,0");
    let write = text.lines().find(|line| line.contains("write")).unwrap();
    assert!(write.trim_end().ends_with("write mine (into the file that was replaced)"), "{text}");
    assert!(told(&scenario, &[1, 0], "0,0").contains("write mine  mine\n"));
}

#[test]
fn choices_refusals_panics_and_kills_are_named() {
    fn buyer(at: &dyn Platform, lock: &oversell::sync::Lock) {
        let Some(_guard) = lock.try_acquire(at) else { panic!("no luck") };
        if at.choose("payment", &["accepted", "declined"]) == "declined" {
            at.crash("the card was declined");
        }
        at.tell(Event::sale_of("bought", 2));
    }
    let scenario = Scenario::new("shop", |setup| setup.lock("till")).role("buyer", buyer).into();
    let text = told(&scenario, &[3], "0,1,0:declined,2,k2");
    for row in [
        "1 try-acquire till -> taken",
        "2 try-acquire till -> refused",
        "CRASHES: no luck",
        "3 choose payment -> declined",
        "CRASHES: the card was declined",
        "its death frees the till",
        "5 KILLED",
    ] {
        assert!(text.lines().any(|line| words(line) == words(row)), "no row `{row}` in\n{text}");
    }
    assert!(told(&scenario, &[1], "0,0:accepted").contains("(bought 2)"));
}

#[test]
fn a_failed_assertion_prints_traces_of_code_that_panics() {
    use std::sync::atomic::Ordering::SeqCst;
    let scenario = Scenario::new("told too early", |setup| setup.cell("left", 0u8))
        .stock(1)
        .role("buyer", |at, left| {
            at.choose("ticket", &["bought"]);
            at.tell(Event::sale("bought"));
            left.load(at, SeqCst).checked_sub(1).expect("there is one left");
        })
        .into();
    let report = Check::new(&scenario).threads("buyer", 2).run().unwrap();
    let panic = std::thread::spawn(move || report.assert_holds()).join().unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("✗ no-oversell: 2 sold of 1"), "{message}");
    assert!(message.contains("✗ no-crash: buyer 0 dies: there is one left"), "{message}");
}

#[test]
fn what_does_not_fit_side_by_side_is_listed_with_the_line_of_each_step() {
    use oversell::drop_in::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering::SeqCst;
    let scenario = Scenario::over("shop", || AtomicU64::new(3))
        .role("buyer", |left| {
            assert_eq!(left.load(SeqCst), 0, "{}", "much is to be said ".repeat(20));
        })
        .into();
    let schedule = Schedule::parse("0,1,2,3,4,5", &scenario).unwrap();
    let model = replay(&scenario, &Instance::of(&scenario, 6), &schedule).unwrap();
    let text = lanes(&scenario, model.trace(), &Closing::Stands("so it stands".to_owned()));
    let header = text.lines().next().unwrap();
    assert!(header.starts_with("step  who") && header.ends_with("tests/lanes.rs"), "{text}");
    assert!(text.contains("buyer 5") && text.contains("  line 1"), "{text}");
    // All of the room is used, and no more.
    let widest = text.lines().map(str::len).max().unwrap();
    assert!((95..=100).contains(&widest) && header.len() > 90, "{widest}\n{text}");
}
