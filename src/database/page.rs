//! Reports as a page: each execution that breaks something, in lanes.

use super::lanes::{Closing, layout};
use super::{Report, Verdict, replay_line, said};
use crate::trace::page::{Cell, Claim, Page, Table, Told};

/// Reports as a page. What else could have happened is not on it: that takes more executions on the database.
pub fn page(title: &str, reports: &[Report]) -> Page {
    let mut page = Page { title: title.to_owned(), ..Page::default() };
    let head = ["checkout", "database", "level", "property", "verdict"].map(str::to_owned).to_vec();
    let mut rows = Vec::new();
    for report in reports {
        let place = [report.checkout.as_str(), &report.title, report.level.name()];
        for finding in &report.findings {
            let trace = match &finding.verdict {
                Verdict::Refuted(witness) => {
                    let remark = format!("{}: {}", finding.property, witness.remark);
                    let closing = Closing::Broken(vec![remark]);
                    let name = [&report.checkout, &report.database, report.level.name(), finding.property.name()];
                    page.traces.push(Told {
                        name: name.join("."),
                        title: format!("{}, {} at {}", report.checkout, report.database, report.level),
                        claim: Some(Claim {
                            property: finding.property.name().to_owned(),
                            sentence: finding.property.says().to_owned(),
                            broken: true,
                        }),
                        why: vec![witness.remark.clone()],
                        replay: Some(replay_line(
                            report.called.as_deref(),
                            &report.database,
                            report.level,
                            witness.buyers,
                            &witness.schedule,
                        )),
                        note: Some(report.says.clone()),
                        layout: layout(&witness.execution, &witness.schedule.cast, &closing),
                        ..Told::default()
                    });
                    Some(page.traces.len() - 1)
                }
                _ => None,
            };
            let cell = |text: &str| Cell { text: text.to_owned(), trace: None };
            let mut row: Vec<_> = place.iter().map(|text| cell(text)).collect();
            row.push(cell(finding.property.name()));
            row.push(Cell { text: said(&finding.verdict), trace });
            rows.push(row);
        }
    }
    page.about = vec!["What else overlaps inside a statement is not looked at.".to_owned()];
    page.table = Some(Table { first: true, head, rows });
    page
}
