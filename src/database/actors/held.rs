//! A COMMIT that is held: decided, and not seen by others yet.

use super::{Actors, State, Trip};
use crate::database::line::Order;
use crate::database::{Arena, Deed};

impl Actors {
    /// Those whose COMMIT is to be held.
    pub(super) fn commits(&self) -> impl Iterator<Item = usize> {
        let commits = |number: &usize| {
            let actor = &self.actors[*number];
            actor.ordered == Some(Order::Hold) && matches!(actor.state, State::Runs { hint: false })
        };
        (0..self.actors.len()).filter(commits)
    }

    /// Asks which of these are held by now. Who has nothing to show is never held, and says that it has committed.
    pub(super) fn hold(&mut self, arena: &mut dyn Arena) -> Result<(), Trip> {
        for number in self.commits().collect::<Vec<_>>() {
            let actor = &mut self.actors[number];
            if arena.holds(actor.connection).map_err(|error| (Some(number), error))? {
                let text = actor.step.as_ref().map(|step| step.text.clone()).unwrap_or_default();
                actor.deeds.push(Deed::Decided { text });
                actor.state = State::Held;
            }
        }
        Ok(())
    }

    /// Lets others see it; or whoever committed does not hear of it, if the connection is cut.
    pub(super) fn show(&mut self, number: usize, order: Order, arena: &mut dyn Arena) -> Result<(), Trip> {
        let actor = &mut self.actors[number];
        actor.deeds.push(Deed::Seen);
        if order == Order::CutAfter {
            let text = actor.step.as_ref().map(|step| step.text.clone()).unwrap_or_default();
            actor.deeds.push(Deed::Cut { text, after: true });
        }
        let order = if order == Order::CutAfter { order } else { Order::Show };
        actor.ordered = Some(order);
        // A thread that is gone has said why.
        let _ = actor.orders.send(order);
        arena.shows(actor.connection).map_err(|error| (Some(number), error))
    }
}
