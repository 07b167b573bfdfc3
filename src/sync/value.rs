//! Shared values, and one that has forgotten its type.

use std::any::Any;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The content of a file. Cheap to clone: explorers hold many copies.
pub type Bytes = Arc<[u8]>;

/// What may be shared between buyers, or returned by a span.
pub trait Value: Clone + Eq + Hash + Debug + Send + Sync + 'static {}

impl<T: Clone + Eq + Hash + Debug + Send + Sync + 'static> Value for T {}

/// A [`Value`] of any type. Two are equal when both type and value are.
#[derive(Clone)]
pub struct Erased(Arc<dyn AnyValue>);

impl Erased {
    /// Forgets the type of `value`.
    pub fn new<T: Value>(value: T) -> Self {
        Erased(Arc::new(value))
    }

    /// Remembers it again; `None` if it was another.
    pub fn get<T: Value>(&self) -> Option<&T> {
        self.0.as_any().downcast_ref()
    }
}

trait AnyValue: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
    fn feed(&self, hasher: &mut dyn Hasher);
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: Value> AnyValue for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }

    fn feed(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }

    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self, f)
    }
}

impl PartialEq for Erased {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other.0.as_any())
    }
}

impl Eq for Erased {}

impl Hash for Erased {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.feed(state);
    }
}

impl Debug for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erased_values_are_equal_only_with_the_same_type_and_value() {
        assert_eq!(Erased::new(1u64), Erased::new(1u64));
        assert_ne!(Erased::new(1u64), Erased::new(2u64));
        assert_ne!(Erased::new(1u64), Erased::new(1u32));
        assert_eq!(Erased::new((1, 'a')).get::<(i32, char)>(), Some(&(1, 'a')));
        assert_eq!(Erased::new(1u64).get::<u32>(), None);
    }
}
