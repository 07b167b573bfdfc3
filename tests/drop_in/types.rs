//! The other types of `std::sync` under a check: what they promise holds, and what they do not promise is found.

use oversell::check::{Check, Report};
use oversell::drop_in::parking_lot;
use oversell::drop_in::sync::atomic::{AtomicU64, Ordering::SeqCst};
use oversell::drop_in::sync::mpsc::{self, Receiver, Sender, SyncSender};
use oversell::drop_in::sync::{Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use oversell::scenario::Scenario;
use std::time::Duration;

fn check(scenario: &Scenario, threads: usize) -> Report {
    let first = scenario.roles()[0].name;
    Check::new(scenario).threads(first, threads).run().unwrap()
}

#[test]
fn readers_share_and_a_writer_does_not() {
    let scenario = Scenario::over("rwlock", || (RwLock::new(2u64), AtomicU64::new(0), AtomicU64::new(0)))
        .role("reader", |(lock, inside, _)| {
            let left = lock.read().unwrap();
            inside.fetch_add(1, SeqCst);
            assert!(*left == 2 || *left == 1);
            inside.fetch_sub(1, SeqCst);
        })
        .role("writer", |(lock, inside, writers)| {
            let mut left = lock.write().unwrap();
            writers.fetch_add(1, SeqCst);
            assert_eq!(inside.load(SeqCst), 0);
            *left -= 1;
            writers.fetch_sub(1, SeqCst);
        })
        .sometimes("two", "two readers are inside", |(_, inside, _), _| inside.load(SeqCst) == 2)
        .always("alone", "nobody reads beside a writer", |(_, inside, writers), _| {
            inside.load(SeqCst) == 0 || writers.load(SeqCst) == 0
        });
    check(&scenario, 3).assert_holds();
}

/// A bounded pool: whoever finds nothing waits for it.
struct Pool {
    free: Mutex<u32>,
    returned: Condvar,
}

fn pool(notifies: bool) -> Scenario {
    Scenario::over("pool", || Pool { free: Mutex::new(1), returned: Condvar::new() })
        .role("user", move |pool| {
            let mut free = pool.returned.wait_while(pool.free.lock().unwrap(), |free| *free == 0).unwrap();
            *free -= 1;
            drop(free);
            *pool.free.lock().unwrap() += 1;
            if notifies {
                pool.returned.notify_one();
            }
        })
        .into()
}

#[test]
fn who_waits_is_woken_if_somebody_notifies() {
    check(&pool(true), 3).assert_holds();
    check(&pool(false), 2).assert_refuted("no-deadlock");
}

#[test]
fn a_wait_may_be_given_up() {
    let scenario = Scenario::over("timeout", || (Mutex::new(false), Condvar::new()))
        .role("waiter", |(ready, condvar)| {
            let guard = ready.lock().unwrap();
            let (guard, result) = condvar.wait_timeout(guard, Duration::from_secs(1)).unwrap();
            match (*guard, result.timed_out()) {
                (false, true) => "gave up",
                (true, false) => "served",
                _ => "both",
            }
        })
        .role("server", |(ready, condvar)| {
            *ready.lock().unwrap() = true;
            condvar.notify_all();
        })
        .always_at_end("gives-up", "nobody gives up", |_, end| end.ended("gave up") == 0)
        .always_at_end("serves", "nobody is served", |_, end| end.ended("served") == 0);
    let report = check(&scenario, 1);
    report.assert_refuted("gives-up");
    report.assert_refuted("serves");
    // Whoever comes after the notification waits for ever, unless they give up.
    report.assert_refuted("no-deadlock");
}

#[test]
fn all_meet_at_a_barrier() {
    let scenario = |threads, rounds| {
        Scenario::over("barrier", move || (Barrier::new(threads), AtomicU64::new(0), AtomicU64::new(0)))
            .role("thread", move |(barrier, before, leaders)| {
                for round in 1..=rounds {
                    before.fetch_add(1, SeqCst);
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, SeqCst);
                    }
                    assert!(before.load(SeqCst) >= round * threads as u64, "somebody has not come");
                }
            })
            .always_at_end("leads", "one leads in each round", move |(_, _, leaders), _| leaders.load(SeqCst) == rounds)
    };
    check(&scenario(2, 2), 2).assert_holds();
    check(&scenario(3, 1), 3).assert_holds();
    check(&scenario(3, 1), 2).assert_refuted("no-deadlock");
}

#[test]
fn once_is_once() {
    let scenario = Scenario::over("once", || (Once::new(), OnceLock::new(), AtomicU64::new(0), AtomicU64::new(0)))
        .role("thread", |(once, lock, done, made)| {
            once.call_once(|| assert_eq!(done.fetch_add(1, SeqCst), 0));
            assert_eq!(done.load(SeqCst), 1);
            let value = lock.get_or_init(|| made.fetch_add(1, SeqCst) + 7);
            assert_eq!((*value, lock.get(), lock.set(9)), (7, Some(&7), Err(9)));
        });
    check(&scenario, 3).assert_holds();
}

