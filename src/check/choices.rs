//! Every way to answer the questions that an exploration asks.
//!
//! An execution is known by its order of steps and by what came of the steps that could come to several things. An
//! exploration goes through the orders under fixed answers, in which everything that is not mentioned comes to its
//! first outcome. Whenever a question comes up that is not mentioned, the exploration under each other answer to it is
//! put on the list. An execution belongs to the exploration that mentions exactly the questions to which it has not the
//! first answer, so each is judged once, and all are: the steps before its first such question are the same under no
//! answers at all, where that question comes up, and so on from question to question.

use crate::platform::picks::{Answers, Picks};
use std::collections::{BTreeSet, VecDeque};

/// The explorations that are still to be made, and those that have been.
#[derive(Debug)]
pub(super) struct Choices {
    ahead: VecDeque<Answers>,
    known: BTreeSet<Answers>,
}

impl Choices {
    /// One exploration is to be made, in which everything comes to its first outcome.
    pub fn new() -> Self {
        Choices { ahead: VecDeque::from([Answers::new()]), known: BTreeSet::from([Answers::new()]) }
    }

    /// The answers for the next exploration, if there is one left to be made.
    pub fn next(&mut self) -> Option<Answers> {
        self.ahead.pop_front()
    }

    /// Takes note of what was asked in an execution. Says whether the execution is to be judged: if not, there is no
    /// such execution, or it belongs to another exploration.
    pub fn heard(&mut self, picks: &Picks) -> bool {
        #[cfg_attr(not(feature = "shuttle"), expect(irrefutable_let_patterns, reason = "only shuttle draws"))]
        let Picks::Told { answers, asked, missing } = picks else {
            return true;
        };
        if *missing {
            return false;
        }
        for (question, outcomes) in asked.iter().filter(|(question, _)| !answers.contains_key(question)) {
            for answer in 1..*outcomes {
                let mut answers = answers.clone();
                answers.insert(*question, answer);
                if self.known.insert(answers.clone()) {
                    self.ahead.push_back(answers);
                }
            }
        }
        answers.keys().all(|question| asked.contains_key(question))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Actor;

    /// A program without a schedule: asks whether to go on asking, up to three times.
    fn execution(mut picks: Picks) -> (Vec<usize>, Picks) {
        let mut seen = Vec::new();
        for number in 0..3 {
            let answer = picks.answer((Actor::Parent, number), 2 + number).unwrap();
            seen.push(answer);
            if answer == 0 {
                break;
            }
        }
        (seen, picks)
    }

    #[test]
    fn every_answer_is_given_once() {
        let (mut choices, mut judged) = (Choices::new(), Vec::new());
        while let Some(answers) = choices.next() {
            let (seen, picks) = execution(Picks::told(answers));
            if choices.heard(&picks) {
                judged.push(seen);
            }
        }
        judged.sort();
        let third = |second| (0..4).map(move |third| vec![1, second, third]);
        let expected: Vec<_> = [vec![0], vec![1, 0]].into_iter().chain(third(1)).chain(third(2)).collect();
        assert_eq!(judged, expected);
    }

    #[test]
    fn an_outcome_that_does_not_exist_makes_no_execution() {
        let mut picks = Picks::told(Answers::from([((Actor::Parent, 0), 2)]));
        assert_eq!(picks.answer((Actor::Parent, 0), 2), Some(0));
        assert!(picks.missing() && !Choices::new().heard(&picks));
    }
}
