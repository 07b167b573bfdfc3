//! Promise: what is said of the moves that were not made, and of the point of no return, is what trying all of them finds.

use oversell::check::{Counting, Engine, Final, Kind, Property, Scope, Witness, evidence};
use oversell::platform::model::Model;
use oversell::platform::{Act, Instance, LockKind, Move};
use oversell::programs;
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event};
use oversell::trace::Schedule;
use oversell::trace::page::{Fate, Way, Ways};
use std::collections::HashMap;
use std::sync::atomic::Ordering::SeqCst;

/// By brute force: the fewest steps from here to an end at which the property was never broken, nobody more killed on the
/// way; `None` if there is none. What is known already is kept by what everybody has seen, in any order.
struct Force<'a> {
    scenario: &'a Scenario,
    instance: &'a Instance,
    property: Property,
    known: HashMap<String, Option<usize>>,
}

impl Force<'_> {
    fn broken(&self, model: &Model) -> bool {
        let end = Final::of_model(model, self.instance);
        evidence(self.property, self.scenario, model.trace(), end.as_ref()).is_some()
    }

    fn well(&mut self, model: &Model) -> Option<usize> {
        if self.broken(model) {
            return None;
        }
        let moves: Vec<_> = model.moves().into_iter().filter(|mv| mv.act != Act::Kill).collect();
        if moves.is_empty() {
            return Some(0);
        }
        let key = told(model);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let next = |mv: Move| {
            let mut next = model.clone();
            next.make(mv).unwrap();
            next
        };
        let nexts: Vec<_> = moves.into_iter().map(next).collect();
        let best = nexts.iter().filter_map(|next| self.well(next)).min().map(|steps| steps + 1);
        self.known.insert(key, best);
        best
    }
}

/// What each has done and seen, and what there is: nothing else can matter to what follows.
fn told(model: &Model) -> String {
    let mut by_actor: Vec<_> =
        model.trace().entries.iter().map(|entry| (entry.actor, format!("{:?}", entry.what))).collect();
    by_actor.sort_by_key(|(actor, _)| *actor);
    format!("{by_actor:?}{:?}", model.contents())
}

fn held_against_force(scenario: &Scenario, witness: &Witness) {
    let Witness { property, instance, schedule, .. } = witness;
    let name = format!("{}.{property}", scenario.name());
    let Some(Ways::Known { turn, steps }) = witness.told(scenario).ways else { panic!("{name}: nothing is known") };
    assert_eq!(steps.len(), schedule.0.len(), "{name}");
    let mut force = Force { scenario, instance, property: *property, known: HashMap::new() };
    let mut model = Model::new(scenario, instance);
    let mut last_good = force.well(&model).is_some().then_some(0);
    for (number, (ways, mv)) in steps.iter().zip(&schedule.0).enumerate() {
        let place = format!("{name}, step {}", number + 1);
        let mut moves = model.moves();
        assert_eq!(ways.iter().filter(|way| way.taken).count(), 1, "{place}");
        for Way { who, fate, then, taken, .. } in ways {
            // Whoever stands at the same place is named once; the first of them stands for all.
            let actor = who.split(" or ").next().unwrap();
            let of = |mv: &&Move| {
                model.trace().name(mv.actor) == actor && (!taken || **mv == *schedule.0.get(number).unwrap())
            };
            let tried: Vec<_> = moves.iter().filter(of).copied().collect();
            let comes_to = |mv: &Move| {
                let mut next = model.clone();
                next.make(*mv).unwrap();
                let well = force_of(&mut force, &next);
                (well, force.broken(&next))
            };
            let mut found: Vec<_> = tried.iter().map(comes_to).collect();
            found.retain(|(well, broken)| match fate {
                Fate::Good => well == &Some(then.len()),
                Fate::Doomed => well.is_none() && !broken,
                Fate::Breaks => *broken,
            });
            assert!(!found.is_empty(), "{place}: {who} is said to be {fate:?} with {} steps to go", then.len());
        }
        let named = |mv: &Move| {
            ways.iter().any(|way| {
                way.who.split(" or ").any(|who| who == model.trace().name(mv.actor)) || way.who.contains("like it")
            })
        };
        moves.retain(|mv| !named(mv));
        assert_eq!(moves, [], "{place}: these are not spoken of");
        model.make(*mv).unwrap();
        if force.well(&model).is_some() {
            last_good = Some(number + 1);
        }
    }
    let expected = match last_good {
        None => Some(0),
        Some(last) if last == schedule.0.len() => None,
        Some(last) => Some(last + 1),
    };
    assert_eq!(turn, expected, "{name}");
}

fn force_of(force: &mut Force<'_>, model: &Model) -> Option<usize> {
    force.well(model)
}

#[test]
fn every_witness_of_the_programs_is_as_brute_force_says() {
    let mut looked_at = 0;
    for program in programs::all() {
        let scenario = program.scenario(program.tickets);
        let own = Instance::of(&scenario, program.threads);
        for instance in [own.clone(), own.clone().kills(1).lock(LockKind::Semaphore), own.kills(1)] {
            let properties = Property::of(&scenario);
            for finding in Counting::default().check(&scenario, &instance, &properties).unwrap() {
                // Two tickets and fifteen buyers one after the other are too many to try.
                let few = |witness: &&Witness| witness.schedule.0.len() <= 12 && witness.instance.total() <= Some(4);
                let always = finding.property.kind() == Kind::Always && finding.property.scope() != Scope::Futures;
                if let Some(witness) = finding.verdict.witness().filter(few).filter(|_| always) {
                    held_against_force(&scenario, witness);
                    looked_at += 1;
                }
            }
        }
    }
    assert!(looked_at >= 20, "only {looked_at}");
}