/// What is made at first use is made by one thread, while the others wait; if that dies, nobody gets it.
#[test]
fn what_is_lazy_is_made_once_and_by_one() {
    let scenario = Scenario::over("lazy", || (LazyLock::new(|| 7), AtomicU64::new(0)))
        .role("thread", |(lazy, sum)| {
            sum.fetch_add(**lazy, SeqCst);
        })
        .always_at_end("all", "all have it", |(_, sum), _| sum.load(SeqCst) == 21);
    check(&scenario, 3).assert_holds();
    let broken = Scenario::over("broken-lazy", || LazyLock::new(|| -> u64 { panic!("in the middle") }))
        .role("thread", |lazy| {
            let _value: u64 = **lazy;
        })
        .always_at_end("all", "all die", |_, end| end.crashed() == 2);
    let report = check(&broken, 2);
    assert_eq!(report.finding("all").verdict.name(), "proved", "{report}");
    assert_eq!(report.finding("no-deadlock").verdict.name(), "proved", "{report}");
}

#[test]
fn a_once_whose_code_panics_is_broken() {
    let scenario = Scenario::over("broken-once", Once::new)
        .role("thread", |once| once.call_once(|| panic!("in the middle")))
        .always_at_end("all", "all die", |_, end| end.crashed() == 2);
    let report = check(&scenario, 2);
    assert_eq!(report.finding("all").verdict.name(), "proved", "{report}");
    assert_eq!(report.finding("no-deadlock").verdict.name(), "proved", "{report}");
}

struct Queue {
    orders: Sender<u64>,
    inbox: Mutex<Receiver<u64>>,
    left: AtomicU64,
}

#[test]
fn what_is_sent_is_received_once_and_in_order() {
    let make = || {
        let (orders, inbox) = mpsc::channel();
        Queue { orders, inbox: Mutex::new(inbox), left: AtomicU64::new(2) }
    };
    let scenario = Scenario::over("channel", make)
        .role("buyer", |queue| {
            let mine = queue.orders.clone();
            mine.send(1).unwrap();
            mine.send(2).unwrap();
        })
        .role("worker", |queue| {
            let first = queue.inbox.lock().unwrap().recv().unwrap();
            let second = queue.inbox.lock().unwrap().recv().unwrap();
            assert_eq!((first, second), (1, 2));
            queue.left.fetch_sub(first + second - 1, SeqCst);
        });
    check(&scenario, 1).assert_holds();
    check(&scenario, 2).assert_refuted("no-crash");
}

#[test]
fn a_channel_with_room_for_one_lets_who_sends_wait() {
    let make = || {
        let (orders, inbox) = mpsc::sync_channel(1);
        (orders, inbox)
    };
    let scenario = |receives| {
        Scenario::over("room", make)
            .role("buyer", |(orders, _): &(SyncSender<u8>, Receiver<u8>)| {
                orders.send(1).unwrap();
            })
            .role("worker", move |(_, inbox)| (0..receives).for_each(|_| assert!(inbox.recv().is_ok())))
    };
    check(&scenario(2), 2).assert_holds();
    check(&scenario(1), 3).assert_refuted("no-deadlock");
}

/// What is sent beforehand, and who has gone by then.
#[test]
fn a_channel_whose_senders_have_gone_is_closed() {
    let make = || {
        let (orders, inbox) = mpsc::channel();
        orders.send(4).unwrap();
        (Mutex::new(Some(0u8)), inbox)
    };
    let scenario = Scenario::over("closed", make).role("worker", |(_, inbox)| {
        assert_eq!(inbox.iter().collect::<Vec<u8>>(), [4]);
        assert!(inbox.recv().is_err());
    });
    check(&scenario, 1).assert_holds();
}

#[test]
fn parking_lot_locks_are_not_poisoned() {
    let make = || (parking_lot::Mutex::new(1u64), parking_lot::Condvar::new());
    let scenario = Scenario::over("parking-lot", make)
        .role("breaker", |(left, free)| {
            let mut left = left.lock();
            *left = 0;
            free.notify_all();
            assert_eq!(*left, 1, "in the middle");
        })
        .role("buyer", |(left, free)| {
            let mut left = left.lock();
            while *left == 1 {
                free.wait(&mut left);
            }
            assert_eq!(*left, 0);
        })
        .always_at_end("one", "only the breaker dies", |_, end| end.crashed() == 1);
    let report = check(&scenario, 1);
    for property in ["one", "no-deadlock"] {
        assert_eq!(report.finding(property).verdict.name(), "proved", "{report}");
    }
}

/// A panic that is caught, and the lock that it broke.
#[test]
fn a_caught_panic_leaves_the_lock_free_and_poisoned() {
    let scenario = Scenario::over("caught", || Mutex::new(1u64)).role("thread", |left| {
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut left = left.lock().unwrap_or_else(|poison| poison.into_inner());
            *left += 1;
            panic!("in the middle");
        }));
        assert!(broken.is_err());
        let again = left.lock();
        assert!(again.is_err(), "nobody makes it good");
        drop(again);
    });
    check(&scenario, 2).assert_holds();
    let mended = Scenario::over("mended", || Mutex::new(1u64)).role("thread", |left| {
        if let Err(poison) = left.lock() {
            left.clear_poison();
            assert_eq!(*poison.into_inner(), 2);
            return "mends";
        }
        let mut left = left.lock().unwrap();
        *left += 1;
        panic!("in the middle");
    });
    let report = check(&mended, 2);
    report.assert_refuted("no-crash");
    assert_eq!(report.finding("no-deadlock").verdict.name(), "proved", "{report}");
}
