//! A trace as lanes and rows, whatever takes the steps, and how it becomes text.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The widest that a trace may get, in columns. One whose lanes do not fit side by side is told in one lane.
pub const WIDEST: usize = 100;

/// The widest that the column of what is shared gets where room is short.
const WIDEST_SHARED: usize = 40;

/// A trace: lanes side by side, and beside them what is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The heading of each lane.
    pub lanes: Vec<String>,
    /// The heading of what is shared.
    pub shared: String,
    /// The rows, in order.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// A sign in the margin, one column wide, or nothing.
    pub mark: &'static str,
    /// The number of the step, if it is one.
    pub number: Option<usize>,
    /// In which lane; a text in none runs over all of them.
    pub lane: Option<usize>,
    /// What is said there.
    pub text: String,
    /// What the row changes in what is shared.
    pub shared: String,
    /// Where in the source it happens, as `file:line`; nothing where that is not known.
    pub source: String,
}

impl Layout {
    /// The layout as text, at most 100 columns wide: lanes side by side, or, where they are too wide, one
    /// after the other.
    pub fn text(&self) -> String {
        // A file is called by its whole path if there is room for that.
        let tables = [self.side_by_side(false), self.side_by_side(true)].map(|table| table.render());
        let fits = |text: &String| text.lines().all(|line| line.width() <= WIDEST);
        tables.into_iter().find(fits).unwrap_or_else(|| self.list().render())
    }

    fn side_by_side(&self, short: bool) -> Table {
        let mut header = vec!["step".to_owned()];
        header.extend(self.lanes.iter().cloned());
        header.push(self.shared.clone());
        let source = self.source(short);
        header.extend(source.heading());
        self.table(header, |row| {
            let mut cells = vec![row.margin()];
            cells.extend((0..self.lanes.len()).map(|lane| if row.lane == Some(lane) { &*row.text } else { "" }.into()));
            cells.push(row.shared.clone());
            cells.extend(source.cell(row));
            cells
        })
    }

    /// One lane for all, whose texts are folded to what is left of the width.
    fn list(&self) -> Table {
        let source = self.source(false);
        let header = ["step".to_owned(), "who".to_owned(), "what".to_owned(), self.shared.clone()];
        let header = header.into_iter().chain(source.heading()).collect();
        let who = |row: &Row| row.lane.map(|lane| self.lanes[lane].clone()).unwrap_or_default();
        let cells = |row: &Row| [row.margin(), who(row), row.text.clone(), row.shared.clone()];
        let mut table = self.table(header, |row| cells(row).into_iter().chain(source.cell(row)).collect());
        let widths = table.widths();
        let shared = widths[3].min(WIDEST_SHARED);
        let source = widths.get(4).map_or(0, |source| source + GAP.len());
        let what = WIDEST.saturating_sub(widths[0] + widths[1] + shared + source + 3 * GAP.len()).max(WIDEST_SHARED);
        table.fold(2, what);
        table.fold(3, shared);
        table
    }

    /// How the source is shown: where it is all in one file, that is said once.
    fn source(&self, short: bool) -> Source<'_> {
        let mut files = self.rows.iter().filter_map(|row| row.source.rsplit_once(':')).map(|(file, _)| file);
        match files.next() {
            None => Source::Unknown,
            Some(file) if files.all(|other| other == file) => {
                Source::File(if short { file.rsplit('/').next().unwrap_or(file) } else { file })
            }
            Some(_) => Source::Files,
        }
    }

    fn table(&self, header: Vec<String>, cells: impl Fn(&Row) -> Vec<String>) -> Table {
        let line = |row: &Row| match row.lane.is_none() && row.shared.is_empty() {
            true => Line::Across(row.text.clone()),
            false => Line::Cells(cells(row)),
        };
        let lines = std::iter::once(Line::Cells(header)).chain(self.rows.iter().map(line)).collect();
        Table { lines }
    }
}

/// How the source is shown.
enum Source<'l> {
    Unknown,
    File(&'l str),
    Files,
}

impl Source<'_> {
    fn heading(&self) -> Option<String> {
        match self {
            Source::Unknown => None,
            Source::File(file) => Some((*file).to_owned()),
            Source::Files => Some("source".to_owned()),
        }
    }

    fn cell(&self, row: &Row) -> Option<String> {
        match (self, row.source.rsplit_once(':')) {
            (Source::Unknown, _) => None,
            (Source::File(_), Some((_, line))) => Some(format!("line {line}")),
            (Source::File(_) | Source::Files, _) => Some(row.source.clone()),
        }
    }
}

