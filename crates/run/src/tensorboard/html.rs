//! Text as TensorBoard is to show it: it takes texts for Markdown, and what comes of that for HTML.

use std::fmt::Write;

/// `text` in HTML that Markdown leaves alone: one line, and no character in it that Markdown knows.
pub(super) fn literal(text: &str) -> String {
    let mut html = String::with_capacity(2 * text.len());
    // HTML shows no space at the ends, but Markdown takes an indented line for code.
    for char in text.trim().chars() {
        match char {
            '\r' => {}
            '\n' => html.push_str("<br>"),
            _ if char.is_ascii_punctuation() => {
                // Writing to a string cannot fail.
                let _ = write!(html, "&#{};", u32::from(char));
            }
            _ => html.push(char),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stay_and_marks_are_entities() {
        assert_eq!(literal("São Paulo 1"), "São Paulo 1");
        assert_eq!(literal("    *a*\r\n<b>\n"), "&#42;a&#42;<br>&#60;b&#62;");
    }
}
