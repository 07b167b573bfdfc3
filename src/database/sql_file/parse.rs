//! From text to a checkout.

use super::perform::{Condition, Op, Sign, perform};
use crate::database::{Checkout, End, Role};
use std::sync::Arc;

/// A line that says what is for what, or a statement; each with the number of its line.
enum Part {
    Word(usize, String),
    Statement(usize, String),
}

pub(super) fn checkout(text: &str) -> Result<Checkout, String> {
    let parts = parts(text)?;
    let mut checkout = Checkout::new("checkout", 1, |_| Ok(End::Other("done".to_owned())));
    checkout.roles.clear();
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        at += 1;
        let (line, words) = match part {
            Part::Word(line, words) => (*line, words.as_str()),
            Part::Statement(line, sql) => return Err(format!("line {line}: `{sql}` stands in no section")),
        };
        let (word, rest) = words.split_once(' ').map_or((words, ""), |(word, rest)| (word, rest.trim()));
        let number = || rest.parse().map_err(|_| format!("line {line}: `{rest}` is no whole number"));
        match word {
            "checkout" => checkout.name = rest.to_owned(),
            "tickets" => checkout.tickets = number()?,
            "setup" => checkout.tables = statements(&parts, &mut at),
            "fill" => checkout.fill = statements(&parts, &mut at),
            "left" => checkout.left = Some(query(line, &parts, &mut at)?),
            "show" => {
                let query = query(line, &parts, &mut at)?;
                checkout.shown.push((rest.to_owned(), query));
            }
            "role" => checkout.roles.push(role(line, rest, &parts, &mut at)?),
            other => return Err(format!("line {line}: `--! {other}` does not begin a section")),
        }
    }
    match checkout.roles.is_empty() {
        true => Err("there is no role: nobody would act".to_owned()),
        false => Ok(checkout),
    }
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut statement, mut began) = (Vec::new(), String::new(), 0);
    for (i, line) in text.lines().enumerate() {
        let (number, line) = (i + 1, line.trim());
        if let Some(words) = line.strip_prefix("--!") {
            if !statement.is_empty() {
                return Err(format!("line {began}: `{statement}` does not end with a semicolon"));
            }
            parts.push(Part::Word(number, words.split_whitespace().collect::<Vec<_>>().join(" ")));
            continue;
        }
        if line.is_empty() || line.starts_with("--") {
            continue;
        }
        if statement.is_empty() {
            began = number;
        } else {
            statement.push(' ');
        }
        statement.push_str(line);
        if let Some(whole) = statement.strip_suffix(';') {
            parts.push(Part::Statement(began, whole.trim().to_owned()));
            statement.clear();
        }
    }
    match statement.is_empty() {
        true => Ok(parts),
        false => Err(format!("line {began}: `{statement}` does not end with a semicolon")),
    }
}

fn statements(parts: &[Part], at: &mut usize) -> Vec<String> {
    let mut statements = Vec::new();
    while let Some(Part::Statement(_, sql)) = parts.get(*at) {
        statements.push(sql.clone());
        *at += 1;
    }
    statements
}

fn query(line: usize, parts: &[Part], at: &mut usize) -> Result<String, String> {
    match statements(parts, at).as_slice() {
        [query] => Ok(query.clone()),
        other => Err(format!("line {line}: here stands one query, and there are {}", other.len())),
    }
}

fn role(line: usize, rest: &str, parts: &[Part], at: &mut usize) -> Result<Role, String> {
    let mut words = rest.split(' ');
    let name = words.next().filter(|name| !name.is_empty()).ok_or(format!("line {line}: a role has a name"))?;
    let count = words.next().map(str::parse).transpose().map_err(|_| format!("line {line}: how many is a number"))?;
    let mut retries = 0;
    if let Some(Part::Word(line, words)) = parts.get(*at)
        && let Some(times) = words.strip_prefix("retry ")
    {
        retries = times.parse().map_err(|_| format!("line {line}: `{times}` is no whole number"))?;
        *at += 1;
    }
    let (ops, closing) = block(parts, at)?;
    if let Some((line, word)) = closing {
        return Err(format!("line {line}: `--! {word}` closes nothing"));
    }
    let code = Arc::new(move |shop: &mut crate::database::Session| shop.retrying(retries, |shop| perform(&ops, shop)));
    Ok(Role { name: name.to_owned(), count, code })
}

