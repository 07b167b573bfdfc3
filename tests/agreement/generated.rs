//! Agreement on generated programs.

use crate::enumeration::{Enumerated, Limit};
use crate::language::{Code, Do, ENDINGS, In, Ledger, Number, Of, Op, Said, Text, What, Which};
use crate::verdicts::{contradiction, for_any_number, is_settled, name, sized, witness};
use oversell::check::{
    AutomatonError, CheckError, Counting, Engine, Final, Finding, Instance, Limits, Parametric, Property, Threads,
    certify, outcomes, verify,
};
use oversell::platform::LockKind;
use oversell::scenario::{Launch, Scenario};
use oversell::trace::replay;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A program with the most threads that run it.
#[derive(Clone)]
struct Case {
    program: Arc<Text>,
    threads: usize,
    sweepers: usize,
    kills: usize,
    lock: LockKind,
}

impl Debug for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Case { program, threads, sweepers, kills, lock } = self;
        writeln!(f, "{threads} buyers, {sweepers} sweepers, {kills} kills, {lock:?} locks")?;
        write!(f, "{program:?}")
    }
}

impl Case {
    fn instance(&self, scenario: &Scenario) -> Instance {
        let instance = Instance::of(scenario, self.threads).kills(self.kills).lock(self.lock);
        if scenario.roles().len() > 1 { instance.role(1, Threads::Exactly(self.sweepers)) } else { instance }
    }
}

/// Cases with more states than this are passed over.
const LIMIT: Limit = Limit(300);

/// Cases with more executions than this are not run by shuttle.
#[cfg(feature = "shuttle")]
const MOST_EXECUTIONS: usize = 100;

/// Limits for any number of threads, where a cell can count without end.
fn few() -> Limits {
    Limits { max_states: 1_000, max_nodes: 300, ..Limits::default() }
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![(0..3u64).prop_map(Number::Is), Just(Number::Seen), Just(Number::OneLess)]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![Just(Which::First), Just(Which::Last)]
}

fn what() -> impl Strategy<Value = What> {
    select(vec![
        What::Lock,
        What::Lock,
        What::Purse,
        What::Purse,
        What::ReadShelf,
        What::WriteShelf,
        What::Permits(1),
        What::Permits(2),
    ])
}

fn access() -> impl Strategy<Value = Do> {
    let op = select(vec![
        Op::Load,
        Op::Load,
        Op::Load,
        Op::Store,
        Op::Store,
        Op::Swap,
        Op::Swap,
        Op::Add,
        Op::Sub,
        Op::And,
        Op::Or,
        Op::Xor,
        Op::Nand,
        Op::Max,
        Op::Min,
    ]);
    let cell = select(vec![In::A, In::A, In::B, In::Flag]);
    (cell, op, number()).prop_map(|(cell, op, number)| Do::Access(cell, op, number))
}

/// How much a program has to do with files, with locks, and with cells. Threads that do not meet show little.
#[derive(Clone, Copy, Debug)]
struct Theme(u32, u32, u32);

const THEMES: [Theme; 4] = [Theme(9, 1, 1), Theme(1, 9, 1), Theme(1, 1, 9), Theme(3, 4, 4)];

fn code(Theme(of_files, of_locks, of_cells): Theme, longest: usize) -> impl Strategy<Value = Vec<Do>> {
    let said = prop_oneof![
        4 => (1..=2u32).prop_map(Said::Sold),
        1 => (1..=2u32).prop_map(Said::GivenBack),
        1 => (1..=2u32).prop_map(Said::Restocked),
        2 => Just(Said::Seen),
    ];
    let files = prop_oneof![
        2 => Just(Do::Read),
        2 => Just(Do::ReadLedger),
        2 => Just(Do::Open),
        2 => (which(), number()).prop_map(|(which, number)| Do::Write(which, number)),
        1 => number().prop_map(Do::Replace),
    ];
    let locks = prop_oneof![
        6 => what().prop_map(Do::Take),
        2 => what().prop_map(Do::Try),
        2 => number().prop_map(Do::Put),
        2 => which().prop_map(Do::Drop),
        1 => which().prop_map(Do::Forget),
        1 => Just(Do::Wait),
        1 => Just(Do::NotifyOne),
        1 => Just(Do::NotifyAll),
        1 => Just(Do::AddPermit),
    ];
    let cells = prop_oneof![
        4 => access(),
        1 => (select(vec![In::A, In::B, In::Flag]), number(), number())
            .prop_map(|(cell, old, new)| Do::CompareExchange(cell, old, new)),
        1 => Just(Do::TakeOne),
    ];
    let leaf = prop_oneof![
        of_files => files,
        of_locks => locks,
        of_cells => cells,
        2 => said.prop_map(Do::Tell),
        1 => any::<bool>().prop_map(Do::Choose),
        1 => Just(Do::Fence),
    ];
    let tree = leaf.prop_recursive(3, 8, 2, |inner| {
        let body = move |shortest| prop::collection::vec(inner.clone(), shortest..=2);
        // A try that takes no step is refused, and so once in a while there is one.
        let try_ = (prop::option::weighted(0.93, access()), body(1))
            .prop_map(|(step, body)| step.into_iter().chain(body).collect());
        let death = select(vec![Of::Crash, Of::Panic, Of::Unwrap, Of::Division, Of::Index]);
        prop_oneof![
            4 => (0..3u64, body(1), body(0)).prop_map(|(seen, then, otherwise)| Do::If(seen, then, otherwise)),
            2 => (0..4u64, death).prop_map(|(seen, of)| Do::If(seen, vec![Do::Die(of)], Vec::new())),
            3 => body(1).prop_map(|body| Do::Span("search", body)),
            2 => body(1).prop_map(|body| Do::Span("buy", body)),
            2 => (any::<bool>(), 0..3u64, try_).prop_map(|(equal, seen, body)| Do::Until(equal, seen, body)),
            1 => (what(), body(0)).prop_map(|(what, body)| Do::UntilHeld(what, body)),
        ]
    });
    prop::collection::vec(tree, 1..=longest)
}

