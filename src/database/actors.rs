//! The threads of one execution, and how far each of them has come.

mod held;
mod looks;
mod notes;
mod thread;

use super::line::{Announcement, Kind, Line, Order, Report};
use super::*;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thread::perform;

/// After how long without a word an execution is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a statement that may go on may take before it is worth asking whether it still waits.
const GRACE: Duration = Duration::from_micros(500);

/// How long a COMMIT may take before it is worth asking whether it is held.
const DECIDES: Duration = Duration::from_micros(150);

/// How long it takes at most until a statement that runs on is looked at again.
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// When to look again at a statement whose connection has said that it waits, and that was not seen to wait then: long
/// after it has looked for a deadlock.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// How far one thread has come.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It computes, and will announce a step or end.
    Thinks,
    /// It stands before a step.
    Ready(Announcement),
    /// Its statement runs. `hint`: there is reason to think that it waits.
    Runs { hint: bool },
    /// Its statement waits for others' locks.
    Waits,
    /// Its COMMIT is decided, and nobody sees it yet.
    Held,
    /// SQLite is busy. `stale`: it is to be tried again only after some transaction has ended.
    Parked { stale: bool },
    /// It has ended.
    Ended(End),
}

impl State {
    /// How its step stands.
    pub(super) fn standing(&self) -> &'static str {
        match self {
            State::Thinks | State::Ready(_) => "not begun",
            State::Runs { .. } | State::Waits | State::Held => "waits",
            State::Parked { stale: false } => "waits, to be tried",
            State::Parked { stale: true } => "waits in vain",
            State::Ended(_) => "ended",
        }
    }
}

struct Actor {
    state: State,
    orders: Sender<Order>,
    thread: JoinHandle<Box<dyn Connection>>,
    connection: u64,
    /// The step that runs or ran last.
    step: Option<Announcement>,
    /// Whether that step has waited.
    waited: bool,
    /// Which of its waits has been looked into for deadlocks.
    confirmed: Option<String>,
    /// What was ordered last.
    ordered: Option<Order>,
    /// What came of the current move.
    deeds: Vec<Deed>,
    /// Whether the database keeps something for it.
    keeps: bool,
}

/// The threads, and what they tell.
pub(super) struct Actors {
    actors: Vec<Actor>,
    reports: Receiver<(usize, Report)>,
    patience: Option<Duration>,
    /// Whether somebody has asked who it is.
    pub(super) told_apart: bool,
}

/// An error, and whose it is.
pub(super) type Trip = (Option<usize>, DatabaseError);

impl Actors {
    pub(super) fn start(
        database: &Arc<dyn Database>,
        level: Level,
        codes: &[checkout::Code],
        connections: Vec<Box<dyn Connection>>,
    ) -> Actors {
        let (tell, reports) = channel();
        let mut actors = Vec::new();
        for (actor, (code, connection)) in codes.iter().zip(connections).enumerate() {
            let (orders, hear) = channel();
            let line = Line { actor, reports: tell.clone(), orders: Arc::new(Mutex::new(hear)) };
            let (code, database, id) = (code.clone(), database.clone(), connection.id());
            let thread = std::thread::spawn(move || perform(&code, connection, line, level, database));
            actors.push(Actor {
                state: State::Thinks,
                orders,
                thread,
                connection: id,
                step: None,
                waited: false,
                confirmed: None,
                ordered: None,
                deeds: Vec::new(),
                keeps: false,
            });
        }
        Actors { actors, reports, patience: None, told_apart: false }
    }

    pub(super) fn states(&self) -> impl Iterator<Item = &State> {
        self.actors.iter().map(|actor| &actor.state)
    }

    /// Whether the database keeps nothing for anybody: no transaction is open, nothing waits, and no lock is held.
    pub(super) fn is_quiet(&self) -> bool {
        let in_step = |state: &State| !matches!(state, State::Thinks | State::Ready(_) | State::Ended(_));
        self.actors.iter().all(|actor| !actor.keeps && !in_step(&actor.state))
    }

