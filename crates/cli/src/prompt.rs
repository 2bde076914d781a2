//! Questions to the person at the terminal.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use crate::context::Context;
use crate::exit::Failure;

/// Asks a question that only `yes` answers in the affirmative.
///
/// `title` is the question, `detail` are the lines below it, `instead` is what an unattended run would do: it ends the diagnostic when no question
/// may be asked.
pub(crate) fn approve(context: &Context, title: &str, detail: &str, instead: &str) -> Result<bool, Failure> {
    if !context.terminal.input {
        return Err(Failure::error("Approval is needed", format!("{title} Questions are turned off, so it cannot be asked. {instead}")));
    }
    let paint = context.paint();
    context.out.line(paint.bold(title));
    for line in detail.lines() {
        context.out.line(format!("  {line}"));
    }
    context.out.line("  Only 'yes' will be accepted to approve.\n");
    let Some(answer) = line(context, "Enter a value")? else {
        return Err(Failure::error("No answer", format!("Standard input ended before the question was answered. {instead}")));
    };
    context.out.line("");
    Ok(answer == "yes")
}

/// Asks for one line of text; blanks around it are dropped.
pub(crate) fn ask(context: &Context, prompt: &str) -> Result<String, Failure> {
    line(context, prompt)?.ok_or_else(|| Failure::error("No answer", "Standard input ended before the question was answered."))
}

/// A line of standard input; none at its end.
fn line(context: &Context, prompt: &str) -> Result<Option<String>, Failure> {
    context.out.text(format!("  {}: ", context.paint().bold(prompt)));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    let read = read.map_err(|error| Failure::error("Cannot read the answer", format!("Standard input: {error}.")))?;
    if read == 0 {
        context.out.line("");
        return Ok(None);
    }
    Ok(Some(line.trim().to_owned()))
}

/// Where a passphrase comes from.
pub(crate) struct Passphrase<'a> {
    /// What it is for: "the root key".
    pub(crate) what: &'a str,
    /// A file whose first line it is.
    pub(crate) file: Option<&'a Path>,
    /// Whether it is a new one, which is asked for twice.
    pub(crate) new: bool,
}

impl Passphrase<'_> {
    /// Gets it; it is never shown.
    pub(crate) fn get(&self, context: &Context) -> Result<String, Failure> {
        let passphrase = match self.file {
            Some(file) => from_file(file)?,
            None => self.ask_person(context)?,
        };
        if passphrase.is_empty() {
            return Err(Failure::error("Empty passphrase", format!("The passphrase for {} is empty.", self.what)));
        }
        Ok(passphrase)
    }

    fn ask_person(&self, context: &Context) -> Result<String, Failure> {
        if !context.terminal.input || !std::io::stdin().is_terminal() {
            let detail = format!("There is no terminal to ask for the passphrase of {}. Give a file that holds it: -passphrase-file=FILE.", self.what);
            return Err(Failure::error("A passphrase is needed", detail));
        }
        let ask = |prompt: String| {
            context.err.text(format!("{prompt}: "));
            rpassword::read_password().map_err(|error| Failure::error("Cannot read the passphrase", format!("{error}.")))
        };
        let first = ask(format!("Passphrase for {}", self.what))?;
        if self.new && ask("The same again".to_owned())? != first {
            return Err(Failure::error("The passphrases differ", "Nothing was written. Try again."));
        }
        Ok(first)
    }
}

fn from_file(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| Failure::error("Cannot read the passphrase", format!("{}: {error}.", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