fn role(theme: Theme, longest: usize) -> impl Strategy<Value = Code> {
    let endings = prop::array::uniform4(select(ENDINGS.to_vec()));
    (code(theme, longest), endings, 0..=2u32).prop_map(|(body, endings, asks_for)| Code { body, endings, asks_for })
}

fn cases(launch: Launch) -> impl Strategy<Value = Case> {
    let ledger = select(vec![Ledger::File, Ledger::Cell, Ledger::Purse, Ledger::Shelf]);
    let lock = select(vec![LockKind::Owned, LockKind::Semaphore]);
    let code = select(THEMES.to_vec())
        .prop_flat_map(|theme| ((role(theme, 4), prop::option::weighted(0.4, role(theme, 2))), code(theme, 2)));
    let instance = (select(vec![2, 2, 2, 3usize]), select(vec![1, 1, 1, 2usize]), 0..=1usize, lock);
    (code, 0..4u64, 0..=2u64, ledger, instance).prop_map(
        move |(((buyer, sweeper), parent), stop, tickets, ledger, (threads, sweepers, kills, lock))| {
            let roles = [Some(buyer), sweeper].into_iter().flatten().collect();
            let text = Text { launch, tickets, ledger, roles, parent: (parent, stop) };
            Case { program: Arc::new(text), threads, sweepers, kills, lock }
        },
    )
}

/// How many cases were decided, and what there was in them.
#[derive(Debug, Default)]
struct Tally {
    decided: usize,
    /// By shuttle, too.
    shuttled: usize,
    refused: usize,
    /// In which a thread may end with a lock that others try.
    unseen: usize,
    /// In which no execution ends.
    endless: usize,
    /// Decided for any number of threads: properties, over all cases.
    for_any_number: usize,
    /// Proofs whose certificate was verified.
    certified: usize,
    /// The longest that it took to all verdicts on any number of threads, or to say that there is none, without any limits
    /// but those by default.
    longest: Duration,
    shown: BTreeMap<Property, usize>,
}

