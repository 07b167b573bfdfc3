//! Cells as loom's atomics, one for each type.

use crate::sync::{Access, CellKind, Observation, Operation, Primitive, Word};
use ::loom::sync::atomic as loom;
use std::sync::atomic::Ordering;
use std::sync::atomic::Ordering::SeqCst;

macro_rules! cells {
    ($($kind:ident = $type:ty, $atomic:ident;)*) => {
        /// An atomic of loom's.
        pub(super) enum LoomCell {
            Bool(loom::AtomicBool),
            $($kind(loom::$atomic),)*
        }

        impl LoomCell {
            pub fn holding(word: Word) -> LoomCell {
                match word.kind {
                    CellKind::Bool => LoomCell::Bool(loom::AtomicBool::new(bool::from_word(word))),
                    $(CellKind::$kind => LoomCell::$kind(loom::$atomic::new(<$type>::from_word(word))),)*
                }
            }

            fn load(&self, order: Ordering) -> Word {
                match self {
                    LoomCell::Bool(cell) => cell.load(order).to_word(),
                    $(LoomCell::$kind(cell) => cell.load(order).to_word(),)*
                }
            }

            fn store(&self, new: Word, order: Ordering) {
                match self {
                    LoomCell::Bool(cell) => cell.store(bool::from_word(new), order),
                    $(LoomCell::$kind(cell) => cell.store(<$type>::from_word(new), order),)*
                }
            }

            fn compare_exchange(&self, expected: Word, new: Word, success: Ordering, failure: Ordering) -> Word {
                match self {
                    LoomCell::Bool(cell) => {
                        let (expected, new) = (bool::from_word(expected), bool::from_word(new));
                        let held = cell.compare_exchange(expected, new, success, failure);
                        held.unwrap_or_else(|held| held).to_word()
                    }
                    $(LoomCell::$kind(cell) => {
                        let (expected, new) = (<$type>::from_word(expected), <$type>::from_word(new));
                        let held = cell.compare_exchange(expected, new, success, failure);
                        held.unwrap_or_else(|held| held).to_word()
                    })*
                }
            }

            fn update(&self, operation: Operation, operand: Word, order: Ordering) -> Word {
                match self {
                    LoomCell::Bool(cell) => {
                        let operand = bool::from_word(operand);
                        match operation {
                            Operation::Swap => cell.swap(operand, order),
                            Operation::And | Operation::Min => cell.fetch_and(operand, order),
                            Operation::Or | Operation::Max => cell.fetch_or(operand, order),
                            // One bit, that wraps.
                            Operation::Xor | Operation::Add | Operation::Sub => cell.fetch_xor(operand, order),
                            Operation::Nand => cell.fetch_nand(operand, order),
                        }
                        .to_word()
                    }
                    $(LoomCell::$kind(cell) => {
                        let operand = <$type>::from_word(operand);
                        match operation {
                            Operation::Swap => cell.swap(operand, order),
                            Operation::Add => cell.fetch_add(operand, order),
                            Operation::Sub => cell.fetch_sub(operand, order),
                            Operation::And => cell.fetch_and(operand, order),
                            Operation::Or => cell.fetch_or(operand, order),
                            Operation::Xor => cell.fetch_xor(operand, order),
                            Operation::Nand => cell.fetch_nand(operand, order),
                            Operation::Max => cell.fetch_max(operand, order),
                            Operation::Min => cell.fetch_min(operand, order),
                        }
                        .to_word()
                    })*
                }
            }
        }
    };
}

cells! {
    U8 = u8, AtomicU8;
    U16 = u16, AtomicU16;
    U32 = u32, AtomicU32;
    U64 = u64, AtomicU64;
    Usize = usize, AtomicUsize;
    I8 = i8, AtomicI8;
    I16 = i16, AtomicI16;
    I32 = i32, AtomicI32;
    I64 = i64, AtomicI64;
    Isize = isize, AtomicIsize;
}

impl LoomCell {
    /// What the step observes, and whether it changed the cell.
    pub fn access(&self, access: &Access) -> (Observation, bool) {
        match *access {
            Access::Load(order) => (Observation::Held(self.load(order)), false),
            Access::Store(new, order) => {
                self.store(new, order);
                // It may have held the same before, but a new store is something new to those who read stale.
                (Observation::Done, true)
            }
            Access::Update(operation, operand, order) => {
                let held = self.update(operation, operand, order);
                (Observation::Held(held), held.updated(operation, operand) != held)
            }
            Access::CompareExchange { expected, new, success, failure } => {
                let held = self.compare_exchange(expected, new, success, failure);
                (Observation::Held(held), held == expected && new != expected)
            }
            ref access => panic!("{access:?} does not fit a cell"),
        }
    }

    /// What it holds once all threads have ended. Of several stores that nothing orders any may be the last, and loom
    /// tries them all.
    pub fn left(&self) -> Word {
        self.load(SeqCst)
    }
}
