//! Which of several outcomes a step comes to, where an engine runs executions one by one.
//!
//! The scheduler of such an engine decides who goes next, not what comes of it. So an exploration is told beforehand
//! what comes of the steps that could come to several things, and is repeated with other answers; see
//! [`check::choices`](crate::check).

use super::Actor;
use crate::sync::{Choice, Step};
use std::collections::BTreeMap;

/// Names a step that could come to several things: whose it is, and how many such steps they took before it.
pub(crate) type Question = (Actor, usize);

/// Answers to questions, all other than the first outcome.
pub(crate) type Answers = BTreeMap<Question, usize>;

/// How questions are answered in one execution.
#[derive(Clone, Debug)]
pub(crate) enum Picks {
    /// By these answers, and where there is none by the first outcome.
    Told {
        /// The answers.
        answers: Answers,
        /// The questions that have come up in this execution, with the number of outcomes.
        asked: BTreeMap<Question, usize>,
        /// An answer named an outcome that did not exist, so there is no such execution.
        missing: bool,
    },
    /// At random.
    #[cfg(feature = "shuttle")]
    Drawn,
}

impl Picks {
    /// By these answers; nothing has been asked yet.
    pub fn told(answers: Answers) -> Picks {
        Picks::Told { answers, asked: BTreeMap::new(), missing: false }
    }

    /// The next question of somebody. (A parent asks on in its next turn where it left off in the one before.)
    pub fn question(&self, actor: Actor) -> Question {
        match self {
            Picks::Told { asked, .. } => {
                // Whatever is asked is answered, so the numbers have no gaps.
                let last = asked.range((actor, 0)..=(actor, usize::MAX)).next_back();
                (actor, last.map_or(0, |((_, number), _)| number + 1))
            }
            #[cfg(feature = "shuttle")]
            Picks::Drawn => (actor, 0),
        }
    }

    /// The answer to a question with so many outcomes (two or more), without drawing. If there is no such outcome,
    /// the first one stands in.
    pub fn answer(&mut self, question: Question, outcomes: usize) -> Option<usize> {
        match self {
            Picks::Told { answers, asked, missing } => {
                asked.insert(question, outcomes);
                let answer = answers.get(&question).copied().unwrap_or(0);
                *missing |= answer >= outcomes;
                Some(if answer < outcomes { answer } else { 0 })
            }
            #[cfg(feature = "shuttle")]
            Picks::Drawn => None,
        }
    }

    /// Whether there is no such execution.
    pub fn missing(&self) -> bool {
        matches!(self, Picks::Told { missing: true, .. })
    }
}

/// Whether a step is a choice that is no foregone conclusion.
pub(crate) fn is_open(step: &Step) -> bool {
    matches!(step, Step::Choose(Choice { alternatives, .. }) if alternatives.len() > 1)
}
