//! Promise: threads that store who they are can be checked, exactly, and nobody takes them for alike.
#![cfg(not(loom))]

#[path = "agreement/enumeration.rs"]
mod enumeration;
#[path = "told_apart/generated.rs"]
mod generated;
mod reviewed;

use enumeration::{Enumerated, Limit};
use oversell::check::{
    Check, CheckError, Counting, Coverability, Engine, Explanation, Finding, Instance, Kind, Limits, Parametric,
    Property, Scope, ToldApart, certify, explain, outcomes,
};
use oversell::platform::conductor::conduct;
use oversell::platform::model::Model;
use oversell::platform::processes::{Processes, attend};
use oversell::platform::script::Local;
use oversell::platform::site::Site;
use oversell::platform::stage::Pace;
use oversell::platform::threads::Threads;
use oversell::platform::{Actor, LockKind, What};
use oversell::programs;
use oversell::scenario::{Launch, Scenario};
use oversell::sync::{Cell, Event, File, Platform};
use oversell::trace::title;
use reviewed::reviewed;
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;

/// Nobody sits there. Whoever does is stored as their number and one.
const FREE: u8 = 0;

fn name_of(me: usize) -> u8 {
    u8::try_from(me).unwrap() + 1
}

/// Two seats, and customers who try one after the other to get one of them, in this way.
fn seat_map(name: &str, reserve: impl Fn(&dyn Platform, Cell<u8>, u8) -> bool + Send + Sync + 'static) -> Scenario {
    Scenario::new(name, |setup| [setup.cell("seat A", FREE), setup.cell("seat B", FREE)])
        .stock(2)
        .tally("got seat A")
        .tally("got seat B")
        .role_by("customer", move |at, [a, b]: &[Cell<u8>; 2], me| {
            for (seat, got) in [(*a, "got seat A"), (*b, "got seat B")] {
                if reserve(at, seat, name_of(me)) {
                    at.tell(Event::sale(got));
                    return "seated";
                }
            }
            "sold out"
        })
        .always("one-to-a-seat", "no seat is sold twice", |state, _| {
            state.total("got seat A") <= 1 && state.total("got seat B") <= 1
        })
        .ledger(|at, seats| Some(seats.iter().filter(|seat| seat.load(at, SeqCst) == FREE).count() as u64))
        .into()
}

/// Looks whether the seat is free, puts its name on it, and looks whether the name is still there.
fn checked_then_stored() -> Scenario {
    seat_map("seat-map-check-then-store", |at, seat, me| {
        if seat.load(at, SeqCst) != FREE {
            return false;
        }
        seat.store(at, me, SeqCst);
        seat.load(at, SeqCst) == me
    })
}

/// One compare-exchange. Whoever finds its own name has the seat already.
fn compare_exchanged() -> Scenario {
    seat_map("seat-map-compare-exchange", |at, seat, me| match seat.compare_exchange(at, FREE, me, SeqCst, SeqCst) {
        Ok(_) => true,
        Err(holder) => holder == me,
    })
}

