//! Stands between shuttle and its scheduler.

use super::{Execution, How, World};
use crate::platform::picks::{Picks, is_open};
use ::shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

/// A scheduler that only chooses among steps that can be taken.
pub(crate) struct StepScheduler<S, J> {
    scheduler: S,
    world: World,
    picks: Picks,
    /// Told of every execution; says whether to run another.
    judge: J,
    executions: usize,
    /// Whether there has ever been anything to choose.
    chose: bool,
}

impl<S, J> std::fmt::Debug for StepScheduler<S, J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StepScheduler")
    }
}

impl<S, J: FnMut(Execution) -> bool> StepScheduler<S, J> {
    /// Stands before a scheduler. The executions must take place in the same world.
    pub fn new(scheduler: S, world: World, picks: Picks, judge: J) -> Self {
        StepScheduler { scheduler, world, picks, judge, executions: 0, chose: false }
    }
}

impl<S: Scheduler, J: FnMut(Execution) -> bool> Scheduler for StepScheduler<S, J> {
    fn new_execution(&mut self) -> Option<Schedule> {
        // An execution without a choice is the only one there is (and PCT panics if asked for another).
        if self.executions > 0 && (!(self.judge)(self.world.take()) || !self.chose) {
            return None;
        }
        let schedule = self.scheduler.new_execution()?;
        self.executions += 1;
        self.world.clear(self.picks.clone());
        Some(schedule)
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _is_yielding: bool) -> Option<TaskId> {
        let mut guard = self.world.state();
        let state = &*guard;
        if state.stopped.is_some() {
            return None;
        }
        let pending = |task: &&Task| state.pending.get(usize::from(task.id())).and_then(Option::as_ref);
        if let Some(task) = runnable.iter().find(|task| pending(task).is_none()) {
            return Some(task.id());
        }
        let able = |task: &&Task| pending(task).is_some_and(|pending| state.enables(pending));
        let mut able: Vec<&Task> = runnable.iter().copied().filter(able).collect();
        if able.is_empty() {
            let idle = state.pending.iter().flatten().any(|pending| pending.idle_at.is_some());
            guard.stopped = Some(if idle { How::Endless } else { How::Ended });
            return None;
        }
        if !self.chose
            && matches!(state.picks, Picks::Drawn)
            && pending(&able[0]).is_some_and(|pending| is_open(&pending.step))
        {
            // What is drawn is a choice, too, but PCT only counts those between tasks.
            able.push(able[0]);
        }
        guard.steps += 1;
        if guard.steps > guard.most_steps {
            guard.stopped = Some(How::CutShort);
            return None;
        }
        drop(guard);
        self.chose |= able.len() > 1;
        self.scheduler.next_task(&able, current, false)
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}
