//! From few threads to many: whether what an execution of a few shows at its end is shown with more of them, too.
//!
//! The others take their turns somewhere in it, one after the other, each by itself up to its end; what is left after that
//! is brought to an end in any way. So it is an execution that exists; if it does not show the property, nothing is said.

use super::automaton::{AutomatonError, NodeId};
use super::exploration::{Mover, Space};
use super::witness::Numbers;
use super::{Instance, Witness};
use crate::platform::{Act, Actor, Move};
use crate::scenario::Launch;

/// The most steps that anybody takes by itself.
const MOST_STEPS: usize = 1_000;

/// Whether an execution of all threads of a (larger) instance shows what the witness does.
pub fn shows_with_all(space: &mut Space<'_>, witness: &Witness) -> Result<bool, AutomatonError> {
    let moves = &witness.schedule.0;
    let others = others(space.instance(), &witness.instance);
    let together = space.scenario().launch() == Launch::Together;
    // Last first: then they find what those few have left.
    let places = (0..=moves.len()).rev().take(if together { moves.len() + 1 } else { 1 });
    for place in places {
        let mut run = Run::start(space)?;
        let mut goes = run.follow(space, &moves[..place])?;
        if together {
            for other in &others {
                goes = goes && run.alone(space, *other)?;
            }
        }
        if goes && run.follow(space, &moves[place..])? && run.go_on_to_the_end(space)? {
            let finale = space.finale(&run.state);
            if space.end_shows(witness.property, &run.state, &finale) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether some execution is known to end: it is if one does in which everybody goes on as soon as possible.
pub fn some_execution_ends(space: &mut Space<'_>) -> Result<bool, AutomatonError> {
    Run::start(space)?.go_on_to_the_end(space)
}

/// The threads that one instance has and the other has not.
fn others(all: &Instance, few: &Instance) -> Vec<Actor> {
    let numbers = |role: usize| (few.number(role)..all.number(role)).map(move |number| Actor::Thread(role, number));
    (0..all.threads.len()).flat_map(numbers).collect()
}

/// An execution so far.
struct Run {
    state: Vec<u32>,
    numbers: Numbers,
}

impl Run {
    fn start(space: &mut Space<'_>) -> Result<Run, AutomatonError> {
        let state = space.initial()?.0;
        Ok(Run { numbers: Numbers::new(space, &state), state })
    }

    /// Makes these moves; whether all of them could be made.
    fn follow(&mut self, space: &mut Space<'_>, moves: &[Move]) -> Result<bool, AutomatonError> {
        for mv in moves {
            if !self.make(space, *mv)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Leads somebody to its end; whether it gets there.
    fn alone(&mut self, space: &mut Space<'_>, actor: Actor) -> Result<bool, AutomatonError> {
        for _ in 0..MOST_STEPS {
            let Some(node) = self.numbers.place(actor) else { return Ok(false) };
            if space.automaton.node(node).step().is_none() {
                return Ok(true);
            }
            if space.edges(&self.state, node)?.is_empty() {
                return Ok(false);
            }
            self.take(space, actor, node, 0)?;
        }
        Ok(false)
    }

    /// Lets somebody take a step as long as anybody can.
    fn go_on_to_the_end(&mut self, space: &mut Space<'_>) -> Result<bool, AutomatonError> {
        let mut next = Vec::new();
        for _ in 0..MOST_STEPS * space.instance().total().unwrap_or(1) {
            let mut place = 0;
            loop {
                let Some(mover) = space.mover(&self.state, place) else { return Ok(true) };
                let node = space.node_of(&self.state, mover);
                if !space.edges(&self.state, node)?.is_empty() {
                    space.make(&self.state, mover, node, 0, &mut next)?;
                    std::mem::swap(&mut self.state, &mut next);
                    break;
                }
                place += 1;
            }
        }
        Ok(false)
    }

    /// Makes a move; whether it can be made.
    fn make(&mut self, space: &mut Space<'_>, mv: Move) -> Result<bool, AutomatonError> {
        let node = match mv.actor {
            Actor::Parent => space.parent_at(&self.state),
            actor => self.numbers.place(actor),
        };
        let Some(node) = node else { return Ok(false) };
        let steps = space.edges(&self.state, node)?.len();
        let index = match mv.act {
            Act::Kill => Some(steps).filter(|_| steps < space.moves(&self.state, node).unwrap_or(0)),
            act => space.index_of(&self.state, node, act)?,
        };
        let Some(index) = index else { return Ok(false) };
        self.take(space, mv.actor, node, index)?;
        Ok(true)
    }

    fn take(&mut self, space: &mut Space<'_>, actor: Actor, node: NodeId, index: usize) -> Result<(), AutomatonError> {
        let mover = if actor == Actor::Parent { Mover::Parent } else { Mover::At(node) };
        let mut next = Vec::new();
        let transition = space.make(&self.state, mover, node, index, &mut next)?;
        self.numbers.moved(space, actor, transition.to, &next);
        self.state = next;
        Ok(())
    }
}
