//! Livelock: states from which no end can be reached.
//!
//! Whoever is in such a state goes on for ever, whatever the scheduler does. (A state from which an end can be reached,
//! but need not be, is none: a fair scheduler leads out of it.) Kills do not count as a way out.

use super::automaton::AutomatonError;
use super::exploration::Space;
use super::states::States;
use crate::platform::Act;

/// The states of an instance from which no end can be reached.
pub struct Trapped {
    states: States,
    /// By state: whether an end can be reached from it.
    ends: Vec<bool>,
    trapped: usize,
}

impl Trapped {
    /// Explores an instance and finds them; `Ok(Err)` with the limit that was hit.
    pub fn in_all(space: &mut Space<'_>) -> Result<Result<Trapped, String>, AutomatonError> {
        let mut states = States::default();
        let (mut state, mut next) = (space.initial()?.0, Vec::new());
        states.insert(&state);
        let mut steps = Steps::default();
        let mut number = 0;
        while number < states.len() {
            state.clear();
            state.extend_from_slice(states.get(number));
            let goes_on = space.successors(&state, &mut next, |_, transition, next| {
                let (to, _) = states.insert(next);
                if transition.act != Act::Kill {
                    steps.add(number, to);
                }
            })?;
            if !goes_on {
                steps.ends.push(number as u32);
            }
            number += 1;
            let (count, bytes) = (states.len(), states.bytes() + steps.bytes() + space.automaton.bytes());
            let meter = space.automaton.meter();
            let limit = meter.limits.max_states;
            if let Some(limit) = meter.look("states", count, limit, bytes) {
                return Ok(Err(limit));
            }
        }
        let ends = steps.reaching(states.len());
        let trapped = ends.iter().filter(|ends| !**ends).count();
        Ok(Ok(Trapped { states, ends, trapped }))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.trapped == 0
    }

    /// Whether this is one of them.
    pub fn holds(&self, state: &[u32]) -> bool {
        self.states.find(state).is_some_and(|number| !self.ends[number])
    }
}

/// The steps between numbered states.
#[derive(Default)]
pub struct Steps {
    /// From where, and to where.
    pairs: Vec<(u32, u32)>,
    /// The states that are ends.
    pub ends: Vec<u32>,
}

impl Steps {
    pub fn add(&mut self, from: usize, to: usize) {
        self.pairs.push((from as u32, to as u32));
    }

    pub fn bytes(&self) -> usize {
        self.pairs.capacity() * size_of::<(u32, u32)>() + self.ends.capacity() * size_of::<u32>()
    }

    /// By state: whether an end can be reached from it.
    pub fn reaching(&mut self, states: usize) -> Vec<bool> {
        self.pairs.sort_unstable_by_key(|(_, to)| *to);
        let mut reaching = vec![false; states];
        let mut work = std::mem::take(&mut self.ends);
        work.iter().for_each(|end| reaching[*end as usize] = true);
        while let Some(state) = work.pop() {
            let start = self.pairs.partition_point(|(_, to)| *to < state);
            for (from, _) in self.pairs[start..].iter().take_while(|(_, to)| *to == state) {
                if !std::mem::replace(&mut reaching[*from as usize], true) {
                    work.push(*from);
                }
            }
        }
        reaching
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_trapped_if_every_way_on_goes_round() {
        // 0 -> 1 -> 2 (an end); 1 -> 3 <-> 4.
        let mut steps = Steps { ends: vec![2], ..Steps::default() };
        for (from, to) in [(0, 1), (1, 2), (1, 3), (3, 4), (4, 3)] {
            steps.add(from, to);
        }
        assert_eq!(steps.reaching(5), [true, true, true, false, false]);
    }
}
