//! A page as HTML: one file that loads nothing, with the traces as data in it and a script to walk through them.

use super::layout::{Face, Layout, Row, RowKind};
use super::page::{Beside, Cell, Fate, Page, Told, Ways};
use super::svg::escaped;
use serde_json::{Value, json};

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

impl Page {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let mut html = String::new();
        // Not by replacing one after the other: what is filled in first may look like a place to fill in.
        let mut rest = PAGE;
        while let Some((before, after)) = rest.split_once("{{") {
            let (place, after) = after.split_once("}}").expect("the template closes what it opens");
            html.push_str(before);
            match place {
                "title" => html.push_str(&escaped(&self.title)),
                "style" => html.push_str(STYLE.trim_end()),
                "script" => html.push_str(SCRIPT.trim_end()),
                "data" => html.push_str(&embedded(&self.data())),
                other => unreachable!("the template asks for `{other}`"),
            }
            rest = after;
        }
        html + rest
    }

    /// What the script is given.
    pub fn data(&self) -> Value {
        let table = self.table.as_ref().map(|table| {
            let rows: Vec<Vec<_>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
            json!({ "first": table.first, "head": table.head, "rows": rows })
        });
        let traces: Vec<_> = self.traces.iter().map(told).collect();
        json!({ "title": self.title, "about": self.about, "table": table, "traces": traces })
    }
}

/// JSON that can stand inside a script element: nothing in it ends the element, or begins a comment.
fn embedded(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c")
}

fn cell(cell: &Cell) -> Value {
    json!({ "text": cell.text, "trace": cell.trace })
}

fn told(told: &Told) -> Value {
    let Told { name, title, claim, why, replay, note, layout, ways, beside, states } = told;
    let holds = match claim {
        Some(claim) if claim.broken => "broken",
        Some(_) => "reached",
        None => "stands",
    };
    let (turn, steps, unknown) = match ways {
        Some(Ways::Known { turn, steps }) => (Some(json!({ "step": turn })), Some(steps), None),
        Some(Ways::Unknown(why)) => (None, None, Some(why)),
        None => (None, None, None),
    };
    let steps = steps.map(|steps| steps.iter().map(|ways| ways.iter().map(way).collect()).collect::<Vec<Value>>());
    let Layout { lanes, objects, spans, rows, .. } = with_objects(layout);
    let objects: Vec<_> = objects
        .iter()
        .map(|object| json!({ "name": object.name, "what": object.what, "first": face(&object.first) }))
        .collect();
    let spans: Vec<_> = spans.iter().map(|span| json!({ "name": span.name, "lane": span.lane })).collect();
    json!({
        "name": name,
        "title": title,
        "property": claim.as_ref().map(|claim| &claim.property),
        "sentence": claim.as_ref().map(|claim| &claim.sentence),
        "holds": holds,
        "why": why,
        "replay": replay,
        "note": note,
        "lanes": lanes,
        "objects": objects,
        "spans": spans,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "turn": turn,
        "ways": steps,
        "unknown": unknown,
        "beside": beside.as_ref().map(beside_json),
        "states": states.as_ref().map(|(svg, says)| json!({ "svg": svg, "says": says })),
    })
}

/// Where what is shared is only known as a whole, that is the one object.
fn with_objects(layout: &Layout) -> Layout {
    let mut layout = layout.clone();
    if layout.objects.is_empty() && layout.rows.iter().any(|row| !row.shared.is_empty()) {
        let first = layout.rows.iter().find(|row| row.kind == RowKind::First).map(|row| row.shared.clone());
        let face = |value: String| Face { value: Some(value), ..Face::default() };
        let name = layout.shared.clone();
        layout.objects.push(super::layout::Object { name, what: "", first: face(first.unwrap_or_default()) });
        for row in layout.rows.iter_mut().filter(|row| row.kind != RowKind::First && !row.shared.is_empty()) {
            row.changes.push((0, face(row.shared.clone())));
        }
    }
    layout
}

fn row(row: &Row) -> Value {
    let kind = match row.kind {
        RowKind::First => "first",
        RowKind::Step => "step",
        RowKind::Kill => "kill",
        RowKind::Said => "said",
        RowKind::End => "end",
        RowKind::Death => "death",
        RowKind::Left => "left",
        RowKind::Remark => "remark",
    };
    let changes: Vec<_> = row
        .changes
        .iter()
        .map(|(object, now)| {
            let mut change = face(now);
            change["object"] = json!(object);
            change
        })
        .collect();
    json!({
        "n": row.number,
        "mark": row.mark,
        "lane": row.lane,
        "kind": kind,
        "text": row.text,
        "gloss": (!row.gloss.is_empty()).then_some(&row.gloss),
        "source": row.source.as_ref().map(|source| json!({ "file": source.file, "line": source.line })),
        "spans": row.spans,
        "changes": changes,
    })
}

fn face(face: &Face) -> Value {
    json!({ "value": face.value, "holders": face.holders, "waiters": face.waiters })
}

fn way(way: &super::page::Way) -> Value {
    let fate = match way.fate {
        Fate::Good => "good",
        Fate::Doomed => "doomed",
        Fate::Breaks => "breaks",
    };
    let then: Vec<_> = way.then.iter().map(|(who, text)| json!({ "who": who, "text": text })).collect();
    json!({ "who": way.who, "text": way.text, "taken": way.taken, "fate": fate, "then": then })
}

fn beside_json(beside: &Beside) -> Value {
    let rows = beside.rows.iter().map(|row| {
        json!({
            "n": row.number,
            "who": row.who,
            "left": row.left,
            "right": row.right,
            "differ": row.left != row.right,
        })
    });
    json!({
        "wrong": beside.wrong,
        "name": beside.right,
        "parts": beside.parts,
        "rows": rows.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_data_ends_the_script_or_is_taken_for_a_place_to_fill_in() {
        let hostile = "</script><!-- <script>{{style}} \u{2028}".to_owned();
        let page = Page { title: hostile.clone(), about: vec![hostile.clone()], ..Page::default() };
        let html = page.html();
        assert_eq!(html.matches("</script>").count(), PAGE.matches("</script>").count(), "{html}");
        assert!(!html.contains("<!--"), "{html}");
        assert_eq!(html.matches(STYLE.trim_end()).count(), 1);
        let data = html.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["about"][0], json!(hostile));
    }

    #[test]
    fn the_page_is_small_and_names_nothing_to_load() {
        let html = Page::default().html();
        assert!(html.len() < 300_000, "{} bytes", html.len());
        for outside in ["http:", "https:", "src=", "@import", "url(", "fetch(", "<link"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
