//! The dialect of regular expressions that the language has (RE2, <https://github.com/google/re2/wiki/Syntax>) in terms of the `regex` crate.
//!
//! Both match alike; they differ in what they accept. Here the pattern is read once: what RE2 does not know is refused with its message, what
//! the crate would take for something else is escaped, and classes such as `\d` stay within ASCII.

use regex::Regex;

/// What is wrong with a pattern, and with which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) message: &'static str,
    pub(super) part: String,
}

type Parsed<T = ()> = Result<T, SyntaxError>;

fn error<T>(message: &'static str, part: impl Into<String>) -> Parsed<T> {
    Err(SyntaxError { message, part: part.into() })
}

/// The compiled pattern.
pub(super) fn translate(pattern: &str) -> Parsed<Regex> {
    let mut reader = Reader { pattern, at: 0, out: String::with_capacity(pattern.len() + 16), depth: 0, operand: false, names: Vec::new() };
    reader.run()?;
    Regex::new(&reader.out).or_else(|_| error("expression too large or not supported", pattern))
}

struct Reader<'a> {
    pattern: &'a str,
    at: usize,
    out: String,
    depth: usize,
    /// Whether a repetition may follow.
    operand: bool,
    names: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    fn run(&mut self) -> Parsed {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '(' => self.open()?,
                ')' => {
                    if self.depth == 0 {
                        return error("unexpected )", self.pattern);
                    }
                    self.depth -= 1;
                    self.push(1, ")");
                    self.operand = true;
                }
                '|' => {
                    self.push(1, "|");
                    self.operand = false;
                }
                '^' | '$' | '.' => {
                    self.push(1, &c.to_string());
                    self.operand = true;
                }
                '*' | '+' | '?' => self.repeat(1)?,
                '{' => match self.counts()? {
                    Some(length) => self.repeat(length)?,
                    None => self.literal(1, '{'),
                },
                '[' => self.class()?,
                '\\' => self.escape()?,
                c => self.literal(c.len_utf8(), c),
            }
        }
        if self.depth > 0 { error("missing closing )", self.pattern) } else { Ok(()) }
    }

    fn push(&mut self, length: usize, out: &str) {
        self.at += length;
        self.out.push_str(out);
    }

    fn literal(&mut self, length: usize, c: char) {
        let mut bytes = [0; 4];
        let text = regex::escape(c.encode_utf8(&mut bytes));
        self.push(length, &text);
        self.operand = true;
    }

    fn open(&mut self) -> Parsed {
        let rest = self.rest();
        self.operand = false;
        if !rest.starts_with("(?") {
            self.depth += 1;
            self.push(1, "(");
            return Ok(());
        }
        if rest.starts_with("(?<=") || rest.starts_with("(?<!") {
            return error("invalid or unsupported Perl syntax", &rest[..4]);
        }
        if let Some(name) = rest.strip_prefix("(?P<").or_else(|| rest.strip_prefix("(?<")) {
            let start = rest.len() - name.len();
            let Some(end) = name.find('>') else { return error("invalid named capture", rest) };
            let whole = &rest[..start + end + 1];
            let name = &name[..end];
            let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if name.is_empty() || !letters || name.starts_with(|c: char| c.is_ascii_digit()) {
                return error("invalid named capture", whole);
            }
            if self.names.contains(&name) {
                return error("duplicate capture group name", name);
            }
            self.names.push(name);
            self.depth += 1;
            self.push(whole.len(), &format!("(?P<{name}>"));
            return Ok(());
        }
        let mut negated = false;
        let mut flags = 0;
        for (at, c) in rest.char_indices().skip(2) {
            match c {
                'i' | 'm' | 's' | 'U' => flags += 1,
                '-' if !negated => {
                    negated = true;
                    flags = 0;
                }
                ':' | ')' if !(negated && flags == 0) => {
                    let whole = &rest[..=at];
                    self.depth += usize::from(c == ':');
                    // `(?)` sets nothing, which the crate does not know.
                    let out = if whole == "(?)" { "(?:)" } else { whole };
                    self.push(whole.len(), out);
                    return Ok(());
                }
                _ => return error("invalid or unsupported Perl syntax", &rest[..at + c.len_utf8()]),
            }
        }
        error("missing closing )", self.pattern)
    }

    /// The length of `{n}`, `{n,}` or `{n,m}` here; anything else is literal.
    fn counts(&self) -> Parsed<Option<usize>> {
        let rest = self.rest();
        let Some(end) = rest.find('}') else { return Ok(None) };
        let inner = &rest[1..end];
        let (least, most) = inner.split_once(',').map_or((inner, Some(inner)), |(least, most)| (least, (!most.is_empty()).then_some(most)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        if !digits(least) || !most.is_none_or(digits) {
            return Ok(None);
        }
        let count = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        if count(least) > 1000 || most.is_some_and(|most| count(most) > 1000 || count(most) < count(least)) {
            return error("invalid repeat count", &rest[..=end]);
        }
        Ok(Some(end + 1))
    }

    fn repeat(&mut self, length: usize) -> Parsed {
        let rest = self.rest();
        if !self.operand {
            return error("missing argument to repetition operator", &rest[..length]);
        }
        let length = length + usize::from(rest[length..].starts_with('?'));
        let operator = &rest[..length];
        self.push(length, operator);
        let next = self.rest();
        let again = match next.chars().next() {
            Some('*' | '+' | '?') => Some(1),
            Some('{') => self.counts()?,
            _ => None,
        };
        match again {
            Some(more) => error("invalid nested repetition operator", format!("{operator}{}", &next[..more])),
            None => Ok(()),
        }
    }

    fn escape(&mut self) -> Parsed {
        let rest = self.rest();
        self.operand = true;
        let Some(c) = rest[1..].chars().next() else { return error("trailing backslash at end of expression", "") };
        match c {
            'Q' => {
                let (text, length) = match rest[2..].find("\\E") {
                    Some(end) => (&rest[2..2 + end], end + 4),
                    None => (&rest[2..], rest.len()),
                };
                let text = regex::escape(text);
                self.push(length, &text);
            }
            'A' | 'z' => self.push(2, &rest[..2]),
            'b' => self.push(2, r"(?-u:\b)"),
            'B' => self.push(2, r"(?-u:\B)"),
            'd' => self.push(2, "[0-9]"),
            'D' => self.push(2, "[^0-9]"),
            's' => self.push(2, r"[\t\n\x0c\r ]"),
            'S' => self.push(2, r"[^\t\n\x0c\r ]"),
            'w' => self.push(2, "[0-9A-Za-z_]"),
            'W' => self.push(2, "[^0-9A-Za-z_]"),
            'p' | 'P' => {
                let class = self.property()?;
                self.push(class.len(), class);
            }
            _ => {
                let (length, c) = self.character()?;
                self.literal(length, c);
            }
        }
        Ok(())
    }

    /// `\pN`, `\p{Greek}`, `\p{^Greek}` here.
    fn property(&self) -> Parsed<&'a str> {
        let rest = self.rest();
        let whole = match rest[2..].chars().next() {
            Some('{') => match rest.find('}') {
                Some(end) => &rest[..=end],
                None => return error("invalid character class range", rest),
            },
            Some(c) => &rest[..2 + c.len_utf8()],
            None => return error("invalid character class range", rest),
        };
        if Regex::new(whole).is_err() { error("invalid character class range", whole) } else { Ok(whole) }
    }

    /// A character, possibly escaped: its length here, and itself.
    fn character(&self) -> Parsed<(usize, char)> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return error("missing closing ]", rest) };
        if first != '\\' {
            return Ok((first.len_utf8(), first));
        }
        let Some(c) = rest[1..].chars().next() else { return error("trailing backslash at end of expression", "") };
        let plain = |c: char| Ok((2, c));
        let octal = |skip: usize| rest[skip..].bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
        match c {
            'a' => plain('\u{7}'),
            'f' => plain('\u{c}'),
            'n' => plain('\n'),
            'r' => plain('\r'),
            't' => plain('\t'),
            'v' => plain('\u{b}'),
            '0' => {
                let digits = 1 + octal(2).min(2);
                let code = u32::from_str_radix(&rest[1..=digits], 8).unwrap_or(0);
                Ok((1 + digits, char::from_u32(code).unwrap_or('\0')))
            }
            '1'..='7' if octal(1) == 3 => {
                let code = u32::from_str_radix(&rest[1..4], 8).unwrap_or(0);
                Ok((4, char::from_u32(code).unwrap_or('\0')))
            }
            'x' => {
                let (digits, length) = match rest[2..].strip_prefix('{') {
                    Some(inner) => match inner.find('}') {
                        Some(end) => (&inner[..end], end + 4),
                        None => return error("invalid escape sequence", rest),
                    },
                    None => (rest.get(2..4).unwrap_or(""), 4),
                };
                match u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')).and_then(char::from_u32) {
                    Some(c) => Ok((length, c)),
                    None => error("invalid escape sequence", rest.get(..length.min(rest.len())).unwrap_or(rest)),
                }
            }
            c if c.is_ascii_punctuation() => plain(c),
            c => error("invalid escape sequence", &rest[..1 + c.len_utf8()]),
        }
    }

    fn class(&mut self) -> Parsed {
        let whole = self.rest();
        self.operand = true;
        self.push(1, "[");
        if self.rest().starts_with('^') {
            self.push(1, "^");
        }
        let mut first = true;
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return error("missing closing ]", whole);
            }
            if rest.starts_with(']') && !first {
                self.push(1, "]");
                return Ok(());
            }
            // A hyphen is itself only at the ends.
            if rest.starts_with('-') && !first && !rest[1..].starts_with(']') {
                let next = rest[1..].chars().next().map_or(0, char::len_utf8);
                return error("invalid character class range", &rest[..1 + next]);
            }
            first = false;
            if let Some(posix) = rest.strip_prefix("[:")
                && let Some(end) = posix.find(":]")
            {
                let name = &rest[..end + 4];
                if Regex::new(&format!("[{name}]")).is_err() {
                    return error("invalid character class range", name);
                }
                self.push(name.len(), name);
                continue;
            }
            let shorthand = match rest.as_bytes() {
                [b'\\', b'd', ..] => Some("0-9"),
                [b'\\', b'w', ..] => Some("0-9A-Za-z_"),
                [b'\\', b's', ..] => Some(r"\t\n\x0c\r "),
                [b'\\', b'D', ..] => Some("[^0-9]"),
                [b'\\', b'W', ..] => Some("[^0-9A-Za-z_]"),
                [b'\\', b'S', ..] => Some(r"[^\t\n\x0c\r ]"),
                _ => None,
            };
            if let Some(set) = shorthand {
                self.push(2, set);
                continue;
            }
            if rest.starts_with("\\p") || rest.starts_with("\\P") {
                let class = self.property()?;
                self.push(class.len(), class);
                continue;
            }
            self.range()?;
        }
    }

    /// A character or a range in a class.
    fn range(&mut self) -> Parsed {
        let start = self.rest();
        let (length, low) = self.character()?;
        self.at += length;
        push_class_char(&mut self.out, low);
        let rest = self.rest();
        if rest.starts_with('-') && !rest[1..].starts_with(']') && rest.len() > 1 {
            self.at += 1;
            let (length, high) = self.character()?;
            self.at += length;
            if high < low {
                return error("invalid character class range", &start[..start.len() - self.rest().len()]);
            }
            self.out.push('-');
            push_class_char(&mut self.out, high);
        }
        Ok(())
    }
}

