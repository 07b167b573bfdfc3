//! Atomic cells of every integer width, and of `bool`.

use super::{Access, ObjectId, Observation, Operation, Platform};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

/// What a cell holds, whatever its type.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word {
    /// The value's bits, sign-extended where it is signed and zero-extended where it is not.
    pub bits: u64,
    /// Of which type it is.
    pub kind: CellKind,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            CellKind::Bool => write!(f, "{}", self.bits != 0),
            kind if kind.is_signed() => write!(f, "{}", self.bits as i64),
            _ => write!(f, "{}", self.bits),
        }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Word {
    /// The word that an operation makes of this one; arithmetic wraps within its type.
    pub fn updated(self, operation: Operation, operand: Word) -> Word {
        let (old, new) = (self.bits, operand.bits);
        let larger = if self.kind.is_signed() { old as i64 > new as i64 } else { old > new };
        let bits = match operation {
            Operation::Swap => new,
            Operation::Add => old.wrapping_add(new),
            Operation::Sub => old.wrapping_sub(new),
            Operation::And => old & new,
            Operation::Or => old | new,
            Operation::Xor => old ^ new,
            Operation::Nand => !(old & new),
            Operation::Max => {
                if larger {
                    old
                } else {
                    new
                }
            }
            Operation::Min => {
                if larger {
                    new
                } else {
                    old
                }
            }
        };
        Word { bits: self.kind.wrapped(bits), kind: self.kind }
    }
}

/// A type that an atomic cell can hold.
pub trait Primitive: Copy + fmt::Debug + 'static {
    /// Which one it is.
    const KIND: CellKind;

    /// The value as a word.
    fn to_word(self) -> Word;

    /// The value of a word of this type.
    fn from_word(word: Word) -> Self;
}

macro_rules! primitives {
    ($($kind:ident = $type:ty, $signed:literal;)*) => {
        /// The types that a cell can hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CellKind {
            /// `bool`
            Bool,
            $(#[doc = concat!("`", stringify!($type), "`")] $kind,)*
        }

        impl CellKind {
            fn is_signed(self) -> bool {
                match self {
                    CellKind::Bool => false,
                    $(CellKind::$kind => $signed,)*
                }
            }

            /// These bits as a value of the type.
            fn wrapped(self, bits: u64) -> u64 {
                match self {
                    CellKind::Bool => bits & 1,
                    $(CellKind::$kind => bits as $type as u64,)*
                }
            }
        }

        $(impl Primitive for $type {
            const KIND: CellKind = CellKind::$kind;

            fn to_word(self) -> Word {
                Word { bits: self as u64, kind: Self::KIND }
            }

            fn from_word(word: Word) -> Self {
                word.bits as $type
            }
        })*
    };
}

primitives! {
    U8 = u8, false;
    U16 = u16, false;
    U32 = u32, false;
    U64 = u64, false;
    Usize = usize, false;
    I8 = i8, true;
    I16 = i16, true;
    I32 = i32, true;
    I64 = i64, true;
    Isize = isize, true;
}

impl Primitive for bool {
    const KIND: CellKind = CellKind::Bool;

    fn to_word(self) -> Word {
        Word { bits: self.into(), kind: Self::KIND }
    }

    fn from_word(word: Word) -> Self {
        word.bits != 0
    }
}

/// An atomic cell. Declared by [`Setup::cell`](super::Setup::cell).
///
/// ```
/// # use oversell::sync::{Cell, Platform};
/// # use std::sync::atomic::Ordering::SeqCst;
/// fn take_one(at: &dyn Platform, left: &Cell<u32>) -> bool {
///     left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
/// }
/// ```
pub struct Cell<T>(pub(crate) ObjectId, PhantomData<fn(T)>);

impl<T> Clone for Cell<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Cell<T> {}

impl<T> fmt::Debug for Cell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cell").field(&self.0).finish()
    }
}

impl<T: Primitive> Cell<T> {
    pub(super) fn new(object: ObjectId) -> Self {
        Cell(object, PhantomData)
    }

    /// What the cell holds. Step: *load*.
    ///
    /// # Panics
    /// As in `std`, there is no release load.
    pub fn load(&self, at: &dyn Platform, order: Ordering) -> T {
        loads(order);
        self.held(at, Access::Load(order))
    }

    /// Sets the cell. Step: *store*.
    ///
    /// # Panics
    /// As in `std`, there is no acquire store.
    pub fn store(&self, at: &dyn Platform, value: T, order: Ordering) {
        let stores = matches!(order, Ordering::Relaxed | Ordering::Release | Ordering::SeqCst);
        assert!(stores, "there is no such thing as an {order:?} store");
        at.on(self.0, Access::Store(value.to_word(), order));
    }

