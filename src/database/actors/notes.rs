//! What becomes of an actor by what its thread tells.

use super::{Actors, State, Trip};
use crate::database::Deed;
use crate::database::line::{Announcement, Kind, Order, Report};

impl Actors {
    pub(super) fn note(&mut self, number: usize, report: Report) -> Result<(), Trip> {
        let ends_transaction = {
            let actor = &mut self.actors[number];
            match report {
                Report::Announces(announcement) => {
                    actor.state = State::Ready(announcement);
                    false
                }
                Report::Did { reply, trouble, keeps } => {
                    actor.state = State::Thinks;
                    actor.keeps = keeps;
                    let step =
                        actor.step.clone().unwrap_or(Announcement { text: String::new(), kind: Kind::Statement });
                    if !matches!(actor.ordered, Some(Order::Cut | Order::CutAfter | Order::Show)) {
                        let (text, waited) = (step.text, actor.waited);
                        actor.deeds.push(Deed::Did { text, reply, trouble, waited });
                    }
                    !matches!(step.kind, Kind::Read | Kind::Statement | Kind::Snapshot) || trouble.is_some()
                }
                Report::Sold(quantity) => {
                    actor.deeds.push(Deed::Sold(quantity));
                    false
                }
                Report::Says(remark) => {
                    actor.deeds.push(Deed::Says(remark));
                    false
                }
                Report::ToldApart => {
                    self.told_apart = true;
                    return Ok(());
                }
                Report::Parks => {
                    if !actor.waited {
                        let text = actor.step.as_ref().map(|step| step.text.clone()).unwrap_or_default();
                        actor.deeds.push(Deed::Waits { text, holders: Vec::new() });
                    }
                    actor.waited = true;
                    actor.state = State::Parked { stale: true };
                    false
                }
                Report::Notice { waits } => {
                    if let State::Runs { hint } = &mut actor.state {
                        *hint = waits;
                    }
                    actor.confirmed = None;
                    false
                }
                Report::Ends(end) => {
                    actor.keeps = false;
                    actor.deeds.push(Deed::Ended(end.clone()));
                    actor.state = State::Ended(end);
                    true
                }
                Report::Breaks(error) => return Err((Some(number), error)),
            }
        };
        if ends_transaction {
            for (other, actor) in self.actors.iter_mut().enumerate() {
                if other != number
                    && let State::Parked { stale } = &mut actor.state
                {
                    *stale = false;
                }
            }
        }
        Ok(())
    }
}
