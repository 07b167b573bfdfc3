//! Agreement on generated programs.

use crate::enumeration::{Enumerated, Limit};
use crate::language::{Do, Generated, Ledger, Number, Text, Which};
use crate::tutorials::name;
use oversell::check::{Counting, Coverability, Crowd, Engine, Final, Finding, Property, ShuttleDfs, outcomes};
use oversell::platform::LockKind;
use oversell::scenario::Launch;
use oversell::trace::replay;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

/// A program with the most buyers that run it.
#[derive(Clone)]
struct Case {
    program: Generated,
    crowd: Crowd,
}

impl Debug for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Crowd { buyers, kills, lock } = self.crowd;
        writeln!(f, "{buyers} buyers, {kills} kills, {lock:?} locks")?;
        write!(f, "{:?}", self.program)
    }
}

/// Cases with more beginnings of executions than this are passed over.
const LIMIT: Limit = Limit(1_500);

/// Cases with more executions than this are not run by shuttle.
const MOST_EXECUTIONS: usize = 100;

/// Limits for any number of buyers, where a cell can count without end.
fn few() -> Coverability {
    let counting = Counting { max_states: 1_000, max_nodes: 200, ..Counting::default() };
    Coverability { max_states: 1_000, counting }
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![(0..3u64).prop_map(Number::Is), Just(Number::Seen), Just(Number::OneLess)]
}

fn cell() -> impl Strategy<Value = Which> {
    prop_oneof![3 => Just(Which::A), 1 => Just(Which::B)]
}

fn code(longest: usize) -> impl Strategy<Value = Vec<Do>> {
    let leaf = prop_oneof![
        2 => Just(Do::Read),
        2 => Just(Do::ReadLedger),
        1 => number().prop_map(|number| Do::Rewrite(number, Vec::new())),
        1 => number().prop_map(Do::Replace),
        2 => cell().prop_map(Do::Load),
        1 => (cell(), number()).prop_map(|(cell, number)| Do::Store(cell, number)),
        1 => (cell(), number()).prop_map(|(cell, number)| Do::Swap(cell, number)),
        1 => (cell(), 1..3u64).prop_map(|(cell, number)| Do::Add(cell, number)),
        1 => (cell(), number(), number()).prop_map(|(cell, old, new)| Do::CompareExchange(cell, old, new)),
        1 => cell().prop_map(Do::TakeOne),
        2 => Just(Do::Sell),
        1 => Just(Do::Say),
    ];
    let tree = leaf.prop_recursive(2, 8, 2, |inner| {
        let body = move |shortest| prop::collection::vec(inner.clone(), shortest..=2);
        prop_oneof![
            1 => (number(), body(1)).prop_map(|(number, body)| Do::Rewrite(number, body)),
            2 => body(1).prop_map(Do::Locked),
            1 => (number(), body(0)).prop_map(|(number, body)| Do::Change(number, body)),
            3 => (0..3u64, body(1), body(0)).prop_map(|(seen, then, otherwise)| Do::If(seen, then, otherwise)),
            1 => (0..4u64).prop_map(|seen| Do::If(seen, vec![Do::Crash], Vec::new())),
            2 => body(1).prop_map(|body| Do::Span("search", body)),
            1 => body(1).prop_map(|body| Do::Span("buy", body)),
        ]
    });
    prop::collection::vec(tree, 1..=longest)
}

fn cases(launch: Launch) -> impl Strategy<Value = Case> {
    let ledger = prop_oneof![Just(Ledger::File), Just(Ledger::Cell), Just(Ledger::Purse)];
    let lock = prop_oneof![Just(LockKind::Owned), Just(LockKind::Semaphore)];
    let crowd = (2..=3usize, 0..=1usize, lock).prop_map(|(buyers, kills, lock)| Crowd { buyers, kills, lock });
    (code(4), code(2), 0..4u64, 1..=2u64, ledger, crowd).prop_map(
        move |(buyer, launcher, stop, tickets, ledger, crowd)| {
            let text = Text { launch, tickets, ledger, buyer, launcher: (launcher, stop) };
            Case { program: Generated(Arc::new(text)), crowd }
        },
    )
}

/// How many cases were decided, and in how many of them each property showed.
#[derive(Debug, Default)]
struct Tally {
    decided: usize,
    /// By shuttle, too.
    shuttled: usize,
    shown: BTreeMap<Property, usize>,
}

