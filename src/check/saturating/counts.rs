//! Counts up to *k*, and "more": what a state is then, and what a transition can make of it.

use super::{Instance, MANY, Mover, Space, States, Transition};

/// What has been sold, restocked and asked for so far, as six words before a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many more are sold than there are; of any number of threads, 1 for that or more.
    pub balance: i64,
    pub restocked: i64,
    /// How many those have asked for who have ended and are not excused: up to as many as there are, which is that or more.
    /// So it is known how many could have been sold, however few threads are counted. 0 where nobody wants to know.
    pub asked: i64,
}

/// The most that `balance` counts: this, or more. Where it is known how many threads there are, it is exact.
fn most(instance: &Instance) -> i64 {
    if instance.is_any() { 1 } else { i64::MAX }
}

impl Sums {
    const WORDS: usize = 6;

    fn words(self) -> [u32; Sums::WORDS] {
        let halves = |number: i64| [number as u32, (number >> 32) as u32];
        let ([a, b], [c, d], [e, f]) = (halves(self.balance), halves(self.restocked), halves(self.asked));
        [a, b, c, d, e, f]
    }

    /// The sums of a state, and the state itself.
    fn of(words: &[u32]) -> (Sums, &[u32]) {
        let (sums, state) = words.split_at(Sums::WORDS);
        let whole = |low: u32, high: u32| (u64::from(high) << 32 | u64::from(low)) as i64;
        let [balance, restocked, asked] = [0, 2, 4].map(|at| whole(sums[at], sums[at + 1]));
        (Sums { balance, restocked, asked }, state)
    }

    /// After this. From a balance of `most`, or more, something can come to anything below.
    fn and(self, told: Told, most: i64, stock: i64) -> impl Iterator<Item = Sums> {
        let restocked = self.restocked + told.restocked;
        let asked = (self.asked + told.asked).min(stock);
        let lowest = (self.balance + told.sold - told.restocked).min(most);
        let highest = if self.balance == most { most } else { lowest };
        (lowest..=highest).map(move |balance| Sums { balance, restocked, asked })
    }
}

/// What a transition adds to the sums.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    pub sold: i64,
    pub restocked: i64,
    pub asked: i64,
}

/// States with counts up to *k*, each with its sums before it.
pub struct Counted {
    states: States,
    k: u32,
    /// The most that a balance counts.
    most: i64,
    /// Where the next state is put together.
    scratch: Vec<u32>,
}

impl Counted {
    pub fn new(instance: &Instance, k: u32) -> Counted {
        Counted { states: States::default(), k, most: most(instance), scratch: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.states.len()
    }

    pub fn bytes(&self) -> usize {
        self.states.bytes()
    }

    /// The sums of a state, and the state itself.
    pub fn get(&self, number: usize) -> (Sums, &[u32]) {
        Sums::of(self.states.get(number))
    }

    /// Adds a state, with every count above *k* as "more".
    pub fn add(&mut self, space: &Space<'_>, sums: Sums, state: &[u32]) {
        let words = &mut self.scratch;
        words.clear();
        words.extend(sums.words());
        words.extend_from_slice(state);
        cap(space, &mut words[Sums::WORDS..], self.k);
        self.states.insert(words);
    }

    /// Adds all that a transition from `before` may lead to: whoever left "more" behind may have left exactly *k*.
    pub fn add_all(
        &mut self,
        space: &mut Space<'_>,
        (sums, before): (Sums, &[u32]),
        transition: &Transition,
        told: Told,
        next: &mut [u32],
    ) {
        let k = self.k;
        cap(space, next, k);
        let unstarted = space.head() - 1;
        let may_be_more = before[unstarted] > k && next[unstarted] == k;
        let left = left_more(space, before, transition, next);
        let mut variant = Vec::new();
        for more in [false, true].into_iter().filter(|more| !more || may_be_more) {
            for fewer in [false, true].into_iter().filter(|fewer| !fewer || left.is_some()) {
                variant.clear();
                variant.extend_from_slice(next);
                if more {
                    variant[unstarted] = MANY;
                }
                if let Some(at) = left.filter(|_| fewer) {
                    variant[at] = variant[at] & !MANY | k;
                }
                space.merge_others(before, &mut variant);
                for sums in sums.and(told, self.most, space.stock()) {
                    self.add(space, sums, &variant);
                }
            }
        }
    }
}

/// Makes every count above `k` "more".
fn cap(space: &Space<'_>, state: &mut [u32], k: u32) {
    let head = space.head();
    let unstarted = &mut state[head - 1];
    if *unstarted > k {
        *unstarted = MANY;
    }
    for pair in &mut state[head..] {
        if *pair & MANY > k {
            *pair |= MANY;
        }
    }
}

/// Where in the state after a transition the control point is that somebody has left, if there were "more".
fn left_more(space: &Space<'_>, before: &[u32], transition: &Transition, next: &[u32]) -> Option<usize> {
    let Mover::At(node) = transition.mover else { return None };
    let more = transition.to != node && space.marking(before).any(|(other, count)| other == node && count == MANY);
    let at = |state: &[u32]| space.marking(state).position(|(other, _)| other == node);
    // Whoever is started there in the same moment makes it more again.
    at(next).filter(|_| more).map(|at| space.head() + at)
}
