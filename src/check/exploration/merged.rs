//! States with one control point for all that no future can tell apart.

use super::{MANY, Space};
use crate::check::automaton::NodeId;

impl Space<'_> {
    /// The control point that stands for this one in a state with these contents.
    pub fn stand_in(&mut self, state: &[u32], node: NodeId) -> NodeId {
        if !self.merges {
            return node;
        }
        let context = self.automaton.context(&state[..self.objects]);
        self.automaton.stand_in(context, node)
    }

    /// After a move from `before`, less may still come: then more control points are one.
    pub fn merge_others(&mut self, before: &[u32], state: &mut Vec<u32>) {
        let objects = self.objects;
        if !self.merges || before[..objects] == state[..objects] {
            return;
        }
        let context = self.automaton.context(&state[..objects]);
        if self.automaton.context(&before[..objects]) == context {
            return;
        }
        let head = self.head();
        for pair in &mut state[head..] {
            let stand_in = self.automaton.stand_in(context, (*pair >> 16) as NodeId);
            *pair = u32::from(stand_in) << 16 | *pair & 0xffff;
        }
        state[head..].sort_unstable();
        let mut kept = head;
        for at in head..state.len() {
            let (node, count) = (state[at] >> 16, state[at] & 0xffff);
            if kept > head && state[kept - 1] >> 16 == node {
                let sum = match state[kept - 1] & 0xffff {
                    MANY => MANY,
                    _ if count == MANY => MANY,
                    other => other + count,
                };
                state[kept - 1] = node << 16 | sum;
            } else {
                state[kept] = state[at];
                kept += 1;
            }
        }
        state.truncate(kept);
    }
}
