//! What a role of a file does, step by step.

use crate::database::{End, Session, SqlError, Value};
use std::collections::BTreeMap;

/// One thing to do.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Begin,
    Commit,
    Rollback,
    /// A statement, and the names for the columns that it finds.
    Sql(String, Vec<String>),
    If(Condition, Vec<Op>, Vec<Op>),
    Choose(String, Vec<String>),
    Sold(i64),
    Stop(End),
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The last query found no row.
    None,
    /// The last statement changed no row.
    Unchanged,
    Compare(String, Sign, String),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    Is,
    IsNot,
    Below,
    Above,
    AtMost,
    AtLeast,
}

/// What is known on the way.
struct State {
    values: BTreeMap<String, Value>,
    found: usize,
    changed: u64,
    sold: i64,
}

pub(super) fn perform(ops: &[Op], shop: &mut Session) -> Result<End, SqlError> {
    let mut state = State { values: BTreeMap::new(), found: 0, changed: 0, sold: 0 };
    let end = block(ops, shop, &mut state)?;
    Ok(end.unwrap_or(if state.sold > 0 { End::Bought } else { End::Other("done".to_owned()) }))
}

fn block(ops: &[Op], shop: &mut Session, state: &mut State) -> Result<Option<End>, SqlError> {
    for op in ops {
        match op {
            Op::Begin => shop.begin(shop.level())?,
            Op::Commit => shop.commit()?,
            Op::Rollback => shop.rollback()?,
            Op::Sql(sql, into) => {
                if sql.contains(":customer") {
                    know_customer(shop, state);
                }
                statement(sql, into, shop, state)?;
            }
            Op::Sold(quantity) => {
                shop.sold(*quantity);
                state.sold += quantity;
            }
            Op::Choose(name, alternatives) => {
                let names: Vec<_> = alternatives.iter().map(String::as_str).collect();
                let taken = shop.choose(name, &names);
                state.values.insert(name.clone(), Value::Text(alternatives[taken].clone()));
            }
            Op::If(condition, then, otherwise) => {
                if matches!(condition, Condition::Compare(name, ..) if name == "customer") {
                    know_customer(shop, state);
                }
                let holds = holds(condition, state).map_err(|error| shop.broken("--! if", error))?;
                let branch = if holds { then } else { otherwise };
                if let Some(end) = block(branch, shop, state)? {
                    return Ok(Some(end));
                }
            }
            Op::Stop(end) => return Ok(Some(end.clone())),
        }
    }
    Ok(None)
}

/// Only who needs its number asks for it: that tells it apart from others.
fn know_customer(shop: &Session, state: &mut State) {
    state.values.entry("customer".to_owned()).or_insert_with(|| shop.customer().into());
}

fn statement(sql: &str, into: &[String], shop: &mut Session, state: &mut State) -> Result<(), SqlError> {
    let (sql, params) = numbered(sql, state).map_err(|error| shop.broken(sql, error))?;
    let reply = shop.statement(&sql, &params)?;
    (state.found, state.changed) = (reply.rows.len(), reply.affected);
    if let Some(row) = reply.rows.first() {
        state.values.extend(into.iter().cloned().zip(row.0.iter().cloned()));
    }
    Ok(())
}

/// A statement with `$1`, … for what it calls by names. `::` is no name, and what follows a word or a bracket is none.
fn numbered(sql: &str, state: &State) -> Result<(String, Vec<Value>), SqlError> {
    let (mut text, mut params, mut rest, mut quoted) = (String::new(), Vec::new(), sql, false);
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        quoted ^= c == '\'';
        let length = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
        let follows = text.ends_with(|before: char| before.is_alphanumeric() || [':', '_', ']', ')'].contains(&before));
        if c == ':' && !quoted && !follows && after.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            params.push(known(&after[..length], state)?.clone());
            text.push_str(&format!("${}", params.len()));
            rest = &after[length..];
        } else {
            text.push(c);
            rest = after;
        }
    }
    Ok((text, params))
}

fn known<'a>(name: &str, state: &'a State) -> Result<&'a Value, SqlError> {
    let missing = || SqlError::wrong(format!("`:{name}` is not known here: no query has found it"));
    state.values.get(name).ok_or_else(missing)
}

fn holds(condition: &Condition, state: &State) -> Result<bool, SqlError> {
    let (name, sign, wanted) = match condition {
        Condition::None => return Ok(state.found == 0),
        Condition::Unchanged => return Ok(state.changed == 0),
        Condition::Compare(name, sign, wanted) => (name, sign, wanted),
    };
    let order = match known(name, state)? {
        Value::Int(number) if wanted.parse::<i64>().is_ok() => number.cmp(&wanted.parse().unwrap_or(0)),
        other => other.to_string().cmp(wanted),
    };
    Ok(match sign {
        Sign::Is => order.is_eq(),
        Sign::IsNot => order.is_ne(),
        Sign::Below => order.is_lt(),
        Sign::Above => order.is_gt(),
        Sign::AtMost => order.is_le(),
        Sign::AtLeast => order.is_ge(),
    })
}
