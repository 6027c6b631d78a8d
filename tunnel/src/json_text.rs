//! JSON for people, token by token: numbers, texts and the order of members stay as they came, however large the numbers are.

/// Indents JSON that comes in pieces. What is no JSON comes out as some text all the same.
#[derive(Debug, Default)]
pub struct Indenter {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
    /// A bracket was opened and nothing stands in it yet.
    is_fresh: bool,
}

impl Indenter {
    /// The next piece, indented.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() * 2);
        for byte in piece {
            self.byte(*byte, &mut out);
        }
        out
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.in_text {
            out.push(byte);
            self.in_text = self.is_escaped || byte != b'"';
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            return;
        }
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => return,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if !self.is_fresh {
                    self.line(out);
                }
            }
            _ if self.is_fresh => self.line(out),
            _ => {}
        }
        self.is_fresh = matches!(byte, b'{' | b'[');
        out.push(byte);
        match byte {
            b'{' | b'[' => self.depth += 1,
            b',' => self.line(out),
            b':' => out.push(b' '),
            b'"' => self.in_text = true,
            _ => {}
        }
    }

    fn line(&self, out: &mut Vec<u8>) {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', self.depth * 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn indented(text: &str, size: usize) -> String {
        let mut indenter = Indenter::default();
        let pieces = text.as_bytes().chunks(size.max(1));
        String::from_utf8(pieces.flat_map(|piece| indenter.push(piece)).collect()).unwrap()
    }

    #[test]
    fn numbers_texts_and_the_order_stay_as_they_came() {
        let text = r#"{"z":9007199254740993,"a":[1e400, -0.10 ,{}],"b":[],"t":"a, {b}: \"c\\","u":"\u00e9é"}"#;
        let expected = "{\n  \"z\": 9007199254740993,\n  \"a\": [\n    1e400,\n    -0.10,\n    {}\n  ],\n  \"b\": [],\n  \"t\": \"a, \
                        {b}: \\\"c\\\\\",\n  \"u\": \"\\u00e9é\"\n}";
        for size in [1, 2, 7, 1000] {
            assert_eq!(indented(text, size), expected, "{size}");
        }
        assert_eq!(indented("[]", 1), "[]");
        assert_eq!(indented("no json at all", 3), "nojsonatall");
    }

    proptest! {
        #[test]
        fn what_is_indented_says_the_same(text in "[ -~é\\n]{0,40}", number: i64, size in 1..9_usize) {
            let value = serde_json::json!({"a": [text, {"b": number}, [], {}], "c": null});
            let out = indented(&value.to_string(), size);
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&out).unwrap(), &value);
            prop_assert_eq!(out, serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
