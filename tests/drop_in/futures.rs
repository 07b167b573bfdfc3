//! Threads that are futures: awaiting, hanging up, and what is refused.

use oversell::check::{Check, CheckError, Report};
use oversell::drop_in::Over;
use oversell::drop_in::sync::atomic::{AtomicU64, Ordering::SeqCst};
use oversell::drop_in::tokio::sync::{Mutex, Notify, RwLock, Semaphore, mpsc};
use oversell::scenario::Scenario;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

fn check(scenario: &Scenario, threads: usize) -> Report {
    let first = scenario.roles()[0].name;
    Check::new(scenario).threads(first, threads).run().unwrap()
}

/// A payment is awaited between taking a ticket and being told so.
struct Shop {
    left: Mutex<u64>,
    payments: Semaphore,
    charged: AtomicU64,
}

impl Shop {
    fn new() -> Self {
        Shop { left: Mutex::new(2), payments: Semaphore::new(1), charged: AtomicU64::new(0) }
    }

    async fn pay(&self) {
        let _terminal = self.payments.acquire().await.unwrap();
        self.charged.fetch_add(1, SeqCst);
    }

    /// Holds the lock until it is paid.
    async fn buy(&self) -> &'static str {
        let mut left = self.left.lock().await;
        if *left == 0 {
            return "sold out";
        }
        self.pay().await;
        *left -= 1;
        "bought"
    }

    /// Frees the lock while the payment is awaited.
    async fn buy_without_lock(&self) -> &'static str {
        if *self.left.lock().await == 0 {
            return "sold out";
        }
        self.pay().await;
        let mut left = self.left.lock().await;
        *left = left.saturating_sub(1);
        "bought"
    }

    /// Takes first and pays later.
    async fn reserve(&self) -> &'static str {
        {
            let mut left = self.left.lock().await;
            if *left == 0 {
                return "sold out";
            }
            *left -= 1;
        }
        self.pay().await;
        "bought"
    }
}

fn shop(over: Over<Shop>) -> Over<Shop> {
    over.stock(2).sale("bought").excuses(["hung up"]).ledger(|_| None)
}

#[test]
fn awaiting_is_where_others_come_in_between() {
    let right = Scenario::over("right", Shop::new).role_async("buyer", Shop::buy).stock(2).sale("bought");
    Check::new(&right).any("buyer").run().unwrap().assert_holds();
    let wrong = Scenario::over("wrong", Shop::new).role_async("buyer", Shop::buy_without_lock).stock(2).sale("bought");
    check(&wrong, 3).assert_refuted("no-oversell");
}

/// Whoever hangs up while a payment is awaited has not paid, and their ticket is lost if it was taken before.
#[test]
fn a_client_may_hang_up_wherever_it_awaits() {
    let lost = |over: Over<Shop>| {
        shop(over).always_at_end("none-lost", "no ticket is lost", |shop, end| {
            *shop.left.try_lock().unwrap() == 2 - end.ended("bought") as u64
        })
    };
    let stays = lost(Scenario::over("stays", Shop::new).role_async("buyer", Shop::reserve));
    assert_eq!(check(&stays, 2).finding("none-lost").verdict.name(), "proved");
    let goes = lost(Scenario::over("goes", Shop::new).role_async("buyer", Shop::reserve).hang_ups());
    let report = check(&goes, 1);
    let witness = report.assert_refuted("none-lost").unwrap();
    assert!(witness.lanes(&goes).contains("choose client -> hangs up"));
    // Its guard frees the lock, so nobody waits for ever; and nobody has paid without a ticket.
    assert_eq!(report.finding("no-deadlock").verdict.name(), "proved", "{report}");
    let locked = lost(Scenario::over("locked", Shop::new).role_async("buyer", Shop::buy).hang_ups());
    let report = check(&locked, 3);
    for property in ["none-lost", "no-deadlock", "no-oversell"] {
        assert_eq!(report.finding(property).verdict.name(), "proved", "{report}");
    }
}

