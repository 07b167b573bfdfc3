//! Whether statements that run wait: looks at the database that agree.

use super::{Actors, SILENCE, State, Trip};
use crate::database::{Arena, DatabaseError, Deed, Wait};

/// For what each of some connections waits.
type Waits = Vec<Option<Wait>>;

impl Actors {
    /// Whether all statements that run wait: two looks that agree, with no word in between.
    pub(super) fn look(&mut self, arena: &mut dyn Arena) -> Result<bool, Trip> {
        let running: Vec<_> =
            (0..self.actors.len()).filter(|actor| matches!(self.actors[*actor].state, State::Runs { .. })).collect();
        let connections: Vec<_> = running.iter().map(|actor| self.actors[*actor].connection).collect();
        let (Some(first), Some(second)) = (self.waits(arena, &connections)?, self.waits(arena, &connections)?) else {
            return Ok(false);
        };
        if first != second {
            return Ok(false);
        }
        let mut all = true;
        for (actor, wait) in running.iter().zip(&first) {
            let actor = &mut self.actors[*actor];
            let confirmed = match wait {
                None => false,
                Some(wait) => {
                    self.patience.is_some() || *actor.confirmed.get_or_insert(wait.since.clone()) == wait.since
                }
            };
            if !confirmed {
                actor.state = State::Runs { hint: false };
                actor.confirmed = None;
                all = false;
            }
        }
        if !all {
            return Ok(false);
        }
        if let Ok((actor, report)) = self.reports.try_recv() {
            self.note(actor, report)?;
            return Ok(false);
        }
        for (number, wait) in running.iter().zip(first) {
            let Some(wait) = wait else { continue };
            let by = |holder: &u64| self.actors.iter().position(|actor| actor.connection == *holder);
            let holders: Vec<_> = wait.holders.iter().map(by).collect();
            let text = self.actors[*number].step.as_ref().map(|step| step.text.clone()).unwrap_or_default();
            if let Some(at) = holders.iter().position(Option::is_none) {
                let (who, holder) = (String::new(), format!("connection {}", wait.holders[at]));
                return Err((Some(*number), DatabaseError::Outside { who, statement: text, holder }));
            }
            let mut holders: Vec<_> = holders.into_iter().flatten().collect();
            holders.sort_unstable();
            holders.dedup();
            let actor = &mut self.actors[*number];
            if !actor.waited {
                actor.deeds.push(Deed::Waits { text, holders });
            }
            actor.waited = true;
            actor.state = State::Waits;
        }
        Ok(true)
    }

    /// `None` if the server is gone and no statement runs any more: whoever moves next will hear of it.
    fn waits(&mut self, arena: &mut dyn Arena, connections: &[u64]) -> Result<Option<Waits>, Trip> {
        arena.waits(connections).map(Some).or_else(|error| {
            // If the server is gone, those whose statements run hear of it too, and can say which ones they were.
            while self.busy().is_some() {
                match self.reports.recv_timeout(SILENCE) {
                    Ok((actor, report)) => self.note(actor, report)?,
                    Err(_) => return Err((None, error)),
                }
            }
            Ok(None)
        })
    }
}