fn told_apart(scenario: &Scenario, instance: &Instance) -> Vec<Finding> {
    ToldApart::default().check(scenario, instance, &Property::of(scenario)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_seat_that_is_checked_and_then_stored_is_sold_twice_and_the_trace_says_to_whom() {
    let scenario = checked_then_stored();
    let report = Check::new(&scenario).threads("customer", 2).run().unwrap();
    assert_eq!(report.engine, "told-apart", "it is chosen by itself");
    let witness = report.assert_refuted("one-to-a-seat").unwrap();
    let (title, lanes) = (title(&scenario, &witness.instance), witness.lanes(&scenario));
    reviewed("seat-map-check-then-store.one-to-a-seat", &format!("{title}\n\n{lanes}"));
    assert!(report.to_string().contains("proved for this many threads says nothing of more or fewer"), "{report}");
    // Two customers in one seat, and a third in the other: one more than there are.
    Check::new(&scenario).threads("customer", 2).property("no-oversell").run().unwrap().assert_holds();
    let three = Check::new(&scenario).threads("customer", 3).run().unwrap();
    assert_eq!(three.assert_refuted("no-oversell").unwrap().instance.number(0), 3);
    assert_eq!(three.finding("no-oversell").worst, Some(3));
}

#[test]
fn a_seat_that_is_compare_exchanged_is_proved_for_two_to_four_customers_with_a_kill_too() {
    for customers in 2..=4 {
        for kills in [0, 1] {
            let scenario = compare_exchanged();
            let check = Check::new(&scenario).threads("customer", customers).kills(kills);
            let report = check.run().unwrap();
            for property in ["one-to-a-seat", "no-oversell", "no-deadlock", "no-livelock", "no-crash"] {
                assert_eq!(report.finding(property).verdict.name(), "proved", "{customers}, {kills} kills\n{report}");
            }
            // Who is killed with a name on the seat, and not told so, leaves it taken: a seat that is not sold. But a
            // compare-exchange and the sale are one step.
            assert_eq!(report.finding("ledger-balances").verdict.name(), "proved", "{report}");
            assert_eq!(report.finding("sells-out").verdict.name(), "possible", "{report}");
        }
    }
}

/// Small programs of every kind in which who it is makes a difference.
fn small_programs() -> Vec<Scenario> {
    // Each waits until it is its turn; a retry that goes round.
    let in_turn = Scenario::new("in-turn", |setup| setup.cell("turn", 0u8))
        .stock(1)
        .role_by("buyer", |at, turn: &Cell<u8>, me| {
            let me = u8::try_from(me).unwrap();
            at.retry("wait", || if turn.load(at, SeqCst) == me { Break(()) } else { Continue(()) });
            at.tell(Event::sale("bought"));
            turn.store(at, me + 1, SeqCst);
        })
        .ledger(|at, turn| Some(1u64.saturating_sub(turn.load(at, SeqCst).into())))
        .into();
    // The first takes no step, and the second dies; whoever comes next finds the name of somebody else.
    let odd_ones = |name: &str, launch: Launch| {
        Scenario::new(name, |setup| (setup.cell("last", 0u8), setup.lock("door")))
            .stock(2)
            .launch(launch)
            .role_by("buyer", |at, (last, door), me| {
                if me == 0 {
                    at.tell(Event::sale("bought"));
                    return "at once";
                }
                let _door = door.acquire(at);
                let before = last.swap(at, name_of(me), SeqCst);
                if me == 1 && before != 3 {
                    at.crash("the second is not the first to come");
                }
                at.tell(Event::sale("bought"));
                if before == FREE { "first" } else { "later" }
            })
            .excuses(["later"])
            .into()
    };
    // A sweeper frees the seat of customer 1, whom it knows by name; customers choose to come back.
    let swept: Scenario = Scenario::new("swept", |setup| setup.cell("seat", FREE))
        .stock(1)
        .role_by("customer", |at, seat: &Cell<u8>, me| {
            let me = name_of(me);
            if seat.compare_exchange(at, FREE, me, SeqCst, SeqCst).is_err() {
                return "taken";
            }
            at.tell(Event::sale("reserved"));
            if at.choose("mind", &["keeps", "looks"]) == "looks" && seat.load(at, SeqCst) != me {
                at.crash("somebody has taken my seat");
            }
            "seated"
        })
        .role("sweeper", |at, seat: &Cell<u8>| {
            if seat.compare_exchange(at, 2, FREE, SeqCst, SeqCst).is_ok() {
                at.tell(Event::given_back("freed", 1));
            }
        })
        .sometimes("freed", "a seat is free again that was sold", |state, seat| {
            state.cell(*seat) == FREE && state.sold() == 0
        })
        .into();
    // The parent goes on until the one that it waits for has been there.
    let until_there = Scenario::new("until-there", |setup| setup.cell("seen", 0u8))
        .stock(2)
        .launch_while(|at, seen: &Cell<u8>| seen.load(at, SeqCst) != 2)
        .role_by("buyer", |at, seen, me| {
            if me == 1 && seen.load(at, SeqCst) == FREE {
                return "out of order";
            }
            seen.store(at, name_of(me), SeqCst);
            at.tell(Event::sale("bought"));
            "bought"
        })
        .into();
    vec![
        checked_then_stored(),
        compare_exchanged(),
        in_turn,
        odd_ones("odd-ones", Launch::Together),
        odd_ones("odd-ones-joined", Launch::Joined),
        swept,
        until_there,
    ]
}

fn faults(scenario: &Scenario, threads: usize) -> [Instance; 4] {
    [(0, LockKind::Owned), (0, LockKind::Semaphore), (1, LockKind::Owned), (1, LockKind::Semaphore)]
        .map(|(kills, lock)| Instance::of(scenario, threads).kills(kills).lock(lock))
}

/// Holds verdicts, witnesses, worst cases and outcomes against every schedule there is.
fn agrees(scenario: &Scenario, instance: &Instance, all: &Enumerated) {
    let case = format!("{} with {instance:?}", scenario.name());
    assert_eq!(all.refused, None, "{case}");
    for finding in told_apart(scenario, instance) {
        let property = finding.property;
        let least = all.least.get(&property);
        let name = match (property.kind(), least) {
            (_, None) if property.scope() == Scope::Ends && all.ends.is_empty() => "inconclusive",
            (Kind::Always, None) => "proved",
            (Kind::Always, Some(_)) => "refuted",
            (Kind::Sometimes, None) => "impossible",
            (Kind::Sometimes, Some(_)) => "possible",
        };
        assert_eq!(finding.verdict.name(), name, "{property} of {case}");
        let witness = finding.verdict.witness();
        assert!(witness.is_none_or(|witness| witness.instance == *instance), "{property} of {case}");
        let text = witness.map(|witness| witness.schedule.text(scenario));
        assert_eq!(text, least.map(|least| least.text(scenario)), "{property} of {case}");
        if property == Property::NoOversell {
            assert_eq!(finding.worst, Some(u64::try_from(all.worst).unwrap()), "{case}");
        }
    }
    let reached = ToldApart::default().outcomes(scenario, instance).unwrap();
    assert_eq!(reached, outcomes(scenario, instance, &Limits::default()).unwrap(), "{case}");
    let ends: Vec<_> = reached.reached.iter().map(|reached| (&reached.end, reached.schedule.0.len())).collect();
    assert_eq!(ends, all.ends.iter().map(|(end, moves)| (end, *moves)).collect::<Vec<_>>(), "{case}");
}

#[test]
fn every_verdict_witness_and_outcome_is_that_of_walking_every_schedule() {
    let mut shown = std::collections::BTreeSet::new();
    for scenario in small_programs() {
        for threads in 1..=3 {
            for instance in faults(&scenario, threads) {
                // Three customers with a kill have more schedules than a test should walk.
                let Some(all) = Enumerated::merged(&scenario, &instance, Limit(3_000)) else {
                    assert!(threads == 3, "{} with {instance:?}", scenario.name());
                    continue;
                };
                shown.extend(all.least.keys().map(|property| property.name()));
                agrees(&scenario, &instance, &all);
            }
        }
    }
    let expected =
        ["freed", "ledger-balances", "no-crash", "no-deadlock", "no-livelock", "no-oversell", "no-undersell"];
    assert!(expected.iter().all(|property| shown.contains(property)), "not all are put to the test: {shown:?}");
}

#[test]
fn three_hundred_generated_programs_come_out_as_by_walking_every_schedule() {
    let (mut decided, mut shown) = (0, std::collections::BTreeMap::new());
    for seed in 0..300 {
        let (scenario, instance) = generated::program(seed);
        let Some(all) = Enumerated::merged(&scenario, &instance, Limit(2_000)) else { continue };
        decided += 1;
        all.least.keys().for_each(|property| *shown.entry(property.name()).or_insert(0) += 1);
        agrees(&scenario, &instance, &all);
    }
    println!("{decided} decided, of which show {shown:?}");
    assert!(decided >= 270, "too few: {decided}");
    // (Nothing here can tear a read.)
    let shown: Vec<_> = shown.into_iter().filter(|(_, cases)| (3..decided - 3).contains(cases)).collect();
    assert!(shown.len() >= 7, "too much is always the same: {shown:?}");
}

#[test]
fn two_customers_come_out_as_by_walking_schedules_one_by_one() {
    for scenario in [checked_then_stored(), compare_exchanged()] {
        for kills in [0, 1] {
            let instance = Instance::of(&scenario, 2).kills(kills);
            agrees(&scenario, &instance, &Enumerated::one_by_one(&scenario, &instance));
        }
    }
}

#[test]
fn where_threads_are_alike_telling_them_apart_changes_nothing_but_the_number_of_states() {
    let mut more = 0;
    for program in programs::all() {
        let scenario = program.scenario(program.tickets.min(2));
        let properties = Property::of(&scenario);
        for instance in faults(&scenario, 2) {
            let case = format!("{} with {instance:?}", program.name);
            let counted = Counting::default().check(&scenario, &instance, &properties).unwrap();
            let apart = told_apart(&scenario, &instance);
            for (counted, apart) in counted.iter().zip(&apart) {
                assert_eq!(apart.verdict.name(), counted.verdict.name(), "{} of {case}", counted.property);
                assert_eq!(apart.worst, counted.worst, "{case}");
                // Counting looks for witnesses of fewer threads.
                if let Some(witness) = counted.verdict.witness().filter(|witness| witness.instance == instance) {
                    assert_eq!(apart.verdict.witness(), Some(witness), "{} of {case}", counted.property);
                }
                let states = |finding: &Finding| finding.verdict.explored().get("states").unwrap();
                assert!(states(apart) >= states(counted), "{case}");
                more += usize::from(states(apart) > states(counted));
            }
            let reached = outcomes(&scenario, &instance, &Limits::default()).unwrap();
            let reached_apart = ToldApart::default().outcomes(&scenario, &instance).unwrap();
            let ends = |outcomes: &oversell::check::Outcomes| -> Vec<_> {
                outcomes.reached.iter().map(|reached| (reached.end.clone(), reached.schedule.0.len())).collect()
            };
            assert_eq!(ends(&reached_apart), ends(&reached), "{case}");
        }
    }
    assert!(more > 0, "so threads were never told apart");
}

#[test]
fn who_counts_threads_refuses_those_who_know_who_they_are() {
    let scenario = compare_exchanged();
    let (two, any) = (Instance::of(&scenario, 2), Instance::any(&scenario));
    let properties = Property::of(&scenario);
    let engines: [(&dyn Engine, &Instance); 3] =
        [(&Counting::default(), &two), (&Parametric::default(), &any), (&Coverability::default(), &any)];
    for (engine, instance) in engines {
        let refused = engine.check(&scenario, instance, &properties);
        let Err(CheckError::Unsupported { engine: by, reason }) = refused else { panic!("{refused:?}") };
        assert_eq!(by, engine.name());
        assert!(reason.contains("`customer`") && reason.contains("told-apart"), "{reason}");
    }
    for instance in [&two, &any] {
        let refused = certify(&scenario, instance, Property::NoOversell, &Limits::default()).unwrap_err();
        assert!(refused.to_string().contains("know who they are"), "{refused}");
    }
    let refused = Check::new(&scenario).any("customer").run().map(|report| report.engine);
    let Err(CheckError::Unsupported { engine: "told-apart", reason }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("how many there are"), "{reason}");
}

#[test]
fn past_any_limit_nothing_is_proved() {
    let scenario = compare_exchanged();
    let usual = Limits::default;
    let limits = [
        Limits { max_states: 10, ..usual() },
        Limits { max_nodes: 10, ..usual() },
        Limits { max_memory: 10_000, ..usual() },
        Limits { max_time: std::time::Duration::ZERO, ..usual() },
    ];
    for limits in limits {
        let check = Check::new(&scenario).threads("customer", 4).kills(3).limits(limits.clone());
        let report = check.run().unwrap();
        assert!(report.findings.iter().all(|finding| finding.verdict.holds() != Some(true)), "{limits:?}\n{report}");
    }
    let many = ToldApart::default().check(&scenario, &Instance::of(&scenario, 50_000), &Property::of(&scenario));
    assert!(matches!(many, Err(CheckError::Unsupported { .. })), "{many:?}");
}

#[test]
fn console_lines_of_those_who_know_who_they_are_are_explained() {
    let scenario: Scenario = Scenario::new("queue", |setup| setup.cell("last", FREE))
        .role_by("customer", |at, last: &Cell<u8>, me| {
            at.tell(Event::word("comes").with(me as u64));
            let before = last.swap(at, name_of(me), SeqCst);
            at.tell(Event::word("follows").with(before.into()));
        })
        .line(|_, event| Some(format!("{} {}", event.name, event.value?)))
        .into();
    let explained =
        |lines: &[&str]| explain(&scenario, &Instance::of(&scenario, 2), lines, &Limits::default()).unwrap();
    let Explanation::Possible(schedule) = explained(&["comes 0", "comes 1", "follows 0", "follows 2"]) else {
        panic!("customer 1 can be first")
    };
    assert_eq!(schedule.text(&scenario), "1,0");
    assert_eq!(explained(&["comes 0", "comes 1", "follows 1", "follows 0"]), Explanation::Impossible { line: 2 });
}

/// A seat whose file has the name of who sits there, and customers who look before they sign.
fn seat_in_a_file() -> Scenario {
    Scenario::new("seat-in-a-file", |setup| setup.file("seat", []))
        .stock(1)
        .role_by("customer", |at, seat: &File, me| {
            if !seat.read(at).is_empty() {
                return "taken";
            }
            seat.replace(at, [b'1' + u8::try_from(me).unwrap()]);
            at.tell(Event::sale("seated"));
            "seated"
        })
        .into()
}

/// Starts a thread of [`seat_in_a_file`] as a process of this test.
fn process(database: &Path, number: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "be_a_process", "--nocapture"]);
    command.env("OVERSELL_TOLD_APART_DB", database).env("OVERSELL_TOLD_APART_NUMBER", number.to_string());
    command
}

