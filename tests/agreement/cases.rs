//! Programs of the [language](crate::language), made up.

use crate::language::{Code, Do, ENDINGS, In, Ledger, Number, Of, Op, Said, Text, What, Which};
use oversell::check::{Instance, Threads};
use oversell::platform::LockKind;
use oversell::scenario::{Launch, Scenario};
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

/// A program with the most threads that run it.
#[derive(Clone)]
pub struct Case {
    pub program: Arc<Text>,
    pub threads: usize,
    pub sweepers: usize,
    pub kills: usize,
    pub lock: LockKind,
}

impl Debug for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Case { program, threads, sweepers, kills, lock } = self;
        writeln!(f, "{threads} buyers, {sweepers} sweepers, {kills} kills, {lock:?} locks")?;
        write!(f, "{program:?}")
    }
}

impl Case {
    pub fn instance(&self, scenario: &Scenario) -> Instance {
        let instance = Instance::of(scenario, self.threads).kills(self.kills).lock(self.lock);
        if scenario.roles().len() > 1 { instance.role(1, Threads::Exactly(self.sweepers)) } else { instance }
    }
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

/// Programs that are launched in this way.
pub fn cases(launch: Launch) -> impl Strategy<Value = Case> {
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
