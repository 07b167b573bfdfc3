//! Promise: what is proved has a certificate that an independent checker re-checks, and one that was tampered with is
//! found out.

use oversell::check::{
    Certificate, CertificateError, Counting, Engine, Instance, Limits, Parametric, Property, Threads, Verdict, certify,
    outcomes, verify,
};
use oversell::platform::LockKind;
use oversell::programs::{self, Kind, Program};
use oversell::scenario::{Launch, Scenario};
use oversell::sync::{Cell, Event, Platform};
use serde_json::{Value, json};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

fn limits(max_states: usize) -> Limits {
    Limits { max_states, ..Limits::default() }
}

/// The properties that are proved (or impossible).
fn proved(engine: &dyn Engine, scenario: &Scenario, instance: &Instance) -> Vec<Property> {
    let findings = engine.check(scenario, instance, &Property::of(scenario)).unwrap();
    let is_proof = |verdict: &Verdict| matches!(verdict, Verdict::Proved(_) | Verdict::Impossible(_));
    findings.into_iter().filter(|finding| is_proof(&finding.verdict)).map(|finding| finding.property).collect()
}

/// What was found of many proofs.
#[derive(Debug, Default)]
struct Found {
    /// Of how many the certificate re-checks.
    verified: usize,
    /// Of which there is none.
    without: Vec<String>,
}

impl Found {
    /// Makes the certificates of all proofs of an instance and re-checks them, as they come back from a file.
    fn all(&mut self, engine: &dyn Engine, scenario: &Scenario, instance: &Instance, limits: &Limits) {
        for property in proved(engine, scenario, instance) {
            match certify(scenario, instance, property, limits) {
                Ok(certificate) => {
                    let [read] = Certificate::read(&Certificate::write(&[certificate])).unwrap().try_into().unwrap();
                    verify(scenario, &read).unwrap_or_else(|error| panic!("{instance:?}: {error}"));
                    self.verified += 1;
                }
                Err(_) => self.without.push(format!("{} {property}", scenario.name())),
            }
        }
    }

    fn none_without_but(&self, expected: &[&str]) {
        let without: std::collections::BTreeSet<_> = self.without.iter().map(String::as_str).collect();
        assert_eq!(without.into_iter().collect::<Vec<_>>(), expected);
    }
}

const FAULTS: [(usize, LockKind); 3] = [(0, LockKind::Owned), (1, LockKind::Owned), (1, LockKind::Semaphore)];

fn is_shop(program: &Program) -> bool {
    matches!(program.kind, Kind::Shop { .. })
}

#[test]
fn every_proof_of_a_tutorial_for_any_number_of_threads_re_checks() {
    let mut found = Found::default();
    for program in programs::all().iter().filter(|program| !is_shop(program)) {
        let scenario = program.scenario(program.tickets);
        for (kills, lock) in FAULTS {
            let instance = Instance::any(&scenario).kills(kills).lock(lock);
            found.all(&Parametric::default(), &scenario, &instance, &limits(10_000));
        }
    }
    found.none_without_but(&[]);
    assert!(found.verified > 100, "{}", found.verified);
}

#[test]
fn proofs_of_a_shop_for_any_number_of_threads_re_check() {
    let mut found = Found::default();
    // Larger ones take seconds: see below.
    let larger = ["lock-skipped", "lock-taken", "expiring-hold", "cancelled-twice", "cancelled-once"];
    for program in programs::all().iter().filter(|program| is_shop(program) && !larger.contains(&program.name)) {
        let scenario = program.scenario(program.tickets);
        found.all(&Parametric::default(), &scenario, &Instance::any(&scenario), &limits(10_000));
    }
    found.none_without_but(&[]);
    assert!(found.verified > 80, "{}", found.verified);
}

