//! The call shapes of the databases' own clients over a [`Session`](super::Session): checkouts that use those crates
//! are explored with little change to them.

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod rusqlite;
