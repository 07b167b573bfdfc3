//! A channel for one value: its ends, and which of them is gone first.

use oversell::check::{Check, Report};
use oversell::drop_in::Over;
use oversell::drop_in::sync::Mutex;
use oversell::drop_in::tokio::sync::oneshot::error::TryRecvError;
use oversell::drop_in::tokio::sync::oneshot::{self, Receiver, Sender};
use oversell::scenario::Scenario;

/// A seller's end and a buyer's, from where each takes its own.
struct Shop {
    left: Mutex<u64>,
    sender: Mutex<Option<Sender<u8>>>,
    receiver: Mutex<Option<Receiver<u8>>>,
}

impl Shop {
    fn new() -> Self {
        let (sender, receiver) = oneshot::channel();
        Shop { left: Mutex::new(1), sender: Mutex::new(Some(sender)), receiver: Mutex::new(Some(receiver)) }
    }

    fn sender(&self) -> Sender<u8> {
        self.sender.lock().unwrap().take().unwrap()
    }

    fn receiver(&self) -> Receiver<u8> {
        self.receiver.lock().unwrap().take().unwrap()
    }

    async fn receive(&self) -> &'static str {
        let receiver = self.receiver();
        match receiver.await {
            Ok(_) => "bought",
            Err(_) => "sold out",
        }
    }

    /// Sends a ticket, and takes it back if nobody is there.
    fn sell(&self) {
        let sender = self.sender();
        *self.left.lock().unwrap() -= 1;
        if sender.send(1).is_err() {
            *self.left.lock().unwrap() += 1;
        }
    }

    /// Says that there is a ticket. Whoever hears it takes it.
    fn offer(&self) {
        let _sent = self.sender().send(1);
    }

    async fn take(&self) -> &'static str {
        let ending = self.receive().await;
        if ending == "bought" {
            *self.left.lock().unwrap() -= 1;
        }
        ending
    }
}

fn shop() -> Over<Shop> {
    Scenario::over("shop", Shop::new).names(["answer", "left", "sender", "receiver"])
}

fn check(scenario: &Scenario) -> Report {
    Check::new(scenario).threads("buyer", 1).run().unwrap()
}

fn ends<'r>(report: &'r Report, property: &str) -> &'r str {
    report.finding(property).verdict.name()
}

#[test]
fn what_is_sent_and_that_nothing_will_be_wake_who_waits() {
    let sent = shop().role_async("buyer", Shop::receive).role("seller", Shop::sell).always_at_end(
        "told",
        "the buyer is told",
        |_, end| end.ended("bought") == 1,
    );
    check(&sent).assert_holds();
    let gone = shop().role_async("buyer", Shop::receive).role("seller", |shop| drop(shop.sender())).always_at_end(
        "told",
        "the buyer is told",
        |_, end| end.ended("sold out") == 1,
    );
    check(&gone).assert_holds();
    // As long as it is there, somebody may send.
    let kept = shop().role_async("buyer", Shop::receive).role("seller", |shop| {
        let _there = shop.sender.lock().unwrap().is_some();
    });
    check(&kept).assert_refuted("no-deadlock");
}

/// To look at an end where it is kept, as everybody else does here, drops nothing.
#[test]
fn what_is_kept_is_not_dropped() {
    let looked = shop()
        .role_async("buyer", Shop::receive)
        .role("looker", |shop| {
            drop(shop.receiver.lock().unwrap());
            let _there = shop.sender.lock().unwrap().is_some();
        })
        .role("seller", |shop| assert_eq!(shop.sender().send(1), Ok(())));
    check(&looked).assert_holds();
}

#[test]
fn a_panic_drops_the_sender_and_wakes_who_waits() {
    let panics = shop().role_async("buyer", Shop::receive).role("seller", |shop| {
        let _sender = shop.sender();
        let left = shop.left.lock().unwrap();
        assert_eq!(*left, 0, "it breaks");
    });
    let report = check(&panics);
    report.assert_refuted("no-crash");
    assert_eq!(ends(&report, "no-deadlock"), "proved", "{report}");
}

/// The bug: that a value has been sent does not say that anybody will ever receive it.
#[test]
fn a_ticket_that_was_sent_to_a_client_who_hangs_up_is_lost() {
    let lost = |over: Over<Shop>| {
        over.always_at_end("none-lost", "no ticket is lost", |shop, end| {
            *shop.left.lock().unwrap() == 1 - end.ended("bought") as u64
        })
    };
    let stays = lost(shop().role_async("buyer", Shop::receive).role("seller", Shop::sell));
    check(&stays).assert_holds();
    let goes = lost(shop().role_async("buyer", Shop::receive).role("seller", Shop::sell).hang_ups());
    let report = check(&goes);
    let trace = report.assert_refuted("none-lost").unwrap().lanes(&goes);
    assert!(trace.contains("choose client -> hangs up"), "{trace}");
    assert!(trace.contains("tests/drop_in/oneshot.rs:"), "{trace}");
    let offered = lost(shop().role_async("buyer", Shop::take).role("seller", Shop::offer).hang_ups());
    check(&offered).assert_holds();
}