    /// Sets the cell and returns what it held. Step: *swap*.
    pub fn swap(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Swap, value, order)
    }

    /// Adds, wrapping, and returns what the cell held. Step: *fetch-add*.
    pub fn fetch_add(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Add, value, order)
    }

    /// Subtracts, wrapping, and returns what the cell held. Step: *fetch-sub*.
    pub fn fetch_sub(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Sub, value, order)
    }

    /// Bitwise (for a `bool`, logical) and; returns what the cell held. Step: *fetch-and*.
    pub fn fetch_and(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::And, value, order)
    }

    /// Bitwise or; returns what the cell held. Step: *fetch-or*.
    pub fn fetch_or(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Or, value, order)
    }

    /// Bitwise exclusive or; returns what the cell held. Step: *fetch-xor*.
    pub fn fetch_xor(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Xor, value, order)
    }

    /// Bitwise and, negated; returns what the cell held. Step: *fetch-nand*.
    pub fn fetch_nand(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Nand, value, order)
    }

    /// Keeps the larger; returns what the cell held. Step: *fetch-max*.
    pub fn fetch_max(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Max, value, order)
    }

    /// Keeps the smaller; returns what the cell held. Step: *fetch-min*.
    pub fn fetch_min(&self, at: &dyn Platform, value: T, order: Ordering) -> T {
        self.update(at, Operation::Min, value, order)
    }

    /// Sets the cell to `new` if it holds `expected`. Step: *compare-exchange*.
    ///
    /// # Errors
    /// What the cell holds, if that is not `expected`.
    ///
    /// # Panics
    /// As in `std`, a failed exchange is a load, and there is no release load.
    pub fn compare_exchange(
        &self,
        at: &dyn Platform,
        expected: T,
        new: T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<T, T> {
        loads(failure);
        let (expected, new) = (expected.to_word(), new.to_word());
        let held = self.held(at, Access::CompareExchange { expected, new, success, failure });
        if held.to_word() == expected { Ok(held) } else { Err(held) }
    }

    /// Loads, and tries to set the cell to what `f` makes of it, until nobody has come in between. Steps: *load*,
    /// then *compare-exchange*, again and again: a [`retry`](trait.Platform.html#method.retry).
    ///
    /// # Errors
    /// What the cell holds, if `f` makes nothing of it.
    pub fn fetch_update(
        &self,
        at: &dyn Platform,
        success: Ordering,
        failure: Ordering,
        f: impl Fn(T) -> Option<T>,
    ) -> Result<T, T> {
        use std::ops::ControlFlow::{Break, Continue};
        let result = at.retry("fetch-update", || {
            let held = self.load(at, failure);
            let Some(new) = f(held) else { return Break((held.to_word(), false)) };
            match self.compare_exchange(at, held, new, success, failure) {
                Ok(held) => Break((held.to_word(), true)),
                Err(_) => Continue(()),
            }
        });
        match result {
            (held, true) => Ok(T::from_word(held)),
            (held, false) => Err(T::from_word(held)),
        }
    }

    fn update(&self, at: &dyn Platform, operation: Operation, value: T, order: Ordering) -> T {
        self.held(at, Access::Update(operation, value.to_word(), order))
    }

    fn held(&self, at: &dyn Platform, access: Access) -> T {
        match at.on(self.0, access) {
            Observation::Held(word) => T::from_word(word),
            other => unreachable!("a cell observed {other:?}"),
        }
    }
}

/// Whether a load can be ordered so, as `std` has it.
fn loads(order: Ordering) {
    let loads = matches!(order, Ordering::Relaxed | Ordering::Acquire | Ordering::SeqCst);
    assert!(loads, "there is no such thing as a {order:?} load");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_wraps_within_the_type() {
        let add = |a: Word, b: Word| a.updated(Operation::Add, b).to_string();
        assert_eq!(add(255u8.to_word(), 1u8.to_word()), "0");
        assert_eq!(add(127i8.to_word(), 1i8.to_word()), "-128");
        assert_eq!(add(u64::MAX.to_word(), 1u64.to_word()), "0");
        assert_eq!(0u16.to_word().updated(Operation::Sub, 1u16.to_word()).to_string(), "65535");
        assert_eq!((-1i32).to_word().updated(Operation::Max, 0i32.to_word()).to_string(), "0");
        assert_eq!(true.to_word().updated(Operation::Nand, true.to_word()).to_string(), "false");
        assert_eq!(5u8.to_word().updated(Operation::Xor, 1u8.to_word()).to_string(), "4");
        assert_eq!(i16::from_word((-7i16).to_word()), -7);
    }
}
