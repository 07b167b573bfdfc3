//! Is this console output possible? Searches for an execution that prints exactly these lines.
//!
//! What buyers print tells them apart, so here they are not counted: the states are those of
//! [`exploration`](super::exploration), together with where each buyer stands, how many lines have been printed,
//! and whose each process id is.

use super::automaton::{Automaton, AutomatonError, NodeId};
use super::exploration::{Mover, Space, Transition};
use super::{CheckError, Counting, Crowd};
use crate::platform::script::Aside;
use crate::platform::{Actor, Move};
use crate::scenario::{Launch, Scenario, Speaker};
use crate::trace::Schedule;
use rustc_hash::FxHashSet;

/// What there is to say of a console output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explanation {
    /// An execution prints exactly these lines.
    Possible(Schedule),
    /// No execution that printed the lines before it prints this one next.
    Impossible {
        /// Which line, counted from 0.
        line: usize,
    },
    /// Executions print these lines, but each of them prints more.
    Unfinished,
    /// Too many states to settle it.
    Inconclusive {
        /// How many lines an execution is known to print.
        reached: usize,
    },
}

/// Looks for an execution of the crowd that prints exactly `lines` and comes to its end.
///
/// # Errors
/// The scenario cannot be checked.
pub fn explain<S: Scenario>(
    scenario: &S,
    crowd: &Crowd,
    lines: &[&str],
    limits: &Counting,
) -> Result<Explanation, CheckError> {
    let mut automaton = Automaton::new(scenario, limits.max_nodes);
    let (start, start_asides) = automaton.buyer()?;
    let launcher_asides = match scenario.launch() {
        Launch::JoinedWhile => automaton.launcher()?.1,
        Launch::Together | Launch::Joined => Vec::new(),
    };
    let mut search = Search { scenario, lines, start, start_asides, launcher_asides, reached: 0 };
    let mut space = Space::new(&mut automaton, *crowd)?;
    let counts = space.initial()?;
    let empty = Told { counts: counts.clone(), places: Vec::new(), printed: 0, pids: Vec::new() };
    let Some(first) = search.start_buyers(&space, empty) else { return Ok(search.impossible()) };

    // Depth first, as far as the output can be followed.
    let mut visited: FxHashSet<Told> = FxHashSet::default();
    visited.insert(first.clone());
    let mut path: Vec<Frame> = Vec::new();
    let (nexts, over) = search.nexts(&mut space, &first)?;
    if over && first.printed == lines.len() {
        return Ok(Explanation::Possible(Schedule::default()));
    }
    path.push(Frame { came_by: None, nexts });
    while let Some(frame) = path.last_mut() {
        let Some((mv, told)) = frame.nexts.pop() else {
            path.pop();
            continue;
        };
        if !visited.insert(told.clone()) {
            continue;
        }
        if visited.len() > limits.max_states {
            return Ok(Explanation::Inconclusive { reached: search.reached });
        }
        let (nexts, over) = search.nexts(&mut space, &told)?;
        let complete = over && told.printed == lines.len();
        path.push(Frame { came_by: Some(mv), nexts });
        if complete {
            return Ok(Explanation::Possible(Schedule(path.iter().filter_map(|frame| frame.came_by).collect())));
        }
    }
    Ok(search.impossible())
}

/// A state whose buyers are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Told {
    counts: Vec<u32>,
    /// Where each started buyer stands.
    places: Vec<NodeId>,
    /// How many lines have been printed.
    printed: usize,
    /// The process ids that have been printed, with their buyers.
    pids: Vec<(String, usize)>,
}

/// A state on the path of the search.
struct Frame {
    came_by: Option<Move>,
    /// What has not been tried from here, the most promising last.
    nexts: Vec<(Move, Told)>,
}

struct Search<'s, S: Scenario> {
    scenario: &'s S,
    lines: &'s [&'s str],
    start: NodeId,
    start_asides: Vec<Aside>,
    launcher_asides: Vec<Aside>,
    /// The most lines that were printed in any state.
    reached: usize,
}

