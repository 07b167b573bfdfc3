//! Cells as loom's atomics.

use crate::sync::{Access, CellKind, Observation, Operation, Primitive, Word};
use ::loom::sync::atomic;
use std::sync::atomic::Ordering;

atomic_cell! {
    /// An atomic of loom's.
    LoomCell
}

/// Whether a step has changed the cell that observed this.
pub fn changes(access: &Access, seen: &Observation) -> bool {
    match (access, seen) {
        // It may have held the same before, but a new store is something new to those who read stale.
        (Access::Store(..), _) => true,
        (Access::Update(operation, operand, _), Observation::Held(held)) => held.updated(*operation, *operand) != *held,
        (Access::CompareExchange { expected, new, .. }, Observation::Held(held)) => held == expected && new != expected,
        _ => false,
    }
}
