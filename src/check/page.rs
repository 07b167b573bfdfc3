//! Findings as a page: each witness in lanes, with what else could have happened.

use super::alternatives::alternatives;
use super::{Finding, Instance, Kind, Property, Report, Verdict, Witness};
use crate::scenario::Scenario;
use crate::trace::page::{Cell, Claim, Page, Table, Told};
use crate::trace::{layout, threads, title};

impl Witness {
    /// All there is to say of it on a page, without the command that replays it.
    pub fn told(&self, scenario: &Scenario) -> Told {
        let Witness { property, instance, schedule, trace, remark, .. } = self;
        let alternatives =
            (property.kind() == Kind::Always).then(|| alternatives(scenario, instance, *property, schedule));
        let (ways, states) = alternatives.map(|found| (found.ways, found.picture)).unzip();
        Told {
            name: property.name().to_owned(),
            title: title(scenario, instance),
            claim: Some(Claim::of(*property, scenario)),
            why: vec![remark.clone()],
            note: Some(format!("schedule {}: replay it with oversell::trace::replay", schedule.text(scenario))),
            layout: layout(scenario, trace, &self.closing()),
            ways,
            states,
            ..Told::default()
        }
    }
}

impl Claim {
    /// What a trace claims that shows this property.
    pub fn of(property: Property, scenario: &Scenario) -> Claim {
        let sentence = property.sentence(scenario).to_owned();
        Claim { property: property.name().to_owned(), sentence, broken: property.kind() == Kind::Always }
    }
}

impl Report {
    /// The report as a page.
    pub fn page(&self) -> Page {
        page(&self.scenario, &self.instance, self.engine, &self.findings)
    }
}

/// Findings as a page: what fails first, then what is possible.
pub fn page(scenario: &Scenario, instance: &Instance, engine: &str, findings: &[Finding]) -> Page {
    let mut order: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict.witness().is_some()).collect();
    order.sort_by_key(|finding| finding.property.kind());
    let witnesses = order.iter().filter_map(|finding| finding.verdict.witness());
    let traces: Vec<_> = witnesses.map(|witness| witness.told(scenario)).collect();
    let row = |finding: &Finding| {
        let mark = match finding.verdict.holds() {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "?",
        };
        let trace = order.iter().position(|other| other.property == finding.property);
        let cell = |text: String| Cell { text, trace: None };
        vec![
            Cell { text: format!("{mark} {}", finding.property), trace },
            cell(finding.verdict.name().to_owned()),
            cell(detail(finding, scenario)),
        ]
    };
    let head = ["property", "verdict", "how"].map(str::to_owned).to_vec();
    let rows = findings.iter().map(row).collect();
    let explored = findings.first().map(|finding| finding.verdict.explored().to_string()).unwrap_or_default();
    let mut about = vec![format!("{engine}: {explored}")];
    for assumed in findings.iter().flat_map(|finding| &finding.basis.assumed) {
        let line = format!("assumed: {assumed}");
        if !about.contains(&line) {
            about.push(line);
        }
    }
    Page {
        title: title(scenario, instance),
        about,
        table: Some(Table { first: traces.is_empty(), head, rows }),
        traces,
    }
}

fn detail(finding: &Finding, scenario: &Scenario) -> String {
    let of = scenario.stock().unwrap_or(0);
    match (&finding.verdict, finding.worst) {
        (Verdict::Refuted { witness, .. }, worst) => {
            let worst = worst.map(|worst| format!("at worst {worst} sold of {of}; ")).unwrap_or_default();
            format!("{worst}shown by {}", threads(scenario, &witness.instance))
        }
        (Verdict::Inconclusive { limit, .. }, _) => limit.clone(),
        _ => finding.basis.memory.name().to_owned(),
    }
}
