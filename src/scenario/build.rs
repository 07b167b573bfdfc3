//! Declaring a scenario, step by step.

use super::{Claim, Ended, Launch, OwnProperty, Parts, Role, Scenario, Shared, Speaker, State};
use crate::drop_in::Turns;
use crate::sync::{Ending, Event, Platform, Setup};
use std::any::TypeId;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A scenario in the making, whose handles are an `H`. Wherever a `&Scenario` is asked for, a reference to this does.
pub struct Builder<H> {
    scenario: Scenario,
    handles: PhantomData<fn(H)>,
}

impl<H> Deref for Builder<H> {
    type Target = Scenario;

    fn deref(&self) -> &Scenario {
        &self.scenario
    }
}

impl<H> From<Builder<H>> for Scenario {
    fn from(builder: Builder<H>) -> Self {
        builder.scenario
    }
}

impl<H: Send + Sync + 'static> Builder<H> {
    pub(super) fn new(name: String, build: impl Fn(&mut Setup) -> H + Send + Sync + 'static) -> Self {
        let parts = Parts {
            name,
            build: Box::new(move |setup| Arc::new(build(setup))),
            roles: Vec::new(),
            launch: Launch::Together,
            go_on: None,
            stock: None,
            ledger: None,
            endings: Vec::new(),
            excused: Vec::new(),
            search: None,
            tallied: Vec::new(),
            line: None,
            gloss: None,
            properties: Vec::new(),
            has_files: OnceLock::new(),
            turns: None,
        };
        Builder { scenario: Scenario(Arc::new(parts)), handles: PhantomData }
    }

    /// The loops of its code are followed for so many turns.
    pub(crate) fn with_turns(self, turns: Arc<Turns>) -> Self {
        self.with(|parts| parts.turns = Some(turns))
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::get_mut(&mut self.scenario.0).expect("a scenario is shared only once it is declared"));
        self
    }

    /// A kind of thread, and what each of its threads does. All of one role are alike: the code is given no number.
    /// The first role is that of the buyers, each of whom asks for one ticket.
    ///
    /// # Panics
    /// There is such a role already, or its name is no lower-case word.
    pub fn role<E: Into<Ending>>(
        self,
        name: &'static str,
        code: impl Fn(&dyn Platform, &H) -> E + Send + Sync + 'static,
    ) -> Self {
        let code_type = code_type(&code);
        let code = move |at: &dyn Platform, shared: &Shared, _| code(at, handles(shared)).into();
        self.add(Role { name, asks_for: 0, threads: 1, has_identities: false, code: Box::new(code), code_type })
    }

    /// A kind of thread whose code knows who runs it, as it stores that: a reservation by customer. It is given the
    /// thread's number within the role, from 0.
    ///
    /// Threads of such a scenario cannot be counted, and what is proved of it is proved for a certain number of threads;
    /// see [`ToldApart`](crate::check::ToldApart). So use it only where who it was is stored or compared.
    ///
    /// ```
    /// use oversell::check::Check;
    /// use oversell::scenario::Scenario;
    /// use oversell::sync::{Cell, Event};
    /// use std::sync::atomic::Ordering::SeqCst;
    ///
    /// const FREE: u64 = 0;
    /// let seat = Scenario::new("seat", |setup| setup.cell("seat", FREE))
    ///     .stock(1)
    ///     .role_by("customer", |at, seat: &Cell<u64>, me| {
    ///         let mine = me as u64 + 1;
    ///         if seat.compare_exchange(at, FREE, mine, SeqCst, SeqCst).is_err() {
    ///             return "taken";
    ///         }
    ///         at.tell(Event::sale("reserved"));
    ///         assert_eq!(seat.load(at, SeqCst), mine, "somebody else sits there");
    ///         "reserved"
    ///     });
    /// Check::new(&seat).threads("customer", 3).run()?.assert_holds();
    /// # Ok::<(), oversell::check::CheckError>(())
    /// ```
    ///
    /// # Panics
    /// As with [`role`](Builder::role).
    pub fn role_by<E: Into<Ending>>(
        self,
        name: &'static str,
        code: impl Fn(&dyn Platform, &H, usize) -> E + Send + Sync + 'static,
    ) -> Self {
        let code_type = code_type(&code);
        let code = move |at: &dyn Platform, shared: &Shared, me| code(at, handles(shared), me).into();
        self.add(Role { name, asks_for: 0, threads: 1, has_identities: true, code: Box::new(code), code_type })
    }

    /// Adds a role; if it is the first, each of its threads asks for one ticket.
    fn add(self, mut role: Role) -> Self {
        let name = role.name;
        let word = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && name.len() > 1;
        assert!(word && name != "parent", "a role's name is a lower-case word and not `parent`, but this is `{name}`");
        assert!(self.scenario.role(name).is_none(), "there are two roles `{name}`");
        let is_kill = |one: &str, other: &str| one.strip_prefix('k') == Some(other);
        let taken = self.scenario.roles().iter().find(|role| is_kill(role.name, name) || is_kill(name, role.name));
        assert!(taken.is_none(), "in a schedule, one of the roles `{name}` and its kills could not be told apart");
        self.with(|parts| {
            role.asks_for = u32::from(parts.roles.is_empty());
            parts.roles.push(role);
        })
    }

    /// How many threads run the role that was declared last, where nobody says otherwise (one, if it is not said).
    pub fn threads(self, threads: usize) -> Self {
        self.with(|parts| last(parts).threads = threads)
    }

    /// How many tickets each thread of the role that was declared last asks for: what it should be sold, as long as
    /// there are so many.
    pub fn asks_for(self, tickets: u32) -> Self {
        self.with(|parts| last(parts).asks_for = tickets)
    }

    /// How the threads of the first role are started.
    pub fn launch(self, launch: Launch) -> Self {
        self.with(|parts| parts.launch = launch)
    }

    /// Each thread of the first role is started after the one before has ended, and between them the parent does this
    /// and says whether it goes on.
    pub fn launch_while(self, code: impl Fn(&dyn Platform, &H) -> bool + Send + Sync + 'static) -> Self {
        self.with(|parts| {
            parts.launch = Launch::JoinedWhile;
            parts.go_on = Some(Box::new(move |at, shared| code(at, handles(shared))));
        })
    }

    /// How many tickets there are at the start. With this, the properties about what is sold apply.
    pub fn stock(self, tickets: u64) -> Self {
        self.with(|parts| parts.stock = Some(tickets))
    }

    /// How to read, once all is over, how many tickets are left; `None` if it cannot be read.
    pub fn ledger(self, code: impl Fn(&dyn Platform, &H) -> Option<u64> + Send + Sync + 'static) -> Self {
        self.with(|parts| parts.ledger = Some(Box::new(move |at, shared| code(at, handles(shared)))))
    }

    /// The ways to end that reports list even if nobody ends so.
    pub fn endings<const N: usize>(self, names: [&'static str; N]) -> Self {
        self.with(|parts| parts.endings = names.map(Ending::from).to_vec())
    }

    /// Who ends so no longer asks for a ticket: a payment was declined, an order cancelled.
    pub fn excuses<const N: usize>(self, names: [&'static str; N]) -> Self {
        self.with(|parts| parts.excused = names.map(Ending::from).to_vec())
    }

    /// Which span is a search, so that `searches-overlap` applies.
    pub fn search(self, span: &'static str) -> Self {
        self.with(|parts| parts.search = Some(span))
    }

    /// Keeps the total of an event, for the scenario's own properties.
    pub fn tally(self, event: &'static str) -> Self {
        self.with(|parts| parts.tallied.push(event))
    }

    /// How events are worded on a console.
    pub fn line(self, line: impl Fn(&Speaker, &Event) -> Option<String> + Send + Sync + 'static) -> Self {
        self.with(|parts| parts.line = Some(Box::new(line)))
    }

    /// What those lines mean in English, where they are in another language. Traces show it; a run does not.
    pub fn gloss(self, gloss: impl Fn(&Speaker, &Event) -> Option<String> + Send + Sync + 'static) -> Self {
        self.with(|parts| parts.gloss = Some(Box::new(gloss)))
    }

    /// A property that must hold in every reachable state.
    pub fn always(
        self,
        name: &'static str,
        sentence: &'static str,
        holds: impl Fn(&State<'_>, &H) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.own(name, sentence, Claim::Always(Box::new(move |state, shared| holds(state, handles(shared)))))
    }

    /// A property that must hold in some reachable state.
    pub fn sometimes(
        self,
        name: &'static str,
        sentence: &'static str,
        holds: impl Fn(&State<'_>, &H) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.own(name, sentence, Claim::Sometimes(Box::new(move |state, shared| holds(state, handles(shared)))))
    }

    /// A property that must hold at the end of every execution.
    pub fn always_at_end(
        self,
        name: &'static str,
        sentence: &'static str,
        holds: impl Fn(&Ended<'_>, &H) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.own(name, sentence, Claim::AlwaysAtEnd(Box::new(move |end, shared| holds(end, handles(shared)))))
    }

    fn own(self, name: &'static str, sentence: &'static str, claim: Claim) -> Self {
        let taken = crate::check::Property::BUILT_IN.iter().any(|property| property.name() == name)
            || self.scenario.properties().iter().any(|property| property.name == name);
        assert!(!taken, "there are two properties `{name}`");
        self.with(|parts| parts.properties.push(OwnProperty { name, sentence, claim }))
    }
}

/// The type of some code.
fn code_type<T: 'static>(_: &T) -> TypeId {
    TypeId::of::<T>()
}

fn last(parts: &mut Parts) -> &mut Role {
    parts.roles.last_mut().expect("declare a role first")
}

fn handles<H: 'static>(shared: &Shared) -> &H {
    shared.downcast_ref().expect("the handles are those that the scenario's `build` returned")
}
