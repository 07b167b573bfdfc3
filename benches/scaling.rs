//! How cost grows with buyers and tickets, for every engine, in one run.
//!
//! ```console
//! $ cargo bench --bench scaling              # at most 3 minutes
//! $ cargo bench --bench scaling -- --quick   # small sizes only
//! ```
//!
//! The program is `purchase-locked` and the question always the same one: does it ever oversell? (It does not, so
//! every engine has to explore all there is, or prove that it need not.) The engines of this crate read the real code. For
//! stateright, a general explicit-state model checker, the program is written down once more, by hand, as [`Rush`]: the
//! same steps, and symmetry reduction by sorting the buyers, on one thread. Counting has fewer states than the model that
//! was written by hand, as buyers that are gone are all alike to it; and from some 20,000 states on it first asks whether
//! the property holds for any number of buyers, which here it does.
//!
//! It remembers 64 bits of every state where counting remembers the state, so its heap is smaller, and it would
//! miss a state whose bits are another's. For the buyers at one place it is spared all steps but one.
//!
//! How the columns are made:
//!
//! * *explored*: states, or executions for the engines that know no states.
//! * *time*: wall time from the scenario to the verdict, the reading of the code included. The best of up to ten
//!   runs (as many as fit into a second) after one to warm up. A run of more than a second is its own and only
//!   measurement.
//! * *peak heap*: the most bytes that the first run had allocated at once, beyond what there was before it. While
//!   the other runs are timed, nobody counts.
//!
//! An engine that took more than 20 seconds, or gave up, is not asked again about anything as large: `-`.

use oversell::check::{Counting, Engine, Instance, Parametric, Property, Verdict};
use oversell::programs;
use stateright::{Checker, Model, Representative};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

const PROGRAM: &str = "purchase-locked";

/// An engine that took longer than this is not asked about more.
const PATIENCE: Duration = Duration::from_secs(20);

/// For how long a size is measured again and again, and how often at most.
const REPEAT: Duration = Duration::from_secs(1);
const REPEATS: usize = 10;

/// Buyers × tickets.
type Size = (usize, u64);

const FULL: &[Size] = &[
    (2, 1),
    (3, 1),
    (5, 1),
    (10, 1),
    (20, 1),
    (50, 1),
    (100, 1),
    (2, 2),
    (3, 2),
    (15, 2),
    (50, 2),
    (100, 2),
    (5, 5),
    (10, 5),
    (20, 5),
    (50, 5),
    (100, 5),
    (10, 10),
    (20, 10),
    (50, 10),
    (100, 10),
];
const QUICK: &[Size] = &[(2, 1), (5, 1), (10, 1), (2, 2), (15, 2), (5, 5)];
const SMOKE: &[Size] = &[(2, 1)];

/// Executions that shuttle is given.
#[cfg(all(feature = "shuttle", not(loom)))]
const MOST_EXECUTIONS: usize = 200_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let unknown = arguments.iter().find(|argument| !["--bench", "--quick"].contains(&argument.as_str()));
    let (sizes, most_tickets) = match unknown {
        // `cargo bench` says `--bench`; `cargo test --benches` does not, and may pass on what is meant for tests.
        Some(unknown) if given("--bench") => {
            eprintln!("error: unknown argument `{unknown}`: there is only `--quick`, for small sizes");
            return ExitCode::from(2);
        }
        _ if given("--quick") => (QUICK, 3),
        _ if given("--bench") => (FULL, 1000),
        _ => (SMOKE, 1),
    };
    println!("`{PROGRAM}`: does it ever oversell?\n");
    println!("| buyers × tickets | engine | explored | time | per second | peak heap |");
    println!("| ---: | --- | ---: | ---: | ---: | ---: |");
    let mut table = Table::default();
    for &size in sizes {
        let counted = table.row(size, "counting", || ask(&Counting::default(), size));
        let modelled = table.row(size, "stateright", || Rush::of(size).explore());
        if let (Some(counted), Some(modelled)) = (counted, modelled) {
            assert!(counted <= modelled, "counting explores no more states of {size:?} than stateright");
        }
        #[cfg(all(feature = "shuttle", not(loom)))]
        let shuttle = oversell::check::ShuttleDfs { max_executions: MOST_EXECUTIONS };
        #[cfg(all(feature = "shuttle", not(loom)))]
        table.row(size, "shuttle DFS", || ask(&shuttle, size));
        // Without a bound on preemptions loom is for two buyers.
        #[cfg(loom)]
        if size.0 == 2 {
            table.row(size, "loom", || ask(&oversell::check::Loom::default(), size));
        }
    }
    for &tickets in [1, 2, 3, 5, 10, 100, 1000].iter().filter(|tickets| **tickets <= most_tickets) {
        table.row((ANY, tickets), "parametric", || ask(&Parametric::default(), (ANY, tickets)));
    }
    ExitCode::SUCCESS
}