/// No test: what `process` starts.
#[test]
fn be_a_process() {
    let Ok(database) = std::env::var("OVERSELL_TOLD_APART_DB") else { return };
    let number = std::env::var("OVERSELL_TOLD_APART_NUMBER").unwrap().parse().unwrap();
    let scenario = seat_in_a_file();
    let site = Site::beside(Path::new(&database), &scenario.build().0, LockKind::Owned);
    attend(&scenario, 0, number, &site, Pace::Conducted);
    // The test harness has nothing to add.
    std::process::exit(0);
}

#[test]
fn real_threads_and_processes_store_the_names_that_the_witness_says() {
    let scenario = seat_in_a_file();
    let report = Check::new(&scenario).threads("customer", 2).run().unwrap();
    let witness = report.assert_refuted("no-oversell").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for processes in [false, true] {
        let database = folder.path().join(format!("{processes}.txt"));
        let (setup, _) = scenario.build();
        let site = Site::beside(&database, &setup, LockKind::Owned);
        site.furnish(&setup).unwrap();
        // Every step is held against the model, with what it stores and observes.
        let (instance, schedule) = (&witness.instance, &witness.schedule.0);
        let ran = if processes {
            let process = {
                let database = database.clone();
                move |_: usize, number: usize| process(&database, number)
            };
            let mut stage = Processes::new(&scenario, site.clone(), Pace::Conducted, process).unwrap();
            conduct(&scenario, instance, schedule, &site, &mut stage)
        } else {
            conduct(&scenario, instance, schedule, &site, &mut Threads::new(&scenario, site.clone(), Pace::Conducted))
        };
        let model = ran.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(*model.trace(), witness.trace);
        let last = witness.schedule.0.last().expect("it has moves").actor;
        let Actor::Thread(0, number) = last else { panic!("{last:?}") };
        assert_eq!(std::fs::read(&database).unwrap(), [b'1' + u8::try_from(number).unwrap()], "processes: {processes}");
    }
}

