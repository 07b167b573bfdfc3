//! The shops of the catalogue, written as their authors would, with drop-in types: the same verdicts as the versions over
//! the primitives, for as many buyers.

use oversell::check::{Check, Report};
use oversell::drop_in::Over;
use oversell::drop_in::choose;
use oversell::drop_in::sync::Mutex;
use oversell::drop_in::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use oversell::programs;
use oversell::scenario::Scenario;

struct Stock {
    left: AtomicU64,
    cached: AtomicU64,
    lock: Mutex<()>,
}

impl Stock {
    fn new(left: u64) -> Self {
        Stock { left: AtomicU64::new(left), cached: AtomicU64::new(left), lock: Mutex::new(()) }
    }

    fn check_then_decrement(&self) -> &'static str {
        let Some(fewer) = self.left.load(SeqCst).checked_sub(1) else { return "sold out" };
        self.left.store(fewer, SeqCst);
        "bought"
    }

    fn compare_exchange(&self) -> &'static str {
        loop {
            let seen = self.left.load(SeqCst);
            let Some(fewer) = seen.checked_sub(1) else { return "sold out" };
            if self.left.compare_exchange(seen, fewer, SeqCst, SeqCst).is_ok() {
                return "bought";
            }
        }
    }

    fn decide(&self, left: u64) -> &'static str {
        let Some(fewer) = left.checked_sub(1) else { return "sold out" };
        self.left.store(fewer, SeqCst);
        "bought"
    }

    fn read_before_lock(&self) -> &'static str {
        let left = self.left.load(SeqCst);
        let _guard = self.lock.lock().unwrap();
        self.decide(left)
    }

    fn read_under_lock(&self) -> &'static str {
        let _guard = self.lock.lock().unwrap();
        self.decide(self.left.load(SeqCst))
    }

    fn with_lock_if(&self, locks: fn(u64) -> bool) -> &'static str {
        let seen = self.left.load(SeqCst);
        let guard = locks(seen).then(|| self.lock.lock().unwrap());
        let left = if guard.is_some() { self.left.load(SeqCst) } else { seen };
        self.decide(left)
    }

    fn lock_skipped(&self) -> &'static str {
        self.with_lock_if(|left| left <= 1)
    }

    fn lock_taken(&self) -> &'static str {
        self.with_lock_if(|_| true)
    }

    fn take_as_cached(&self) -> Option<u64> {
        if self.cached.load(SeqCst) == 0 {
            return None;
        }
        let left = self.left.load(SeqCst).saturating_sub(1);
        self.left.store(left, SeqCst);
        Some(left)
    }

    fn cache_outside_lock(&self) -> &'static str {
        let guard = self.lock.lock().unwrap();
        let taken = self.take_as_cached();
        drop(guard);
        let Some(left) = taken else { return "sold out" };
        self.cached.store(left, SeqCst);
        "bought"
    }

    fn cache_under_lock(&self) -> &'static str {
        let _guard = self.lock.lock().unwrap();
        let Some(left) = self.take_as_cached() else { return "sold out" };
        self.cached.store(left, SeqCst);
        "bought"
    }
}

fn stock(tickets: u64, buy: fn(&Stock) -> &'static str) -> Scenario {
    let shop = Scenario::over("stock", move || Stock::new(tickets)).stock(tickets).role("buyer", buy).sale("bought");
    shop.endings(["bought", "sold out"]).ledger(|shop| Some(shop.left.load(SeqCst))).into()
}

fn counter(tickets: u64, take: fn(&AtomicU8) -> bool) -> Scenario {
    Scenario::over("counter", move || AtomicU8::new(tickets as u8))
        .stock(tickets)
        .role("buyer", move |left| if take(left) { "bought" } else { "sold out" })
        .sale("bought")
        .ledger(|left| Some(left.load(SeqCst).into()))
        .into()
}

struct Items {
    tickets: Mutex<u64>,
    dinners: Mutex<u64>,
}

impl Items {
    fn in_order_of_the_basket(&self) -> &'static str {
        match choose("basket", &["ticket-first", "dinner-first"]) {
            "ticket-first" => Items::buy(&self.tickets, &self.dinners),
            _ => Items::buy(&self.dinners, &self.tickets),
        }
    }

    fn in_order_of_the_shop(&self) -> &'static str {
        choose("basket", &["ticket-first", "dinner-first"]);
        Items::buy(&self.tickets, &self.dinners)
    }

    fn buy(first: &Mutex<u64>, second: &Mutex<u64>) -> &'static str {
        let mut first = first.lock().unwrap();
        let mut second = second.lock().unwrap();
        let (Some(one), Some(other)) = (first.checked_sub(1), second.checked_sub(1)) else { return "sold out" };
        (*first, *second) = (one, other);
        "bought"
    }
}

fn items(tickets: u64, buy: fn(&Items) -> &'static str) -> Scenario {
    Scenario::over("items", move || Items { tickets: Mutex::new(tickets), dinners: Mutex::new(tickets) })
        .stock(tickets)
        .role("buyer", buy)
        .sale("bought")
        .ledger(|items| Some(*items.tickets.lock().unwrap()))
        .into()
}