impl<S: Scenario> Search<'_, S> {
    fn impossible(&self) -> Explanation {
        match self.reached {
            reached if reached == self.lines.len() => Explanation::Unfinished,
            line => Explanation::Impossible { line },
        }
    }

    /// The states after `told` that keep to the output, the most promising last; and whether no step is possible.
    fn nexts(&mut self, space: &mut Space<'_, S>, told: &Told) -> Result<(Vec<(Move, Told)>, bool), AutomatonError> {
        let mut transitions: Vec<(Transition, Vec<u32>)> = Vec::new();
        let steps = space.successors(&told.counts, &mut Vec::new(), |_, transition, next| {
            transitions.push((transition, next.to_vec()));
        })?;
        let mut nexts = Vec::new();
        for (transition, counts) in transitions {
            let asides = space.asides(&told.counts, &transition)?;
            let quiet = counts[..space.objects()] == told.counts[..space.objects()];
            let movers: Vec<Actor> = match transition.mover {
                Mover::Launcher => vec![Actor::Launcher],
                Mover::At(node) => {
                    (0..told.places.len()).filter(|b| told.places[*b] == node).map(Actor::Buyer).collect()
                }
            };
            for actor in movers {
                let mut next = Told { counts: counts.clone(), ..told.clone() };
                if let Actor::Buyer(buyer) = actor {
                    next.places[buyer] = transition.to;
                }
                if !self.print(&mut next, actor, &asides) {
                    continue;
                }
                // The launcher goes to work in the very moment a buyer ends.
                let at_work = |counts: &[u32]| space.launcher_at_work(counts);
                if !at_work(&told.counts) && at_work(&next.counts) {
                    let asides = std::mem::take(&mut self.launcher_asides);
                    let follows = self.print(&mut next, Actor::Launcher, &asides);
                    self.launcher_asides = asides;
                    if !follows {
                        continue;
                    }
                }
                let Some(next) = self.start_buyers(space, next) else { continue };
                // Steps that change nothing shared first: whoever has already seen the old content can still
                // act on it later.
                let promise = (quiet, next.printed);
                nexts.push((promise, Move::step(actor), next));
            }
        }
        nexts.sort_by(|a, b| (a.0, b.1).cmp(&(b.0, a.1)));
        Ok((nexts.into_iter().map(|(_, mv, next)| (mv, next)).collect(), !steps))
    }

    /// Puts newly started buyers where they start; `None` if they print what the output does not have.
    fn start_buyers(&mut self, space: &Space<'_, S>, mut told: Told) -> Option<Told> {
        let started = space.crowd().buyers - space.unstarted(&told.counts) as usize;
        while told.places.len() < started {
            let actor = Actor::Buyer(told.places.len());
            told.places.push(self.start);
            let asides = std::mem::take(&mut self.start_asides);
            let follows = self.print(&mut told, actor, &asides);
            self.start_asides = asides;
            if !follows {
                return None;
            }
        }
        Some(told)
    }

    /// Prints what an actor says; whether that is what the output has next.
    fn print(&mut self, told: &mut Told, actor: Actor, asides: &[Aside]) -> bool {
        /// Stands for a process id that is not known yet. No tutorial prints it.
        const ANY_PID: &str = "\u{1}";
        let buyer = actor.buyer().unwrap_or(0);
        for aside in asides {
            let Aside::Told(event) = aside else { continue };
            let Some(text) = self.scenario.line(&Speaker { buyer, pid: ANY_PID.to_owned() }, event) else { continue };
            let Some(line) = self.lines.get(told.printed) else { return false };
            let matches = match text.split_once(ANY_PID) {
                None => text == *line,
                Some((before, after)) => match line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
                    Some(pid) if !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) => {
                        told.is_pid_of(pid, buyer)
                    }
                    _ => false,
                },
            };
            if !matches {
                return false;
            }
            told.printed += 1;
            self.reached = self.reached.max(told.printed);
        }
        true
    }
}

impl Told {
    /// Whether the process id can be this buyer's; if so it is from now on.
    fn is_pid_of(&mut self, pid: &str, buyer: usize) -> bool {
        match self.pids.iter().find(|(known, owner)| known == pid || *owner == buyer) {
            Some((known, owner)) => known == pid && *owner == buyer,
            None => {
                self.pids.push((pid.to_owned(), buyer));
                true
            }
        }
    }
}
