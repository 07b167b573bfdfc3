//! Pictures as SVG: a trace in lanes, on the same grid of characters as the text.

use super::layout::{Layout, Line, Sort};
use super::page::Table as PageTable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How wide a character is, and how high a line.
const CHARACTER: f64 = 8.0;
const LINE: f64 = 20.0;
const MARGIN: f64 = 14.0;

/// How many characters stand between two columns of a table.
const GAP: usize = 2;

/// Colours for light and dark, as a page does not reach into a picture that it shows.
const STYLE: &str = "\
svg{--paper:#fff;--ink:#1b2027;--soft:#545d69;--line:#d3d9e0;--bad:#b3142b;--good:#17692f;--turn:#8a4b00;--band:#f4f6f9;--doomed:#fdf0f1;--here:#0b57b8}\
@media(prefers-color-scheme:dark){svg{--paper:#14171c;--ink:#e3e7ec;--soft:#a3adb9;--line:#353d48;--bad:#ff8d97;--good:#74d08d;--turn:#f5b964;--band:#1c2128;--doomed:#2c1a1e;--here:#86b9ff}}\
text{font:13.3px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace;fill:var(--ink);white-space:pre}\
.b{font-weight:700}.s{fill:var(--soft)}.x{fill:var(--bad)}.o{fill:var(--good)}";

/// A text that stands in a document as it is.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A picture of this size, with a title for whoever does not see it.
pub(crate) fn picture(width: f64, height: f64, title: &str, style: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{style}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"var(--paper)\"/>\n{body}</svg>\n"
    )
}

/// Lines of text on a grid of characters: pieces, each with its column, and a class.
pub struct Grid {
    title: String,
    lines: Vec<Vec<(usize, String, &'static str)>>,
    /// Bands behind the columns from here to there.
    bands: Vec<(usize, usize)>,
}

impl Grid {
    /// Nothing yet.
    pub fn new(title: &str) -> Self {
        Grid { title: title.to_owned(), lines: Vec::new(), bands: Vec::new() }
    }

    /// One line more.
    pub fn line(&mut self, pieces: Vec<(usize, String, &'static str)>) {
        self.lines.push(pieces);
    }

    /// A band behind some columns.
    pub fn band(&mut self, from: usize, to: usize) {
        self.bands.push((from, to));
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let columns = self.lines.iter().flatten().map(|(column, text, _)| column + text.width()).max().unwrap_or(0);
        let (width, height) =
            (columns as f64 * CHARACTER + 2.0 * MARGIN, self.lines.len() as f64 * LINE + 2.0 * MARGIN);
        let mut body = String::new();
        for (from, to) in &self.bands {
            let (x, wide) = (MARGIN + (*from as f64 - 0.5) * CHARACTER, (to - from + 1) as f64 * CHARACTER);
            let tall = height - MARGIN;
            body.push_str(&format!(
                "<rect x=\"{x}\" y=\"{}\" width=\"{wide}\" height=\"{tall}\" rx=\"4\" fill=\"var(--band)\"/>\n",
                MARGIN / 2.0
            ));
        }
        for (number, line) in self.lines.iter().enumerate() {
            let y = MARGIN + number as f64 * LINE + 14.0;
            for (column, text, class) in line.iter().filter(|(_, text, _)| !text.is_empty()) {
                let x = MARGIN + *column as f64 * CHARACTER;
                let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
                body.push_str(&format!("<text y=\"{y}\"{class}>{}</text>\n", spread(text, x)));
            }
        }
        picture(width, height, &self.title, STYLE, &body)
    }
}

/// A text whose runs of narrow and of wide characters each begin where the grid has them, whatever the font does.
fn spread(text: &str, x: f64) -> String {
    let mut runs: Vec<(usize, usize, String)> = Vec::new();
    let mut column = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        match runs.last_mut() {
            Some((_, width, run)) if *width == wide || wide == 0 => run.push(c),
            _ => runs.push((column, wide, c.to_string())),
        }
        column += wide;
    }
    let run = |(column, _, run): &(usize, usize, String)| {
        let length = run.width() as f64 * CHARACTER;
        format!(
            "<tspan x=\"{}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\">{}</tspan>",
            x + *column as f64 * CHARACTER,
            escaped(run)
        )
    };
    runs.iter().map(run).collect()
}

impl Layout {
    /// The layout as a picture: what the text has, where the text has it.
    pub fn svg(&self, title: &str) -> String {
        let table = self.fitting();
        let mut grid = Grid::new(title);
        grid.line(vec![(0, title.to_owned(), "b")]);
        grid.line(Vec::new());
        let columns = table.columns();
        for (from, to) in columns.iter().skip(1) {
            grid.band(*from, *to);
        }
        for (number, (line, sort)) in table.lines().enumerate() {
            let class = match sort {
                _ if number == 0 => "b",
                Sort::Bad => "x",
                Sort::Good => "o",
                Sort::Aside => "s",
                Sort::Plain => "",
            };
            grid.line(match line {
                Line::Cells(cells) => {
                    columns.iter().zip(cells).map(|((from, _), cell)| (*from, cell.clone(), class)).collect()
                }
                Line::Across(text) => vec![(0, text.clone(), class)],
            });
        }
        grid.svg()
    }
}

impl PageTable {
    /// The table as a picture, with some lines below it.
    pub fn svg(&self, title: &str, notes: &[String]) -> String {
        let mut grid = Grid::new(title);
        let texts = self.rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>());
        let head: Vec<_> = self.head.iter().map(String::as_str).collect();
        let all: Vec<_> = std::iter::once(head).chain(texts).collect();
        let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|text| text.width()).max();
        let mut starts = vec![0];
        for column in 0..self.head.len() {
            starts.push(starts[column] + width(column).unwrap_or(0) + GAP);
        }
        for (number, row) in all.iter().enumerate() {
            let class = |text: &str| match text.chars().next() {
                _ if number == 0 => "b",
                Some('✗') => "x",
                Some('✓') => "o",
                _ => "",
            };
            grid.line(starts.iter().zip(row).map(|(start, text)| (*start, (*text).to_owned(), class(text))).collect());
        }
        grid.line(Vec::new());
        for note in notes {
            grid.line(vec![(0, note.clone(), "s")]);
        }
        grid.svg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_keep_to_the_grid() {
        assert_eq!(
            spread("a路人b", 0.0),
            "<tspan x=\"0\" textLength=\"8\" lengthAdjust=\"spacingAndGlyphs\">a</tspan>\
             <tspan x=\"8\" textLength=\"32\" lengthAdjust=\"spacingAndGlyphs\">路人</tspan>\
             <tspan x=\"40\" textLength=\"8\" lengthAdjust=\"spacingAndGlyphs\">b</tspan>"
        );
    }
}