/// `cargo test --release --test certificates -- --ignored`
#[test]
#[ignore = "takes half a minute"]
fn every_proof_of_every_program_for_any_number_of_threads_re_checks() {
    let mut found = Found::default();
    for program in programs::all() {
        let scenario = program.scenario(program.tickets);
        for (kills, lock) in FAULTS {
            let instance = Instance::any(&scenario).kills(kills).lock(lock);
            found.all(&Parametric::default(), &scenario, &instance, &limits(200_000));
        }
    }
    eprintln!("{} certificates re-check", found.verified);
    found.none_without_but(&[]);
}

#[test]
fn every_proof_of_two_or_three_threads_re_checks() {
    let mut found = Found::default();
    for program in programs::all() {
        let scenario = program.scenario(program.tickets);
        for (threads, kills, lock) in [(2, 0, LockKind::Owned), (2, 1, LockKind::Semaphore), (3, 0, LockKind::Owned)] {
            let instance = Instance::of(&scenario, threads).kills(kills).lock(lock);
            found.all(&Counting::default(), &scenario, &instance, &limits(10_000));
        }
    }
    found.none_without_but(&[]);
    assert!(found.verified > 400, "{}", found.verified);
}

/// A program's certificate, as a file.
fn certificate(program: &str, tickets: u64, kills: usize, lock: LockKind, property: &str) -> (Scenario, Value) {
    let scenario = programs::named(program).unwrap().scenario(tickets);
    let instance = Instance::any(&scenario).kills(kills).lock(lock);
    let property = Property::named(&scenario, property).unwrap();
    let certificate = certify(&scenario, &instance, property, &limits(10_000)).unwrap();
    verify(&scenario, &certificate).unwrap();
    (scenario, serde_json::from_str(&Certificate::write(&[certificate])).unwrap())
}

/// What verification says of a file after a change.
fn changed(scenario: &Scenario, file: &Value, change: impl FnOnce(&mut Value)) -> Result<usize, CertificateError> {
    let mut file = file.clone();
    change(&mut file[0]);
    verify(scenario, &Certificate::read(&file.to_string())?[0])
}

fn does_not_hold(found: Result<usize, CertificateError>, says: &str) {
    match found {
        Err(CertificateError::DoesNotHold(what)) => {
            assert!(what.contains(says) && what.contains("Write it anew"), "not `{says}`: {what}");
        }
        other => panic!("{other:?}, and not `{says}`"),
    }
}

fn unreadable(found: Result<usize, CertificateError>, says: &str) {
    match found {
        Err(CertificateError::Unreadable(what)) => assert!(what.contains(says), "not `{says}`: {what}"),
        other => panic!("{other:?}, and not `{says}`"),
    }
}

#[test]
fn no_state_of_a_certificate_can_be_left_out() {
    let (owned, semaphore) = (LockKind::Owned, LockKind::Semaphore);
    for (program, tickets, kills, lock, property) in [
        ("purchase-locked", 1, 0, owned, "no-oversell"),
        ("repaired", 1, 0, owned, "ledger-balances"),
        ("joined", 2, 0, owned, "no-undersell"),
        ("joined-until-sold-out", 2, 0, owned, "searches-overlap"),
        ("task-locked", 1, 1, semaphore, "no-oversell"),
    ] {
        let (scenario, file) = certificate(program, tickets, kills, lock, property);
        let states = file[0]["states"].as_array().unwrap().len();
        assert!(states > 20, "{program}: {states}");
        for left_out in 0..states {
            let remove = |row: &mut Value| drop(row["states"].as_array_mut().unwrap().remove(left_out));
            does_not_hold(changed(&scenario, &file, remove), "a state that can be reached is not in it");
        }
    }
}

#[test]
fn a_certificate_with_more_in_it_does_not_hold() {
    let (scenario, file) = certificate("purchase-locked", 1, 0, LockKind::Owned, "no-oversell");
    let add = |state: &str| changed(&scenario, &file, |row| row["states"].as_array_mut().unwrap().push(json!(state)));
    // Somebody killed where nobody may be; a point and a content that there are not.
    let first = file[0]["states"][0].as_str().unwrap();
    let killed = first.replacen("- 0", "- 1", 1);
    does_not_hold(add(&killed), "a state that is in it cannot be reached");
    does_not_hold(add(&format!("{first} 99:1")), "a state that is in it cannot be reached");
    does_not_hold(add("99,99 - 0 0 -1 0 0"), "a state that is in it cannot be reached");
    unreadable(add(first), "something is listed twice");
    unreadable(add("a state"), "`states` has no state in `a state`");
    unreadable(add(&format!("{first} ")), "`states` has no state");
}