fn cart(tickets: u64, suffices: fn(i64, i64) -> bool) -> Scenario {
    let buy = move |available: &Mutex<i64>| {
        let lines = if choose("cart", &["one-line", "two-lines"]) == "one-line" { 1 } else { 2 };
        let mut left = available.lock().unwrap();
        if *left <= 0 {
            return "sold out";
        }
        if !suffices(*left, lines) {
            return "too few left";
        }
        *left -= lines;
        if lines == 1 { "bought" } else { "bought two" }
    };
    Scenario::over("cart", move || Mutex::new(tickets as i64))
        .stock(tickets)
        .role("buyer", buy)
        .sale("bought")
        .sale_of("bought two", 2)
        .excuses(["too few left"])
        .ledger(|available| u64::try_from(*available.lock().unwrap()).ok())
        .into()
}

/// What is said of a shop: each property and its verdict, and how long the shortest witness is in threads.
fn said(report: &Report) -> Vec<(&'static str, &'static str, Option<usize>)> {
    let one = |finding: &oversell::check::Finding| {
        let threads = finding.verdict.witness().and_then(|witness| witness.instance.total());
        (finding.property.name(), finding.verdict.name(), threads)
    };
    report.findings.iter().map(one).collect()
}

fn agrees(program: &str, make: impl Fn(u64) -> Scenario, any: bool) {
    let program = programs::named(program).unwrap();
    let (over_primitives, drop_in) = (program.scenario(program.tickets), make(program.tickets));
    for buyers in 1..=program.threads {
        let of = |scenario: &Scenario| said(&Check::new(scenario).threads("buyer", buyers).run().unwrap());
        assert_eq!(of(&drop_in), of(&over_primitives), "{} with {buyers}", program.name);
    }
    if any {
        let of = |scenario: &Scenario| said(&Check::new(scenario).any("buyer").run().unwrap());
        assert_eq!(of(&drop_in), of(&over_primitives), "{} with any number", program.name);
    }
}

#[test]
fn shops_over_drop_in_types_have_the_verdicts_of_those_over_the_primitives() {
    agrees("check-then-decrement", |tickets| stock(tickets, Stock::check_then_decrement), true);
    agrees("compare-exchange", |tickets| stock(tickets, Stock::compare_exchange), true);
    agrees("unchecked-decrement", |tickets| counter(tickets, |left| left.fetch_sub(1, SeqCst) > 0), true);
    let checked = |left: &AtomicU8| left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
    agrees("checked-decrement", |tickets| counter(tickets, checked), true);
    agrees("read-before-lock", |tickets| stock(tickets, Stock::read_before_lock), true);
    agrees("read-under-lock", |tickets| stock(tickets, Stock::read_under_lock), true);
    agrees("lock-skipped", |tickets| stock(tickets, Stock::lock_skipped), true);
    agrees("lock-taken", |tickets| stock(tickets, Stock::lock_taken), true);
    agrees("limit-per-line", |tickets| cart(tickets, |left, _| left >= 1), true);
    agrees("limit-in-sum", |tickets| cart(tickets, |left, lines| left >= lines), true);
    agrees("opposite-locks", |tickets| items(tickets, Items::in_order_of_the_basket), true);
    agrees("ordered-locks", |tickets| items(tickets, Items::in_order_of_the_shop), true);
    agrees("cache-outside-lock", |tickets| stock(tickets, Stock::cache_outside_lock), true);
    agrees("cache-under-lock", |tickets| stock(tickets, Stock::cache_under_lock), true);
}

/// The example `own_checkout`, with a canceller: once in two steps, once in one.
struct Coupons {
    coupons: AtomicU64,
    returned: AtomicU64,
}

type Change = fn(&AtomicU64, fn(u64) -> Option<u64>) -> bool;

fn coupons(change: Change) -> Over<Coupons> {
    Scenario::over("coupons", || Coupons { coupons: AtomicU64::new(2), returned: AtomicU64::new(0) })
        .stock(2)
        .role("customer", move |shop| {
            if !change(&shop.coupons, |left| left.checked_sub(1)) {
                return "too late";
            }
            oversell::drop_in::tell(oversell::sync::Event::sale("redeemed"));
            if choose("coupon", &["used", "returned"]) == "used" {
                return "redeemed";
            }
            change(&shop.returned, |returned| Some(returned + 1));
            oversell::drop_in::tell(oversell::sync::Event::given_back("returned", 1));
            "returned"
        })
        .role("canceller", move |shop| {
            if change(&shop.returned, |returned| returned.checked_sub(1)) {
                change(&shop.coupons, |left| Some(left + 1));
            }
        })
        .excuses(["returned", "too late"])
        .ledger(|shop| Some(shop.coupons.load(SeqCst) + shop.returned.load(SeqCst)))
        .always("no-coupon-twice", "there are never more coupons on offer than there were", |shop, _| {
            shop.coupons.load(SeqCst) <= 2
        })
}

#[test]
fn the_example_over_drop_in_types_comes_to_the_same() {
    let in_two_steps = coupons(|cell, change| match change(cell.load(SeqCst)) {
        Some(changed) => {
            cell.store(changed, SeqCst);
            true
        }
        None => false,
    });
    let report = Check::new(&in_two_steps).threads("customer", 3).run().unwrap();
    report.assert_refuted("no-oversell");
    let in_one_step = coupons(|cell, change| cell.fetch_update(SeqCst, SeqCst, change).is_ok());
    Check::new(&in_one_step).threads("customer", 6).threads("canceller", 2).run().unwrap().assert_holds();
    Check::new(&in_one_step).any("customer").property("no-oversell").run().unwrap().assert_holds();
}
