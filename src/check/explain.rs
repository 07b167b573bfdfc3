//! Is this console output possible? Searches for an execution that prints exactly these lines.
//!
//! What threads print tells them apart, so here they are not counted: the states are those of
//! [`exploration`](super::exploration), together with where each thread stands, how many lines have been printed,
//! and whose each process id is.

use super::automaton::{Automaton, AutomatonError, Endings};
use super::exploration::{Space, Transition};
use super::witness::Numbers;
use super::{CheckError, Instance, Limits};
use crate::platform::script::Local;
use crate::platform::{Actor, Move, Trace, What};
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

/// Looks for an execution of the instance that prints exactly `lines` and comes to its end.
///
/// # Errors
/// The scenario cannot be checked.
pub fn explain(
    scenario: &Scenario,
    instance: &Instance,
    lines: &[&str],
    limits: &Limits,
) -> Result<Explanation, CheckError> {
    if instance.is_any() {
        let reason = "explains outputs of a known number of threads only".to_owned();
        return Err(CheckError::Unsupported { engine: "counting", reason });
    }
    let mut automaton = Automaton::new(scenario, limits, Endings::Alike)?;
    let parent = match scenario.launch() {
        Launch::JoinedWhile => automaton.root(Actor::Parent)?.locals,
        Launch::Together | Launch::Joined => Vec::new(),
    };
    let mut roots = Vec::new();
    for role in 0..scenario.roles().len() {
        let apart = if automaton.is_apart() { instance.number(role) } else { 1 };
        let locals = |number| automaton.root(Actor::Thread(role, number)).map(|root| root.locals);
        roots.push((0..apart).map(locals).collect::<Result<Vec<_>, _>>()?);
    }
    let ends_at_once = match scenario.launch() {
        Launch::JoinedWhile => {
            let first = automaton.root(Actor::Thread(0, 0))?.node;
            automaton.node(first).step().is_none()
        }
        Launch::Together | Launch::Joined => false,
    };
    let mut search = Search { scenario, lines, roots, parent, ends_at_once, reached: 0 };
    let mut space = Space::new(&mut automaton, instance)?;
    let counts = space.initial()?.0;
    let started = vec![0; instance.threads.len()];
    let empty = Told { numbers: Numbers::new(&space, &counts), counts, started, printed: 0, pids: Vec::new() };
    let Some(first) = search.start_threads(empty) else { return Ok(search.impossible()) };

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
        let bytes = visited.len() * (size_of::<Told>() + told.counts.len() * 8) + space.automaton.bytes();
        let meter = space.automaton.meter();
        let limit = meter.limits.max_states;
        if meter.look("states", visited.len(), limit, bytes).is_some() {
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

/// The lines that an execution prints. Process ids are made up: thread 0 of a role has 1000, thread 1 has 1001, and so on.
pub fn printed(scenario: &Scenario, trace: &Trace) -> Vec<String> {
    let line = |(actor, what): (Actor, &What)| {
        let What::Local(Local::Told(event)) = what else { return None };
        let number = if let Actor::Thread(_, number) = actor { number } else { 0 };
        scenario.line(&speaker(scenario, actor, (1000 + number).to_string()), event)
    };
    trace.entries.iter().filter_map(|entry| line((entry.actor, &entry.what))).collect()
}

fn speaker(scenario: &Scenario, actor: Actor, pid: String) -> Speaker {
    let (role, number) = match actor {
        Actor::Thread(role, number) => (scenario.roles()[role].name, number),
        Actor::Parent => ("parent", 0),
    };
    Speaker { role, number, pid }
}

/// A state whose threads are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Told {
    counts: Vec<u32>,
    /// Where each started thread stands.
    numbers: Numbers,
    /// By role, how many have said what they say at the start.
    started: Vec<usize>,
    /// How many lines have been printed.
    printed: usize,
    /// The process ids that have been printed, with whose they are.
    pids: Vec<(String, Actor)>,
}

/// A state on the path of the search.
struct Frame {
    came_by: Option<Move>,
    /// What has not been tried from here, the most promising last.
    nexts: Vec<(Move, Told)>,
}

struct Search<'s> {
    scenario: &'s Scenario,
    lines: &'s [&'s str],
    /// By role, what its threads do before their first step: all the same, or each its own if they are told apart. And
    /// what the parent does.
    roots: Vec<Vec<Vec<Local>>>,
    parent: Vec<Local>,
    /// Whether a thread of the first role takes no step.
    ends_at_once: bool,
    /// The most lines that were printed in any state.
    reached: usize,
}