#[test]
fn a_certificate_proves_nothing_else() {
    let (scenario, file) = certificate("purchase-locked", 1, 0, LockKind::Owned, "no-oversell");
    let with = |key: &str, value: Value| changed(&scenario, &file, |row| row[key] = value);
    // The same states, but people read torn content in them, and search at once.
    let (scenario_of_steps, of_steps) = certificate("purchase-locked", 1, 0, LockKind::Owned, "no-crash");
    let with_property =
        |property: &str| changed(&scenario_of_steps, &of_steps, |row| row["property"] = json!(property));
    does_not_hold(with_property("no-torn-read"), "a step reads what is no ledger");
    does_not_hold(with_property("searches-overlap"), "a state that can be reached shows the opposite");
    does_not_hold(with_property("no-oversell"), "a state that can be reached is not in it");
    does_not_hold(with("property", json!("sells-out")), "a state that can be reached shows the opposite");
    unreadable(with("property", json!("no-such")), "has no property `no-such`");
    unreadable(with("tickets", json!(2)), "a stock of 2");
    does_not_hold(with("k", json!(2)), "");
    unreadable(with("k", json!(0)), "`k` cannot be 0");
    unreadable(with("k", json!(1_000_000)), "`k` cannot be 1000000");
    does_not_hold(with("kills", json!(1)), "");
    does_not_hold(with("threads", json!({"buyer": 1})), "a state that is in it cannot be reached");
    unreadable(with("threads", json!({"buyer": 2})), "`k` cannot be 1");
    unreadable(with("threads", json!({"seller": "any"})), "whose roles are buyer");
    unreadable(with("threads", json!({"buyer": "many"})), "neither a number of threads nor \"any\"");
    unreadable(with("lock", json!("padlock")), "`lock` is `padlock`");
    // What reads alike to a person is not taken for the same.
    let swapped = |row: &mut Value| row["points"].as_array_mut().unwrap().swap(0, 1);
    does_not_hold(changed(&scenario, &file, swapped), "");
    let other = programs::named("unlocked").unwrap().scenario(1);
    unreadable(changed(&other, &file, |_| ()), "no certificate of `unlocked`");
    does_not_hold(changed(&other, &file, |row| row["program"] = json!("unlocked")), "leads to what is not in it");
}

/// Everybody waits for what nobody does.
fn spins() -> Scenario {
    Scenario::new("spins", |setup| setup.cell("open", false))
        .stock(1)
        .role("buyer", |at, open: &Cell<bool>| {
            at.retry("spin", || if open.load(at, SeqCst) { Break("done") } else { Continue(()) })
        })
        .ledger(|_, _| Some(1))
        .into()
}

#[test]
fn waiting_for_ever_is_no_end() {
    let spins = spins();
    for instance in [Instance::of(&spins, 2), Instance::any(&spins)] {
        let mut certificate = certify(&spins, &instance, Property::NoCrash, &limits(10_000)).unwrap();
        verify(&spins, &certificate).unwrap();
        certificate.property = "no-livelock".to_owned();
        does_not_hold(verify(&spins, &certificate), "a state that can be reached shows the opposite");
    }
}

#[test]
fn of_any_number_of_sales_some_may_be_given_back() {
    let scenario: Scenario = Scenario::new("gives-back", |setup| setup.cell("open", true))
        .stock(1)
        .role("buyer", |at, open: &Cell<bool>| {
            if open.load(at, SeqCst) {
                at.tell(Event::sale("bought"));
            }
        })
        .role("returner", |at, open: &Cell<bool>| {
            open.store(at, false, SeqCst);
            at.tell(Event::given_back("returned", 1));
        })
        .ledger(|_, _| Some(1))
        .into();
    // It cannot, as the ledger never comes to 0. Of what was oversold there is "1 or more", and less afterwards.
    for instance in [Instance::of(&scenario, 3), Instance::any(&scenario)] {
        let certificate = certify(&scenario, &instance, Property::SellsOut, &limits(10_000)).unwrap();
        verify(&scenario, &certificate).unwrap();
    }
}

