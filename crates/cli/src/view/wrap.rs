//! Text to lines of a width.

/// Breaks paragraphs at spaces so that no line is longer than `width` characters, unless one word is. Lines that begin with a space are left as they
/// are: they are code or lists.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        if paragraph.starts_with([' ', '\t']) || paragraph.chars().count() <= width {
            lines.push(paragraph.trim_end().to_owned());
            continue;
        }
        let (mut line, mut length) = (String::new(), 0);
        for word in paragraph.split_whitespace() {
            let word_length = word.chars().count();
            if length > 0 && length + 1 + word_length > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += word_length;
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_paragraphs_and_keeps_code() {
        assert_eq!(wrap("one two three\n\n  four five six seven\nüüü üüü", 8), ["one two", "three", "", "  four five six seven", "üüü üüü"]);
        assert_eq!(wrap("averylongword x", 5), ["averylongword", "x"]);
    }
}
