//! Running the code that the automaton reads.

use crate::platform::script::{Run, alone, follow, follow_on};
use crate::platform::{Actor, Content};
use crate::scenario::Scenario;
use crate::sync::Observation;
use rustc_hash::FxHashMap;

/// How far a run goes on beyond its script.
const FURTHEST: usize = 16;

/// Runs the code on scripts, in fewer runs than there are scripts.
///
/// To stop a run is to unwind it, which takes some twenty times as long as the run itself. So a run does not stop
/// where its script ends: it goes on as if nobody else did anything, which is what will be asked about next more
/// often than not, and what it comes to on the way is kept for then. A wrong guess costs a little memory and
/// never a verdict: what is kept is what the code did on exactly that script.
pub struct Reader<S: Scenario> {
    pub scenario: S,
    pub shared: S::Shared,
    kept: FxHashMap<Actor, FxHashMap<Vec<Observation>, Run>>,
}

impl<S: Scenario> Reader<S> {
    pub fn new(scenario: S, shared: S::Shared) -> Self {
        Reader { scenario, shared, kept: FxHashMap::default() }
    }

    /// What a run on this script comes to. `contents` is what there may be where it ends, to go on from.
    pub fn run(&mut self, actor: Actor, script: &[Observation], contents: &[Content]) -> Run {
        let kept = self.kept.entry(actor).or_default();
        if let Some(run) = kept.remove(script) {
            return run;
        }
        let (runs, guesses) = self.run_on(actor, script, contents);
        let kept = self.kept.entry(actor).or_default();
        let mut runs = runs.into_iter();
        let asked = runs.next().expect("a run stops somewhere");
        let mut further = script.to_vec();
        for (guess, run) in guesses.into_iter().zip(runs) {
            further.push(guess);
            kept.insert(further.clone(), run);
        }
        asked
    }

    /// What somebody does from the start while nobody else does anything: the run before each step, and what the
    /// steps observe.
    pub fn alone(&self, actor: Actor, contents: &[Content]) -> (Vec<Run>, Vec<Observation>) {
        self.run_on(actor, &[], contents)
    }

    fn run_on(&self, actor: Actor, script: &[Observation], contents: &[Content]) -> (Vec<Run>, Vec<Observation>) {
        let (mut contents, mut guesses) = (contents.to_vec(), Vec::new());
        let runs = follow_on(&self.scenario, &self.shared, actor, script, |step| {
            let guess = if guesses.len() < FURTHEST { alone(&mut contents, step) } else { None };
            guesses.extend(guess.clone());
            guess
        });
        (runs, guesses)
    }

    /// The same as [`run`](Reader::run), from a run of its own.
    pub fn run_anew(&self, actor: Actor, script: &[Observation]) -> Run {
        follow(&self.scenario, &self.shared, actor, script)
    }
}
