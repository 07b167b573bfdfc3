//! What is checked: shared objects, roles, endings, and properties of a scenario's own.
//!
//! ```
//! use oversell::check::Check;
//! use oversell::scenario::Scenario;
//! use oversell::sync::{Cell, Event};
//! use std::sync::atomic::Ordering::SeqCst;
//!
//! // Looks first, takes one afterwards: somebody else may come in between.
//! let shop = Scenario::new("look-then-take", |setup| setup.cell("left", 1u64))
//!     .stock(1)
//!     .role("buyer", |at, left: &Cell<u64>| {
//!         if left.load(at, SeqCst) == 0 {
//!             return "sold out";
//!         }
//!         left.fetch_sub(at, 1, SeqCst);
//!         at.tell(Event::sale("bought"));
//!         "bought"
//!     })
//!     .ledger(|at, left| Some(left.load(at, SeqCst)));
//!
//! let report = Check::new(&shop).threads("buyer", 2).run()?;
//! report.assert_refuted("no-oversell");
//! # Ok::<(), oversell::check::CheckError>(())
//! ```

mod build;
mod view;

pub use build::Builder;
pub use view::{Ended, State};

use crate::drop_in::Turns;
use crate::platform::Content;
use crate::sync::{Death, Ending, Event, Platform, Setup};
use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The handles of the shared objects, of whichever type they are.
pub type Shared = Arc<dyn Any + Send + Sync>;

/// A role's place in the order of declaration.
pub type RoleId = usize;

/// A program that threads run together: what they share, and what each of them does with it. Made by
/// [`Scenario::new`]; cheap to clone.
#[derive(Clone)]
pub struct Scenario(Arc<Parts>);

struct Parts {
    name: String,
    build: Box<dyn Fn(&mut Setup) -> Shared + Send + Sync>,
    roles: Vec<Role>,
    launch: Launch,
    go_on: Option<Code<bool>>,
    stock: Option<u64>,
    ledger: Option<Code<Option<u64>>>,
    endings: Vec<Ending>,
    excused: Vec<Ending>,
    search: Option<&'static str>,
    tallied: Vec<&'static str>,
    line: Option<Line>,
    gloss: Option<Line>,
    properties: Vec<OwnProperty>,
    has_files: OnceLock<bool>,
    turns: Option<Arc<Turns>>,
}

/// Some code of a scenario.
type Code<R> = Box<dyn Fn(&dyn Platform, &Shared) -> R + Send + Sync>;

/// The code of a role, which is given the thread's number within it.
type RoleCode = Box<dyn Fn(&dyn Platform, &Shared, usize) -> Ending + Send + Sync>;

/// How an event is worded.
type Line = Box<dyn Fn(&Speaker, &Event) -> Option<String> + Send + Sync>;

/// One kind of thread.
pub struct Role {
    /// What it is called.
    pub name: &'static str,
    /// How many tickets each of its threads asks for.
    pub asks_for: u32,
    /// How many threads run it where nobody says otherwise.
    pub threads: usize,
    /// Whether its threads know their numbers, so that no two of them are alike.
    pub has_identities: bool,
    code: RoleCode,
    /// The type of its code, by which code that was refused once is known again.
    pub(crate) code_type: TypeId,
}

/// How the threads of the first role are started. All others are there from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Launch {
    /// All at once.
    #[default]
    Together,
    /// Each after the one before has ended.
    Joined,
    /// The same, and between two of them the launching parent decides whether to go on.
    JoinedWhile,
}

/// Who says a line: its role and number, and the process id to print for it.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// The role's name; `parent` for the launching parent.
    pub role: &'static str,
    /// Its number within the role, from 0.
    pub number: usize,
    /// Its process id; in a trace, a stand-in that is the same on every run.
    pub pid: String,
}

/// A property that a scenario brings itself.
pub struct OwnProperty {
    /// Its name.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub sentence: &'static str,
    /// Over what, and whether always or sometimes.
    pub(crate) claim: Claim,
}

/// What a scenario's own property looks at.
pub(crate) enum Claim {
    Always(OfState),
    Sometimes(OfState),
    AlwaysAtEnd(OfEnd),
}

