//! Who is like whom: what one buyer does, another could have done.

use crate::database::{Code, Move, Outcome};
use std::sync::Arc;

/// Who runs the same code, and so cannot be told from others before its first step: the first of them, for each actor.
/// Whatever they do, they do under other names too. So it is enough to explore where they take their first steps in the
/// order of their numbers; and every other order is one of these with the names changed.
pub(in crate::database) struct Alike(Vec<usize>);

/// For each actor of what was explored, who it is; `None` before its first step.
pub(super) type Names = Vec<Option<usize>>;

impl Alike {
    /// Those with the same code.
    pub(in crate::database) fn of(codes: &[Code]) -> Alike {
        let first = |code: &Code| codes.iter().position(|other| Arc::ptr_eq(code, other)).unwrap_or(0);
        Alike(codes.iter().map(first).collect())
    }

    /// Each of so many is itself.
    pub(in crate::database) fn nobody(actors: usize) -> Alike {
        Alike((0..actors).collect())
    }

    /// Whether anybody is like anybody else.
    pub(super) fn is_anybody(&self) -> bool {
        self.0.iter().enumerate().any(|(actor, first)| actor != *first)
    }

    /// What is to be explored of all that can happen after a path: of those alike that have not moved yet, only what
    /// the first can do.
    pub(super) fn first_ones(&self, path: &[Move], enabled: &[Move]) -> Vec<Move> {
        let moved = |actor: usize| path.iter().any(|mv| mv.actor == actor);
        let is_first = |actor: usize| (0..actor).all(|other| self.0[other] != self.0[actor] || moved(other));
        enabled.iter().copied().filter(|mv| moved(mv.actor) || is_first(mv.actor)).collect()
    }

    /// Nobody has moved: who is like nobody else is known all the same.
    pub(super) fn unnamed(&self) -> Names {
        let alone = |actor: usize| self.0.iter().filter(|first| **first == self.0[actor]).count() == 1;
        (0..self.0.len()).map(|actor| alone(actor).then_some(actor)).collect()
    }

    /// Who can be the one that moves, and everybody's names then.
    pub(super) fn named(&self, names: &Names, mv: Move) -> Vec<Names> {
        if names[mv.actor].is_some() {
            return vec![names.clone()];
        }
        let with = |name| {
            let mut names = names.clone();
            names[mv.actor] = Some(name);
            names
        };
        self.free(names, mv.actor).map(with).collect()
    }

    fn free(&self, names: &Names, actor: usize) -> impl Iterator<Item = usize> {
        (0..self.0.len()).filter(move |name| self.0[*name] == self.0[actor] && !names.contains(&Some(*name)))
    }

    /// An outcome by these names. Who has never moved is like all others who have not.
    pub(super) fn renamed(&self, outcome: &Outcome, names: &Names) -> Outcome {
        let mut names = names.clone();
        for actor in 0..names.len() {
            if names[actor].is_none() {
                let name = self.free(&names, actor).next();
                names[actor] = name;
            }
        }
        let mut renamed = outcome.clone();
        for (name, end) in names.into_iter().zip(&outcome.ends) {
            if let Some(name) = name {
                renamed.ends[name] = end.clone();
            }
        }
        renamed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Act, End};

    /// Two buyers, and a sweeper.
    fn alike() -> Alike {
        let (buyer, sweeper): (Code, Code) = (Arc::new(|_| Ok(End::Bought)), Arc::new(|_| Ok(End::SoldOut)));
        Alike::of(&[buyer.clone(), buyer, sweeper])
    }

    fn steps(actors: &[usize]) -> Vec<Move> {
        actors.iter().map(|actor| Move { actor: *actor, act: Act::Step }).collect()
    }

    #[test]
    fn of_those_alike_the_first_begins() {
        let enabled = steps(&[0, 1, 2]);
        assert_eq!(alike().first_ones(&[], &enabled), steps(&[0, 2]));
        assert_eq!(alike().first_ones(&steps(&[2, 0]), &enabled), enabled);
        assert_eq!(Alike::nobody(3).first_ones(&[], &enabled), enabled);
    }

    #[test]
    fn whoever_begins_can_have_each_name_that_is_free() {
        let unnamed = alike().unnamed();
        assert_eq!(unnamed, [None, None, Some(2)]);
        let names = alike().named(&unnamed, steps(&[0])[0]);
        assert_eq!(names, [[Some(0), None, Some(2)], [Some(1), None, Some(2)]]);
        let outcome = Outcome {
            ends: vec![End::Bought, End::SoldOut, End::Withdrew],
            sold: 1,
            left: None,
            committed: String::new(),
        };
        let renamed = alike().renamed(&outcome, &names[1]);
        assert_eq!(renamed.ends, [End::SoldOut, End::Bought, End::Withdrew]);
    }
}
