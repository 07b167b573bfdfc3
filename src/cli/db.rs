//! `oversell db`: checkouts over real databases.

use super::args::{DbArgs, Format};
use super::files;
use super::nearest::did_you_mean;
use super::page::Pictures;
use super::progress::Watch;
use super::terminal::{say, show};
use super::{Done, Exit, Failure, print};
use crate::database::table::{Job, SIGNS, legend, overview, survey, table};
use crate::database::{
    Checkout, Database, DatabaseError, Level, Property, Question, Report, Verdict, catalogue, check, replay,
    replay_line, said, witnesses,
};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;

pub fn db(args: &DbArgs) -> Done {
    let watch = Watch::start("starting the databases");
    let databases = databases(args)?;
    drop(watch);
    let jobs = jobs(args, &databases)?;
    if jobs.is_empty() {
        return Err(Failure::new("there is nothing to check: that checkout cannot be written there, or at that level"));
    }
    if let Some(schedule) = &args.schedule {
        return one(args, &jobs, schedule);
    }
    let mut question = Question::of(args.buyers);
    question.cuts = args.kills;
    question.limits.executions = args.max_executions;
    if args.outcomes {
        return outcomes(args, &jobs, question);
    }
    let named = args.checkout.is_some() || args.file.is_some();
    let at_once = if args.url.is_some() { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let watch = Watch::start("performing every order of the statements");
    let reports = survey(&jobs, question, at_once)?;
    drop(watch);
    match args.format {
        Format::Json => print(&super::report::json(reports.iter().flat_map(rows).collect()))?,
        Format::Text if named => show(&verdicts(&reports))?,
        Format::Text => {
            show(&format!("{}\n{SIGNS}\n{}\n{}", overview(&reports), table(&reports), legend(question)))?;
        }
    }
    let title = if named { reports[0].checkout.as_str() } else { "Checkouts over real databases" };
    let pictures = Pictures { html: args.html.clone(), svg: None };
    pictures.write(|| crate::database::page(title, &reports), |_| None)?;
    // The whole table is a report, whatever fails in it.
    Ok(if named { exit(&reports) } else { Exit::Holds })
}

fn exit(reports: &[Report]) -> Exit {
    let holds: Vec<_> =
        reports.iter().flat_map(|report| &report.findings).map(|finding| finding.verdict.holds()).collect();
    match (holds.contains(&Some(false)), holds.contains(&None)) {
        (true, _) => Exit::Fails,
        (false, true) => Exit::Inconclusive,
        (false, false) => Exit::Holds,
    }
}

/// The databases that are asked for. Of `all`, those without a server are left out, and that is said.
fn databases(args: &DbArgs) -> Result<Vec<Arc<dyn Database>>, Failure> {
    if let Some(url) = &args.url {
        return Ok(vec![by_url(url)?]);
    }
    let all = args.on.iter().any(|name| name == "all");
    #[allow(unused_variables, reason = "without any database nobody is asked for")]
    let wanted =
        |name: &str| all || args.on.iter().any(|on| on == name || name.starts_with("sqlite") && on == "sqlite-all");
    let mut databases: Vec<Arc<dyn Database>> = Vec::new();
    #[cfg(feature = "sqlite")]
    for sqlite in crate::database::sqlite::Sqlite::all() {
        if wanted(sqlite.name()) {
            databases.push(Arc::new(sqlite));
        }
    }
    #[allow(unused_mut, reason = "without servers nobody is added")]
    let mut add = |name: &str, started: Result<Arc<dyn Database>, DatabaseError>| match started {
        Ok(database) => {
            databases.push(database);
            Ok(())
        }
        Err(error) if all => {
            say(&format!("{name} is skipped, because {error}"));
            Ok(())
        }
        Err(error) => Err(Failure::from(error)),
    };
    #[cfg(feature = "postgres")]
    if wanted("postgres") {
        add("postgres", crate::database::postgres::Postgres::start().map(|it| Arc::new(it) as Arc<dyn Database>))?;
    }
    #[cfg(feature = "mariadb")]
    if wanted("mariadb") {
        add("mariadb", crate::database::mariadb::Mariadb::start().map(|it| Arc::new(it) as Arc<dyn Database>))?;
    }
    let _ = &mut add;
    if databases.is_empty() {
        let on = args.on.join(", ");
        return Err(Failure::new(format!("this was built without {on}, or there is no such database")));
    }
    Ok(databases)
}

fn by_url(url: &str) -> Result<Arc<dyn Database>, Failure> {
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres") {
        return Ok(Arc::new(crate::database::postgres::Postgres::at(url)?));
    }
    #[cfg(feature = "mariadb")]
    if url.starts_with("mysql") {
        return Ok(Arc::new(crate::database::mariadb::Mariadb::at(url)?));
    }
    Err(Failure::new(format!("`{url}` is no URL of a database that this knows: postgres://… or mysql://…")))
}

