//! Values that compare equal and are not the same would make one of two threads that differ.

use crate::shop::{Shop, assert_says, counted, refusal, shop};
use oversell::check::AutomatonError;
use oversell::scenario::Scenario;
use oversell::sync::{Event, Mutex};
use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering::SeqCst;

/// Two of these are equal, whatever the note says.
#[derive(Clone, Debug)]
struct Sloppy {
    note: u64,
}

impl PartialEq for Sloppy {
    fn eq(&self, _: &Sloppy) -> bool {
        true
    }
}

impl Eq for Sloppy {}

impl Hash for Sloppy {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

fn assert_unequal(error: &AutomatonError, of: &str) {
    assert!(matches!(error, AutomatonError::UnequalEquals { .. }), "{error}");
    assert_says(error, &[of, "Sloppy { note: 0 }", "Sloppy { note: 1 }"]);
}

#[test]
fn a_partial_eq_in_a_mutex_is_refused() {
    let error = refusal("sloppy mutex", |name| {
        Scenario::new(name, |setup| setup.mutex("note", Sloppy { note: 0 }))
            .role("buyer", |at, note: &Mutex<Sloppy>| {
                let mut note = note.lock(at);
                if note.note == 1 {
                    at.crash("it was changed");
                }
                note.note = 1;
            })
            .into()
    });
    assert_unequal(&error, "note");
}

#[test]
fn a_partial_eq_of_what_a_span_returns_is_refused() {
    let error = refusal("sloppy span", |name| {
        shop(name, |at, shop: &Shop| {
            let sloppy = at.span("look", || Sloppy { note: shop.bell.swap(at, 1, SeqCst) });
            if sloppy.note == 1 {
                shop.door.store(at, 1, SeqCst);
            }
        })
        .into()
    });
    assert_unequal(&error, "look");
}

#[test]
fn a_partial_eq_of_what_a_span_returns_just_before_another_begins_is_refused() {
    let error = refusal("sloppy span before a span", |name| {
        shop(name, |at, shop: &Shop| {
            let sloppy = at.span("look", || Sloppy { note: shop.bell.swap(at, 1, SeqCst) });
            at.span("buy", || {
                shop.left.load(at, SeqCst);
                if sloppy.note == 1 {
                    shop.left.store(at, 0, SeqCst);
                }
            });
        })
        .into()
    });
    assert_unequal(&error, "look");
}

#[test]
fn a_partial_eq_of_what_a_span_returns_just_before_an_empty_one_is_refused() {
    let error = refusal("sloppy span before an empty one", |name| {
        shop(name, |at, shop: &Shop| {
            let sloppy = at.span("look", || Sloppy { note: shop.bell.swap(at, 1, SeqCst) });
            at.span("think", || ());
            shop.left.load(at, SeqCst);
            if sloppy.note == 1 {
                shop.left.store(at, 0, SeqCst);
            }
        })
        .into()
    });
    assert_unequal(&error, "look");
}

#[test]
fn an_eq_that_looks_at_everything_is_right() {
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Neat(u64, String);
    let scenario = Scenario::new("neat", |setup| setup.mutex("note", Neat(1, "new".to_owned()))).stock(1).role(
        "buyer",
        |at, note: &Mutex<Neat>| {
            let mut note = note.lock(at);
            if note.1 == "new" {
                *note = Neat(0, "sold".to_owned());
                at.tell(Event::sale("bought"));
            }
        },
    );
    counted(&scenario, 4).assert_holds();
}
