//! What a state has to say to the properties.

use super::{MANY, Space};
use crate::check::automaton::{Class, NodeId, Place};
use crate::check::evidence::{own_end_breaks, own_state_shows, total};
use crate::check::outcome::Tally;
use crate::check::{Final, Property, Scope};
use crate::platform::Content;
use crate::scenario::State;
use crate::sync::ObjectId;

impl Space<'_> {
    /// What has been told so far; `None` if something has no bound.
    pub fn told(&self, state: &[u32]) -> Option<Tally> {
        let mut sum = Tally::of(self.scenario(), &[]);
        for (node, count) in self.marking(state) {
            let tally = &self.automaton.node(node).tally;
            if tally.sold == 0 && tally.restocked == 0 && tally.totals.iter().all(|total| *total == 0) {
                continue;
            }
            if count == MANY {
                return None;
            }
            let count = i64::from(count);
            sum.sold += tally.sold * count;
            sum.restocked += tally.restocked * count;
            sum.totals.iter_mut().zip(&tally.totals).for_each(|(sum, more)| *sum += more * count);
        }
        Some(sum)
    }

    /// How many more are sold than there are; `None` if that has no bound. Of any number of threads, at most so many:
    /// there a state stands for all with fewer threads, too, so whoever gives back may be absent.
    pub fn balance(&self, state: &[u32]) -> Option<i64> {
        let mut balance = -self.stock();
        let any = self.instance.is_any();
        for (node, count) in self.marking(state) {
            let Tally { sold, restocked, .. } = self.automaton.node(node).tally;
            match (sold - restocked, count) {
                (0, _) => {}
                (..0, _) if any => {}
                (_, MANY) => return None,
                (more, count) => balance += more * i64::from(count),
            }
        }
        Some(balance)
    }

    /// How many tickets there are at the start.
    pub fn stock(&self) -> i64 {
        i64::try_from(self.scenario().stock().unwrap_or(0)).unwrap_or(i64::MAX)
    }

    /// How many threads are inside search; [`MANY`] or more if there is no bound.
    pub fn searching(&self, state: &[u32]) -> u32 {
        let Some(search) = self.scenario().search() else { return 0 };
        let inside = |node: NodeId| self.automaton.node(node).inside.contains(&search);
        self.marking(state).filter(|(node, _)| inside(*node)).map(|(_, count)| count).sum()
    }

    /// How an execution came out that ends in this state.
    pub fn finale(&mut self, state: &[u32]) -> Final {
        let count = self.automaton.audit(&state[..self.objects]);
        let scenario = self.scenario().clone();
        let mut finale = Final { count, ..Final::of_nobody(&scenario) };
        let told = self.told(state).unwrap_or_default();
        finale.sold += told.sold;
        finale.stock += told.restocked;
        finale.totals = told.totals;
        finale.add_unstarted(&scenario, self.unstarted(state) as usize);
        for (node, count) in self.marking(state) {
            let node = self.automaton.node(node);
            let (role, count) = (node.role.expect("only threads are in the marking"), count as usize);
            match &node.place {
                Place::Ended(Class::Gone { excused: true }) => {}
                Place::Ended(Class::Gone { excused: false }) => finale.ask(&scenario, role, count),
                Place::Ended(class) => finale.add(&scenario, role, class.end().as_ref(), count),
                Place::Before(..) | Place::Decided(_) => finale.add(&scenario, role, None, count),
            }
        }
        finale
    }

    /// How many tickets are asked for at an end, by all but the excused, and perhaps without those who have ended; `None` if
    /// that has no bound.
    pub fn asked(&self, state: &[u32], with_ended: bool) -> Option<i64> {
        let first = self.scenario().roles().first().map_or(0, |role| i64::from(role.asks_for));
        let there = self.marking(state).filter(|(node, _)| with_ended || self.automaton.node(*node).step().is_some());
        let there = there.map(|(node, count)| (self.asks_at(node), count));
        let mut asked = 0;
        for (each, count) in there.chain([(first, self.unstarted(state))]) {
            match (each, count) {
                (0, _) => {}
                (_, MANY) => return None,
                (each, count) => asked += each * i64::from(count),
            }
        }
        Some(asked)
    }

    /// How many somebody asks for who stands there, unless it is excused.
    pub fn asks_at(&self, node: NodeId) -> i64 {
        let node = self.automaton.node(node);
        let excused = match &node.place {
            Place::Ended(Class::Gone { excused }) => *excused,
            Place::Ended(Class::Returned(ending)) => self.scenario().excuses(ending),
            _ => false,
        };
        let role = node.role.filter(|_| !excused).map(|role| &self.scenario().roles()[role]);
        role.map_or(0, |role| i64::from(role.asks_for))
    }

    /// Whether a state in which counts may be "many" may show a property of the scenario's own: yes, unless what it looks
    /// at is exact and does not.
    pub fn own_may_show(&self, property: Property, state: &[u32]) -> bool {
        let many = std::cell::Cell::new(false);
        self.own_shows_with(property, state, &many) || many.get()
    }

    /// Whether a state shows a property of states.
    pub fn state_shows(&self, property: Property, state: &[u32]) -> bool {
        match property {
            Property::NoOversell => self.balance(state).is_none_or(|balance| balance > 0),
            Property::SearchesOverlap => self.searching(state) >= 2,
            Property::Own(_) => self.own_shows(property, state),
            _ => false,
        }
    }

    /// Whether the end of an execution shows a property of ends.
    pub fn end_shows(&mut self, property: Property, state: &[u32], finale: &Final) -> bool {
        match property {
            Property::Own(_) => {
                let contents = self.contents(state);
                own_end_breaks(property, self.scenario(), &contents, finale)
            }
            _ => property.shown_at(finale),
        }
    }

    fn contents(&self, state: &[u32]) -> Vec<Content> {
        state[..self.objects].iter().map(|content| self.automaton.content_of(*content).clone()).collect()
    }

    fn own_shows(&self, property: Property, state: &[u32]) -> bool {
        self.own_shows_with(property, state, &std::cell::Cell::new(false))
    }

    /// The same; says in `many` whether it has looked at a count that is no number.
    fn own_shows_with(&self, property: Property, state: &[u32], many: &std::cell::Cell<bool>) -> bool {
        debug_assert_eq!(property.scope(), Scope::States);
        let contents = self.contents(state);
        let scenario = self.scenario();
        let told = self.told(state);
        let sums = told.clone().unwrap_or_else(|| Tally::of(scenario, &[]));
        let look = || many.set(many.get() || told.is_none());
        let inside = |role: &str, span: &str| {
            let there = |node: NodeId| {
                let node = self.automaton.node(node);
                node.role == scenario.role(role) && node.inside.contains(&span)
            };
            let counts = self.marking(state).filter(|(node, _)| there(*node)).map(|(_, count)| count);
            counts.inspect(|count| many.set(many.get() || *count == MANY)).map(|count| count as usize).sum()
        };
        let totals = |event: &str| {
            look();
            total(scenario, &sums.totals, event)
        };
        let view = State {
            contents: &|object: ObjectId| &contents[object],
            totals: &totals,
            inside: &inside,
            sold: &|| {
                look();
                sums.sold
            },
            stock: &|| {
                look();
                self.stock() + sums.restocked
            },
        };
        own_state_shows(property, scenario, self.automaton.reading().shared(), &view)
    }
}
