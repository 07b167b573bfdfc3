//! Ends of channels as values: two are the same if they are the same end of the same channel.

/// Makes types comparable by their `end()`, and tells no more of them than their names.
macro_rules! same_by_end {
    ($($end:ident),*) => {
        $(
            impl<T: Value> PartialEq for $end<T> {
                fn eq(&self, other: &Self) -> bool {
                    self.end() == other.end()
                }
            }

            impl<T: Value> Eq for $end<T> {}

            impl<T: Value> Hash for $end<T> {
                fn hash<H: Hasher>(&self, state: &mut H) {
                    self.end().hash(state);
                }
            }

            impl<T: Value> fmt::Debug for $end<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(stringify!($end))
                }
            }
        )*
    };
}
