//! Atomic cells: those of the standard library, of the width that was declared.

use crate::sync::{Access, CellKind, Observation, Operation, Primitive, Word};
use std::sync::atomic::Ordering;

macro_rules! atomic_words {
    ($($kind:ident = $type:ty, $atomic:ident;)*) => {
        /// A real atomic.
        #[derive(Debug)]
        pub enum AtomicWord {
            /// `AtomicBool`
            Bool(std::sync::atomic::AtomicBool),
            $(#[doc = concat!("`", stringify!($atomic), "`")] $kind(std::sync::atomic::$atomic),)*
        }

        impl AtomicWord {
            /// A cell that holds this.
            pub fn new(word: Word) -> Self {
                match word.kind {
                    CellKind::Bool => AtomicWord::Bool(bool::from_word(word).into()),
                    $(CellKind::$kind => AtomicWord::$kind(<$type>::from_word(word).into()),)*
                }
            }

            fn load(&self, order: Ordering) -> Word {
                match self {
                    AtomicWord::Bool(cell) => cell.load(order).to_word(),
                    $(AtomicWord::$kind(cell) => cell.load(order).to_word(),)*
                }
            }

            fn store(&self, new: Word, order: Ordering) {
                match self {
                    AtomicWord::Bool(cell) => cell.store(bool::from_word(new), order),
                    $(AtomicWord::$kind(cell) => cell.store(<$type>::from_word(new), order),)*
                }
            }

            fn compare_exchange(&self, expected: Word, new: Word, success: Ordering, failure: Ordering) -> Word {
                match self {
                    AtomicWord::Bool(cell) => cell
                        .compare_exchange(bool::from_word(expected), bool::from_word(new), success, failure)
                        .unwrap_or_else(|held| held)
                        .to_word(),
                    $(AtomicWord::$kind(cell) => cell
                        .compare_exchange(<$type>::from_word(expected), <$type>::from_word(new), success, failure)
                        .unwrap_or_else(|held| held)
                        .to_word(),)*
                }
            }

            fn update(&self, operation: Operation, operand: Word, order: Ordering) -> Word {
                match self {
                    AtomicWord::Bool(cell) => {
                        let operand = bool::from_word(operand);
                        match operation {
                            Operation::Swap => cell.swap(operand, order),
                            // Of one bit, the sum and the difference are the same.
                            Operation::Add | Operation::Sub | Operation::Xor => cell.fetch_xor(operand, order),
                            Operation::And | Operation::Min => cell.fetch_and(operand, order),
                            Operation::Or | Operation::Max => cell.fetch_or(operand, order),
                            Operation::Nand => cell.fetch_nand(operand, order),
                        }
                        .to_word()
                    }
                    $(AtomicWord::$kind(cell) => {
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

atomic_words! {
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

impl AtomicWord {
    /// Takes a step.
    ///
    /// # Panics
    /// The ordering is none that the standard library takes for it.
    pub fn access(&self, access: &Access) -> Observation {
        Observation::Held(match *access {
            Access::Load(order) => self.load(order),
            Access::Update(operation, operand, order) => self.update(operation, operand, order),
            Access::CompareExchange { expected, new, success, failure } => {
                self.compare_exchange(expected, new, success, failure)
            }
            Access::Store(new, order) => {
                self.store(new, order);
                return Observation::Done;
            }
            ref other => unreachable!("{other:?} does not fit a cell"),
        })
    }

    /// What it holds.
    pub fn word(&self) -> Word {
        self.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Content;
    use super::*;
    use std::sync::atomic::Ordering::SeqCst;

    /// Every operation of every type at the corners of its range, against what `Content` says that it does.
    #[test]
    fn real_atomics_do_what_the_model_says() {
        use Operation::{Add, And, Max, Min, Nand, Or, Sub, Swap, Xor};
        fn agree<T: Primitive>(values: &[T]) {
            for old in values {
                let old = old.to_word();
                let mut accesses = vec![Access::Load(SeqCst)];
                for new in values {
                    let new = new.to_word();
                    accesses.push(Access::Store(new, SeqCst));
                    accesses.extend(
                        [Swap, Add, Sub, And, Or, Xor, Nand, Max, Min]
                            .map(|operation| Access::Update(operation, new, SeqCst)),
                    );
                    accesses.extend(values.iter().map(|expected| Access::CompareExchange {
                        expected: expected.to_word(),
                        new,
                        success: SeqCst,
                        failure: SeqCst,
                    }));
                }
                for access in accesses {
                    let cell = AtomicWord::new(old);
                    let seen = cell.access(&access);
                    let found = vec![(Content::Cell(cell.word()), seen)];
                    assert_eq!(found, Content::Cell(old).outcomes(&access), "{access:?} on {old:?}");
                }
            }
        }
        agree(&[false, true]);
        agree(&[0u8, 1, 127, 255]);
        agree(&[0u16, 1, u16::MAX]);
        agree(&[0u32, 5, u32::MAX]);
        agree(&[0u64, 5, u64::MAX]);
        agree(&[0usize, 5, usize::MAX]);
        agree(&[i8::MIN, -1, 0, 5, i8::MAX]);
        agree(&[i16::MIN, -1, 0, i16::MAX]);
        agree(&[i32::MIN, -1, 0, i32::MAX]);
        agree(&[i64::MIN, -1, 0, i64::MAX]);
        agree(&[isize::MIN, -1, 0, isize::MAX]);
    }
}