#[test]
fn what_is_restocked_may_be_sold() {
    let scenario: Scenario = Scenario::new("restocked", |setup| setup.cell("left", 1u64))
        .stock(1)
        .role("buyer", |at, left: &Cell<u64>| {
            if left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                at.tell(Event::sale("bought"));
            }
        })
        .role("restocker", |at, left: &Cell<u64>| {
            left.fetch_add(at, 2, SeqCst);
            at.tell(Event::restocked("restocked", 2));
        })
        .ledger(|at, left| Some(left.load(at, SeqCst)))
        .always("enough", "no more is sold than there is", |state, _| state.sold() <= state.stock())
        .into();
    let instance = Instance::of(&scenario, 4);
    let enough = Property::named(&scenario, "enough").unwrap();
    for property in [Property::NoOversell, Property::LedgerBalances, enough] {
        let certificate = certify(&scenario, &instance, property, &limits(10_000)).unwrap();
        verify(&scenario, &certificate).unwrap();
    }
    let ends = outcomes(&scenario, &instance, &limits(10_000)).unwrap().reached;
    assert!(!ends.is_empty() && ends.iter().all(|reached| reached.end.stock == 3 && reached.end.sold <= 3), "{ends:?}");
}

#[test]
fn nothing_is_proved_of_ends_where_there_are_none_or_of_what_is_not_so() {
    let scenario = programs::named("unlocked").unwrap().scenario(1);
    for property in ["no-oversell", "ledger-balances", "no-torn-read"] {
        let property = Property::named(&scenario, property).unwrap();
        for instance in [Instance::of(&scenario, 3), Instance::any(&scenario)] {
            assert!(certify(&scenario, &instance, property, &limits(10_000)).is_err(), "{property}");
        }
    }
    let spins = spins();
    for property in ["no-deadlock", "no-livelock"] {
        let property = Property::named(&spins, property).unwrap();
        assert!(certify(&spins, &Instance::of(&spins, 2), property, &limits(10_000)).is_err(), "{property}");
    }
}

/// Two tickets, and buyers who do this.
fn two_tickets(name: &str, buys: impl Fn(&dyn Platform, &Cell<u64>) + Send + Sync + 'static) -> Scenario {
    Scenario::new(name, |setup| setup.cell("came", 0u64)).stock(2).role("buyer", buys).into()
}

/// Whether there is a certificate; one that there is re-checks.
fn has_certificate(scenario: &Scenario, instance: &Instance, property: Property) -> bool {
    let certificate = certify(scenario, instance, property, &limits(10_000));
    certificate.map(|certificate| verify(scenario, &certificate).unwrap()).is_ok()
}

#[test]
fn verification_says_how_many_steps_it_looked_at() {
    let comes = two_tickets("comes", |at, came| came.store(at, 1, SeqCst));
    for threads in 1..=3 {
        let certificate = certify(&comes, &Instance::of(&comes, threads), Property::NoCrash, &limits(100)).unwrap();
        assert_eq!(verify(&comes, &certificate).unwrap(), threads, "one after the other, and all are alike");
    }
}

/// Of "more than two" there is no end of what they add up to. Of three there is.
#[test]
fn three_of_a_role_are_counted_to_three_beside_any_number_of_others() {
    let adds: Scenario = Scenario::new("adds", |setup| setup.cell("came", 0u64))
        .role("buyer", |at, came: &Cell<u64>| {
            came.load(at, SeqCst);
        })
        .role("adder", |at, came: &Cell<u64>| {
            came.fetch_add(at, 1, SeqCst);
        })
        .into();
    let instance = Instance::any(&adds).role(1, Threads::Exactly(3));
    let certificate = certify(&adds, &instance, Property::NoCrash, &limits(1_000)).unwrap();
    assert_eq!(certificate.k, 3);
    verify(&adds, &certificate).unwrap();
}

