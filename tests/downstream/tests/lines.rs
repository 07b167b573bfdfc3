//! Promise: the test takes no more lines than the same test with loom.

fn lines(test: &str) -> usize {
    test.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_test_takes_no_more_lines_than_with_loom() {
    let (ours, loom) = (lines(include_str!("checkout.rs")), lines(include_str!("checkout_with_loom.rs")));
    assert!(ours <= loom, "{ours} lines, and {loom} with loom");
}