    /// Whether the database keeps something for an actor.
    pub(super) fn keeps(&self, actor: usize) -> bool {
        self.actors[actor].keeps
    }

    /// The first actor that stands before a choice, and its alternatives. If there are several, their numbers tell them
    /// apart.
    pub(super) fn choice(&mut self) -> Option<(usize, Vec<String>)> {
        let choice = |(actor, state): (usize, &State)| match state {
            State::Ready(Announcement { kind: Kind::Choice(alternatives), .. }) => Some((actor, alternatives.clone())),
            _ => None,
        };
        let choices: Vec<_> = self.states().enumerate().filter_map(choice).collect();
        self.told_apart |= choices.len() > 1;
        choices.into_iter().next()
    }

    /// Who could try again what SQLite was busy for; if nobody can do anything else, those whose time is up.
    pub(super) fn tries(&self) -> Vec<usize> {
        let parked = |wanted: Option<bool>| {
            let of = move |(actor, state): (usize, &State)| match state {
                State::Parked { stale } if wanted.is_none_or(|wanted| wanted == *stale) => Some(actor),
                _ => None,
            };
            self.states().enumerate().filter_map(of).collect::<Vec<_>>()
        };
        let fresh = parked(Some(false));
        let others = self.states().any(|state| matches!(state, State::Ready(_)));
        if fresh.is_empty() && !others { parked(None) } else { fresh }
    }

    /// Whether a statement that waits can only be given up: nobody else can do anything.
    pub(super) fn starves(&self, actor: usize) -> bool {
        matches!(self.actors[actor].state, State::Parked { stale: true })
    }

    /// What step an actor stands before, or is in.
    pub(super) fn kind(&self, actor: usize) -> Option<Kind> {
        match &self.actors[actor].state {
            State::Ready(announcement) => Some(announcement.kind.clone()),
            _ => self.actors[actor].step.as_ref().map(|step| step.kind.clone()),
        }
    }

    /// Tells an actor to move.
    pub(super) fn order(&mut self, number: usize, order: Order, arena: &mut dyn Arena) -> Result<(), Trip> {
        let actor = &mut self.actors[number];
        match std::mem::replace(&mut actor.state, State::Runs { hint: false }) {
            State::Ready(step) => {
                match (&step.kind, order) {
                    (Kind::Choice(alternatives), Order::Take(taken)) => {
                        let (name, alternative) = (step.text.clone(), alternatives[taken].clone());
                        actor.deeds.push(Deed::Chose { name, alternative });
                        actor.state = State::Thinks;
                    }
                    (_, Order::Cut | Order::CutAfter) => {
                        let (text, after) = (step.text.clone(), order == Order::CutAfter);
                        actor.deeds.push(Deed::Cut { text, after });
                    }
                    _ => {}
                }
                actor.step = Some(step);
                actor.waited = false;
                actor.confirmed = None;
            }
            State::Held => return self.show(number, order, arena),
            State::Parked { .. } if order == Order::GiveUp => actor.deeds.push(Deed::GaveUp),
            _ => {}
        }
        actor.ordered = Some(order);
        // A thread that is gone has said why.
        let _ = actor.orders.send(order);
        Ok(())
    }

