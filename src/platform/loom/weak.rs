//! What sets an execution of loom's apart from an interleaving.

use crate::platform::{Content, Trace, What};
use crate::sync::{Access, Observation, Step};
use std::sync::atomic::Ordering::SeqCst;

/// Whether anything that was observed, or that is left at the end, is not what the recorded steps lead to in
/// their order: somebody read a cell that another had already overwritten, or of two stores the earlier one
/// lasts. Nothing but loom can run such a trace.
pub fn is_weak(trace: &Trace, left: &[Content]) -> bool {
    let stale = |content: &Content, access: &Access, seen: &Observation| {
        !content.outcomes(access).iter().any(|(_, other)| other == seen)
    };
    trace.contents() != left || any_access(trace, stale)
}

/// Whether all accesses to cells were [`SeqCst`].
///
/// C11 only allows interleavings then. Loom takes such accesses for acquire and release, and comes up with weak
/// executions that do not exist. They can be left out: it goes through all interleavings as well.
pub fn is_sequentially_consistent(trace: &Trace) -> bool {
    !any_access(trace, |_, access, _| match access {
        Access::Load(order) | Access::Store(_, order) | Access::Update(_, _, order) => *order != SeqCst,
        Access::CompareExchange { success, failure, .. } => [*success, *failure] != [SeqCst; 2],
        _ => false,
    })
}

/// Looks at every access, with what its object held before.
fn any_access(trace: &Trace, test: impl Fn(&Content, &Access, &Observation) -> bool) -> bool {
    let mut contents: Vec<_> = trace.objects.iter().map(|(_, content)| content.clone()).collect();
    trace.entries.iter().any(|entry| {
        let passes = match &entry.what {
            What::Took(Step::On(object, access), seen, _) => test(&contents[*object], access, seen),
            _ => false,
        };
        entry.act_on(&mut contents);
        passes
    })
}
