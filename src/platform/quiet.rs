//! Panics in checked code print nothing: they are findings, and there may be millions of them.

use std::cell::Cell;
use std::panic;
use std::sync::Once;

thread_local! {
    /// How many times this thread is inside [`quietly`].
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Runs code whose panics print nothing. Those of other threads print as before.
pub fn quietly<R>(code: impl FnOnce() -> R) -> R {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(install);
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let _leave = Leave;
    code()
}

/// Puts a hook in front of the one that is there.
fn install() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if DEPTH.get() == 0 {
            before(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_ends_with_the_code_even_if_it_panics() {
        assert!(panic::catch_unwind(|| quietly(|| panic!("not printed"))).is_err());
        assert_eq!(DEPTH.get(), 0);
    }
}
