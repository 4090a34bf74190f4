//! Text, numbers and data as HTML and SVG hold them.

use serde_json::Value;

/// Text between tags or inside a quoted attribute; a control character other than a tab or a line's
/// end becomes U+FFFD, as does what XML cannot hold.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// JSON inside a `script` element: without the letters that could end it, or begin a comment.
pub(crate) fn json_in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A coordinate in hundredths, as short as it goes.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        short => short.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out() {
        let hostile = "a <b> & \"c\" 'd'\u{0}\u{1b}\u{ffff}\r\n\t</script><!--";
        let escaped = "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n\t\
                       &lt;/script&gt;&lt;!--";
        assert_eq!(escape(hostile), escaped);
    }

    #[test]
    fn data_cannot_break_out_and_reads_back() {
        let value = Value::from(vec!["</script><!-- & ]]>", "\u{2028}\0"]);
        let text = json_in_script(&value);
        assert!(!text.contains(['<', '>', '&']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn numbers_are_short() {
        let short = [0.0, -0.001, 1.5, 100.0, 12.346, -3.999].map(number);
        assert_eq!(short, ["0", "0", "1.5", "100", "12.35", "-4"]);
    }
}