/// Stands for any number of buyers.
const ANY: usize = usize::MAX;

/// Asks an engine whether the program oversells: how much it explored to prove that it does not.
fn ask(engine: &impl Engine, (buyers, tickets): Size) -> Explored {
    let scenario = programs::named(PROGRAM).expect("one of the six").scenario(tickets);
    let instance = if buyers == ANY { Instance::any(&scenario) } else { Instance::of(&scenario, buyers) };
    let findings = engine.check(&scenario, &instance, &[Property::NoOversell]);
    let verdict = &findings.expect("a program that can be checked")[0].verdict;
    assert!(matches!(verdict, Verdict::Proved(_) | Verdict::Inconclusive { .. }), "it oversells: {}", engine.name());
    let count = |unit| verdict.explored().get(unit).map(|count| (count, unit));
    let (count, unit) = count("states").or(count("executions")).expect("engines count one or the other");
    Explored { count, unit, all: matches!(verdict, Verdict::Proved(_)) }
}

/// How much was explored.
#[derive(Clone, Copy)]
struct Explored {
    count: u64,
    unit: &'static str,
    /// Whether that was all.
    all: bool,
}

/// The rows so far, as far as they say what not to try.
#[derive(Default)]
struct Table {
    too_much: Vec<(Size, &'static str)>,
}

impl Table {
    /// Measures and prints a row; returns how many states were explored, if any were.
    fn row(&mut self, size: Size, engine: &'static str, run: impl Fn() -> Explored) -> Option<u64> {
        let (buyers, tickets) = size;
        let name = if buyers == ANY { format!("any × {tickets}") } else { format!("{buyers} × {tickets}") };
        let hopeless = |((b, t), e): &(Size, &str)| *e == engine && *b <= buyers && *t <= tickets;
        if self.too_much.iter().any(hopeless) {
            println!("| {name} | {engine} | - | - | - | - |");
            return None;
        }
        let measured = Measured::of(run);
        if measured.time > PATIENCE || !measured.explored.all {
            self.too_much.push((size, engine));
        }
        println!("| {name} | {engine} | {measured} |");
        (measured.explored.all && measured.explored.unit == "states").then_some(measured.explored.count)
    }
}

/// What a row says.
struct Measured {
    explored: Explored,
    time: Duration,
    peak: usize,
}

impl Measured {
    fn of(run: impl Fn() -> Explored) -> Measured {
        let timed = || {
            let start = Instant::now();
            let explored = run();
            (start.elapsed(), explored)
        };
        HEAP.start();
        let (mut time, explored) = timed();
        let peak = HEAP.stop();
        let mut left = if time > REPEAT { 0 } else { REPEATS };
        let start = Instant::now();
        while left > 0 && start.elapsed() < REPEAT {
            time = time.min(timed().0);
            left -= 1;
        }
        Measured { explored, time, peak }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        let Explored { count, unit, all } = self.explored;
        write!(f, "{}{} {unit} | ", if all { "" } else { "gave up at " }, grouped(count))?;
        match seconds {
            s if s < 1.0 => write!(f, "{:.2} ms", s * 1e3)?,
            s => write!(f, "{s:.2} s")?,
        }
        write!(f, " | {}", grouped((count as f64 / seconds) as u64))?;
        write!(f, " | {} kB", grouped(self.peak.div_ceil(1000) as u64))
    }
}

/// A number with a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `purchase-locked`, written down by hand for stateright.
#[derive(Clone)]
struct Rush {
    buyers: usize,
    tickets: u64,
}

/// What is shared, and where each buyer stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// The count in the file; `None` between a truncate and its write.
    file: Option<u64>,
    locked: bool,
    buyers: Vec<Place>,
}