/// Draws cases, the same ones everywhere and every time, and says how they came out.
fn draw(launch: Launch, cases_drawn: u32) -> Tally {
    let config = ProptestConfig { cases: cases_drawn, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tally = RefCell::new(Tally::default());
    let ran = TestRunner::new_with_rng(config, rng).run(&cases(launch), |case| agree(&case, &mut tally.borrow_mut()));
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    tally.into_inner()
}

/// Holds the engines against the reference on one case.
fn agree(case: &Case, tally: &mut Tally) -> Result<(), TestCaseError> {
    let Case { program, crowd } = case;
    let sized = |buyers| Crowd { buyers, ..*crowd };
    let all: Option<Vec<_>> =
        (1..=crowd.buyers).map(|buyers| Enumerated::merged(program, &sized(buyers), LIMIT)).collect();
    let Some(all) = all else { return Ok(()) };
    let full = &all[crowd.buyers - 1];
    tally.decided += 1;

    let reached =
        outcomes(program, crowd, &Counting::default()).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let ends: Vec<_> = reached.iter().map(|reached| (&reached.end, reached.schedule.0.len())).collect();
    let expected: Vec<_> = full.ends.iter().map(|(end, moves)| (end, *moves)).collect();
    prop_assert_eq!(ends, expected, "how executions end, and after how few moves");
    for reached in &reached {
        let model = replay(program, crowd, &reached.schedule);
        let model = model.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let end = Final::of_model(&model, crowd);
        prop_assert_eq!(end.as_ref(), Some(&reached.end), "{}", reached.schedule);
    }

    let all_executions = ShuttleDfs { max_executions: MOST_EXECUTIONS };
    if crowd.kills == 0
        && crowd.lock == LockKind::Owned
        && let Ok(finals) = all_executions.finals(program, crowd)
    {
        tally.shuttled += 1;
        let expected: BTreeSet<_> = full.ends.keys().cloned().collect();
        prop_assert_eq!(finals, expected, "how executions end, by shuttle");
    }

    let by_size =
        (1..=crowd.buyers + 1).map(|buyers| Counting::default().check(program, &sized(buyers), &Property::ALL));
    let by_size: Vec<_> = by_size.collect::<Result<_, _>>().map_err(|error| TestCaseError::fail(error.to_string()))?;
    for (property, finding) in Property::ALL.into_iter().zip(&by_size[crowd.buyers - 1]) {
        let shows = full.least.contains_key(&property);
        *tally.shown.entry(property).or_default() += usize::from(shows);
        prop_assert_eq!(finding.verdict.name(), name(property, shows), "{}", property);
        let least = all.iter().enumerate().find_map(|(i, all)| Some((i + 1, all.least.get(&property)?)));
        let witness = finding.verdict.witness().map(|witness| (witness.crowd.buyers, &witness.schedule));
        prop_assert_eq!(witness, least.filter(|_| shows), "{}", property);
        if property == Property::NoOversell {
            prop_assert_eq!(finding.worst, Some(full.worst));
        }
    }

    let any = few().check(program, crowd, &Property::ALL);
    for any in any.map_err(|error| TestCaseError::fail(error.to_string()))? {
        let sizes: Vec<&Finding> = by_size.iter().map(|findings| &findings[any.property as usize]).collect();
        no_contradiction(&any, &sizes)?;
    }
    Ok(())
}

/// Holds a finding about any number of buyers against those about 1, 2, 3, … of them.
fn no_contradiction(any: &Finding, sizes: &[&Finding]) -> Result<(), TestCaseError> {
    if any.property == Property::NoOversell {
        prop_assert!(sizes.is_sorted_by_key(|finding| finding.worst), "more buyers, and fewer sold");
        let most = any.worst.unwrap_or(u64::MAX);
        prop_assert!(sizes.iter().all(|finding| finding.worst <= Some(most)), "{} is no bound", most);
    }
    let shows = sizes.iter().map(|finding| finding.verdict.witness().is_some());
    let expected: Vec<_> = match (any.verdict.name(), any.verdict.witness()) {
        ("inconclusive", _) => return Ok(()),
        (_, Some(witness)) => (1..=sizes.len()).map(|buyers| buyers >= witness.crowd.buyers).collect(),
        (_, None) => vec![false; sizes.len()],
    };
    prop_assert_eq!(shows.collect::<Vec<_>>(), expected, "{} for any number: {}", any.property, any.verdict.name());
    let smallest = any.verdict.witness().and_then(|witness| Some((witness, sizes.get(witness.crowd.buyers - 1)?)));
    if let Some((witness, counted)) = smallest {
        prop_assert_eq!(Some(witness), counted.verdict.witness(), "{}", any.property);
    }
    Ok(())
}

/// Asserts that the cases were worth the name.
fn assert_worthwhile(tally: &Tally, decided: usize, shuttled: usize, not_shown: &[Property]) {
    assert!(tally.decided >= decided && tally.shuttled >= shuttled, "too few: {tally:?}");
    for property in Property::ALL.iter().filter(|property| !not_shown.contains(property)) {
        let shown = tally.shown.get(property).copied().unwrap_or_default();
        assert!((5..tally.decided - 5).contains(&shown), "{property} is (almost) always the same: {tally:?}");
    }
}

#[test]
fn engines_agree_on_generated_programs_run_together() {
    assert_worthwhile(&draw(Launch::Together, 400), 300, 30, &[]);
}

#[test]
fn engines_agree_on_generated_programs_run_one_by_one() {
    assert_worthwhile(&draw(Launch::Joined, 200), 180, 30, &[Property::SearchesOverlap]);
}

#[test]
fn engines_agree_on_generated_programs_whose_launcher_decides() {
    assert_worthwhile(&draw(Launch::JoinedWhile, 200), 180, 30, &[Property::SearchesOverlap]);
}