#[test]
fn who_dies_is_seen_however_many_there_are() {
    let dies = two_tickets("dies", |at, came| assert_eq!(came.swap(at, 1, SeqCst), 0, "somebody was here"));
    for instance in [Instance::of(&dies, 2), Instance::any(&dies)] {
        assert!(!has_certificate(&dies, &instance, Property::NoCrash), "{instance:?}");
    }
    assert!(has_certificate(&dies, &Instance::of(&dies, 1), Property::NoCrash));
}

#[test]
fn what_was_told_is_counted_once_whatever_is_done_afterwards() {
    let restocks = |sold: u32| {
        two_tickets("restocks", move |at, came| {
            if came.swap(at, 1, SeqCst) == 0 {
                at.tell(Event::restocked("restocked", 1));
                came.store(at, 2, SeqCst);
                came.store(at, 3, SeqCst);
                at.tell(Event::sale_of("bought", sold));
                came.store(at, 4, SeqCst);
            }
        })
    };
    for (sold, holds) in [(3, true), (4, false)] {
        let restocks = restocks(sold);
        assert_eq!(has_certificate(&restocks, &Instance::of(&restocks, 1), Property::NoOversell), holds, "{sold} sold");
    }
}

/// The first to come gets nothing, unless somebody comes after: then that one buys for both.
#[test]
fn who_asked_and_has_gone_is_counted_too() {
    let for_both = two_tickets("for-both", |at, came| {
        let before = came.fetch_update(at, SeqCst, SeqCst, |came| (came < 2).then_some(came + 1));
        if before == Ok(1) {
            at.tell(Event::sale_of("bought", 2));
        }
    });
    let any = Instance::any(&for_both);
    assert!(!has_certificate(&for_both, &any, Property::NoUndersell));
    let findings = Parametric::default().check(&for_both, &any, &[Property::NoUndersell]).unwrap();
    let Verdict::Refuted { witness, .. } = &findings[0].verdict else { panic!("{:?}", findings[0].verdict) };
    assert_eq!(witness.instance.threads, [Threads::Exactly(1)]);
}

#[test]
fn what_fails_with_many_is_shown_with_the_fewest() {
    let waits = two_tickets("waits", |at, came| {
        came.store(at, 1, SeqCst);
        at.retry("wait", || if came.load(at, SeqCst) == 2 { Break(()) } else { Continue(()) });
    });
    let findings = Parametric::default().check(&waits, &Instance::any(&waits), &[Property::NoLivelock]).unwrap();
    let Verdict::Refuted { witness, .. } = &findings[0].verdict else { panic!("{:?}", findings[0].verdict) };
    assert_eq!(witness.instance.threads, [Threads::Exactly(1)]);
}

#[test]
fn counters_count_as_far_as_they_are_let_and_no_further() {
    let own: Scenario = Scenario::new("own", |setup| setup.cell("came", false))
        .role("buyer", |at, came: &Cell<bool>| came.store(at, true, SeqCst))
        .always_at_end("ends", "an end is an end", |_, _| true)
        .into();
    let ends = Property::named(&own, "ends").unwrap();
    for max_count in [2, 3] {
        let few = Parametric { max_count, max_threads: 3, ..Parametric::default() };
        let findings = few.check(&own, &Instance::any(&own), &[ends]).unwrap();
        let Verdict::Inconclusive { explored, limit } = &findings[0].verdict else { panic!("{findings:?}") };
        assert_eq!(explored.get("k"), Some(u64::from(max_count)), "{limit}");
    }
}

/// The ledger is right with any number of buyers but this, who come one by one.
fn wrong_with(buyers: u64, launch: Launch) -> Scenario {
    Scenario::new("wrong-with", |setup| setup.cell("came", 0u64))
        .stock(1)
        .launch(launch)
        .role("buyer", move |at, came: &Cell<u64>| {
            let _ = came.fetch_update(at, SeqCst, SeqCst, |came| (came <= buyers).then_some(came + 1));
            "came"
        })
        .ledger(move |at, came| Some(u64::from(came.load(at, SeqCst) != buyers)))
        .into()
}

