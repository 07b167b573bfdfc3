//! The stage: one execution at a time, each thread over a connection of its own, one step after the other.

use super::actors::{Actors, State};
use super::execution::{Class, Kept, Trail};
use super::line::{Kind, Order};
use super::*;
use std::sync::Arc;

/// A checkout at one level of one database, ready to be performed in any order of its steps.
pub struct Stage {
    pub(super) database: Arc<dyn Database>,
    pub(super) arena: Box<dyn Arena>,
    pub(super) checkout: Checkout,
    pub(super) level: Level,
    pub(super) cast: Cast,
    pub(super) codes: Vec<checkout::Code>,
    pub(super) pool: Vec<Option<Box<dyn Connection>>>,
    /// How many connections may be cut.
    pub cuts: usize,
    /// Which orders count as one, and so what is to be noted for that.
    pub merging: Merging,
    /// Whether to note what is committed after each move.
    pub notes: bool,
}

/// Where an execution stands: who can move, and what has been.
pub struct Position<'a> {
    /// What can happen next; nothing at the end.
    pub enabled: &'a [Move],
    /// The alternatives' names, if it is a choice.
    pub alternatives: &'a [String],
    /// What has been.
    pub execution: &'a Execution,
    pub(super) trail: &'a Trail,
}

impl Stage {
    /// Makes the tables in a database of their own.
    ///
    /// # Errors
    /// As the database reports.
    pub fn new(
        database: Arc<dyn Database>,
        checkout: &Checkout,
        level: Level,
        buyers: usize,
    ) -> Result<Stage, DatabaseError> {
        let mut arena = database.arena()?;
        arena.furnish(&checkout.tables)?;
        let (cast, codes) = checkout.cast(buyers);
        let pool = codes.iter().map(|_| None).collect();
        let checkout = checkout.clone();
        Ok(Stage {
            database,
            arena,
            checkout,
            level,
            cast,
            codes,
            pool,
            cuts: 0,
            merging: Merging::Plain,
            notes: false,
        })
    }

    /// The same stage for another number of buyers.
    pub fn recast(&mut self, buyers: usize) {
        (self.cast, self.codes) = self.checkout.cast(buyers);
        self.pool.resize_with(self.codes.len(), || None);
    }

    /// Drops the tables.
    ///
    /// # Errors
    /// As the database reports.
    pub fn clear(mut self) -> Result<(), DatabaseError> {
        self.pool.clear();
        self.arena.clear()
    }

    /// What is committed, as it is shown; `None` where it cannot be read, and so is what it was.
    pub(super) fn committed(&mut self) -> Result<Option<String>, DatabaseError> {
        let mut shown = Vec::new();
        for (name, sql) in &self.checkout.shown {
            let Some(rows) = self.arena.ask(sql)? else { return Ok(None) };
            let rows = if rows.is_empty() { "none".to_owned() } else { value::listed(&rows) };
            shown.push(format!("{name} {rows}"));
        }
        Ok(Some(shown.join(", ")))
    }

    /// What is left by the ledger.
    pub(super) fn left(&mut self) -> Result<Option<i64>, DatabaseError> {
        let Some(sql) = &self.checkout.left else { return Ok(None) };
        let rows = self.arena.ask(sql)?.unwrap_or_default();
        Ok(rows.first().and_then(|row| row.int(0).ok()))
    }

    /// The connection of each actor, made anew where it was cut.
    pub(super) fn connections(&mut self) -> Result<Vec<Box<dyn Connection>>, DatabaseError> {
        let mut connections = Vec::new();
        for slot in &mut self.pool {
            let kept = slot.take().filter(|connection| !connection.is_severed());
            connections.push(match kept {
                Some(connection) => connection,
                None => self.arena.connect(self.level)?,
            });
        }
        Ok(connections)
    }

