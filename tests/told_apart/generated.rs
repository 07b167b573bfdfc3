//! Small random programs in which who it is makes a difference: names are stored, compared and waited for.

use fastrand::Rng;
use oversell::platform::{Instance, LockKind};
use oversell::scenario::{Launch, Scenario};
use oversell::sync::{Cell, Event, Lock, Platform};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

/// What one instruction does.
#[derive(Clone, Debug)]
enum Op {
    /// Puts one's name into a cell.
    Store(usize),
    /// The same, where nobody's name is.
    Claim(usize),
    /// Notes the name in a cell.
    Load(usize),
    /// Tells of a sale.
    Sell,
    /// Gives back what was sold.
    GiveBack,
    Acquire,
    Release,
    /// Waits until the cell has one's own name.
    Await(usize),
    Choose,
    Crash,
    /// Ends here.
    Return,
    /// The next one is only done if the name that was noted last is one's own.
    IfMine(Box<Op>),
    /// The next one is only done by the thread of this number.
    IfI(usize, Box<Op>),
}

struct Shop {
    cells: [Cell<u8>; 2],
    lock: Lock,
}

/// The program of this seed, and how it is to be run.
pub fn program(seed: u64) -> (Scenario, Instance) {
    let mut random = Rng::with_seed(seed);
    let random = &mut random;
    let first = ops(random);
    let mut builder = Scenario::new(format!("generated-{seed}"), |setup| Shop {
        cells: [setup.cell("left", 0u8), setup.cell("right", 0)],
        lock: setup.lock("lock"),
    })
    .stock(1)
    .role_by("buyer", move |at, shop: &Shop, me| run(at, shop, &first, me))
    .ledger(|at, shop| Some(u64::from(shop.cells[0].load(at, SeqCst) == 0)));
    builder = match random.u8(..4) {
        0 => builder.launch(Launch::Joined),
        1 => builder.launch_while(|at, shop| shop.cells[1].load(at, SeqCst) < 2),
        _ => builder,
    };
    let mut threads = random.usize(1..=3);
    if random.u8(..3) == 0 {
        threads = threads.min(2);
        let second = ops(random);
        // Of these there is one, so it knows no number.
        builder = builder.role("other", move |at, shop| run(at, shop, &second, 1));
    }
    let scenario: Scenario = builder.into();
    let lock = if random.bool() { LockKind::Owned } else { LockKind::Semaphore };
    let instance = Instance::of(&scenario, threads).kills(usize::from(random.u8(..3) == 0)).lock(lock);
    (scenario, instance)
}

fn ops(random: &mut Rng) -> Vec<Op> {
    (0..random.usize(1..=5)).map(|_| op(random)).collect()
}

fn op(random: &mut Rng) -> Op {
    let cell = random.usize(..2);
    match random.u8(..24) {
        0..3 => Op::Store(cell),
        3..6 => Op::Claim(cell),
        6..9 => Op::Load(cell),
        9..12 => Op::Sell,
        12 => Op::GiveBack,
        13 => Op::Acquire,
        14 => Op::Release,
        15 => Op::Await(cell),
        16 => Op::Choose,
        17 => Op::Return,
        18..21 => Op::IfMine(Box::new(if random.bool() { Op::Crash } else { op(random) })),
        _ => Op::IfI(random.usize(..3), Box::new(op(random))),
    }
}

fn run(at: &dyn Platform, shop: &Shop, ops: &[Op], me: usize) -> &'static str {
    let name = super::name_of(me);
    let (mut noted, mut guard) = (0, None);
    for op in ops {
        let mut op = op;
        let skipped = loop {
            op = match op {
                Op::IfMine(inner) if noted == name => inner,
                Op::IfI(number, inner) if *number == me => inner,
                op => break matches!(op, Op::IfMine(_) | Op::IfI(..)),
            };
        };
        match op {
            _ if skipped => {}
            Op::Store(cell) => shop.cells[*cell].store(at, name, SeqCst),
            Op::Claim(cell) => {
                noted = match shop.cells[*cell].compare_exchange(at, 0, name, SeqCst, SeqCst) {
                    Ok(_) => name,
                    Err(other) => other,
                };
            }
            Op::Load(cell) => noted = shop.cells[*cell].load(at, SeqCst),
            Op::Sell => at.tell(Event::sale("bought")),
            Op::GiveBack => at.tell(Event::given_back("returned", 1)),
            Op::Acquire if guard.is_none() => guard = Some(shop.lock.acquire(at)),
            Op::Release => drop(guard.take()),
            Op::Await(cell) => {
                let cell = shop.cells[*cell];
                at.retry("await", || if cell.load(at, SeqCst) == name { Break(()) } else { Continue(()) });
            }
            Op::Choose => noted = if at.choose("whose", &["mine", "another's"]) == "mine" { name } else { 0 },
            Op::Crash => at.crash("that is me"),
            Op::Return => return if noted == name { "mine" } else { "early" },
            Op::Acquire | Op::IfMine(_) | Op::IfI(..) => {}
        }
    }
    if noted == name { "mine" } else { "done" }
}
