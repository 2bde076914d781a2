//! The one way to standard output and standard error.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::screen::Screen;

/// A stream for text; can be shared by tasks.
pub(crate) struct Output {
    stream: Mutex<Stream>,
    /// The live lines that it must not garble.
    screen: Option<Arc<Screen>>,
}

struct Stream {
    writer: Box<dyn Write + Send>,
    failure: Option<io::Error>,
}

impl Output {
    /// Standard output.
    pub(crate) fn standard() -> Self {
        Self::to(io::stdout())
    }

    /// Standard error.
    pub(crate) fn error() -> Self {
        Self::to(io::stderr())
    }

    /// Any other writer.
    pub(crate) fn to(writer: impl Write + Send + 'static) -> Self {
        Self { stream: Mutex::new(Stream { writer: Box::new(writer), failure: None }), screen: None }
    }

    /// The same output, which writes above the live lines of a screen.
    pub(crate) fn above(self, screen: Option<Arc<Screen>>) -> Self {
        Self { screen, ..self }
    }

    /// Writes a line.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        self.write(&[text.as_ref(), "\n"]);
    }

    /// Writes text as it is, and shows it at once.
    pub(crate) fn text(&self, text: impl AsRef<str>) {
        self.write(&[text.as_ref()]);
    }

    /// Why something could not be written, if so. That the reader went away is no failure: it has what it wanted.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.stream().failure.take().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    fn write(&self, parts: &[&str]) {
        let mut stream = self.stream();
        if stream.failure.is_none() {
            let mut write = || parts.iter().try_for_each(|part| stream.writer.write_all(part.as_bytes())).and_then(|()| stream.writer.flush());
            let written = match &self.screen {
                Some(screen) => screen.above(&mut write),
                None => write(),
            };
            stream.failure = written.err();
        }
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full(io::ErrorKind);
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
        let failure = |kind| {
            let out = Output::to(Full(kind));
            out.line("x");
            out.failure().map(|error| error.kind())
        };
        assert_eq!(failure(io::ErrorKind::StorageFull), Some(io::ErrorKind::StorageFull));
        assert_eq!(failure(io::ErrorKind::BrokenPipe), None);
    }
}
