//! Atomic cells: those of the standard library, of the width that was declared.

use crate::sync::{Access, CellKind, Observation, Operation, Primitive, Word};
use std::sync::atomic::{self, Ordering};

atomic_cell! {
    /// A real atomic.
    AtomicWord
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
