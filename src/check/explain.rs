//! Is this console output possible?
pub struct Explanation;
pub fn explain() {}