#[cfg(feature = "shuttle")]
#[test]
fn shuttle_gives_every_thread_the_same_number_as_the_model_does() {
    use oversell::check::ShuttleDfs;
    for scenario in [checked_then_stored(), compare_exchanged()] {
        let instance = Instance::of(&scenario, 2);
        let reached = ToldApart::default().outcomes(&scenario, &instance).unwrap().reached;
        let ends = reached.into_iter().map(|reached| reached.end).collect();
        assert_eq!(ShuttleDfs::default().finals(&scenario, &instance).unwrap(), ends, "{}", scenario.name());
    }
}

#[test]
fn who_is_started_and_ends_at_once_prints_its_lines_too() {
    let scenario: Scenario = Scenario::new("greeters", |setup| setup.cell("unused", 0u8))
        .launch(Launch::Joined)
        .role("greeter", |at, _| at.tell(Event::word("hello")))
        .line(|_, event| Some(event.name.to_string()))
        .into();
    let explained =
        |lines: &[&str]| explain(&scenario, &Instance::of(&scenario, 2), lines, &Limits::default()).unwrap();
    assert!(matches!(explained(&["hello", "hello"]), Explanation::Possible(_)));
    assert_eq!(explained(&["hello"]), Explanation::Unfinished);
}

#[test]
fn a_parent_prints_its_lines_whenever_somebody_has_ended() {
    for at_once in [true, false] {
        let scenario: Scenario = Scenario::new(format!("greeters, {at_once}"), |setup| setup.cell("open", true))
            .role("greeter", move |at, open: &Cell<bool>| {
                if !at_once {
                    open.load(at, SeqCst);
                }
                at.tell(Event::word("hello"));
            })
            .role("onlooker", |at, _| at.tell(Event::word("oh")))
            .launch_while(|at, open| {
                at.tell(Event::word("next"));
                open.load(at, SeqCst)
            })
            .line(|_, event| Some(event.name.to_string()))
            .into();
        let instance = Instance::of(&scenario, 2);
        let mut model = Model::new(&scenario, &instance);
        while let Some(first) = model.moves().first() {
            model.make(*first).unwrap();
        }
        let entries = &model.trace().entries;
        let lines = entries.iter().filter_map(|entry| match &entry.what {
            What::Local(Local::Told(event)) => Some(&*event.name),
            _ => None,
        });
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.iter().filter(|line| **line == "next").count(), 2);
        let explained = |lines: &[&str]| explain(&scenario, &instance, lines, &Limits::default()).unwrap();
        assert!(matches!(explained(&lines), Explanation::Possible(_)), "{lines:?}");
        let silent: Vec<_> = lines.iter().copied().filter(|line| *line != "next").collect();
        assert!(matches!(explained(&silent), Explanation::Impossible { .. }), "{silent:?}");
    }
}

