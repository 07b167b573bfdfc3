//! "Did you mean …?"

/// What to add to a message about a name that is none: the one that was probably meant.
pub fn did_you_mean<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    /// The least similarity that is worth a question.
    const ALIKE: f64 = 0.7;
    let alike = |other: &'n str| (strsim::jaro_winkler(name, other), other);
    let nearest = names.into_iter().map(alike).filter(|(alike, _)| *alike > ALIKE);
    match nearest.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
        Some((_, nearest)) => format!("; did you mean `{nearest}`?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_none_that_is_far() {
        let names = ["unlocked", "task-locked", "purchase-locked"];
        assert_eq!(did_you_mean("unlockd", names), "; did you mean `unlocked`?");
        assert_eq!(did_you_mean("purchase-lock", names), "; did you mean `purchase-locked`?");
        assert_eq!(did_you_mean("zebra", names), "");
    }
}
