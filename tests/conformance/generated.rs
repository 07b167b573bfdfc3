//! Small random programs over files and locks: several handles open at once, writes through handles that a rename
//! outlived, guards forgotten or dropped out of order, locks that are only tried, choices, crashes and panics.

use fastrand::Rng;
use oversell::platform::{Instance, LockKind};
use oversell::scenario::Scenario;
use oversell::sync::{Event, File, Lock, Platform, Setup};

/// What one instruction does. Files, locks, handles and guards are told by a number that is taken modulo how many there
/// are; what needs one where there is none does nothing.
#[derive(Clone, Debug)]
enum Op {
    Read(usize),
    Open(usize),
    Write(usize),
    /// Forgets a handle without writing through it.
    Close(usize),
    Replace(usize),
    Acquire(usize),
    TryAcquire(usize),
    Release(usize),
    Forget(usize),
    Choose,
    Tell,
    Crash,
    Panic,
    /// The next one is only done if what was last noted is odd.
    IfOdd(Box<Op>),
}

/// A program: what each role does, and over what.
#[derive(Clone, Debug)]
struct Spec {
    files: usize,
    locks: usize,
    /// One role of two threads, or two roles of one.
    roles: Vec<Vec<Op>>,
}

type Shared = (Vec<File>, Vec<Lock>);

/// The program of this seed, and how it is to be run. Only `kills` of them may be asked for where actors can be killed.
pub fn program(seed: u64, kills: usize) -> (Scenario, Instance) {
    let mut random = Rng::with_seed(seed ^ 0x5eed);
    let random = &mut random;
    let lock = if random.u8(..4) == 0 { LockKind::Semaphore } else { LockKind::Owned };
    let kills = if random.u8(..3) == 0 { kills } else { 0 };
    let spec = Spec {
        files: random.usize(1..=2),
        locks: random.usize(1..=2),
        roles: (0..random.usize(1..=2)).map(|_| ops(random)).collect(),
    };
    let scenario = scenario(format!("generated-{seed}"), &spec);
    let first = if spec.roles.len() == 1 { 2 } else { 1 };
    let instance = Instance::of(&scenario, first).kills(kills).lock(lock);
    (scenario, instance)
}

/// The same as text, for messages.
pub fn shown(seed: u64, kills: usize) -> String {
    format!("generated program {seed} ({:?})", program(seed, kills).1)
}

fn ops(random: &mut Rng) -> Vec<Op> {
    (0..random.usize(2..=6)).map(|_| op(random)).collect()
}

fn op(random: &mut Rng) -> Op {
    let one = random.usize(..2);
    match random.u8(..40) {
        0..=6 => Op::Read(one),
        7..=14 => Op::Open(one),
        15..=22 => Op::Write(one),
        23 => Op::Close(one),
        24..=25 => Op::Replace(one),
        26..=28 => Op::Acquire(one),
        29..=30 => Op::TryAcquire(one),
        31..=32 => Op::Release(one),
        33 => Op::Forget(one),
        34 => Op::Choose,
        35 => Op::Tell,
        36 => Op::Crash,
        37 => Op::Panic,
        _ => Op::IfOdd(Box::new(op(random))),
    }
}

fn scenario(name: String, spec: &Spec) -> Scenario {
    let (files, locks) = (spec.files, spec.locks);
    let build = move |setup: &mut Setup| -> Shared {
        let files = ["paper", "ledger"][..files].iter().map(|name| setup.file(name, &b"01"[..])).collect();
        let locks = ["door", "gate"][..locks].iter().map(|name| setup.lock(name)).collect();
        (files, locks)
    };
    let mut builder = Scenario::new(name, build);
    for (name, ops) in ["first", "second"].into_iter().zip(spec.roles.clone()) {
        builder = builder.role(name, move |at, shared| interpret(&ops, at, shared));
    }
    builder.into()
}

fn interpret(ops: &[Op], at: &dyn Platform, (files, locks): &Shared) -> &'static str {
    // Everything that was noticed, the latest last. What is written depends on it, in length and in content.
    let mut notes: Vec<u8> = Vec::new();
    let (mut handles, mut guards) = (Vec::new(), Vec::new());
    for (position, op) in ops.iter().enumerate() {
        let op = match op {
            Op::IfOdd(op) if notes.last().is_some_and(|note| note % 2 == 1) => op,
            Op::IfOdd(_) => continue,
            op => op,
        };
        let content = |notes: &[u8]| {
            let mut content = vec![b'a' + position as u8];
            content.extend(notes.iter().rev().take(notes.len() % 3));
            content
        };
        let (file, lock) = (|i: usize| files[i % files.len()], |i: usize| locks[i % locks.len()]);
        match op {
            Op::Read(i) => notes.extend(file(*i).read(at).iter()),
            Op::Open(i) => handles.push(file(*i).truncate(at)),
            Op::Write(i) if !handles.is_empty() => handles.remove(i % handles.len()).write(at, content(&notes)),
            Op::Close(i) if !handles.is_empty() => drop(handles.remove(i % handles.len())),
            Op::Replace(i) => file(*i).replace(at, content(&notes)),
            Op::Acquire(i) => guards.push(lock(*i).acquire(at)),
            Op::TryAcquire(i) => {
                let guard = lock(*i).try_acquire(at);
                notes.push(guard.is_some().into());
                guards.extend(guard);
            }
            Op::Release(i) if !guards.is_empty() => drop(guards.remove(i % guards.len())),
            Op::Forget(i) if !guards.is_empty() => std::mem::forget(guards.remove(i % guards.len())),
            Op::Choose => notes.push((at.choose("coin", &["heads", "tails"]) == "tails").into()),
            Op::Tell => at.tell(Event::word("noted").with(notes.len() as u64)),
            Op::Crash => at.crash(format!("crashed with {notes:?}")),
            Op::Panic => panic!("panicked with {notes:?}"),
            Op::Write(_) | Op::Close(_) | Op::Release(_) | Op::Forget(_) | Op::IfOdd(_) => {}
        }
    }
    // Guards that are left are dropped the first one first.
    if notes.len() % 2 == 1 { "odd" } else { "even" }
}