#[test]
fn a_sender_may_wait_until_nobody_receives() {
    let waits = |leaves: fn(&Shop)| {
        shop().role("buyer", leaves).role_async("seller", async |shop: &Shop| {
            let mut sender = shop.sender();
            sender.closed().await;
            assert!(sender.is_closed());
            assert_eq!(sender.send(1), Err(1));
        })
    };
    check(&waits(|shop| drop(shop.receiver()))).assert_holds();
    check(&waits(|shop| {
        let mut receiver = shop.receiver();
        receiver.close();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }))
    .assert_holds();
    check(&waits(|_| ())).assert_refuted("no-deadlock");
}

/// All that can be seen, in each order: nothing yet, the value, and then no more; and what was sent before it was closed.
#[test]
fn every_outcome_of_a_receiver_that_does_not_wait() {
    let tried = |ending: &'static str| {
        shop()
            .role("buyer", |shop| {
                let mut receiver = shop.receiver();
                let first = receiver.try_recv();
                receiver.close();
                match (first, receiver.try_recv(), receiver.try_recv()) {
                    (Ok(1), Err(TryRecvError::Closed), Err(TryRecvError::Closed)) => "at first",
                    (Err(TryRecvError::Empty), Ok(1), Err(TryRecvError::Closed)) => "then",
                    (Err(TryRecvError::Empty), Err(TryRecvError::Closed), Err(TryRecvError::Closed)) => "never",
                    other => panic!("{other:?}"),
                }
            })
            .role("seller", |shop| if shop.sender().send(1).is_ok() { "sent" } else { "refused" })
            .always_at_end("agree", "what was sent is received", |_, end| {
                (end.ended("sent") == 1) == (end.ended("never") == 0)
            })
            .always_at_end("not-so", "it never ends so", move |_, end| end.ended(ending) == 0)
    };
    for ending in ["at first", "then", "never"] {
        let report = check(&tried(ending));
        report.assert_refuted("not-so");
        assert_eq!((ends(&report, "agree"), ends(&report, "no-crash")), ("proved", "proved"), "{report}");
    }
}

/// An end can be sent itself: an order with whom to answer.
#[test]
fn a_sender_can_be_sent() {
    use oversell::drop_in::tokio::sync::mpsc;
    type Desk = (mpsc::Sender<Sender<u8>>, Mutex<mpsc::Receiver<Sender<u8>>>, Shop);
    let make = || {
        let (orders, inbox) = mpsc::channel(1);
        (orders, Mutex::new(inbox), Shop::new())
    };
    let desk = |answers: bool| {
        Scenario::over("desk", make)
            .role_async("buyer", async |(orders, _, shop): &Desk| {
                orders.send(shop.sender()).await.unwrap();
                shop.receive().await
            })
            .role_async("seller", async move |(_, inbox, _): &Desk| {
                let sender = inbox.lock().unwrap().recv().await.unwrap();
                if answers {
                    sender.send(1).unwrap();
                }
            })
            .always_at_end("told", "the buyer is told", move |_, end| {
                end.ended(if answers { "bought" } else { "sold out" }) == 1
            })
    };
    check(&desk(true)).assert_holds();
    check(&desk(false)).assert_holds();
}

/// The same code with both, outside a check.
macro_rules! log {
    ($($of:ident)::+) => {{
        use $($of)::+::{channel, error::TryRecvError};
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut log = Vec::new();
            let (sender, mut receiver) = channel();
            log.push(format!("{:?} {}", receiver.try_recv() == Err(TryRecvError::Empty), sender.is_closed()));
            log.push(format!("{:?} {:?}", sender.send(1), receiver.try_recv()));
            log.push(format!("{:?}", receiver.try_recv()));
            let (sender, receiver) = channel::<u8>();
            let waits = tokio::task::spawn(receiver);
            tokio::task::yield_now().await;
            drop(sender);
            let error = waits.await.unwrap().unwrap_err();
            log.push(format!("{error} {error:?}"));
            let (mut sender, receiver) = channel();
            let closes = tokio::task::spawn(async move {
                tokio::task::yield_now().await;
                drop(receiver);
            });
            sender.closed().await;
            log.push(format!("{} {:?}", sender.is_closed(), sender.send(3)));
            closes.await.unwrap();
            let (sender, mut receiver) = channel();
            log.push(format!("{:?}", sender.send(4)));
            receiver.close();
            log.push(format!("{:?}", receiver.await));
            log
        })
    }};
}

#[test]
fn outside_a_check_it_is_that_of_tokio() {
    assert_eq!(log!(oversell::drop_in::tokio::sync::oneshot), log!(tokio::sync::oneshot));
}