fn look_then_take() -> Scenario {
    Scenario::new("look-then-take", |setup| setup.cell("left", 1u64))
        .stock(1)
        .role("buyer", |at, left: &Cell<u64>| {
            let Some(fewer) = left.load(at, SeqCst).checked_sub(1) else { return "sold out" };
            left.store(at, fewer, SeqCst);
            at.tell(Event::sale("bought"));
            "bought"
        })
        .into()
}

fn ways(scenario: &Scenario, property: &str, schedule: &str) -> Ways {
    let property = Property::named(scenario, property).unwrap();
    let schedule = Schedule::parse(schedule, scenario).unwrap();
    oversell::check::alternatives(scenario, &Instance::of(scenario, 2), property, &schedule).ways
}

#[test]
fn the_point_of_no_return_is_the_second_look() {
    let Ways::Known { turn, steps } = ways(&look_then_take(), "no-oversell", "0,1,0,1") else { panic!() };
    assert_eq!(turn, Some(2));
    let fates: Vec<Vec<_>> = steps.iter().map(|ways| ways.iter().map(|way| (&*way.who, way.fate)).collect()).collect();
    assert_eq!(
        fates,
        [
            vec![("buyer 0", Fate::Good), ("buyer 1", Fate::Good)],
            vec![("buyer 1", Fate::Doomed), ("buyer 0", Fate::Good)],
            vec![("buyer 0", Fate::Doomed), ("buyer 1", Fate::Doomed)],
            vec![("buyer 1", Fate::Breaks)],
        ]
    );
}

#[test]
fn whoever_dies_breaks_what_nobody_may_die_of() {
    let look_then_die: Scenario = Scenario::new("look-then-die", |setup| setup.cell("left", 1u64))
        .role("buyer", |at, left: &Cell<u64>| {
            if left.load(at, SeqCst) == 0 {
                return "sold out";
            }
            assert_eq!(left.swap(at, 0, SeqCst), 1, "somebody was faster");
            "bought"
        })
        .into();
    let Ways::Known { turn, steps } = ways(&look_then_die, "no-crash", "0,1,0,1") else { panic!() };
    let last: Vec<_> = steps[3].iter().map(|way| (&*way.who, way.fate)).collect();
    assert_eq!((turn, last), (Some(2), vec![("buyer 1", Fate::Breaks)]));
}

#[test]
fn an_execution_that_ends_well_has_no_such_point() {
    let Ways::Known { turn, .. } = ways(&look_then_take(), "no-oversell", "0,0,1") else { panic!() };
    assert_eq!(turn, None);
}

#[test]
fn what_can_end_in_no_good_way_is_lost_from_the_start() {
    let twice = Scenario::new("twice", |setup| setup.cell("left", 1u64))
        .stock(1)
        .role("buyer", |at, left: &Cell<u64>| {
            left.store(at, 0, SeqCst);
            at.tell(Event::sale("bought"));
        })
        .into();
    let Ways::Known { turn, .. } = ways(&twice, "no-oversell", "0,1") else { panic!() };
    assert_eq!(turn, Some(0));
}

#[test]
fn the_picture_says_of_every_state_how_it_can_end() {
    let scenario = look_then_take();
    let schedule = Schedule::parse("0,1,0,1", &scenario).unwrap();
    let instance = Instance::of(&scenario, 2);
    let picture = oversell::check::alternatives(&scenario, &instance, Property::NoOversell, &schedule).picture.0;
    let says = |says: &str| picture.matches(&format!("{says}</title>")).count();
    // Both have looked, and then one of them has bought: nobody can help it any more.
    assert_eq!(
        ["it can still end well", "it can no longer end well", "an end, and a good one", "here the property breaks"]
            .map(says),
        [3, 2, 1, 1],
        "{picture}"
    );
}

#[test]
fn what_has_too_many_states_is_not_guessed_at() {
    let many: Scenario = Scenario::new("many", |setup| (0..15).map(|_| setup.cell("c", 0u32)).collect::<Vec<_>>())
        .role("walker", |at, cells: &Vec<Cell<u32>>| {
            for cell in cells {
                cell.fetch_add(at, 1, SeqCst);
            }
        })
        .role("other", |at, cells: &Vec<Cell<u32>>| {
            for cell in cells.iter().rev() {
                cell.fetch_add(at, 1, SeqCst);
            }
        })
        .role("third", |at, cells: &Vec<Cell<u32>>| {
            for cell in cells {
                cell.fetch_sub(at, 1, SeqCst);
            }
        })
        .role("fourth", |at, cells: &Vec<Cell<u32>>| {
            for cell in cells.iter().rev() {
                cell.fetch_sub(at, 1, SeqCst);
            }
        })
        .into();
    let property = Property::named(&many, "no-crash").unwrap();
    let schedule = Schedule::parse("0,0", &many).unwrap();
    let found = oversell::check::alternatives(&many, &Instance::of(&many, 1), property, &schedule);
    let Ways::Unknown(why) = found.ways else { panic!() };
    assert_eq!(why, "not computed: there are more than 20000 states");
    assert!(found.picture.0.is_empty() && found.picture.1.contains("more than 20000 states"), "{}", found.picture.1);
}