fn jobs(args: &DbArgs, databases: &[Arc<dyn Database>]) -> Result<Vec<Job>, Failure> {
    let patterns = match &args.checkout {
        Some(name) => {
            let names = catalogue::all().into_iter().map(|pattern| pattern.name);
            let unknown = |error| Failure::new(format!("{error}{}", did_you_mean(name, names)));
            vec![catalogue::Pattern::named(name).map_err(unknown)?]
        }
        None => catalogue::all(),
    };
    let mut jobs = Vec::new();
    let mut push = |database: &Arc<dyn Database>, checkout: Checkout| {
        for level in database.levels() {
            if args.level.is_none_or(|wanted| wanted == *level) {
                jobs.push(Job { database: database.clone(), checkout: checkout.clone(), level: *level });
            }
        }
    };
    if let Some(path) = &args.file {
        // A device has no end.
        files::read(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
        let checkout = crate::database::sql_file::read(path)?;
        databases.iter().for_each(|database| push(database, checkout.clone()));
        return Ok(jobs);
    }
    for pattern in patterns {
        for database in databases {
            if let Some(checkout) = pattern.on(database.dialect()) {
                push(database, checkout);
            }
        }
    }
    Ok(jobs)
}

fn verdicts(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}, {}", report.checkout, report.scope());
        for finding in &report.findings {
            let _ = writeln!(text, "  {:<16} {}", finding.property, said(&finding.verdict));
        }
        text.push('\n');
    }
    if let Some(witnesses) = witnesses(reports) {
        text.push_str(&witnesses);
        text.push('\n');
    }
    text.push_str("What else overlaps inside a statement is not looked at.\n");
    text
}

fn one(args: &DbArgs, jobs: &[Job], schedule: &str) -> Done {
    let [job] = jobs else {
        return Err(Failure::new("a schedule is of one checkout on one database: name it, --on and --level"));
    };
    let replayed = replay(&job.database, &job.checkout, job.level, args.buyers, schedule)?;
    let (name, database) = (&job.checkout.name, job.database.name());
    let line = replay_line(job.checkout.called.as_deref(), database, job.level, args.buyers, &replayed.schedule);
    show(&format!("{name}, {} at {}\n\n{}\n{line}\n", job.database.title(), job.level, replayed.lanes()))?;
    Ok(Exit::Holds)
}

fn outcomes(args: &DbArgs, jobs: &[Job], question: Question) -> Done {
    let mut text = String::new();
    let mut rows = Vec::new();
    for Job { database, checkout, level } in jobs {
        let report = check(database, checkout, *level, question)?;
        let _ = writeln!(text, "{}, {}", report.checkout, report.scope());
        for (outcome, schedule) in &report.outcomes {
            let ends: Vec<_> = outcome.ends.iter().map(ended).collect();
            let left = outcome.left.map_or("?".to_owned(), |left| left.to_string());
            let (sold, ends) = (outcome.sold, ends.join(", "));
            let _ = writeln!(text, "  {sold} sold, {left} left; {ends}; {}: {schedule}", outcome.committed);
            rows.push(json!({
                "checkout": report.checkout, "database": report.database, "version": report.title,
                "level": level.name(), "buyers": question.buyers, "sold": sold, "left": outcome.left,
                "ends": outcome.ends.iter().map(ended).collect::<Vec<_>>(), "committed": outcome.committed,
                "schedule": schedule.to_string(),
            }));
        }
        text.push('\n');
    }
    match args.format {
        Format::Text => show(&text)?,
        Format::Json => print(&super::report::json(rows))?,
    }
    Ok(Exit::Holds)
}

fn ended(end: &crate::database::End) -> String {
    use crate::database::End;
    match end {
        End::Bought => "bought".to_owned(),
        End::SoldOut => "sold out".to_owned(),
        End::Withdrew => "withdrew".to_owned(),
        End::Other(how) => how.clone(),
        End::Failed(message) => format!("error: {message}"),
    }
}

fn rows(report: &Report) -> Vec<Value> {
    let row = |finding: &crate::database::Finding| {
        let witness = finding.verdict.witness();
        json!({
            "checkout": report.checkout, "database": report.database, "version": report.title,
            "level": report.level.name(), "buyers": report.question.buyers, "kills": report.question.cuts,
            "tickets": report.tickets, "property": finding.property.name(), "verdict": word(&finding.verdict),
            "says": said(&finding.verdict), "executions": report.executions, "granularity": "statement",
            "witness_buyers": witness.map(|witness| witness.buyers),
            "schedule": witness.map(|witness| witness.schedule.to_string()),
            "worst": (finding.property == Property::NoOversell).then_some(report.worst),
        })
    };
    report.findings.iter().map(row).collect()
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Proved => "proved",
        Verdict::Refuted(_) => "refuted",
        Verdict::Possible(_) => "possible",
        Verdict::Impossible => "impossible",
        Verdict::Inconclusive(_) => "inconclusive",
    }
}

/// The level of this name.
pub(super) fn level(name: &str) -> Result<Level, String> {
    Level::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| {
        let names: Vec<_> = Level::ALL.iter().map(|level| level.name()).collect();
        format!("the levels are {}", names.join(", "))
    })
}
