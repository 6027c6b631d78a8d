//! The lists and filters of a call of EC2, applied to states that are ours and not moto's. Pure.

use super::action::Action;
use super::behaviour::Before;
use super::xml::{field, items};

/// The values of `Name.1`, `Name.2`, ….
pub(super) fn list<'a>(action: &'a Action, name: &str) -> Vec<&'a str> {
    (1..).map_while(|index| action.parameter(&format!("{name}.{index}"))).collect()
}

/// The filters of a call: number, name and values.
fn filters(action: &Action) -> Vec<(usize, &str, Vec<&str>)> {
    (1..)
        .map_while(|index| {
            let name = action.parameter(&format!("Filter.{index}.Name"))?;
            Some((index, name, list(action, &format!("Filter.{index}.Value"))))
        })
        .collect()
}

fn is_state_filter(name: &str) -> bool {
    name == "state" || name == "vpc-endpoint-state"
}

/// Lets moto's own states pass a filter by state, which is then applied to ours.
pub(super) fn widened(action: &Action) -> Before {
    let mut more = String::new();
    for (index, name, values) in filters(action) {
        if is_state_filter(name) {
            for (offset, state) in ["available", "deleted"].iter().enumerate() {
                more.push_str(&format!("&Filter.{index}.Value.{}={state}", values.len() + offset + 1));
            }
        }
    }
    if more.is_empty() { Before::Pass } else { Before::PassWith(more) }
}

/// Whether an item passes the filters by state and by tag, which moto applies to its own states or not at all.
pub(super) fn passes(item: &str, action: &Action) -> bool {
    filters(action).into_iter().all(|(_, name, values)| {
        if is_state_filter(name) {
            return field(item, "state").is_some_and(|state| values.contains(&state));
        }
        let Some(key) = name.strip_prefix("tag:") else { return true };
        items(item, "tagSet").into_iter().filter_map(|range| item.get(range)).any(|tag| {
            field(tag, "key") == Some(key) && field(tag, "value").is_some_and(|value| values.contains(&value))
        })
    })
}
