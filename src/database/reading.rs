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
    let Words { all, called } = Words::of(sql);
    all.first().is_some_and(|word| word == "SELECT")
        && !all.iter().any(|word| ["FOR", "LOCK", "INTO"].contains(&word.as_str()))
        && called.iter().all(|at| HARMLESS.contains(&all[*at].as_str()))
}

/// Whether a statement may ask for what tells one connection from another: it calls what is not known not to, or reads
/// what the database keeps of itself.
pub(super) fn may_ask_who(sql: &str) -> bool {
    const ASKED_BY_NOBODY: &str = "\
        ABS ALL AND ANY AS AVG BY CASE CAST CHAR CHECK COALESCE CONFLICT COUNT CURRVAL DATE DECIMAL DEFAULT DISTINCT ELSE \
        EXISTS FROM GREATEST IF IFNULL IN INTEGER JOIN KEY LAST_INSERT_ID LAST_INSERT_ROWID LEAST LENGTH LIMIT LOWER MAX \
        MIN MOD NEXTVAL NOT NOW NULLIF NUMERIC ON OR OVER RETURNING ROUND SELECT SET SUM THEN TRIM UNION UNIQUE UPPER \
        USING VALUES VARCHAR WHEN WHERE WITH GET_LOCK RELEASE_LOCK PG_ADVISORY_LOCK PG_ADVISORY_UNLOCK \
        PG_ADVISORY_XACT_LOCK PG_TRY_ADVISORY_LOCK PG_TRY_ADVISORY_XACT_LOCK";
    const ITS_OWN: [&str; 7] = ["PG_", "@", "INFORMATION_SCHEMA", "PERFORMANCE_SCHEMA", "INNODB_", "MYSQL", "SYS"];
    let Words { all, called } = Words::of(sql);
    let known = |word: &str| ASKED_BY_NOBODY.split_whitespace().any(|other| other == word);
    let creates = all.first().is_some_and(|word| word == "CREATE");
    // After these comes the name of a table or an index, and what it has in parentheses are columns.
    let is_name = |at: usize| {
        at > 0
            && match all[at - 1].as_str() {
                "INTO" | "WITH" => true,
                "TABLE" | "EXISTS" | "REFERENCES" | "ON" | "INDEX" => creates,
                _ => false,
            }
    };
    called.iter().any(|at| !known(&all[*at]) && !is_name(*at))
        || all.iter().any(|word| !known(word) && ITS_OWN.iter().any(|sign| word.starts_with(sign)))
}

/// What a statement is made of, in capitals.
struct Words {
    all: Vec<String>,
    /// Which of them stand before a parenthesis.
    called: Vec<usize>,
}

impl Words {
    /// Those of a statement. What it quotes is left out, as long as nothing is in it that quotes in another way.
    fn of(sql: &str) -> Words {
        let quotes = !sql.contains(['\\', '"', '`', '$', '#']) && !sql.contains("--") && !sql.contains("/*");
        let mut words = Words { all: Vec::new(), called: Vec::new() };
        let (mut word, mut quoted, mut is_last) = (String::new(), false, false);
        for c in sql.chars().chain([' ']) {
            quoted ^= quotes && c == '\'';
            if !quoted && (c.is_alphanumeric() || matches!(c, '_' | '@' | '$')) {
                word.extend(c.to_uppercase());
                continue;
            }
            if !word.is_empty() {
                words.all.push(std::mem::take(&mut word));
                is_last = true;
            }
            if is_last && c == '(' {
                words.called.push(words.all.len() - 1);
            }
            is_last &= c.is_whitespace() || matches!(c, '"' | '`');
        }
        words
    }
}