/// By its number, so that it is never an operator.
fn push_class_char(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() { out.push(c) } else { out.push_str(&format!("\\x{{{:x}}}", c as u32)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_the_dialect_has_not() {
        let check = |pattern: &str, expected: &str| {
            let found = translate(pattern).map(|_| String::new()).unwrap_or_else(|error| format!("{} in {}", error.message, error.part));
            assert_eq!(found, expected, "{pattern}");
        };
        check("(", "missing closing ) in (");
        check("a{1001}", "invalid repeat count in {1001}");
        check("x{2,1}", "invalid repeat count in {2,1}");
        check("(?=a)", "invalid or unsupported Perl syntax in (?=");
        check("(?<=a)", "invalid or unsupported Perl syntax in (?<=");
        check("(?x) a", "invalid or unsupported Perl syntax in (?x");
        check("a(?#c)b", "invalid or unsupported Perl syntax in (?#");
        check(r"\1", r"invalid escape sequence in \1");
        check(r"\C", r"invalid escape sequence in \C");
        check(r"a\Z", r"invalid escape sequence in \Z");
        check(r"\é", r"invalid escape sequence in \é");
        check("a**", "invalid nested repetition operator in **");
        check("[z-a]", "invalid character class range in z-a");
        check("[a--b]", "invalid character class range in a--");
        check("\\", "trailing backslash at end of expression in ");
    }

    #[test]
    fn matches_what_the_dialect_matches() {
        let check = |pattern: &str, text: &str, expected: Option<&str>| {
            assert_eq!(translate(pattern).unwrap().find(text).map(|found| found.as_str()), expected, "{pattern}");
        };
        check(r"\Qa.b\E", "axb a.b", Some("a.b"));
        check(r"\d", "٣", None);
        check(r"\w", "é", None);
        check(r"\bé", "é", None);
        check("[a&&b]", "&", Some("&"));
        check("a{,2}", "a{,2}", Some("a{,2}"));
        check("{", "{", Some("{"));
        check("]", "]", Some("]"));
        check(r"\_", "_", Some("_"));
        check(r"\x{41}\x42", "AB", Some("AB"));
        check("(?U)a+", "aaa", Some("a"));
        check("^a$", "b\na", None);
        check("(?m)^a$", "b\na", Some("a"));
        check(r"\pN", "5", Some("5"));
        check("[[:alpha:]]+", "abc1", Some("abc"));
        check("[]a]+", "]a", Some("]a"));
        check(r"[\d.-]+", "x1.2-3", Some("1.2-3"));
        check("(?i)k", "\u{212a}", Some("\u{212a}"));
        check(r"a\z", "a", Some("a"));
    }
}
