//! Promise: what the README shows of databases is what comes of them.

const README: &str = include_str!("../../README.md");

/// A reviewed snapshot, without insta's head.
fn snapshot(name: &str) -> String {
    let path = format!("{}/snapshots/{name}.snap", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().splitn(3, "---\n").nth(2).unwrap().to_owned()
}

#[test]
fn its_trace_is_the_reviewed_one() {
    let all = snapshot("db.read-then-write.postgres");
    let first = all.split("\n== ").nth(1).unwrap();
    let trace = first.split_once("\n\n").unwrap().1.trim_end();
    assert!(README.contains(&format!("```text\n{trace}\n```")), "{trace}");
}

#[test]
fn its_table_is_the_reviewed_one() {
    let table = snapshot("db.overview");
    assert!(README.contains(&format!("```text\n{}\n```", table.trim_end())), "{table}");
}

#[test]
fn its_forty_lines_are_forty_at_most() {
    assert!(include_str!("../own_postgres_checkout.rs").lines().count() <= 40);
}