/// Draws cases, the same ones everywhere and every time, and says how they came out.
fn draw(launch: Launch, cases_drawn: u32, seed: u8) -> Tally {
    let config = ProptestConfig { cases: cases_drawn, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let tally = RefCell::new(Tally::default());
    let ran = TestRunner::new_with_rng(config, rng)
        .run(&cases(launch), |case| agree_or_pass_over(&case, &mut tally.borrow_mut()));
    if let Err(failure) = ran {
        panic!("with seed {seed}: {failure}");
    }
    tally.into_inner()
}

fn failed(error: impl ToString) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// A case is passed over in which a thread may end with a lock that others try: what they see of it is not modelled.
fn unseen_or_failed(error: CheckError) -> TestCaseError {
    match error {
        CheckError::Automaton(AutomatonError::EndUnseen { .. }) => TestCaseError::reject(error.to_string()),
        error => failed(error),
    }
}

/// The same, where engines may pass a case over.
fn agree_or_pass_over(case: &Case, tally: &mut Tally) -> Result<(), TestCaseError> {
    match agree(case, tally) {
        Err(TestCaseError::Reject(reason)) => {
            tally.unseen += 1;
            let tries = |what: &Do| matches!(what, Do::Try(_) | Do::UntilHeld(..));
            let ends = |what: &Do| matches!(what, Do::Forget(_) | Do::Die(_) | Do::ReadLedger);
            prop_assert!(case.program.has(tries) && case.program.has(ends), "{}", reason);
            Ok(())
        }
        agreed => agreed,
    }
}

/// Holds the engines against the reference on one case.
fn agree(case: &Case, tally: &mut Tally) -> Result<(), TestCaseError> {
    let scenario = case.program.scenario();
    let full_size = case.instance(&scenario);
    let all = (1..=case.threads).map(|threads| Enumerated::merged(&scenario, &sized(&full_size, threads), LIMIT));
    let Some(all) = all.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let full = &all[case.threads - 1];
    tally.decided += 1;
    let properties = Property::of(&scenario);

    if let Some(reason) = all.iter().find_map(|all| all.refused.as_ref()) {
        tally.refused += 1;
        return refused(&scenario, &full_size, &properties, reason);
    }
    tally.endless += usize::from(full.ends.is_empty());
    same_ends(&scenario, &full_size, full)?;
    #[cfg(feature = "shuttle")]
    {
        tally.shuttled += usize::from(same_ends_by_shuttle(&scenario, &full_size, full)?);
    }

    // Two threads more than the reference can walk, as long as they can be counted soon.
    let counting = Counting { limits: Limits { max_states: 20_000, max_nodes: 2_000, ..Limits::default() } };
    let mut by_size: Vec<Vec<Finding>> = Vec::new();
    for threads in 1..=case.threads + 2 {
        let findings = counting.check(&scenario, &sized(&full_size, threads), &properties).map_err(unseen_or_failed)?;
        if !findings.iter().all(is_settled) {
            prop_assert!(threads > case.threads, "{} threads are too many to count", threads);
            break;
        }
        by_size.push(findings);
    }
    for (i, &property) in properties.iter().enumerate() {
        *tally.shown.entry(property).or_default() += usize::from(full.least.contains_key(&property));
        for (threads, all_of_size) in (1..).zip(&all) {
            let finding = &by_size[threads - 1][i];
            prop_assert_eq!(finding.verdict.name(), name(property, all_of_size), "{} of {}", property, threads);
            let least = (1..=threads).find_map(|n| Some((n, all[n - 1].least.get(&property)?)));
            let least = least.filter(|_| all_of_size.least.contains_key(&property));
            let in_words =
                |(threads, schedule): (usize, &oversell::trace::Schedule)| (threads, schedule.text(&scenario));
            prop_assert_eq!(witness(finding).map(in_words), least.map(in_words), "{} of {}", property, threads);
            if property == Property::NoOversell {
                prop_assert_eq!(finding.worst, Some(all_of_size.worst.max(0) as u64), "of {}", threads);
            }
        }
    }

    let any = full_size.clone().role(0, Threads::Any);
    for engine in for_any_number(&few()) {
        let findings = engine.check(&scenario, &any, &properties).map_err(unseen_or_failed)?;
        for (i, finding) in findings.iter().enumerate() {
            tally.for_any_number += usize::from(finding.verdict.name() != "inconclusive");
            let sizes: Vec<&Finding> = by_size.iter().map(|findings| &findings[i]).collect();
            let wrong = contradiction(&scenario, finding, &sizes);
            prop_assert_eq!(wrong, None, "{}", engine.name());
        }
        // One in a few, as it takes as long again.
        if engine.name() == "parametric" && tally.decided.is_multiple_of(CERTIFIED) {
            let start = Instant::now();
            Parametric::default().check(&scenario, &any, &properties).map_err(unseen_or_failed)?;
            let taken = start.elapsed();
            if taken > tally.longest {
                tally.longest = taken;
                println!("the longest so far, {taken:?}: {case:?}");
            }
            tally.certified += certified(&scenario, &any, &findings)?;
        }
    }
    Ok(())
}

/// One of so many programs has its proofs certified.
const CERTIFIED: usize = 5;

/// How many of the proofs have a certificate; each of those must hold, and not with a state less.
fn certified(scenario: &Scenario, any: &Instance, findings: &[Finding]) -> Result<usize, TestCaseError> {
    let mut certified = 0;
    for finding in findings.iter().filter(|finding| matches!(finding.verdict.name(), "proved" | "impossible")) {
        let Ok(mut certificate) = certify(scenario, any, finding.property, &few()) else { continue };
        if let Err(error) = verify(scenario, &certificate) {
            return Err(failed(format!("the certificate of {} does not hold: {error}", finding.property)));
        }
        let last = certificate.states.pop_last();
        prop_assert!(last.is_some() && verify(scenario, &certificate).is_err(), "{}", finding.property);
        certified += 1;
    }
    Ok(certified)
}

/// Code that the model cannot follow, for this reason, is refused by the engines that read it, for the same.
fn refused(
    scenario: &Scenario,
    instance: &Instance,
    properties: &[Property],
    reason: &str,
) -> Result<(), TestCaseError> {
    // The only thing that is wrong with generated programs.
    let wrong = "starts over without having taken a step";
    prop_assert!(reason.contains(wrong), "{}", reason);
    match Counting::default().check(scenario, instance, properties) {
        Err(CheckError::Automaton(AutomatonError::Refused { reason, .. })) if reason.contains(wrong) => Ok(()),
        other => Err(failed(format!("not refused, but {other:?}"))),
    }
}

fn same_ends(scenario: &Scenario, instance: &Instance, all: &Enumerated) -> Result<(), TestCaseError> {
    let reached = outcomes(scenario, instance, &Limits::default()).map_err(unseen_or_failed)?;
    prop_assert_eq!(&reached.limit, &None);
    let ends: Vec<_> = reached.reached.iter().map(|reached| (&reached.end, reached.schedule.0.len())).collect();
    let expected: Vec<_> = all.ends.iter().map(|(end, moves)| (end, *moves)).collect();
    prop_assert_eq!(ends, expected, "how executions end, and after how few moves");
    for reached in &reached.reached {
        let model = replay(scenario, instance, &reached.schedule).map_err(failed)?;
        let end = Final::of_model(&model, instance);
        prop_assert_eq!(end.as_ref(), Some(&reached.end), "{}", reached.schedule.text(scenario));
    }
    Ok(())
}

/// Says whether shuttle could tell.
#[cfg(feature = "shuttle")]
fn same_ends_by_shuttle(scenario: &Scenario, instance: &Instance, all: &Enumerated) -> Result<bool, TestCaseError> {
    use oversell::check::ShuttleDfs;
    let engine = ShuttleDfs { max_executions: MOST_EXECUTIONS };
    if instance.kills > 0 || instance.lock != LockKind::Owned {
        return Ok(false);
    }
    let Ok(finals) = engine.finals(scenario, instance) else { return Ok(false) };
    let (by_shuttle, expected): (Vec<_>, Vec<_>) = (finals.iter().collect(), all.ends.keys().collect());
    prop_assert_eq!(by_shuttle, expected, "how executions end, by shuttle");
    Ok(true)
}

/// What shows in too few programs to be seen in some dozens of them.
const FEW: &[&str] = &["saw-little", "searches-overlap", "no-deadlock"];

/// Asserts that the cases were worth the name.
fn assert_worthwhile(tally: &Tally, decided: usize, not_shown: &[&str]) {
    println!("{tally:?}");
    assert!(tally.decided >= decided, "too few: {tally:?}");
    assert!((tally.refused + tally.unseen) * 10 < tally.decided, "too many are refused: {tally:?}");
    for (property, shown) in &tally.shown {
        let varied = 1 <= *shown && *shown < tally.decided;
        assert!(varied || not_shown.contains(&property.name()), "{property} is always the same: {tally:?}");
    }
}

#[test]
fn engines_agree_on_generated_programs_run_together() {
    assert_worthwhile(&draw(Launch::Together, 140, 0), 80, FEW);
}

#[test]
fn engines_agree_on_generated_programs_run_one_by_one() {
    assert_worthwhile(&draw(Launch::Joined, 70, 0), 40, FEW);
}

#[test]
fn engines_agree_on_generated_programs_whose_parent_decides() {
    assert_worthwhile(&draw(Launch::JoinedWhile, 70, 0), 40, FEW);
}

#[cfg(feature = "shuttle")]
#[test]
fn a_parent_may_choose_differently_in_each_of_its_turns() {
    let buyer = Code { body: vec![Do::Read], endings: ["bought"; 4], asks_for: 0 };
    let parent = (vec![Do::Choose(false)], 0);
    let text = Text { launch: Launch::JoinedWhile, tickets: 0, ledger: Ledger::File, roles: vec![buyer], parent };
    let scenario = Arc::new(text).scenario();
    let instance = Instance::of(&scenario, 3);
    let all = Enumerated::merged(&scenario, &instance, LIMIT).unwrap();
    assert_eq!(all.ends.len(), 3, "one, two or three buyers are started");
    assert!(same_ends_by_shuttle(&scenario, &instance, &all).unwrap());
}

#[test]
#[ignore = "takes minutes: cargo test --release --test agreement -- --ignored --nocapture twenty_thousand"]
fn engines_agree_on_twenty_thousand_generated_programs() {
    // The ordinary run has had seed 0.
    let seeds = AtomicU8::new(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = seeds.fetch_add(1, Relaxed);
                    let launch = match seed {
                        1..=8 => Launch::JoinedWhile,
                        9..=16 => Launch::Joined,
                        17..=40 => Launch::Together,
                        _ => break,
                    };
                    println!("seed {seed}: ");
                    assert_worthwhile(&draw(launch, 500, seed), 250, FEW);
                }
            });
        }
    });
}
