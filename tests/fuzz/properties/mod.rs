//! What must be so of each text, whoever made it up: `proptest` in `cargo test`, or libFuzzer in `targets/`. Each property
//! panics where it is not, and says of what kind the text was.

pub mod certificates;
pub mod documents;
pub mod outputs;
pub mod schedules;
pub mod wire;