/// Operations, up to a line that closes them.
#[expect(clippy::type_complexity, reason = "it is used here alone")]
fn block(parts: &[Part], at: &mut usize) -> Result<(Vec<Op>, Option<(usize, String)>), String> {
    const SECTIONS: [&str; 7] = ["checkout", "tickets", "setup", "fill", "left", "show", "role"];
    let mut ops = Vec::new();
    let mut into: Vec<String> = Vec::new();
    while let Some(part) = parts.get(*at) {
        let (line, words) = match part {
            Part::Statement(_, sql) => {
                ops.push(statement(sql, std::mem::take(&mut into)));
                *at += 1;
                continue;
            }
            Part::Word(line, words) => (*line, words.as_str()),
        };
        let (word, rest) = words.split_once(' ').map_or((words, ""), |(word, rest)| (word, rest.trim()));
        if SECTIONS.contains(&word) {
            break;
        }
        *at += 1;
        match word {
            "into" => into = rest.split(' ').map(|name| name.trim_start_matches(':').to_owned()).collect(),
            "sold" if rest.is_empty() => ops.push(Op::Sold(1)),
            "sold" => {
                ops.push(Op::Sold(rest.parse().map_err(|_| format!("line {line}: `{rest}` is no whole number"))?))
            }
            "stop" => ops.push(Op::Stop(match rest {
                "bought" => End::Bought,
                "sold out" => End::SoldOut,
                "withdrew" => End::Withdrew,
                other => End::Other(other.to_owned()),
            })),
            "choose" => {
                let (name, alternatives) = rest.split_once(':').ok_or(format!("line {line}: choose NAME: A | B"))?;
                let alternatives = alternatives.split('|').map(|name| name.trim().to_owned()).collect();
                ops.push(Op::Choose(name.trim().to_owned(), alternatives));
            }
            "if" => ops.push(branch(line, rest, parts, at)?),
            "else" | "end" => return Ok((ops, Some((line, word.to_owned())))),
            other => return Err(format!("line {line}: there is no `--! {other}`")),
        }
    }
    Ok((ops, None))
}

fn branch(line: usize, condition: &str, parts: &[Part], at: &mut usize) -> Result<Op, String> {
    let condition = self::condition(condition).ok_or(format!("line {line}: `{condition}` is no condition"))?;
    let (then, closing) = block(parts, at)?;
    let (otherwise, closing) = match closing {
        Some((_, word)) if word == "else" => block(parts, at)?,
        other => (Vec::new(), other),
    };
    match closing {
        Some((_, word)) if word == "end" => Ok(Op::If(condition, then, otherwise)),
        _ => Err(format!("line {line}: this `--! if` has no `--! end`")),
    }
}

fn condition(text: &str) -> Option<Condition> {
    match text.split(' ').collect::<Vec<_>>().as_slice() {
        ["none"] => Some(Condition::None),
        ["unchanged"] => Some(Condition::Unchanged),
        [name, sign, value @ ..] if !value.is_empty() => {
            let sign = match *sign {
                "=" => Sign::Is,
                "<>" => Sign::IsNot,
                "<" => Sign::Below,
                ">" => Sign::Above,
                "<=" => Sign::AtMost,
                ">=" => Sign::AtLeast,
                _ => return None,
            };
            Some(Condition::Compare(name.strip_prefix(':')?.to_owned(), sign, value.join(" ")))
        }
        _ => None,
    }
}

fn statement(sql: &str, into: Vec<String>) -> Op {
    match sql.to_uppercase().as_str() {
        "BEGIN" => Op::Begin,
        "COMMIT" => Op::Commit,
        "ROLLBACK" => Op::Rollback,
        _ => Op::Sql(sql.to_owned(), into),
    }
}