#[test]
fn a_process_id_is_digits_and_one_and_the_same() {
    let scenario: Scenario = Scenario::new("processes", |setup| setup.cell("unused", 0u8))
        .role("buyer", |at, unused: &Cell<u8>| {
            unused.load(at, SeqCst);
            at.tell(Event::word("came"));
            at.tell(Event::word("left"));
        })
        .line(|speaker, event| Some(format!("<{}> {}", speaker.pid, event.name)))
        .into();
    let explained =
        |lines: &[&str]| explain(&scenario, &Instance::of(&scenario, 1), lines, &Limits::default()).unwrap();
    assert!(matches!(explained(&["<407> came", "<407> left"]), Explanation::Possible(_)));
    assert_eq!(explained(&["<407> came", "<408> left"]), Explanation::Impossible { line: 1 });
    for nobody in ["<> came", "<4o7> came", "<-1> came", "< 7> came", "407 came"] {
        assert_eq!(explained(&[nobody]), Explanation::Impossible { line: 0 }, "{nobody}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn the_command_line_tells_threads_apart_where_it_is_asked_to() {
    let check = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
        command.args(["check", "unlocked", "--engine", "told-apart"]).args(args).output().unwrap()
    };
    let two = check(&["--buyers", "2", "--property", "no-oversell"]);
    let text = String::from_utf8(two.stdout).unwrap();
    assert_eq!(two.status.code(), Some(1), "{text}");
    assert!(text.contains("\ntold-apart: "), "{text}");
    let any = check(&["--buyers", "any"]);
    assert_eq!(any.status.code(), Some(2));
    assert!(String::from_utf8(any.stderr).unwrap().contains("how many there are"));
}