/// Whether something holds in a state.
type OfState = Box<dyn Fn(&State<'_>, &Shared) -> bool + Send + Sync>;

/// Whether something holds at an end.
type OfEnd = Box<dyn Fn(&Ended<'_>, &Shared) -> bool + Send + Sync>;

impl Scenario {
    /// Starts to declare a scenario. `build` declares the shared objects and returns their handles; it must declare
    /// the same ones every time.
    #[expect(clippy::new_ret_no_self, reason = "a scenario is declared step by step")]
    pub fn new<H: Send + Sync + 'static>(
        name: impl Into<String>,
        build: impl Fn(&mut Setup) -> H + Send + Sync + 'static,
    ) -> Builder<H> {
        Builder::new(name.into(), build)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Declares the shared objects anew.
    pub fn build(&self) -> (Setup, Shared) {
        let mut setup = Setup::default();
        let shared = (self.0.build)(&mut setup);
        (setup, shared)
    }

    /// Whether files are among the shared objects: then somebody may read one torn, which `no-torn-read` speaks of. In a
    /// scenario without, whoever dies of unreadable content has crashed like anybody else.
    pub fn has_files(&self) -> bool {
        let is_file = |(_, content): &(&str, Content)| matches!(content, Content::File { .. });
        *self.0.has_files.get_or_init(|| self.build().0.objects().iter().any(is_file))
    }

    /// Whether a death is one that `no-crash` speaks of.
    pub(crate) fn is_crash(&self, death: &Death) -> bool {
        !(death.torn && self.has_files())
    }

    /// The roles, in the order of declaration.
    pub fn roles(&self) -> &[Role] {
        &self.0.roles
    }

    /// The role of this name.
    pub fn role(&self, name: &str) -> Option<RoleId> {
        self.0.roles.iter().position(|role| role.name == name)
    }

    /// Whether any of its threads know their numbers: then no two threads are taken for alike.
    pub fn has_identities(&self) -> bool {
        self.0.roles.iter().any(|role| role.has_identities)
    }

    /// How the threads of the first role are started.
    pub fn launch(&self) -> Launch {
        self.0.launch
    }

    /// How many tickets there are at the start, if anything is sold at all.
    pub fn stock(&self) -> Option<u64> {
        self.0.stock
    }

    /// Whether there is a ledger to audit.
    pub fn has_ledger(&self) -> bool {
        self.0.ledger.is_some()
    }

    /// The ways to end that the scenario names, in the order of reports.
    pub fn endings(&self) -> &[Ending] {
        &self.0.endings
    }

    /// Whether a thread that ends so no longer asks for anything.
    pub fn excuses(&self, ending: &Ending) -> bool {
        self.0.excused.contains(ending)
    }

    /// The span that is a search, if the scenario names one.
    pub fn search(&self) -> Option<&'static str> {
        self.0.search
    }

    /// The events whose totals are kept.
    pub fn tallied(&self) -> &[&'static str] {
        &self.0.tallied
    }

    /// The scenario's own properties.
    pub fn properties(&self) -> &[OwnProperty] {
        &self.0.properties
    }

    /// Runs the code of a role as the thread of this number within it.
    pub fn run(&self, role: RoleId, number: usize, at: &dyn Platform, shared: &Shared) -> Ending {
        (self.0.roles[role].code)(at, shared, number)
    }

    /// What the launching parent does after each thread has ended: whether it goes on launching.
    pub fn go_on(&self, at: &dyn Platform, shared: &Shared) -> bool {
        self.0.go_on.as_ref().is_none_or(|code| code(at, shared))
    }

    /// How many tickets the ledger says are left once all is over; `None` if it cannot be read, or there is none.
    pub fn audit(&self, at: &dyn Platform, shared: &Shared) -> Option<u64> {
        self.0.ledger.as_ref().and_then(|ledger| ledger(at, shared))
    }

    /// For how many turns the loops of drop-in code are followed; `None` if there is no such code.
    pub(crate) fn turns(&self) -> Option<&Turns> {
        self.0.turns.as_deref()
    }

    /// The console line for an event, if it prints one.
    pub fn line(&self, speaker: &Speaker, event: &Event) -> Option<String> {
        self.0.line.as_ref().and_then(|line| line(speaker, event))
    }

    /// What that line means in English, if it is in another language.
    pub fn gloss(&self, speaker: &Speaker, event: &Event) -> Option<String> {
        self.0.gloss.as_ref().and_then(|gloss| gloss(speaker, event))
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scenario").field(&self.0.name).finish()
    }
}
