//! What coverability passes over because it has been there before, and must not pass over when it has not.

use crate::shop::{Shop, shop, take};
use oversell::check::{Check, Counting, Coverability, Engine, Instance, Limits, Property, Threads, Verdict};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event, Platform};
use std::sync::atomic::Ordering::SeqCst;

/// Any number of threads flip one of three bits each, again and again, and one thread may set a fourth. Only with all four
/// does anybody sell. The bits are one object, nobody remembers what it held, and long before the fourth is set any number
/// of threads stand at every control point: with it, nothing is new but what the object holds.
fn bits(sets: bool) -> Scenario {
    let flips = |bit: u64| {
        move |at: &dyn Platform, bits: &Cell<u64>| {
            bits.fetch_xor(at, bit, SeqCst);
        }
    };
    Scenario::new(format!("bits {sets}"), |setup| setup.cell("bits", 0_u64))
        .stock(0)
        .role("setter", move |at, bits: &Cell<u64>| {
            let _ = bits.compare_exchange(at, 0, if sets { 8 } else { 0 }, SeqCst, SeqCst);
        })
        .role("buyer", |at, bits: &Cell<u64>| {
            if bits.load(at, SeqCst) == 15 {
                at.tell(Event::sale("bought"));
            }
        })
        .role("first", flips(1))
        .role("second", flips(2))
        .role("third", flips(4))
        .into()
}

#[test]
fn what_an_object_holds_for_the_first_time_is_looked_at_where_all_else_is_as_before() {
    for (sets, expected) in [(true, "refuted"), (false, "proved")] {
        let scenario = bits(sets);
        let any = (1..5).fold(Instance::of(&scenario, 1), |instance, role| instance.role(role, Threads::Any));
        let findings = Coverability::default().check(&scenario, &any, &[Property::NoOversell]).unwrap();
        assert_eq!(findings[0].verdict.name(), expected, "{:?}", findings[0].verdict);
    }
}

#[test]
fn whatever_any_number_of_threads_give_back_no_more_is_sold() {
    let scenario = shop("gives back", |at, shop: &Shop| match at.choose("wants", &["to buy", "to give back"]) {
        "to buy" => take(at, shop),
        _ => {
            shop.door.load(at, SeqCst);
            at.tell(Event::given_back("returned", 1));
            "returned"
        }
    });
    let findings =
        Coverability::default().check(&scenario, &Instance::any(&scenario), &[Property::NoOversell]).unwrap();
    assert_eq!(findings[0].verdict.name(), "proved", "{:?}", findings[0].verdict);
}

/// There are more states than are looked at; that two sellers sell too much is found without them.
#[test]
fn what_two_sellers_do_is_not_said_of_one() {
    let scenario = shop("walkers", |at, shop: &Shop| {
        for door in [1, 2, 3, 4, 5, 6] {
            shop.door.store(at, door, SeqCst);
        }
    })
    .role("seller", |at, shop: &Shop| {
        for bell in [1, 2, 3, 4, 5, 6] {
            shop.bell.store(at, bell, SeqCst);
        }
        let left = shop.left.load(at, SeqCst);
        shop.left.store(at, left.saturating_sub(1), SeqCst);
        if left > 0 {
            at.tell(Event::sale_of("bought", 2));
        }
    })
    .stock(3)
    .into();
    let few = Counting { limits: Limits { max_states: 21_000, ..Limits::default() } };
    for sellers in [1, 2] {
        let instance = Instance::of(&scenario, 20).role(1, Threads::Exactly(sellers));
        let findings = few.check(&scenario, &instance, &[Property::NoOversell]).unwrap();
        assert_eq!(findings[0].verdict.name() == "refuted", sellers == 2, "{:?}", findings[0].verdict);
    }
}

#[test]
fn what_it_cannot_decide_it_says() {
    let scenario = shop("asks more than it decides", take).always("own", "anything is so", |_, _| true);
    let properties = Property::of(&scenario);
    let findings = Coverability::default().check(&scenario, &Instance::any(&scenario), &properties).unwrap();
    let limit = |name: &str| match &findings.iter().find(|finding| finding.property.name() == name).unwrap().verdict {
        Verdict::Inconclusive { limit, .. } => limit.clone(),
        verdict => panic!("{name} is {}", verdict.name()),
    };
    assert_eq!(limit("own"), "a property of the scenario's own is not decided by coverability");
    assert_eq!(limit("sells-out"), "how executions end is not decided by coverability");
}

#[test]
fn the_fewest_threads_may_be_most_of_a_later_role() {
    let sells = |tickets: u32| {
        move |at: &dyn Platform, door: &Cell<u64>| {
            door.store(at, 1, SeqCst);
            at.tell(Event::sale_of("bought", tickets));
        }
    };
    let scenario = Scenario::new("alone and in a group", |setup| setup.cell("door", 0_u64))
        .stock(8)
        .role("alone", sells(1))
        .role("group", sells(3));
    let report = Check::new(&scenario).any("alone").any("group").property("no-oversell").run().unwrap();
    let witness = report.assert_refuted("no-oversell").unwrap();
    assert_eq!(witness.instance.threads, [Threads::Exactly(1), Threads::Exactly(3)], "one of each, at least");
}
