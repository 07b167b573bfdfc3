//! A scenario over code that is written with drop-in types.

use super::place::{self, Turns};
use crate::scenario::{Builder, Ended, Launch, Scenario, State};
use crate::sync::{Ending, Event, Platform};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A scenario in the making whose threads share an `S`. Wherever a `&Scenario` is asked for, a reference to this does.
pub struct Over<S> {
    builder: Builder<S>,
    declared: Arc<Declared>,
}

/// What is declared after the closures that go by it.
struct Declared {
    names: Mutex<Vec<&'static str>>,
    /// The endings that are a sale, and of how many tickets.
    sales: Mutex<Vec<(&'static str, u32)>>,
    /// Whether the clients of futures may hang up.
    hangs_up: AtomicBool,
    turns: Arc<Turns>,
}

/// How many turns of a loop are followed where nobody says otherwise.
const TURNS: u32 = 8;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scenario {
    /// Starts to declare a scenario whose threads share what `make` makes of [drop-in types](crate::drop_in). It must
    /// make the same every time, as each execution starts with a new one.
    pub fn over<S: Send + Sync + 'static>(
        name: impl Into<String>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Over<S> {
        let (names, sales, turns) = (Mutex::default(), Mutex::default(), Arc::new(Turns::new(TURNS)));
        let declared = Arc::new(Declared { names, sales, hangs_up: AtomicBool::new(false), turns: Arc::clone(&turns) });
        let of = Arc::clone(&declared);
        let builder = Scenario::new(name, move |setup| {
            setup.condvar("the turns that are not followed");
            let names = lock(&of.names).clone();
            place::construct(setup, &names, &make)
        });
        Over { builder: builder.with_turns(turns), declared }
    }
}

impl<S> Deref for Over<S> {
    type Target = Scenario;

    fn deref(&self) -> &Scenario {
        &self.builder
    }
}

impl<S> From<Over<S>> for Scenario {
    fn from(over: Over<S>) -> Self {
        over.builder.into()
    }
}

impl<S: Send + Sync + 'static> Over<S> {
    fn with(self, change: impl FnOnce(Builder<S>) -> Builder<S>) -> Self {
        Over { builder: change(self.builder), declared: self.declared }
    }