    /// Performs one execution, up to its end or to where `steer` asks for no further move.
    ///
    /// # Errors
    /// Whatever keeps the execution from being what the schedule says.
    pub fn perform(
        &mut self,
        mut steer: impl FnMut(&Position<'_>) -> Result<Option<Move>, DatabaseError>,
    ) -> Result<Execution, DatabaseError> {
        let fill = self.checkout.fill.clone();
        self.arena.reset(&fill)?;
        let connections = self.connections()?;
        let mut execution = Execution::default();
        if self.notes {
            execution.at_first = self.committed()?;
        }
        let mut actors = Actors::start(&self.database, self.level, &self.codes, connections);
        let performed = self.conduct(&mut actors, &mut execution, &mut steer);
        let force = matches!(performed, Err(DatabaseError::Outside { .. } | DatabaseError::Silence { .. }));
        self.pool = actors.stop(&mut *self.arena, force);
        for connection in &mut self.pool {
            // One that cannot be cleaned is made anew.
            if connection.as_mut().is_some_and(|connection| connection.clean().is_err()) {
                *connection = None;
            }
        }
        performed?;
        Ok(execution)
    }

    /// Notes what the state after a move depends on.
    fn follow(&mut self, actors: &Actors, trail: &mut Trail, mv: Move, class: Class) -> Result<(), DatabaseError> {
        if self.database.semantics(self.level).order_is_kept {
            trail.since_quiet.push(mv, class);
            if actors.is_quiet() {
                trail.committed = self.arena.contents()?;
                trail.since_quiet = execution::Order::default();
            } else if !actors.keeps(mv.actor) {
                trail.since_quiet.forget(mv.actor);
            }
            return Ok(());
        }
        trail.kept.resize_with(self.codes.len(), Kept::default);
        let now = self.arena.version()?.unwrap_or(trail.kept[mv.actor].now);
        if trail.kept[mv.actor].now != now || trail.committed.is_empty() {
            trail.committed = self.arena.contents()?;
        }
        for (actor, (kept, state)) in trail.kept.iter_mut().zip(actors.states()).enumerate() {
            kept.now = now;
            kept.standing = state.standing();
            match actors.keeps(actor) {
                false => kept.versions.clear(),
                true if actor == mv.actor => kept.versions.push((trail.committed.clone(), now)),
                true => {}
            }
        }
        Ok(())
    }

    fn conduct(
        &mut self,
        actors: &mut Actors,
        execution: &mut Execution,
        steer: &mut impl FnMut(&Position<'_>) -> Result<Option<Move>, DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let cast = self.cast.clone();
        let mut cuts = self.cuts;
        let mut trail = Trail::default();
        let name = |error| named(error, &cast);
        actors.settle(&mut *self.arena).map_err(name)?;
        execution.before = actors.deeds(None);
        loop {
            let last = execution.beats.last().map(|beat| beat.mv);
            let (enabled, alternatives) = moves(actors, cuts, last);
            trail.told_apart = actors.told_apart;
            if enabled.is_empty() {
                let ends = actors.ends().map_err(name)?;
                let (sold, left) = (execution.sold(), self.left()?);
                let committed = self.committed()?.unwrap_or_default();
                execution.outcome = Some(Outcome { ends, sold, left, committed });
            }
            let position = Position { enabled: &enabled, alternatives: &alternatives, execution, trail: &trail };
            let Some(mv) = steer(&position)? else { return Ok(()) };
            cuts -= usize::from(matches!(mv.act, Act::Cut | Act::CutAfter));
            let kind = actors.kind(mv.actor);
            let order = match mv.act {
                Act::Step if actors.starves(mv.actor) => Order::GiveUp,
                Act::Step => Order::Go,
                Act::Take(number) => Order::Take(number),
                Act::Cut => Order::Cut,
                Act::CutAfter => Order::CutAfter,
                Act::Hold => Order::Hold,
            };
            actors.order(mv.actor, order, &mut *self.arena).map_err(name)?;
            actors.settle(&mut *self.arena).map_err(name)?;
            let deeds = actors.deeds(Some(mv.actor));
            let class = class(&deeds, mv, kind, self.database.semantics(self.level).reads);
            trail.order.push(mv, class);
            if self.merging == Merging::States {
                self.follow(actors, &mut trail, mv, class)?;
            }
            let committed = if self.notes { self.committed()? } else { None };
            let alternative =
                alternatives.get(if let Act::Take(number) = mv.act { number } else { usize::MAX }).cloned();
            execution.beats.push(Beat { mv, alternative, deeds, committed });
        }
    }
}

/// What can happen: the first choice there is, or else a step of each who can take one, and cuts.
fn moves(actors: &mut Actors, cuts: usize, last: Option<Move>) -> (Vec<Move>, Vec<String>) {
    if let Some((actor, alternatives)) = actors.choice() {
        let take = |number| Move { actor, act: Act::Take(number) };
        return ((0..alternatives.len()).map(take).collect(), alternatives);
    }
    let mut moves = Vec::new();
    let ready = actors.states().filter(|state| matches!(state, State::Ready(_))).count();
    for (actor, state) in actors.states().enumerate() {
        let mut can = |act| moves.push(Move { actor, act });
        // What is held, and shown before anybody else moves, might as well not have been held.
        let in_between = |last: Move| last != Move { actor, act: Act::Hold };
        match state {
            State::Held if last.is_none_or(in_between) => {
                can(Act::Step);
                if cuts > 0 {
                    can(Act::CutAfter);
                }
            }
            State::Ready(announcement) => {
                can(Act::Step);
                if cuts > 0 {
                    can(Act::Cut);
                    if matches!(announcement.kind, Kind::Commit { .. }) {
                        can(Act::CutAfter);
                    }
                }
                if ready > 1 && matches!(announcement.kind, Kind::Commit { held: true, .. }) {
                    can(Act::Hold);
                }
            }
            _ => {}
        }
    }
    moves.extend(actors.tries().into_iter().map(|actor| Move { actor, act: Act::Step }));
    moves.sort_unstable();
    (moves, Vec::new())
}

/// To whom the place of this step can matter.
fn class(deeds: &[(usize, Deed)], mv: Move, kind: Option<Kind>, reads: Reads) -> Class {
    if let (Act::Take(_), Some(Kind::Choice(_))) = (mv.act, &kind) {
        return Class::Own;
    }
    let disturbed = deeds.iter().any(|(actor, deed)| match deed {
        Deed::Did { trouble, waited, .. } => *actor != mv.actor || trouble.is_some() || *waited,
        Deed::Waits { .. } | Deed::Decided { .. } | Deed::Seen | Deed::GaveUp | Deed::Cut { .. } => true,
        Deed::Chose { .. } | Deed::Sold(_) | Deed::Says(_) | Deed::Ended(_) => *actor != mv.actor,
    });
    match (kind, reads) {
        _ if disturbed => Class::Everybody,
        (Some(Kind::Snapshot), _) => Class::Sees,
        (Some(Kind::Read), Reads::Versions | Reads::HoldOffCommits) => Class::Sees,
        (Some(Kind::Read), Reads::Remembered) => Class::Marks,
        (Some(Kind::Read), Reads::Lock) | (Some(Kind::Statement), _) => Class::Writes,
        (Some(Kind::Commit { wrote: false, .. } | Kind::Rollback { wrote: false }), _) => Class::Own,
        _ => Class::Everybody,
    }
}

/// Fills in who it was.
fn named((actor, error): (Option<usize>, DatabaseError), cast: &Cast) -> DatabaseError {
    let name = actor.map(|actor| cast.0[actor].clone()).unwrap_or_default();
    match error {
        DatabaseError::Died { statement, message, .. } => DatabaseError::Died { who: name, statement, message },
        DatabaseError::Wrong { statement, message, .. } => DatabaseError::Wrong { who: name, statement, message },
        DatabaseError::Outside { statement, holder, .. } => DatabaseError::Outside { who: name, statement, holder },
        DatabaseError::Silence { statement, seconds, .. } => DatabaseError::Silence { who: name, statement, seconds },
        other => other,
    }
}
