//! Just enough XML for the answers of AWS, which moto writes without attributes, comments or whitespace in lists.

use std::ops::Range;

/// The text of the first element of a name.
pub(super) fn field<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// The same text with the first element of a name saying `value`.
pub(super) fn with_field(xml: &str, name: &str, value: &str) -> String {
    match field(xml, name) {
        Some(old) => xml.replacen(&format!("<{name}>{old}</{name}>"), &format!("<{name}>{value}</{name}>"), 1),
        None => xml.to_owned(),
    }
}

/// The same text with the elements of one name, whether they have attributes or not, called by another.
pub(super) fn renamed(xml: &str, from: &str, to: &str) -> String {
    let mut text = xml.replace(&format!("</{from}>"), &format!("</{to}>"));
    for end in [">", "/>", " "] {
        text = text.replace(&format!("<{from}{end}"), &format!("<{to}{end}"));
    }
    text
}

/// Where the items of a list stand, each from its `<item>` to its `</item>`; lists within items are of the item.
pub(super) fn items(xml: &str, list: &str) -> Vec<Range<usize>> {
    const OPEN: &str = "<item>";
    const CLOSE: &str = "</item>";
    let mut found = Vec::new();
    let opening = format!("<{list}>");
    let Some(start) = xml.find(&opening).map(|at| at + opening.len()) else { return found };
    let (mut at, mut depth, mut begun) = (start, 0_usize, start);
    while let Some(rest) = xml.get(at..) {
        let open = rest.find(OPEN);
        let close = rest.find(CLOSE);
        let end = rest.find(&format!("</{list}>"));
        match (open, close) {
            (Some(open), _) if open < close.unwrap_or(usize::MAX) && open < end.unwrap_or(usize::MAX) => {
                if depth == 0 {
                    begun = at + open;
                }
                depth += 1;
                at += open + OPEN.len();
            }
            (_, Some(close)) if depth > 0 => {
                depth -= 1;
                at += close + CLOSE.len();
                if depth == 0 {
                    found.push(begun..at);
                }
            }
            _ => break,
        }
    }
    found
}

/// The same text with each item of a list as `change` answers it; nothing takes it out.
pub(super) fn map_items(xml: &str, list: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(xml.len());
    let mut at = 0;
    for range in items(xml, list) {
        result.push_str(xml.get(at..range.start).unwrap_or_default());
        if let Some(changed) = xml.get(range.clone()).and_then(&change) {
            result.push_str(&changed);
        }
        at = range.end;
    }
    result.push_str(xml.get(at..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "<a><set><item><id>1</id><tags><item><id>x</id></item></tags></item><item><id>2</id></item></set></a>";

    #[test]
    fn items_are_found_with_what_is_in_them() {
        let found: Vec<Option<&str>> = items(LIST, "set").into_iter().map(|range| field(&LIST[range], "id")).collect();
        assert_eq!(found, [Some("1"), Some("2")]);
        assert!(items(LIST, "other").is_empty());
        assert!(items("<set><item>", "set").is_empty());
    }

    #[test]
    fn items_are_changed_and_taken_out() {
        let changed =
            map_items(LIST, "set", |item| (field(item, "id") == Some("2")).then(|| with_field(item, "id", "3")));
        assert_eq!(changed, "<a><set><item><id>3</id></item></set></a>");
        assert_eq!(map_items(LIST, "set", |item| Some(item.to_owned())), LIST);
    }
}