#[test]
fn no_number_of_threads_is_left_out() {
    for launch in [Launch::Together, Launch::Joined] {
        for buyers in 1..=5 {
            let scenario = wrong_with(buyers, launch);
            let instance = Instance::any(&scenario);
            let findings = Parametric::default().check(&scenario, &instance, &[Property::LedgerBalances]).unwrap();
            let Verdict::Refuted { witness, .. } = &findings[0].verdict else {
                panic!("{launch:?}, {buyers}: {:?}", findings[0].verdict)
            };
            assert_eq!(witness.instance.threads, [Threads::Exactly(buyers as usize)]);
        }
    }
}

#[cfg(feature = "cli")]
mod cli {
    use std::fs;
    use std::path::Path;
    use std::process::{Command, Output};

    fn oversell(args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_oversell")).args(args).output().unwrap()
    }

    /// The exit code, and what was printed.
    fn verify(file: &Path) -> (i32, String) {
        let output = oversell(&["verify", file.to_str().unwrap()]);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    #[test]
    fn check_writes_certificates_that_verify_re_checks() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("proofs.json");
        let path = file.to_str().unwrap();
        let checked = oversell(&["check", "repaired", "--buyers", "any", "--certificate", path]);
        assert_eq!(checked.status.code(), Some(0));
        let text = String::from_utf8(checked.stdout).unwrap();
        assert!(text.ends_with(&format!("\n7 certificates in {path}; re-check: oversell verify {path}\n")), "{text}");
        let written = fs::read_to_string(&file).unwrap();
        let (code, text) = verify(&file);
        assert_eq!((code, text.lines().count()), (0, 7), "{text}");
        assert!(text.starts_with("✓ repaired, any number of buyers, 1 ticket: no-oversell proved: "), "{text}");

        // The same file each time, and JSON alone on standard output.
        let again = oversell(&["check", "repaired", "--buyers", "any", "--certificate", path, "--format", "json"]);
        assert!(serde_json::from_slice::<serde_json::Value>(&again.stdout).is_ok());
        assert_eq!(fs::read_to_string(&file).unwrap(), written);

        // A certificate that does not hold; files that are none; a program that there is not.
        fs::write(&file, written.replacen("\"program\": \"repaired\"", "\"program\": \"unlocked\"", 1)).unwrap();
        let (code, text) = verify(&file);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.starts_with("✗ unlocked, any number of buyers, 1 ticket: no-oversell proved: it does not"),
            "{text}"
        );
        assert!(text.contains("\n✓ repaired"), "the others are looked at, too: {text}");
        for (content, says) in [
            (&written[..written.len() / 2], "no JSON array of certificates"),
            ("tickets", "no JSON array of certificates"),
            ("[]", "no certificate in this file"),
            ("[{}]", "certificate 1: `lock` is missing"),
            (&written.replace("\"repaired\"", "\"mended\""), "there is no program `mended`"),
        ] {
            fs::write(&file, content).unwrap();
            let (code, text) = verify(&file);
            assert_eq!(code, 2, "{text}");
            assert!(text.starts_with("error: ") && text.contains(path) && text.contains(says), "{says}: {text}");
        }
        fs::remove_file(&file).unwrap();
        let (code, text) = verify(&file);
        assert!(code == 2 && text.contains("cannot read"), "{text}");
    }

    #[test]
    fn check_says_what_has_no_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("proofs.json");
        let path = file.to_str().unwrap();
        let args = ["check", "cancelled-twice", "--buyers", "any", "--property", "no-crash", "--max-states", "2000"];
        let output = oversell(&[&args[..], &["--certificate", path]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("no certificate of no-crash: stopped at 2000 states"), "{text}");
        assert!(text.contains("nothing was written to"), "{text}");
        assert!(!file.exists());
    }
}