#[test]
fn readers_semaphores_notifications_and_channels() {
    let read = Scenario::over("read", || (RwLock::new(1u64), AtomicU64::new(0)))
        .role_async("reader", async |(lock, inside): &(RwLock<u64>, AtomicU64)| {
            let left = lock.read().await;
            inside.fetch_add(*left, SeqCst);
            inside.fetch_sub(*left, SeqCst);
        })
        .role_async("writer", async |(lock, inside): &(RwLock<u64>, AtomicU64)| {
            let _left = lock.write().await;
            assert_eq!(inside.load(SeqCst), 0);
        })
        .sometimes("two", "two read at once", |(_, inside), _| inside.load(SeqCst) == 2);
    check(&read, 2).assert_holds();

    let notify = |notifies: fn(&Notify)| {
        Scenario::over("notify", Notify::new)
            .role_async("waiter", async |notify: &Notify| notify.notified().await)
            .role("notifier", notifies)
    };
    check(&notify(Notify::notify_one), 1).assert_holds();
    let left = check(&notify(Notify::notify_one), 2).assert_refuted("no-deadlock").unwrap().remark.clone();
    assert_eq!(left, "1 thread waits for ever, and nobody will wake them");
    // Whoever comes too late is not told.
    check(&notify(Notify::notify_waiters), 1).assert_refuted("no-deadlock");

    let make = || {
        let (orders, inbox) = mpsc::channel(1);
        (orders, Mutex::new(inbox))
    };
    type Queue = (mpsc::Sender<u8>, Mutex<mpsc::Receiver<u8>>);
    let channel = Scenario::over("channel", make)
        .role_async("buyer", async |(orders, _): &Queue| orders.send(1).await.unwrap())
        .role_async("worker", async |(_, inbox): &Queue| {
            assert_eq!(inbox.lock().await.recv().await, Some(1));
            assert_eq!(inbox.lock().await.recv().await, Some(1));
        });
    check(&channel, 2).assert_holds();
}

fn refusal(scenario: &Scenario) -> String {
    match Check::new(scenario).threads("buyer", 1).run() {
        Err(error @ CheckError::Automaton(_)) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(report) => panic!("{report}"),
    }
}

/// Both of two futures are polled, as `join!` and `select!` do.
#[test]
fn several_things_at_once_and_things_of_others_are_refused() {
    let both = Scenario::over("both", || (Mutex::new(0), Mutex::new(0))).role_async(
        "buyer",
        async |(first, second): &(Mutex<u8>, Mutex<u8>)| {
            let (mut one, mut other) = (pin!(first.lock()), pin!(second.lock()));
            poll_fn(|context| {
                let ready = (one.as_mut().poll(context).is_ready(), other.as_mut().poll(context).is_ready());
                if ready == (false, false) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
        },
    );
    assert!(refusal(&both).contains("it awaits several things at once"));
    let foreign = Scenario::over("foreign", || ()).role_async("buyer", async |(): &()| {
        let semaphore = tokio::sync::Semaphore::new(0);
        drop(semaphore.acquire().await);
    });
    assert!(refusal(&foreign).contains("it awaits what is none of the drop-in types"));
    // A timer beside one that is known: it would never ring.
    let timer = Scenario::over("timer", || Mutex::new(0)).role_async("buyer", async |lock: &Mutex<u8>| {
        let semaphore = tokio::sync::Semaphore::new(0);
        let (mut one, mut other) = (pin!(lock.lock()), pin!(semaphore.acquire()));
        poll_fn(|context| match (one.as_mut().poll(context), other.as_mut().poll(context)) {
            (Poll::Ready(guard), _) => Poll::Ready(*guard),
            (_, Poll::Ready(_)) => Poll::Ready(7),
            _ => Poll::Pending,
        })
        .await;
    });
    assert!(refusal(&timer).contains("it awaits what is none of the drop-in types"));
    let between = Scenario::over("between", || (Notify::new(), AtomicU64::new(0))).role_async(
        "buyer",
        async |(notify, left): &(Notify, AtomicU64)| {
            let notified = notify.notified();
            left.load(SeqCst);
            notified.await;
        },
    );
    assert!(refusal(&between).contains("between making a `notified` and awaiting it"));
}

/// Outside a check they are `tokio`'s.
#[test]
fn outside_a_check_they_are_those_of_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let shop = std::sync::Arc::new(Shop::new());
        let buyers: Vec<_> = (0..3)
            .map(|_| {
                let shop = std::sync::Arc::clone(&shop);
                tokio::task::spawn(async move { shop.buy().await })
            })
            .collect();
        let mut endings = Vec::new();
        for buyer in buyers {
            endings.push(buyer.await.unwrap());
        }
        endings.sort_unstable();
        assert_eq!(endings, ["bought", "bought", "sold out"]);
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(1).await.unwrap();
        assert!(sender.try_send(2).is_err());
        drop(sender);
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(1), None));
        let lock = RwLock::new(1);
        let (first, second) = (lock.read().await, lock.try_read().unwrap());
        assert!(lock.try_write().is_err());
        drop((first, second));
        *lock.write().await += 1;
        assert_eq!(*lock.read().await, 2);
    });
}
