//! A page to look at: traces in lanes, with what there is to say of each of them.

use super::layout::Layout;

/// Traces on a page, and perhaps a table that leads to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What it is of.
    pub title: String,
    /// What it rests on, a line each.
    pub about: Vec<String>,
    /// A table, before the traces or behind them.
    pub table: Option<Table>,
    /// The traces. No two have the same name.
    pub traces: Vec<Told>,
}

/// A table whose cells may lead to a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Whether it is what the page is about, and not a list of what else there is.
    pub first: bool,
    /// The headings.
    pub head: Vec<String>,
    /// The rows, with as many cells as there are headings.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// The trace that it leads to, by position.
    pub trace: Option<usize>,
}

/// A trace, and what there is to say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// A word for it, of letters, digits, dots and hyphens.
    pub name: String,
    /// What it is of.
    pub title: String,
    /// The property that it shows, if it shows one.
    pub claim: Option<Claim>,
    /// What is to be seen at its end.
    pub why: Vec<String>,
    /// The command that replays it.
    pub replay: Option<String>,
    /// What else there is to know.
    pub note: Option<String>,
    /// The trace itself.
    pub layout: Layout,
    /// What else could have happened.
    pub ways: Option<Ways>,
    /// The repaired program on the same schedule.
    pub beside: Option<Beside>,
    /// A picture of all states, as SVG, and what it shows; without a picture, why there is none.
    pub states: Option<(String, String)>,
}

/// What a trace shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// A property's name.
    pub property: String,
    /// What it says, in a sentence.
    pub sentence: String,
    /// Whether the trace breaks it; else it is an instance of it.
    pub broken: bool,
}

/// What else could have happened at each step, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ways {
    /// It is.
    Known {
        /// The step after which no good end is in reach any more: 0 if there never was one, `None` if one still is.
        turn: Option<usize>,
        /// For each step all moves that were possible in its place, itself among them.
        steps: Vec<Vec<Way>>,
    },
    /// It is not, for this reason.
    Unknown(String),
}

/// A move that was possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Who would have made it.
    pub who: String,
    /// What it is.
    pub text: String,
    /// Whether it was made.
    pub taken: bool,
    /// What can come of it.
    pub fate: Fate,
    /// A shortest way on from there, to a good end if there is one, else to where the property breaks: who, and what.
    pub then: Vec<(String, String)>,
}

/// What can come of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A good end can be reached.
    Good,
    /// None can, though nothing is broken yet.
    Doomed,
    /// It breaks the property.
    Breaks,
}

/// A program and its repair on the same schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What the program is called.
    pub wrong: String,
    /// What its repair is called.
    pub right: String,
    /// Where they part, in a sentence.
    pub parts: String,
    /// Step by step, what both do.
    pub rows: Vec<BesideRow>,
}

/// What both programs do in a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BesideRow {
    /// The number of the step.
    pub number: usize,
    /// Who takes it.
    pub who: String,
    /// What that is to the program, line by line.
    pub left: Vec<String>,
    /// What it is to its repair.
    pub right: Vec<String>,
}
