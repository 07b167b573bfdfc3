//! A trace as lanes and rows, whatever takes the steps, and how it becomes text.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The widest that a trace may get, in columns. One whose lanes do not fit side by side is told in one lane.
pub const WIDEST: usize = 100;

/// The widest that the column of what is shared gets where room is short.
const WIDEST_SHARED: usize = 40;

/// A trace: lanes side by side, and beside them what is shared. Text, HTML and SVG are all made of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The heading of each lane.
    pub lanes: Vec<String>,
    /// The heading of what is shared.
    pub shared: String,
    /// The shared objects, where they are known one by one.
    pub objects: Vec<Object>,
    /// The spans that rows are in, in the order in which they were entered.
    pub spans: Vec<Span>,
    /// The rows, in order.
    pub rows: Vec<Row>,
}

/// A shared object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// What it is: a file, a lock.
    pub what: &'static str,
    /// What is to be seen of it at the start.
    pub first: Face,
}

/// What is to be seen of a shared object at some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Face {
    /// What it holds, if it holds anything.
    pub value: Option<String>,
    /// The lanes of those who hold it.
    pub holders: Vec<usize>,
    /// The lanes of those who cannot go on because of it.
    pub waiters: Vec<usize>,
}

/// A stretch of work that somebody does once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its name.
    pub name: &'static str,
    /// In which lane.
    pub lane: usize,
}

/// What a row tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowKind {
    /// What there is at the start.
    #[default]
    First,
    /// A step.
    Step,
    /// A kill, which is a step of the schedule too.
    Kill,
    /// Something said or decided, which touches nothing shared.
    Said,
    /// An end.
    End,
    /// A death.
    Death,
    /// Where somebody is when the trace ends: waiting, or in the middle of something.
    Left,
    /// What there is to say of the whole trace.
    Remark,
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
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
    /// What the text means in English, where it is in another language.
    pub gloss: String,
    /// What the row changes in what is shared.
    pub shared: String,
    /// What it tells.
    pub kind: RowKind,
    /// Where it stands in the source, if that is known.
    pub source: Option<Source>,
    /// The spans that it is in, outermost first.
    pub spans: Vec<usize>,
    /// The objects that look different after it.
    pub changes: Vec<(usize, Face)>,
}

/// Whether texts in another language are translated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gloss {
    /// Each has its translation below it.
    #[default]
    Beside,
    /// The translation stands in its place.
    Only,
    /// No.
    Off,
}

impl Layout {
    /// The layout as text, at most 100 columns wide: lanes side by side, or, where they are too wide, one
    /// after the other. Texts in another language have their translation below them.
    pub fn text(&self) -> String {
        self.text_with(Gloss::Beside)
    }

    /// The same with such texts translated like this.
    pub fn text_with(&self, gloss: Gloss) -> String {
        self.glossed(gloss).fitting().render()
    }

    /// Every translation that is wanted in a row of its own, after a `=`.
    fn glossed(&self, gloss: Gloss) -> Layout {
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            if row.gloss.is_empty() || gloss == Gloss::Off {
                rows.push(row.clone());
                continue;
            }
            let text = format!("= {}", row.gloss);
            if gloss == Gloss::Only {
                rows.push(Row { text, ..row.clone() });
                continue;
            }
            rows.push(row.clone());
            rows.push(Row { lane: row.lane, text, kind: row.kind, spans: row.spans.clone(), ..Row::default() });
        }
        Layout { rows, ..self.clone() }
    }

    /// The layout as a table that is at most 100 columns wide.
    pub(super) fn fitting(&self) -> Table {
        // A file is called by its whole path if there is room for that.
        let tables = [self.side_by_side(false), self.side_by_side(true)];
        tables.into_iter().find(|table| table.width() <= WIDEST).unwrap_or_else(|| self.list())
    }

    fn side_by_side(&self, short: bool) -> Table {
        let mut header = vec!["step".to_owned()];
        header.extend(self.lanes.iter().cloned());
        header.push(self.shared.clone());
        let source = self.sources(short);
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
        let source = self.sources(false);
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
    fn sources(&self, short: bool) -> Sources<'_> {
        let mut files = self.rows.iter().filter_map(|row| row.source.as_ref()).map(|source| &*source.file);
        match files.next() {
            None => Sources::Unknown,
            Some(file) if files.all(|other| other == file) => {
                Sources::OneFile(if short { file.rsplit('/').next().unwrap_or(file) } else { file })
            }
            Some(_) => Sources::Files,
        }
    }

    fn table(&self, header: Vec<String>, cells: impl Fn(&Row) -> Vec<String>) -> Table {
        let mut lines = vec![(Line::Cells(header), Sort::Plain)];
        for row in &self.rows {
            if row.lane.is_none() && row.shared.is_empty() {
                lines.extend(fold(&row.text, WIDEST).into_iter().map(|text| (Line::Across(text), row.sort())));
            } else {
                lines.push((Line::Cells(cells(row)), row.sort()));
            }
        }
        Table { lines }
    }
}

