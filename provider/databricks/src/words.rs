//! Names that a person may have mistyped.

/// The one of the `known` names that `name` was most likely meant to be: one that is two letters away at most. A name that is far
/// from all of them may be newer than this provider.
pub(crate) fn meant<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if known.contains(&name) {
        return None;
    }
    let near = known.iter().map(|one| (distance(name, one), *one)).min()?;
    (near.0 <= 2).then_some(near.1)
}

/// The Levenshtein distance: how many letters are to be put in, taken out or changed.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut next = vec![at + 1];
        for ((other, above), diagonal) in right.chars().zip(row.iter().skip(1)).zip(&row) {
            let before = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(letter != other)).min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_known_is_mistyped_and_a_strange_one_may_be_new() {
        let known = ["SINGLE_USER", "USER_ISOLATION", "NONE"];
        let check = |name: &str, expected: Option<&str>| assert_eq!(meant(name, &known), expected, "{name}");
        check("SINGLE_USER", None);
        check("SINGLE_USR", Some("SINGLE_USER"));
        check("SINGEL_USER", Some("SINGLE_USER"));
        check("USER_ISOLATON", Some("USER_ISOLATION"));
        check("SERVERLESS_USER", None);
        check("", None);
    }
}