/// What a statement that inserts what it selects reads, as a query of MariaDB that locks it; `None` if it is none.
pub(super) fn locking_read(sql: &str) -> Option<String> {
    const LOCK: &str = " LOCK IN SHARE MODE";
    let upper = sql.to_ascii_uppercase();
    let inserts = ["INSERT ", "REPLACE "].iter().any(|verb| upper.trim_start().starts_with(verb));
    let is_select = |at: usize| upper[at..].trim_start().starts_with("SELECT ");
    let (mut start, mut end, mut quoted) = (None, sql.len(), false);
    // Which of the parentheses that are open hold a query; and where such a one ends.
    let (mut open, mut ends) = (Vec::new(), Vec::new());
    for (at, c) in sql.char_indices() {
        quoted ^= c == '\'';
        match c {
            _ if quoted => {}
            '(' => open.push(is_select(at + 1)),
            ')' if open.pop() == Some(true) => ends.push(at),
            ' ' | '\n' if open.is_empty() && start.is_none() && is_select(at) => start = Some(at),
            ' ' | '\n' if open.is_empty() && upper[at..].trim_start().starts_with("ON DUPLICATE ") => end = end.min(at),
            _ => {}
        }
    }
    let start = start.filter(|_| inserts)?;
    let mut read = String::new();
    let mut from = start;
    for at in ends.into_iter().filter(|at| (start..end).contains(at)).chain([end]) {
        read.push_str(&sql[from..at]);
        read.push_str(LOCK);
        from = at;
    }
    Some(read.trim_start().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{is_plain_read, locking_read, may_ask_who};

    #[test]
    fn what_an_insert_selects_is_locked_with_all_that_is_asked_inside() {
        let read = |sql| locking_read(sql);
        let sql = "INSERT INTO orders (seat) SELECT ')' FROM DUAL WHERE (SELECT count(*) FROM orders) < (1)";
        let expected = "SELECT ')' FROM DUAL WHERE (SELECT count(*) FROM orders LOCK IN SHARE MODE) < (1) \
                        LOCK IN SHARE MODE";
        assert_eq!(read(sql).as_deref(), Some(expected));
        let sql = "insert into a\nselect b from c on duplicate key update b = (select 1)";
        assert_eq!(read(sql).as_deref(), Some("select b from c LOCK IN SHARE MODE"));
        for sql in [
            "INSERT INTO orders (seat) VALUES (1)",
            "INSERT INTO a VALUES ((SELECT 1))",
            "SELECT 1",
            "UPDATE a SET b = 1",
        ] {
            assert_eq!(read(sql), None, "{sql}");
        }
    }

    #[test]
    fn only_what_surely_just_reads_is_a_plain_read() {
        for sql in [
            "SELECT count FROM stock",
            "SELECT 'FOR', f FROM stock WHERE name = 'f()'",
            "select coalesce(max(seat), 0) + 1 from orders",
        ] {
            assert!(is_plain_read(sql), "{sql}");
        }
        for sql in [
            "SELECT count FROM stock FOR UPDATE",
            "SELECT count FROM stock\nFOR SHARE",
            "SELECT pg_advisory_lock(1)",
            "SELECT 'it\\'s', count FROM stock FOR UPDATE -- '",
            "SELECT \"sells\" ()",
            "SELECT count FROM stock LOCK IN SHARE MODE",
            "UPDATE stock SET count = 0",
            "WITH gone AS (DELETE FROM stock RETURNING 1) SELECT 1",
        ] {
            assert!(!is_plain_read(sql), "{sql}");
        }
    }

    #[test]
    fn whoever_may_ask_what_connection_it_is_is_known() {
        for sql in [
            "SELECT pg_backend_pid()",
            "INSERT INTO orders VALUES (CONNECTION_ID())",
            "SELECT count(*) FROM pg_stat_activity",
            "SELECT @@pseudo_thread_id",
            "SELECT \"txid_of\" ()",
            "SELECT 1 FROM a JOIN b ON connection_id() = b.id",
            "SELECT 'it\\'s', connection_id(), ''",
            "SELECT $$it's$$, connection_id(), ''",
            "CREATE TABLE orders (buyer INTEGER DEFAULT pg_backend_pid())",
            "UPDATE stock SET count = of_our_own(count)",
            "SELECT id FROM information_schema.processlist",
        ] {
            assert!(may_ask_who(sql), "{sql}");
        }
        for sql in [
            "SELECT count FROM stock WHERE name = 'pg_backend_pid()'",
            "INSERT INTO orders (seat) SELECT 1 FROM DUAL WHERE (SELECT count(*) FROM orders) < (1)",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, seat INTEGER NOT NULL CHECK (seat > 0), UNIQUE (seat))",
            "SELECT 1 FROM seats WHERE seat > (SELECT 1)",
            "INSERT INTO \"orders\" (\"seat\") VALUES (1)",
            "CREATE UNIQUE INDEX seats ON orders (seat)",
            "SELECT pg_advisory_xact_lock(1)",
            "SELECT coalesce(max(seat), 0) + 1 FROM orders",
        ] {
            assert!(!may_ask_who(sql), "{sql}");
        }
    }
}
