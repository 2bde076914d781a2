//! Comma-separated values (RFC 4180), strictly.

use weir_value::{Type, Value};

use super::Answer;
use super::error::{FunctionError, fail};

/// The records of a text whose first line names the columns, as a list of objects.
pub(super) fn decode(text: &str) -> Answer {
    let mut reader = Reader { rest: text, line: 1 };
    let Some((_, names)) = reader.record()? else { return fail("missing header line") };
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return fail(format!("duplicate column name {name:?}"));
        }
    }
    let mut rows = Vec::new();
    while let Some((line, fields)) = reader.record()? {
        if fields.len() != names.len() {
            return fail(format!("CSV parse error on line {line}: wrong number of fields"));
        }
        rows.push(Value::object(names.iter().map(String::as_str).zip(fields.into_iter().map(Value::from))));
    }
    let element = Type::object(names.iter().map(|name| (name.as_str(), Type::String)));
    Ok(Value::list(element, rows))
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    /// The next record and the line on which it starts; empty lines are none.
    fn record(&mut self) -> Result<Option<(usize, Vec<String>)>, FunctionError> {
        while let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let start = self.line;
        let mut fields = Vec::new();
        loop {
            fields.push(if self.rest.starts_with('"') { self.quoted()? } else { self.plain()? });
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest;
                continue;
            }
            if let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n')) {
                self.rest = rest;
                self.line += 1;
            }
            return Ok(Some((start, fields)));
        }
    }

    fn wrong<T>(&self, what: &str) -> Result<T, FunctionError> {
        fail(format!("CSV parse error on line {}: {what}", self.line))
    }

    fn plain(&mut self) -> Result<String, FunctionError> {
        let line = self.rest.find('\n').unwrap_or(self.rest.len());
        let end = self.rest[..line].find(',').unwrap_or(line);
        let field = &self.rest[..end];
        let field = if end == line { field.strip_suffix('\r').unwrap_or(field) } else { field };
        if field.contains('"') {
            return self.wrong("bare \" in non-quoted-field");
        }
        self.rest = &self.rest[field.len()..];
        if end == line && self.rest == "\r" {
            self.rest = "";
        }
        Ok(field.to_owned())
    }

    fn quoted(&mut self) -> Result<String, FunctionError> {
        const UNCLOSED: &str = "extraneous or missing \" in quoted-field";
        self.rest = &self.rest[1..];
        let mut field = String::new();
        loop {
            let Some(end) = self.rest.find('"') else {
                let lines = self.rest.trim_end_matches('\n').matches('\n').count();
                self.line += lines;
                return self.wrong(UNCLOSED);
            };
            field.push_str(&self.rest[..end].replace("\r\n", "\n"));
            self.line += self.rest[..end].matches('\n').count();
            self.rest = &self.rest[end + 1..];
            if let Some(rest) = self.rest.strip_prefix('"') {
                field.push('"');
                self.rest = rest;
                continue;
            }
            let ends = self.rest.is_empty() || self.rest.starts_with(',') || self.rest.starts_with('\n') || self.rest.starts_with("\r\n");
            return if ends { Ok(field) } else { self.wrong(UNCLOSED) };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::function::testing::check;

    #[test]
    fn records() {
        check("csvdecode", r#"["a,b\r\n1, 2\r\n\r\n3,4"]"#, r#"[{"a": "1", "b": " 2"}, {"a": "3", "b": "4"}]"#);
        check("csvdecode", r#"["a,b\n\"x\"\"y\",\"l1\nl2\"\n"]"#, r#"[{"a": "x\"y", "b": "l1\nl2"}]"#);
        check("csvdecode", r#"["a,\n1,2"]"#, r#"[{"": "2", "a": "1"}]"#);
        check("csvdecode", r#"["a\n1\r2\n"]"#, r#"[{"a": "1\r2"}]"#);
        check("csvdecode", r#"["a\n\"\"\n"]"#, r#"[{"a": ""}]"#);
        check("csvdecode", r#"["a,b\n"]"#, "[]");
    }

    #[test]
    fn errors() {
        check("csvdecode", r#"[""]"#, "! missing header line");
        check("csvdecode", r#"["a,a\n1,2"]"#, r#"! duplicate column name "a""#);
        check("csvdecode", r#"["a,b\n1,2,3"]"#, "! CSV parse error on line 2: wrong number of fields");
        check("csvdecode", r#"["a\n\"x\"y\n"]"#, "! CSV parse error on line 2: extraneous or missing \" in quoted-field");
        check("csvdecode", r#"["a\nx\"y\n"]"#, "! CSV parse error on line 2: bare \" in non-quoted-field");
        check("csvdecode", r#"["a,b\n\"1\n2"]"#, "! CSV parse error on line 3: extraneous or missing \" in quoted-field");
    }
}
