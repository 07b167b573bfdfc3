//! Steps that nobody else can notice are taken at once, and not interleaved.
//!
//! A choice or a fence touches nothing shared. Where one also changes nothing that a property looks at (nothing is told
//! that counts, no span is entered or left, nobody ends), it commutes with every step of every other thread: any execution
//! can be told so that it comes as soon as its thread stands before it, with the same states before and after but for that
//! thread's place. So in such a state it is enough to take this one step, with all that it can come to (an ample set, as in
//! Peled, CAV 1993; that these steps do not go round is the condition on cycles). That keeps
//!
//! * properties of states and steps, as no state is lost but for whether the step is still to come, which none of them
//!   looks at;
//! * ends, as nobody ends before it;
//! * livelocks, as from a state an end can be reached if and only if it can after one of its outcomes.
//!
//! A kill before the step comes to the same as one after it. Witnesses are searched for with all interleavings, so they stay
//! the shortest.

use super::{Mover, Space, Transition};
use crate::check::automaton::AutomatonError;

impl Space<'_> {
    /// As [`successors`](Space::successors), without interleavings of what nobody else can notice.
    pub fn ample(
        &mut self,
        state: &[u32],
        next: &mut Vec<u32>,
        mut each: impl FnMut(&mut Self, Transition, &[u32]),
    ) -> Result<bool, AutomatonError> {
        let mut place = 0;
        while let Some(mover) = self.mover(state, place) {
            place += 1;
            let Mover::At(node) = mover else { continue };
            if !self.automaton.is_unnoticed(node)? {
                continue;
            }
            for index in 0..self.edges(state, node)?.len() {
                let transition = self.make(state, mover, node, index, next)?;
                each(self, transition, next);
            }
            return Ok(true);
        }
        self.successors(state, next, each)
    }
}
