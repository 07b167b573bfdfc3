//! Cells as atomics, one for each type: those of the standard library, or loom's.

/// Defines a cell of atomics from a module that is called `atomic` where this stands.
macro_rules! atomic_cell {
    ($(#[$meta:meta])* $name:ident) => {
        atomic_cell! {
            $(#[$meta])* $name:
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
    };
    ($(#[$meta:meta])* $name:ident: $($kind:ident = $type:ty, $atomic:ident;)*) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub enum $name {
            /// `AtomicBool`
            Bool(atomic::AtomicBool),
            $(#[doc = concat!("`", stringify!($atomic), "`")] $kind(atomic::$atomic),)*
        }

        impl $name {
            /// A cell that holds this.
            pub fn new(word: Word) -> Self {
                match word.kind {
                    CellKind::Bool => $name::Bool(atomic::AtomicBool::new(bool::from_word(word))),
                    $(CellKind::$kind => $name::$kind(atomic::$atomic::new(<$type>::from_word(word))),)*
                }
            }

            fn load(&self, order: Ordering) -> Word {
                match self {
                    $name::Bool(cell) => cell.load(order).to_word(),
                    $($name::$kind(cell) => cell.load(order).to_word(),)*
                }
            }

            fn store(&self, new: Word, order: Ordering) {
                match self {
                    $name::Bool(cell) => cell.store(bool::from_word(new), order),
                    $($name::$kind(cell) => cell.store(<$type>::from_word(new), order),)*
                }
            }

            fn compare_exchange(&self, expected: Word, new: Word, success: Ordering, failure: Ordering) -> Word {
                match self {
                    $name::Bool(cell) => cell
                        .compare_exchange(bool::from_word(expected), bool::from_word(new), success, failure)
                        .unwrap_or_else(|held| held)
                        .to_word(),
                    $($name::$kind(cell) => cell
                        .compare_exchange(<$type>::from_word(expected), <$type>::from_word(new), success, failure)
                        .unwrap_or_else(|held| held)
                        .to_word(),)*
                }
            }

            fn update(&self, operation: Operation, operand: Word, order: Ordering) -> Word {
                match self {
                    $name::Bool(cell) => {
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
                    $($name::$kind(cell) => {
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
    };
}