    /// Waits until every thread stands before a step, has ended, or waits for another's lock.
    pub(super) fn settle(&mut self, arena: &mut dyn Arena) -> Result<(), Trip> {
        self.patience = arena.patience();
        // Whoever waited may go on now: the lock is free when the one who held it has had its answer. Most do, and say
        // so sooner than they could be looked for.
        let mut grace = None;
        for actor in &mut self.actors {
            if matches!(actor.state, State::Waits) {
                actor.state = State::Runs { hint: true };
                grace = Some(GRACE);
            }
        }
        let mut last = Instant::now();
        // A look costs the server as much as a statement: one that is slow is looked at less and less often.
        let mut pause = self.patience;
        while let Some(busy) = self.busy() {
            let computing = self.states().any(|state| matches!(state, State::Thinks));
            let all_hinted = self.states().all(|state| !matches!(state, State::Runs { hint: false }));
            let grace = if computing || !all_hinted { None } else { grace.take() };
            if !computing && all_hinted && grace.is_none() {
                if self.look(arena)? {
                    return Ok(());
                }
                pause = pause.or(Some(SECOND_LOOK));
            }
            let commits = !computing && self.commits().next().is_some();
            let wait = if computing {
                SILENCE
            } else if commits {
                DECIDES
            } else {
                grace.or(pause).unwrap_or(SILENCE)
            };
            match self.reports.recv_timeout(wait) {
                Ok((actor, report)) => {
                    last = Instant::now();
                    pause = self.patience.or(pause);
                    self.note(actor, report)?;
                }
                Err(RecvTimeoutError::Timeout) if commits && last.elapsed() < SILENCE => self.hold(arena)?,
                Err(RecvTimeoutError::Timeout) if last.elapsed() < SILENCE => {
                    pause = pause.map(|pause| (pause * 2).min(LONGEST_PAUSE.max(pause)));
                    for actor in &mut self.actors {
                        if let State::Runs { hint } = &mut actor.state {
                            *hint = true;
                        }
                    }
                }
                Err(_) => {
                    let statement = self.actors[busy].step.as_ref().map(|step| step.text.clone()).unwrap_or_default();
                    let seconds = SILENCE.as_secs();
                    return Err((Some(busy), DatabaseError::Silence { who: String::new(), statement, seconds }));
                }
            }
        }
        Ok(())
    }

    /// Somebody who computes, or whose statement runs.
    fn busy(&self) -> Option<usize> {
        self.states().position(|state| matches!(state, State::Thinks | State::Runs { .. }))
    }

    /// What came of the move: first to whoever made it.
    pub(super) fn deeds(&mut self, mover: Option<usize>) -> Vec<(usize, Deed)> {
        let mut order: Vec<_> = (0..self.actors.len()).collect();
        order.sort_by_key(|actor| Some(*actor) != mover);
        let take = |number: usize| std::mem::take(&mut self.actors[number].deeds).into_iter().map(move |d| (number, d));
        order.into_iter().flat_map(take).collect()
    }

    /// How all of them ended.
    pub(super) fn ends(&self) -> Result<Vec<End>, Trip> {
        let end = |(number, actor): (usize, &Actor)| match &actor.state {
            State::Ended(end) => Ok(end.clone()),
            _ => {
                let statement = actor.step.as_ref().map(|step| step.text.clone()).unwrap_or_default();
                let (who, holder) = (String::new(), "nobody who can move".to_owned());
                Err((Some(number), DatabaseError::Outside { who, statement, holder }))
            }
        };
        self.actors.iter().enumerate().map(end).collect()
    }

    /// Ends all threads, wherever they are, and gives back their connections. Whoever can move rolls back first, so
    /// that the others' locks come free. With `force` the database is asked to end the statements that wait for
    /// something else, and who computes for ever is left to it.
    pub(super) fn stop(self, arena: &mut dyn Arena, force: bool) -> Vec<Option<Box<dyn Connection>>> {
        // First nobody listens any more: a thread that hears the order inside of a statement must not go on after it.
        drop(self.reports);
        for actor in &self.actors {
            let _ = actor.orders.send(Order::Stop);
        }
        // A COMMIT that is held waits for nobody here.
        let held = |actor: &&Actor| matches!(actor.state, State::Held);
        let held: Vec<_> = self.actors.iter().filter(held).map(|actor| actor.connection).collect();
        for connection in held {
            // If that fails the server is gone, and its connections with it.
            let _ = arena.shows(connection);
        }
        if force {
            let runs = |actor: &&Actor| matches!(actor.state, State::Runs { .. } | State::Waits);
            let running: Vec<_> = self.actors.iter().filter(runs).map(|actor| actor.connection).collect();
            // If that fails the server is gone, and its connections with it.
            let _ = arena.terminate(&running);
        }
        let join = |actor: Actor| match actor.state {
            State::Thinks if force && !actor.thread.is_finished() => None,
            _ => {
                drop(actor.orders);
                actor.thread.join().ok()
            }
        };
        self.actors.into_iter().map(join).collect()
    }
}