/// How the source is shown.
enum Sources<'l> {
    Unknown,
    OneFile(&'l str),
    Files,
}

impl Sources<'_> {
    fn heading(&self) -> Option<String> {
        match self {
            Sources::Unknown => None,
            Sources::OneFile(file) => Some((*file).to_owned()),
            Sources::Files => Some("source".to_owned()),
        }
    }

    fn cell(&self, row: &Row) -> Option<String> {
        match (self, &row.source) {
            (Sources::Unknown, _) => None,
            (_, None) => Some(String::new()),
            (Sources::OneFile(_), Some(Source { line, .. })) => Some(format!("line {line}")),
            (Sources::Files, Some(Source { file, line })) => Some(format!("{file}:{line}")),
        }
    }
}

impl Row {
    fn margin(&self) -> String {
        let number = self.number.map(|n| n.to_string()).unwrap_or_default();
        format!("{:1}{number:>3}", self.mark)
    }

    fn sort(&self) -> Sort {
        match (self.mark, self.kind) {
            ("✗", _) | (_, RowKind::Death | RowKind::Kill) => Sort::Bad,
            ("✓", _) => Sort::Good,
            (_, RowKind::Said | RowKind::End | RowKind::Left) => Sort::Aside,
            (_, RowKind::Remark) if self.text.starts_with('✗') => Sort::Bad,
            (_, RowKind::Remark) if self.text.starts_with('✓') => Sort::Good,
            _ => Sort::Plain,
        }
    }
}

/// What stands between two columns.
const GAP: &str = "  ";

/// Lines of cells, and lines that run over all columns. All lines of cells have as many; the first is the heading.
pub(super) struct Table {
    lines: Vec<(Line, Sort)>,
}

pub(super) enum Line {
    Cells(Vec<String>),
    Across(String),
}

/// How a line is meant, where there is colour to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Plain,
    Bad,
    Good,
    Aside,
}

impl Table {
    pub(super) fn lines(&self) -> impl Iterator<Item = &(Line, Sort)> {
        self.lines.iter()
    }

    /// Where each column begins and ends.
    pub(super) fn columns(&self) -> Vec<(usize, usize)> {
        let mut start = 0;
        let column = |width: usize| {
            let from = start;
            start += width + GAP.len();
            (from, from + width)
        };
        self.widths().into_iter().map(column).collect()
    }

    fn width(&self) -> usize {
        let widths = self.widths();
        self.lines.iter().map(|(line, _)| rendered(line, &widths).width()).max().unwrap_or(0)
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for (line, _) in &self.lines {
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
        for (line, sort) in self.lines.drain(..) {
            let Line::Cells(mut cells) = line else {
                folded.push((line, sort));
                continue;
            };
            let mut parts = fold(&cells[column], width).into_iter();
            let columns = cells.len();
            cells[column] = parts.next().unwrap_or_default();
            folded.push((Line::Cells(cells), sort));
            folded.extend(parts.map(|part| {
                let mut below = vec![String::new(); columns];
                below[column] = part;
                (Line::Cells(below), sort)
            }));
        }
        self.lines = folded;
    }

    fn render(&self) -> String {
        let widths = self.widths();
        self.lines.iter().map(|(line, _)| rendered(line, &widths) + "\n").collect()
    }
}

fn rendered(line: &Line, widths: &[usize]) -> String {
    let text = match line {
        Line::Cells(cells) => {
            let padded = |(cell, width): (&String, &usize)| format!("{cell}{}", " ".repeat(width - cell.width()));
            cells.iter().zip(widths).map(padded).collect::<Vec<_>>().join(GAP)
        }
        Line::Across(text) => text.clone(),
    };
    text.trim_end().to_owned()
}

/// The text in lines of at most this width, broken at spaces where there are any; all but the first are indented.
pub(crate) fn fold(text: &str, width: usize) -> Vec<String> {
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
        let lanes = vec!["left".to_owned(), "right".to_owned()];
        Layout { lanes, shared: "shared".to_owned(), rows, ..Layout::default() }
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
    fn a_translation_stands_below_or_alone_or_nowhere() {
        let row = Row { lane: Some(0), text: "> 售空".to_owned(), gloss: "sold out".to_owned(), ..Row::default() };
        let layout = Layout { lanes: vec!["buyer".to_owned()], rows: vec![row], ..Layout::default() };
        let told = |gloss| layout.text_with(gloss);
        assert_eq!(layout.text(), "step  buyer\n      > 售空\n      = sold out\n");
        assert_eq!(told(Gloss::Only), "step  buyer\n      = sold out\n");
        assert_eq!(told(Gloss::Off), "step  buyer\n      > 售空\n");
    }

    #[test]
    fn a_remark_is_folded_too() {
        let long = "word ".repeat(50);
        let text = Layout { rows: vec![Row { text: long, ..Row::default() }], ..Layout::default() }.text();
        assert!(text.lines().all(|line| line.width() <= WIDEST), "{text}");
        assert_eq!(text.matches("word").count(), 50);
    }
}
