//! Lanes as a table of text: who did what, side by side where that fits, and as a list where it does not.

use unicode_width::UnicodeWidthStr;

/// The widest that lanes side by side may get, in columns. A wider trace is told in one lane.
pub const WIDEST: usize = 100;

/// What is to be laid out: the lanes' names, what they share, and the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The name of each lane, in order.
    pub lanes: Vec<String>,
    /// The name of what all lanes share.
    pub shared: String,
    /// The rows, in order.
    pub rows: Vec<Row>,
}

/// One row: in whose lane, what stands there, and what became of what is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What stands before the number; empty or one column wide.
    pub mark: &'static str,
    /// Which step this is, if it is one.
    pub number: Option<usize>,
    /// In which lane, by its position; `None` is a line over all columns, unless it shows what is shared.
    pub lane: Option<usize>,
    /// What stands in the lane.
    pub text: String,
    /// What stands in the last column.
    pub shared: String,
}

impl Layout {
    /// The text: a line per row.
    pub fn render(&self) -> String {
        let side_by_side = self.side_by_side().render();
        if side_by_side.lines().all(|line| line.width() <= WIDEST) {
            return side_by_side;
        }
        self.list().render()
    }

    fn side_by_side(&self) -> Table {
        let mut header = vec!["step".to_owned()];
        header.extend(self.lanes.iter().cloned());
        header.push(self.shared.clone());
        Table::build(header, &self.rows, |row| {
            let mut cells = vec![margin(row)];
            let cell = |lane| if row.lane == Some(lane) { row.text.clone() } else { String::new() };
            cells.extend((0..self.lanes.len()).map(cell));
            cells.push(row.shared.clone());
            cells
        })
    }

    fn list(&self) -> Table {
        let header = vec!["step".to_owned(), "who".to_owned(), "what".to_owned(), self.shared.clone()];
        Table::build(header, &self.rows, |row| {
            let who = row.lane.map(|lane| self.lanes[lane].clone()).unwrap_or_default();
            vec![margin(row), who, row.text.clone(), row.shared.clone()]
        })
    }
}

/// A table whose last column needs no padding, with lines that run over all columns.
struct Table {
    header: Vec<String>,
    rows: Vec<Result<Vec<String>, String>>,
}

impl Table {
    fn build(header: Vec<String>, rows: &[Row], cells: impl Fn(&Row) -> Vec<String>) -> Table {
        let line = |row: &Row| match row.lane.is_none() && row.shared.is_empty() {
            true => Err(row.text.clone()),
            false => Ok(cells(row)),
        };
        Table { header, rows: rows.iter().map(line).collect() }
    }

    fn render(&self) -> String {
        let cells = || std::iter::once(&self.header).chain(self.rows.iter().flatten());
        let width = |column: usize| cells().map(|row| row[column].width()).max().unwrap_or(0);
        let widths: Vec<_> = (0..self.header.len()).map(width).collect();
        let mut text = String::new();
        for row in std::iter::once(Ok(&self.header)).chain(self.rows.iter().map(Result::as_ref)) {
            let line = match row {
                Ok(cells) => {
                    let padded =
                        |(cell, width): (&String, &usize)| format!("{cell}{}", " ".repeat(width - cell.width()));
                    cells.iter().zip(&widths).map(padded).collect::<Vec<_>>().join("  ")
                }
                Err(remark) => remark.clone(),
            };
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn margin(row: &Row) -> String {
    let number = row.number.map(|n| n.to_string()).unwrap_or_default();
    format!("{:1}{number:>3}", row.mark)
}