/// What a buyer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Search,
    Acquire,
    Read,
    Truncate { left: u64 },
    Write { left: u64 },
    Release { bought: bool },
    Ended { bought: bool },
    Crashed,
}

impl Rush {
    fn of((buyers, tickets): Size) -> Self {
        Rush { buyers, tickets }
    }

    fn explore(self) -> Explored {
        let checker = self.checker().symmetry().threads(1).spawn_dfs().join();
        checker.assert_properties();
        Explored { count: checker.unique_state_count() as u64, unit: "states", all: true }
    }
}

impl Model for Rush {
    type State = State;
    /// The buyer that takes a step.
    type Action = usize;

    fn init_states(&self) -> Vec<State> {
        vec![State { file: Some(self.tickets), locked: false, buyers: vec![Place::Search; self.buyers] }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<usize>) {
        // Of the buyers at one place one is enough: the others would lead to the same states but for their order.
        // (Without this, stateright makes and sorts up to 100 successors a state to find that out.)
        for (buyer, place) in state.buyers.iter().enumerate() {
            let enabled = match place {
                Place::Acquire => !state.locked,
                Place::Ended { .. } | Place::Crashed => false,
                _ => true,
            };
            if enabled && !actions.iter().any(|other| state.buyers[*other] == *place) {
                actions.push(buyer);
            }
        }
    }

    fn next_state(&self, state: &State, buyer: usize) -> Option<State> {
        let mut next = state.clone();
        next.buyers[buyer] = match state.buyers[buyer] {
            Place::Search => state.file.map_or(Place::Crashed, |_| Place::Acquire),
            Place::Acquire => {
                next.locked = true;
                Place::Read
            }
            Place::Read => match state.file {
                Some(0) => Place::Release { bought: false },
                Some(count) => Place::Truncate { left: count - 1 },
                // The lock of the dead is freed. (Nobody comes here: whoever empties the file holds the lock.)
                None => {
                    next.locked = false;
                    Place::Crashed
                }
            },
            Place::Truncate { left } => {
                next.file = None;
                Place::Write { left }
            }
            Place::Write { left } => {
                next.file = Some(left);
                Place::Release { bought: true }
            }
            Place::Release { bought } => {
                next.locked = false;
                Place::Ended { bought }
            }
            Place::Ended { .. } | Place::Crashed => return None,
        };
        Some(next)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![stateright::Property::always("no-oversell", |rush: &Rush, state: &State| {
            // Whoever has written has been told.
            let sold =
                |place: &&Place| matches!(place, Place::Release { bought: true } | Place::Ended { bought: true });
            state.buyers.iter().filter(sold).count() as u64 <= rush.tickets
        })]
    }
}

impl Representative for State {
    fn representative(&self) -> Self {
        let mut sorted = self.clone();
        sorted.buyers.sort_unstable();
        sorted
    }
}

/// The system's allocator, which knows how much of it is in use when asked to watch.
struct Heap {
    watched: AtomicBool,
    /// Bytes in use, counted from when the watch began.
    used: AtomicIsize,
    peak: AtomicIsize,
}

#[global_allocator]
static HEAP: Heap = Heap { watched: AtomicBool::new(false), used: AtomicIsize::new(0), peak: AtomicIsize::new(0) };

impl Heap {
    fn start(&self) {
        self.used.store(0, Relaxed);
        self.peak.store(0, Relaxed);
        self.watched.store(true, Relaxed);
    }

    /// The most bytes in use since the start.
    fn stop(&self) -> usize {
        self.watched.store(false, Relaxed);
        self.peak.load(Relaxed).unsigned_abs()
    }

    fn grow(&self, bytes: isize) {
        if self.watched.load(Relaxed) {
            let used = self.used.fetch_add(bytes, Relaxed) + bytes;
            if bytes > 0 {
                self.peak.fetch_max(used, Relaxed);
            }
        }
    }
}

// SAFETY: everything is the system allocator's; the bookkeeping does not allocate.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.grow(layout.size() as isize);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.grow(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.grow(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.grow(size as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}
