//! `std::sync::atomic`, on which threads can be checked.
//!
//! Under a check, `compare_exchange_weak` fails only where `compare_exchange` does.

use crate::drop_in::place;
use crate::sync::Cell;
use std::fmt;
#[doc(no_inline)]
pub use std::sync::atomic::Ordering;

/// A memory fence, as `std` has it.
///
/// # Panics
/// There is no relaxed fence.
#[track_caller]
pub fn fence(order: Ordering) {
    if place::is_checked() {
        place::on(|at| at.fence(order));
    } else {
        std::sync::atomic::fence(order);
    }
}

macro_rules! forward {
    ($type:ty: $($method:ident $(($($arg:ident: $arg_type:ty),*))? $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[track_caller]
            pub fn $method(&self, $($($arg: $arg_type,)*)? order: Ordering) -> $type {
                match &self.0 {
                    Inner::Checked(cell) => place::on(|at| cell.$method(at, $($($arg,)*)? order)),
                    Inner::Std(atomic) => {
                        place::outside(Self::NAME);
                        atomic.$method($($($arg,)*)? order)
                    }
                }
            }
        )*
    };
}

macro_rules! atomic {
    ($($name:ident of $type:ty, $($more:ident $what:literal),*;)*) => {
        $(
            #[doc = concat!("`std`'s [`", stringify!($name), "`](std::sync::atomic::", stringify!($name), "), which can be checked.")]
            pub struct $name(Inner<std::sync::atomic::$name, $type>);

            impl $name {
                const NAME: &'static str = stringify!($name);

                /// Makes one that holds `value`.
                #[track_caller]
                pub fn new(value: $type) -> Self {
                    $name(match place::declare(Self::NAME, |setup, name| setup.cell(name, value)) {
                        Some(cell) => Inner::Checked(cell),
                        None => Inner::Std(std::sync::atomic::$name::new(value)),
                    })
                }

                /// Sets it.
                #[track_caller]
                pub fn store(&self, value: $type, order: Ordering) {
                    match &self.0 {
                        Inner::Checked(cell) => place::on(|at| cell.store(at, value, order)),
                        Inner::Std(atomic) => {
                            place::outside(Self::NAME);
                            atomic.store(value, order);
                        }
                    }
                }

                forward! { $type:
                    load "What it holds.";
                    swap(value: $type) "Sets it, and returns what it held.";
                    fetch_and(value: $type) "And; returns what it held.";
                    fetch_or(value: $type) "Or; returns what it held.";
                    fetch_xor(value: $type) "Exclusive or; returns what it held.";
                    fetch_nand(value: $type) "And, negated; returns what it held.";
                    $($more(value: $type) $what;)*
                }

                /// Sets it to `new` if it holds `current`.
                ///
                /// # Errors
                /// What it holds, if that is another.
                #[track_caller]
                pub fn compare_exchange(
                    &self,
                    current: $type,
                    new: $type,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$type, $type> {
                    match &self.0 {
                        Inner::Checked(cell) => {
                            place::on(|at| cell.compare_exchange(at, current, new, success, failure))
                        }
                        Inner::Std(atomic) => {
                            place::outside(Self::NAME);
                            atomic.compare_exchange(current, new, success, failure)
                        }
                    }
                }

                /// The same; outside a check it may fail without reason.
                ///
                /// # Errors
                /// What it holds.
                #[track_caller]
                pub fn compare_exchange_weak(
                    &self,
                    current: $type,
                    new: $type,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$type, $type> {
                    match &self.0 {
                        Inner::Checked(_) => self.compare_exchange(current, new, success, failure),
                        Inner::Std(atomic) => {
                            place::outside(Self::NAME);
                            atomic.compare_exchange_weak(current, new, success, failure)
                        }
                    }
                }

                /// Sets it to what `f` makes of it, once nobody comes in between. `f` is `Fn`, where `std` has `FnMut`:
                /// what counts its tries could not be proved.
                ///
                /// # Errors
                /// What it holds, if `f` makes nothing of it.
                #[track_caller]
                pub fn fetch_update(
                    &self,
                    set_order: Ordering,
                    fetch_order: Ordering,
                    f: impl Fn($type) -> Option<$type>,
                ) -> Result<$type, $type> {
                    match &self.0 {
                        Inner::Checked(cell) => place::on(|at| cell.fetch_update(at, set_order, fetch_order, f)),
                        Inner::Std(atomic) => {
                            place::outside(Self::NAME);
                            atomic.fetch_update(set_order, fetch_order, f)
                        }
                    }
                }

                /// What it holds, of one that nobody shares.
                ///
                /// # Panics
                /// It belongs to a check, whose threads share it.
                pub fn into_inner(self) -> $type {
                    match self.0 {
                        Inner::Checked(_) => panic!("a `{}` under check is shared", Self::NAME),
                        Inner::Std(atomic) => atomic.into_inner(),
                    }
                }

                /// What it holds, of one that nobody shares now.
                ///
                /// # Panics
                /// It belongs to a check, whose threads share it.
                pub fn get_mut(&mut self) -> &mut $type {
                    match &mut self.0 {
                        Inner::Checked(_) => panic!("a `{}` under check is shared", Self::NAME),
                        Inner::Std(atomic) => atomic.get_mut(),
                    }
                }
            }

            impl Default for $name {
                #[track_caller]
                fn default() -> Self {
                    $name::new(<$type>::default())
                }
            }

            impl From<$type> for $name {
                #[track_caller]
                fn from(value: $type) -> Self {
                    $name::new(value)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    match &self.0 {
                        // To look at it would be a step.
                        Inner::Checked(_) => f.write_str(Self::NAME),
                        Inner::Std(atomic) => atomic.fmt(f),
                    }
                }
            }
        )*
    };
}

enum Inner<A, T> {
    Std(A),
    Checked(Cell<T>),
}

atomic! {
    AtomicBool of bool,;
    AtomicU8 of u8, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicU16 of u16, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicU32 of u32, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicU64 of u64, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicUsize of usize, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicI8 of i8, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicI16 of i16, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicI32 of i32, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicI64 of i64, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
    AtomicIsize of isize, fetch_add "Adds, wrapping; returns what it held.", fetch_sub "Subtracts, wrapping; returns what it held.",
        fetch_max "Keeps the larger; returns what it held.", fetch_min "Keeps the smaller; returns what it held.";
}