    /// Names what `make` makes, in the order in which it is made. What has no name is called after its type and the line
    /// in which it is made.
    pub fn names<const N: usize>(self, names: [&'static str; N]) -> Self {
        *lock(&self.declared.names) = names.to_vec();
        self
    }

    /// A kind of thread, and what each of its threads does; see [`Builder::role`].
    pub fn role<E: Into<Ending>>(self, name: &'static str, code: impl Fn(&S) -> E + Send + Sync + 'static) -> Self {
        let declared = Arc::clone(&self.declared);
        let code = move |at: &dyn Platform, shared: &S| {
            declared.ended(at, place::run(at, &declared.turns, || code(shared)).into())
        };
        self.with(|builder| builder.role(name, code))
    }

    /// A kind of thread that is a future, and what each of its threads does. Where it awaits, others may come in between.
    pub fn role_async<E: Into<Ending>>(
        self,
        name: &'static str,
        code: impl AsyncFn(&S) -> E + Send + Sync + 'static,
    ) -> Self {
        let declared = Arc::clone(&self.declared);
        let code = move |at: &dyn Platform, shared: &S| {
            let hangs_up = declared.hangs_up.load(Relaxed);
            let ended = place::run(at, &declared.turns, || place::block_on(code(shared), hangs_up));
            declared.ended(at, ended.map_or("hung up".into(), Into::into))
        };
        self.with(|builder| builder.role(name, code))
    }

    /// The clients of [futures](Over::role_async) may hang up wherever they await something. Then the future is dropped
    /// there, and its thread ends as `hung up`.
    pub fn hang_ups(self) -> Self {
        self.declared.hangs_up.store(true, Relaxed);
        self
    }

    /// A kind of thread whose code knows its number; see [`Builder::role_by`].
    pub fn role_by<E: Into<Ending>>(
        self,
        name: &'static str,
        code: impl Fn(&S, usize) -> E + Send + Sync + 'static,
    ) -> Self {
        let declared = Arc::clone(&self.declared);
        let code = move |at: &dyn Platform, shared: &S, me| {
            declared.ended(at, place::run(at, &declared.turns, || code(shared, me)).into())
        };
        self.with(|builder| builder.role_by(name, code))
    }

    /// Whoever ends so has bought a ticket, and has been told so.
    pub fn sale(self, ending: &'static str) -> Self {
        self.sale_of(ending, 1)
    }

    /// Whoever ends so has bought so many tickets, and has been told so.
    pub fn sale_of(self, ending: &'static str, tickets: u32) -> Self {
        lock(&self.declared.sales).push((ending, tickets));
        self
    }

    /// For how many turns loops are followed that are no [`fetch_update`](super::sync::atomic::AtomicU64::fetch_update) or
    /// [`retry`](super::hint::retry): how often a thread may come to the same place in the source (8 times, if nobody says
    /// otherwise).
    pub fn turns(self, turns: u32) -> Self {
        self.declared.turns.set(turns);
        self
    }

    /// See [`Builder::threads`].
    pub fn threads(self, threads: usize) -> Self {
        self.with(|builder| builder.threads(threads))
    }

    /// See [`Builder::asks_for`].
    pub fn asks_for(self, tickets: u32) -> Self {
        self.with(|builder| builder.asks_for(tickets))
    }

    /// See [`Builder::launch`].
    pub fn launch(self, launch: Launch) -> Self {
        self.with(|builder| builder.launch(launch))
    }

    /// See [`Builder::stock`].
    pub fn stock(self, tickets: u64) -> Self {
        self.with(|builder| builder.stock(tickets))
    }

    /// How to read, once all is over, how many tickets are left; `None` if it cannot be read.
    pub fn ledger(self, code: impl Fn(&S) -> Option<u64> + Send + Sync + 'static) -> Self {
        let turns = Arc::clone(&self.declared.turns);
        self.with(|builder| builder.ledger(move |at, shared| place::run(at, &turns, || code(shared))))
    }

    /// See [`Builder::endings`].
    pub fn endings<const N: usize>(self, names: [&'static str; N]) -> Self {
        self.with(|builder| builder.endings(names))
    }

    /// See [`Builder::excuses`].
    pub fn excuses<const N: usize>(self, names: [&'static str; N]) -> Self {
        self.with(|builder| builder.excuses(names))
    }

    /// See [`Builder::tally`].
    pub fn tally(self, event: &'static str) -> Self {
        self.with(|builder| builder.tally(event))
    }

    /// A property that must hold in every reachable state. It looks at what is shared, and at what was sold, as it stands
    /// between two steps: to look takes no lock and waits for nobody.
    pub fn always(
        self,
        name: &'static str,
        sentence: &'static str,
        holds: impl Fn(&S, &State<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let holds = move |state: &State<'_>, shared: &S| place::look(state, || holds(shared, state));
        self.with(|builder| builder.always(name, sentence, holds))
    }

    /// A property that must hold in some reachable state.
    pub fn sometimes(
        self,
        name: &'static str,
        sentence: &'static str,
        holds: impl Fn(&S, &State<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let holds = move |state: &State<'_>, shared: &S| place::look(state, || holds(shared, state));
        self.with(|builder| builder.sometimes(name, sentence, holds))
    }

    /// A property that must hold at the end of every execution.
    pub fn always_at_end(
        self,
        name: &'static str,
        sentence: &'static str,
        holds: impl Fn(&S, &Ended<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let holds = move |end: &Ended<'_>, shared: &S| place::look(end.state(), || holds(shared, end));
        self.with(|builder| builder.always_at_end(name, sentence, holds))
    }
}

impl Declared {
    /// Says what an ending says.
    fn ended(&self, at: &dyn Platform, ending: Ending) -> Ending {
        let sale = lock(&self.sales).iter().find(|(sale, _)| *sale == ending.0).copied();
        match sale {
            Some((name, 1)) => at.tell(Event::sale(name)),
            Some((name, tickets)) => at.tell(Event::sale_of(name, tickets)),
            None => {}
        }
        ending
    }
}
