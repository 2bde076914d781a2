//! Files and paths.

use base64::Engine;
use weir_value::{Type, Value};

use super::args::Args;
use super::encoding::BASE64;
use super::error::{FunctionError, fail, refuse};
use super::host::{EntryKind, FileError};
use super::{Function, Parameter, glob, unknown_bool, unknown_text};

const PATH: Parameter = Parameter::text("path");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("abspath", &[PATH], unknown_text, |args| {
        let path = args.text(0)?;
        if path.starts_with('/') {
            return Ok(clean(path).into());
        }
        match args.host.working_directory() {
            Ok(base) => Ok(clean(&format!("{base}/{path}")).into()),
            Err(error) => fail(describe(&error)),
        }
    }),
    Function::new("basename", &[PATH], unknown_text, |args| {
        let path = args.text(0)?;
        let trimmed = path.trim_end_matches('/');
        Ok(match (path, trimmed.rsplit('/').next()) {
            ("", _) => ".",
            (_, Some(name)) if !name.is_empty() => name,
            _ => "/",
        }
        .into())
    }),
    Function::new("dirname", &[PATH], unknown_text, |args| {
        let path = args.text(0)?;
        Ok(clean(path.rfind('/').map_or("", |at| &path[..=at])).into())
    }),
    Function::new("file", &[PATH], unknown_text, |args| Ok(read_text(args, args.text(0)?)?.into())),
    Function::new("filebase64", &[PATH], unknown_text, |args| Ok(BASE64.encode(read(args, args.text(0)?)?).into())),
    Function::new("fileexists", &[PATH], unknown_bool, |args| {
        let path = args.text(0)?;
        match args.host.entry(&expand(args, path)?) {
            Ok(Some(EntryKind::File)) => Ok(true.into()),
            Ok(None) | Err(FileError::NotFound) => Ok(false.into()),
            Ok(Some(EntryKind::Directory)) | Err(FileError::IsDirectory) => fail(format!("\"{path}\" is a directory, not a file")),
            Ok(Some(EntryKind::Other)) => fail(format!("\"{path}\" is not a regular file")),
            Err(FileError::Other(error)) => fail(format!("failed to stat \"{path}\": {error}")),
        }
    }),
    Function::new(
        "fileset",
        &[PATH, Parameter::text("pattern")],
        |_| Ok(Value::unknown_not_null(Type::set(Type::String))),
        |args| {
            let (path, pattern) = (args.text(0)?, args.text(1)?);
            let base = clean(&expand(args, path)?);
            let Some(found) = glob::find(args.host, &base, &clean(pattern.trim_start_matches('/'))) else {
                return fail(format!("failed to glob pattern \"{pattern}\": syntax error in pattern"));
            };
            Ok(Value::set(Type::String, found.into_iter().map(Value::from)))
        },
    ),
    Function::new("pathexpand", &[PATH], unknown_text, |args| Ok(expand(args, args.text(0)?)?.into())),
];

/// The shortest path of the same meaning, by the text alone.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") | None if !rooted => parts.push(".."),
                Some(_) => {
                    parts.pop();
                }
                None => {}
            },
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// The path with the home directory for a leading `~`.
fn expand(args: &Args<'_>, path: &str) -> Result<String, FunctionError> {
    match path.strip_prefix('~') {
        None => Ok(path.to_owned()),
        Some(rest) if rest.is_empty() || rest.starts_with('/') => match args.host.home_directory() {
            Some(home) => Ok(format!("{}{rest}", home.trim_end_matches('/'))),
            None => fail("there is no home directory"),
        },
        Some(_) => fail("cannot expand user-specific home dir"),
    }
}

fn describe(error: &FileError) -> String {
    match error {
        FileError::NotFound => "no such file or directory".to_owned(),
        FileError::IsDirectory => "is a directory".to_owned(),
        FileError::Other(error) => error.clone(),
    }
}

fn read(args: &Args<'_>, path: &str) -> Result<Vec<u8>, FunctionError> {
    let place = clean(&expand(args, path).map_err(|error| error.of_argument(0))?);
    args.host.read_file(&place).or_else(|error| match error {
        FileError::NotFound => refuse(
            0,
            format!(
                "no file exists at \"{path}\"; this function works only with files that are distributed as part of the configuration source code, \
                 so if this file will be created by a resource in this configuration you must instead obtain this result from an attribute of that \
                 resource"
            ),
        ),
        error => refuse(0, format!("failed to read file: read {place}: {}", describe(&error))),
    })
}

/// The content of a file as text.
pub(super) fn read_text(args: &Args<'_>, path: &str) -> Result<String, FunctionError> {
    String::from_utf8(read(args, path)?).or_else(|_| {
        fail(format!(
            "contents of \"{path}\" are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or the other file functions \
             (e.g. filemd5, filesha256) to obtain file hashing results instead"
        ))
    })
}

#[cfg(test)]
mod tests {
    use crate::function::testing::{Files, check, check_in};

    #[test]
    fn paths() {
        for (path, base, dir) in [
            ("a/b/c.txt", "c.txt", "a/b"),
            ("a/", "a", "a"),
            ("", ".", "."),
            ("/", "/", "/"),
            ("a/b/", "b", "a/b"),
            ("a//b", "b", "a"),
            ("a/../b/c", "c", "b"),
            ("/a", "a", "/"),
            ("../a", "a", ".."),
            ("a/..", "..", "a"),
            ("//", "/", "/"),
        ] {
            check("basename", &format!("[{path:?}]"), &format!("{base:?}"));
            check("dirname", &format!("[{path:?}]"), &format!("{dir:?}"));
        }
        let files = Files::default();
        check_in(&files, "abspath", r#"["../x/./y"]"#, r#""/x/y""#);
        check_in(&files, "abspath", r#"[""]"#, r#""/work""#);
        check_in(&files, "pathexpand", r#"["~/x"]"#, r#""/home/me/x""#);
        check_in(&files, "pathexpand", r#"["a/~"]"#, r#""a/~""#);
        check_in(&files, "pathexpand", r#"["~foo/x"]"#, "! cannot expand user-specific home dir");
    }

    #[test]
    fn reading() {
        let files = Files([("a.txt", b"hello".to_vec()), ("bad", vec![0xff, 0xfe]), ("d/b", vec![])].into());
        check_in(&files, "file", r#"["./a.txt"]"#, r#""hello""#);
        check_in(&files, "filebase64", r#"["bad"]"#, r#""//4=""#);
        check_in(&files, "file", r#"["d"]"#, "!0 failed to read file: read d: is a directory");
        check_in(&files, "fileexists", r#"["a.txt"]"#, "true");
        check_in(&files, "fileexists", r#"["nope"]"#, "false");
        check_in(&files, "fileexists", r#"["d"]"#, "! \"d\" is a directory, not a file");
    }
}