impl Search<'_> {
    fn impossible(&self) -> Explanation {
        match self.reached {
            reached if reached == self.lines.len() => Explanation::Unfinished,
            line => Explanation::Impossible { line },
        }
    }

    /// The states after `told` that keep to the output, the most promising last; and whether no step is possible.
    fn nexts(&mut self, space: &mut Space<'_>, told: &Told) -> Result<(Vec<(Move, Told)>, bool), AutomatonError> {
        let mut transitions: Vec<(Transition, Vec<u32>)> = Vec::new();
        let steps = space.successors(&told.counts, &mut Vec::new(), |_, transition, next| {
            transitions.push((transition, next.to_vec()));
        })?;
        let mut nexts = Vec::new();
        for (transition, counts) in transitions {
            let locals = space.locals(&told.counts, &transition)?;
            let quiet = counts[..space.objects()] == told.counts[..space.objects()];
            for actor in told.numbers.at(space, transition.mover) {
                let mut next = Told { counts: counts.clone(), ..told.clone() };
                next.numbers.moved(space, actor, transition.to, &counts);
                if !self.print(&mut next, actor, &locals) {
                    continue;
                }
                let ends = space.automaton.node(transition.to).step().is_none();
                if ends && actor.role() == Some(0) && !self.print_parent(&mut next) {
                    continue;
                }
                let Some(next) = self.start_threads(next) else { continue };
                // Steps that change nothing shared first: whoever has already seen the old content can still
                // act on it later.
                let promise = (quiet, next.printed);
                nexts.push((promise, Move { actor, act: transition.act }, next));
            }
        }
        nexts.sort_by(|a, b| (a.0, b.1).cmp(&(b.0, a.1)));
        Ok((nexts.into_iter().map(|(_, mv, next)| (mv, next)).collect(), !steps))
    }

    /// Lets newly started threads say what they say at the start; `None` if the output does not have it.
    fn start_threads(&mut self, mut told: Told) -> Option<Told> {
        for role in 0..told.started.len() {
            while told.started[role] < told.numbers.started(role) {
                let number = told.started[role];
                told.started[role] += 1;
                let (actor, roots) = (Actor::Thread(role, number), &self.roots[role]);
                let locals = roots[number.min(roots.len() - 1)].clone();
                if !self.print(&mut told, actor, &locals) {
                    return None;
                }
                if self.ends_at_once && role == 0 && !self.print_parent(&mut told) {
                    return None;
                }
            }
        }
        Some(told)
    }

    /// Prints what the parent says, if there is one, in the very moment a thread of the first role ends.
    fn print_parent(&mut self, told: &mut Told) -> bool {
        let locals = std::mem::take(&mut self.parent);
        let follows = self.print(told, Actor::Parent, &locals);
        self.parent = locals;
        follows
    }

    /// Prints what an actor says; whether that is what the output has next.
    fn print(&mut self, told: &mut Told, actor: Actor, locals: &[Local]) -> bool {
        /// Stands for a process id that is not known yet. No program prints it.
        const ANY_PID: &str = "\u{1}";
        let speaker = speaker(self.scenario, actor, ANY_PID.to_owned());
        for local in locals {
            let Local::Told(event) = local else { continue };
            let Some(text) = self.scenario.line(&speaker, event) else { continue };
            let Some(line) = self.lines.get(told.printed) else { return false };
            let matches = match text.split_once(ANY_PID) {
                None => text == *line,
                Some((before, after)) => match line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
                    Some(pid) if !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) => {
                        told.is_pid_of(pid, actor)
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
    /// Whether the process id can be this thread's; if so it is from now on.
    fn is_pid_of(&mut self, pid: &str, actor: Actor) -> bool {
        match self.pids.iter().find(|(known, owner)| known == pid || *owner == actor) {
            Some((known, owner)) => known == pid && *owner == actor,
            None => {
                self.pids.push((pid.to_owned(), actor));
                true
            }
        }
    }
}
