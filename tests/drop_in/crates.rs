//! What small public crates do, in our own words, with drop-in types: a pool in the manner of `r2d2`, a rate limiter in the
//! manner of `governor`, a ticket lock in the manner of `spin`, a cache that is filled once in the manner of `once_cell`'s
//! races. Each once as it should be, and once with a bug, which is found.

use oversell::check::Check;
use oversell::drop_in::hint::spin_loop;
use oversell::drop_in::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use oversell::drop_in::sync::{Condvar, Mutex};
use oversell::scenario::Scenario;

/// A pool of connections, which makes a few and no more.
struct Pool {
    inner: Mutex<Inner>,
    returned: Condvar,
    most: usize,
    /// Whose hands each connection is in, as its user finds out.
    in_use: [AtomicUsize; 2],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Inner {
    idle: Vec<usize>,
    made: usize,
}

impl Pool {
    fn new(most: usize) -> Self {
        Pool {
            inner: Mutex::new(Inner { idle: Vec::new(), made: 0 }),
            returned: Condvar::new(),
            most,
            in_use: [AtomicUsize::new(0), AtomicUsize::new(0)],
        }
    }

    fn get(&self) -> usize {
        let mut inner = self.inner.lock().unwrap();
        loop {
            if let Some(connection) = inner.idle.pop() {
                return connection;
            }
            if inner.made < self.most {
                inner.made += 1;
                return inner.made - 1;
            }
            inner = self.returned.wait(inner).unwrap();
        }
    }

    /// Connects first, as that takes long, and counts the connection afterwards.
    fn get_and_count_late(&self) -> usize {
        let mut inner = self.inner.lock().unwrap();
        loop {
            if let Some(connection) = inner.idle.pop() {
                return connection;
            }
            if inner.made < self.most {
                drop(inner);
                let mut inner = self.inner.lock().unwrap();
                inner.made += 1;
                return inner.made - 1;
            }
            inner = self.returned.wait(inner).unwrap();
        }
    }

    fn put(&self, connection: usize) {
        self.inner.lock().unwrap().idle.push(connection);
        self.returned.notify_one();
    }
}

fn pool(get: fn(&Pool) -> usize) -> Scenario {
    Scenario::over("pool", || Pool::new(1))
        .role("user", move |pool| {
            let connection = get(pool);
            assert_eq!(pool.in_use[connection].fetch_add(1, SeqCst), 0, "somebody else has it");
            pool.in_use[connection].fetch_sub(1, SeqCst);
            pool.put(connection);
        })
        .always("few", "no more connections are made than there may be", |pool, _| {
            pool.inner.lock().unwrap().made <= pool.most
        })
        .into()
}

#[test]
fn a_pool_makes_no_more_than_it_may() {
    Check::new(&pool(Pool::get)).threads("user", 3).run().unwrap().assert_holds();
    let report = Check::new(&pool(Pool::get_and_count_late)).threads("user", 2).run().unwrap();
    report.assert_refuted("few");
}

/// A limiter of how much may happen: a budget that is refilled now and then.
struct Limiter {
    budget: AtomicU64,
    most: u64,
}

impl Limiter {
    fn allow(&self) -> bool {
        self.budget.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    fn refill(&self) {
        // The closure only fails if it returns nothing.
        let _ = self.budget.fetch_update(SeqCst, SeqCst, |left| Some((left + 1).min(self.most)));
    }

    /// Looks whether it is full, and adds then.
    fn refill_in_two_steps(&self) {
        if self.budget.load(SeqCst) < self.most {
            self.budget.fetch_add(1, SeqCst);
        }
    }
}

#[test]
fn a_limiter_never_has_more_than_its_most() {
    let limiter = |refill: fn(&Limiter)| {
        Scenario::over("limiter", || Limiter { budget: AtomicU64::new(1), most: 2 })
            .role("caller", |limiter| if limiter.allow() { "allowed" } else { "limited" })
            .role("refiller", refill)
            .threads(2)
            .always("most", "there is never more than the most", |limiter, _| {
                limiter.budget.load(SeqCst) <= limiter.most
            })
    };
    let report = Check::new(&limiter(Limiter::refill)).threads("caller", 3).threads("refiller", 3).run().unwrap();
    report.assert_holds();
    let report = Check::new(&limiter(Limiter::refill_in_two_steps)).threads("caller", 1).run().unwrap();
    report.assert_refuted("most");
}

/// A lock that is taken in the order of numbers, as at a counter.
struct Ticket {
    next: AtomicUsize,
    serving: AtomicUsize,
    inside: AtomicUsize,
}

impl Ticket {
    fn wait(&self, mine: usize) {
        while self.serving.load(SeqCst) != mine {
            spin_loop();
        }
    }

    fn enter(&self) {
        self.wait(self.next.fetch_add(1, SeqCst));
    }

    /// Draws a number in two steps: two may draw the same.
    fn enter_in_two_steps(&self) {
        let mine = self.next.load(SeqCst);
        self.next.store(mine + 1, SeqCst);
        self.wait(mine);
    }

    fn leave(&self) {
        self.serving.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_ticket_lock_lets_one_in_as_far_as_it_was_followed() {
    let lock = |enter: fn(&Ticket)| {
        let zero = || AtomicUsize::new(0);
        Scenario::over("ticket", move || Ticket { next: zero(), serving: zero(), inside: zero() })
            .turns(4)
            .role("user", move |ticket| {
                enter(ticket);
                ticket.inside.fetch_add(1, SeqCst);
                ticket.inside.fetch_sub(1, SeqCst);
                ticket.leave();
            })
            .always("alone", "one is inside at most", |ticket, _| ticket.inside.load(SeqCst) <= 1)
    };
    // It waits by spinning, for which there is no last turn: a bounded verdict, and it says so.
    let report = Check::new(&lock(Ticket::enter)).threads("user", 3).run().unwrap();
    assert_eq!(report.finding("alone").verdict.name(), "bounded");
    report.assert_holds_within_turns();
    Check::new(&lock(Ticket::enter_in_two_steps)).threads("user", 2).run().unwrap().assert_refuted("alone");
}

/// A cache that many may fill, and of which all see the same.
struct Once {
    value: AtomicU64,
}

impl Once {
    /// Who comes second takes what the first one has put.
    fn get(&self, mine: u64) -> u64 {
        match self.value.load(SeqCst) {
            0 => self.value.compare_exchange(0, mine, SeqCst, SeqCst).map_or_else(|first| first, |_| mine),
            value => value,
        }
    }

    /// Who comes second overwrites it.
    fn get_and_overwrite(&self, mine: u64) -> u64 {
        match self.value.load(SeqCst) {
            0 => {
                self.value.store(mine, SeqCst);
                mine
            }
            value => value,
        }
    }
}

#[test]
fn all_see_the_same_in_a_cache_that_is_filled_once() {
    let cache = |get: fn(&Once, u64) -> u64| {
        Scenario::over("once", || Once { value: AtomicU64::new(0) })
            .role("first", move |once| {
                get(once, 1);
            })
            .role("second", move |once| {
                let seen = get(once, 2);
                assert_eq!(get(once, 2), seen, "it has changed");
            })
    };
    Check::new(&cache(Once::get)).any("first").any("second").run().unwrap().assert_holds();
    let report = Check::new(&cache(Once::get_and_overwrite)).any("first").any("second").run().unwrap();
    report.assert_refuted("no-crash");
}