impl Row {
    fn margin(&self) -> String {
        let number = self.number.map(|n| n.to_string()).unwrap_or_default();
        format!("{:1}{number:>3}", self.mark)
    }
}

/// What stands between two columns.
const GAP: &str = "  ";

/// Lines of cells, and lines that run over all columns. All lines of cells have as many.
struct Table {
    lines: Vec<Line>,
}

enum Line {
    Cells(Vec<String>),
    Across(String),
}

impl Table {
    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for line in &self.lines {
            let Line::Cells(cells) = line else { continue };
            widths.resize(cells.len(), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.width().max(*width);
            }
        }
        widths
    }

    /// Breaks the cells of a column that are wider than this; what is broken off gets a line of its own below.
    fn fold(&mut self, column: usize, width: usize) {
        let mut folded = Vec::new();
        for line in self.lines.drain(..) {
            let Line::Cells(mut cells) = line else {
                folded.push(line);
                continue;
            };
            let mut parts = fold(&cells[column], width).into_iter();
            let columns = cells.len();
            cells[column] = parts.next().unwrap_or_default();
            folded.push(Line::Cells(cells));
            folded.extend(parts.map(|part| {
                let mut below = vec![String::new(); columns];
                below[column] = part;
                Line::Cells(below)
            }));
        }
        self.lines = folded;
    }

    fn render(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        let mut push = |line: &str| {
            text.push_str(line.trim_end());
            text.push('\n');
        };
        for line in &self.lines {
            match line {
                Line::Cells(cells) => {
                    let padded =
                        |(cell, width): (&String, &usize)| format!("{cell}{}", " ".repeat(width - cell.width()));
                    push(&cells.iter().zip(&widths).map(padded).collect::<Vec<_>>().join(GAP));
                }
                Line::Across(text) => fold(text, WIDEST).iter().for_each(|line| push(line)),
            }
        }
        text
    }
}

/// The text in lines of at most this width, broken at spaces where there are any; all but the first are indented.
fn fold(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_inclusive(' ') {
        if line.width() + word.trim_end().width() > width && !line.trim().is_empty() {
            lines.push(std::mem::replace(&mut line, GAP.to_owned()));
        }
        for c in word.chars() {
            if line.width() + c.width().unwrap_or(0) > width && c != ' ' {
                lines.push(std::mem::replace(&mut line, GAP.to_owned()));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(texts: [&str; 2], shared: &str) -> Layout {
        let row =
            |lane, text: &str| Row { number: Some(lane + 1), lane: Some(lane), text: text.into(), ..Row::default() };
        let mut rows = vec![Row { shared: shared.to_owned(), ..Row::default() }];
        rows.extend(texts.iter().enumerate().map(|(lane, text)| row(lane, text)));
        rows.push(Row { text: "✗ it is so".to_owned(), ..Row::default() });
        Layout { lanes: vec!["left".to_owned(), "right".to_owned()], shared: "shared".to_owned(), rows }
    }

    #[test]
    fn wide_characters_keep_columns_straight() {
        let text = layout(["路人", "read"], "2").text();
        assert_eq!(text, "step  left  right  shared\n                   2\n   1  路人\n   2        read\n✗ it is so\n");
    }

    #[test]
    fn what_does_not_fit_side_by_side_is_told_in_one_lane_and_folded() {
        let long = "update tickets set left = left - 1 where id = 7 and left > 0 returning left and a good deal more that is said";
        let text = layout([long, "x"], &"y".repeat(130)).text();
        assert!(text.starts_with("step  who    what"), "{text}");
        assert!(text.lines().all(|line| line.width() <= WIDEST), "{text}");
        assert_eq!(text.matches('y').count(), 130, "{text}");
        let words: Vec<_> = text.split_whitespace().collect();
        assert!(long.split(' ').all(|word| words.contains(&word)), "{text}");
    }

    #[test]
    fn a_remark_is_folded_too() {
        let long = "word ".repeat(50);
        let text = Layout { rows: vec![Row { text: long, ..Row::default() }], ..Layout::default() }.text();
        assert!(text.lines().all(|line| line.width() <= WIDEST), "{text}");
        assert_eq!(text.matches("word").count(), 50);
    }
}
