//! What can be told from the text of a statement.

/// Whether a statement does nothing but take or free a lock of the session.
pub(super) fn is_session_lock(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let names = ["pg_advisory_lock(", "pg_advisory_unlock(", "get_lock(", "release_lock("];
    sql.strip_prefix("select ").is_some_and(|call| names.iter().any(|name| call.starts_with(name)))
        && !sql.contains(" from ")
}

/// Whether a statement only reads, and calls nothing that might do more.
pub(super) fn is_plain_read(sql: &str) -> bool {
    const HARMLESS: [&str; 14] = [
        "COUNT", "MAX", "MIN", "SUM", "COALESCE", "IN", "EXISTS", "ABS", "LENGTH", "AND", "OR", "NOT", "WHERE", "FROM",
    ];
    let sql = sql.to_uppercase();
    let words: Vec<_> = sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let calls = sql.match_indices('(').map(|(at, _)| {
        let before = sql[..at].trim_end();
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
    });
    words.first() == Some(&"SELECT")
        && !words.iter().any(|word| ["FOR", "LOCK", "INTO"].contains(word))
        && calls.into_iter().all(|name| name.is_empty() || HARMLESS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::is_plain_read;

    #[test]
    fn only_what_surely_just_reads_is_a_plain_read() {
        for sql in ["SELECT count FROM stock", "select coalesce(max(seat), 0) + 1 from orders"] {
            assert!(is_plain_read(sql), "{sql}");
        }
        for sql in [
            "SELECT count FROM stock FOR UPDATE",
            "SELECT count FROM stock\nFOR SHARE",
            "SELECT pg_advisory_lock(1)",
            "SELECT count FROM stock LOCK IN SHARE MODE",
            "UPDATE stock SET count = 0",
            "WITH gone AS (DELETE FROM stock RETURNING 1) SELECT 1",
        ] {
            assert!(!is_plain_read(sql), "{sql}");
        }
    }
}
