//! Drop-in types: code as it is, with another import, is checked, and is what it was outside a check.

mod locks;
