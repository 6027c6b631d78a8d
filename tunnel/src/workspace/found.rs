//! What people call by a name or by an id.

use crate::error::{Error, Result, exit};

/// The one that is meant, by its id or by its name, of all that there are.
///
/// # Errors
/// When there is none, or several have the name: then with their ids.
pub fn one<T>(noun: &str, wanted: &str, all: Vec<T>, names: impl Fn(&T) -> (&str, &str)) -> Result<T> {
    let (mut by_name, mut rest): (Vec<T>, Vec<T>) = all.into_iter().partition(|one| names(one).1 == wanted);
    if let Some(index) = rest.iter().position(|one| names(one).0 == wanted) {
        return Ok(rest.swap_remove(index));
    }
    match (by_name.pop(), by_name.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(last), false) => {
            let ids: Vec<&str> = by_name.iter().chain([&last]).map(|one| names(one).0).collect();
            Err(Error::new(format!("several {noun}s have the name {wanted:?}: {}", ids.join(", ")))
                .way_out("Give one of these ids."))
        }
        (None, _) => Err(Error::new(format!("no {noun} has the name {wanted:?}"))
            .way_out("Give its id or another name, or the workspace that it is in: --host, --profile.")
            .exits_with(exit::NOT_THERE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_a_name_that_is_one_ones_are_found() {
        let find = |wanted: &str| {
            let all = vec![("1", "a"), ("2", "b"), ("3", "b"), ("4", "2")];
            one("cluster", wanted, all, |one| (one.0, one.1)).map(|one| one.0).map_err(|error| error.to_string())
        };
        assert_eq!(find("a"), Ok("1"));
        assert_eq!(find("3"), Ok("3"));
        assert_eq!(find("2"), Ok("2"), "an id before a name");
        assert!(find("b").unwrap_err().contains("several clusters have the name \"b\": 2, 3"));
        assert!(find("c").unwrap_err().contains("no cluster has the name \"c\""));
    }
}
