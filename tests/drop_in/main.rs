//! Drop-in types: code as it is, with another import, is checked, and is what it was outside a check.

mod locks;
mod loops;
mod outside;
mod refused;
mod time;
mod types;
