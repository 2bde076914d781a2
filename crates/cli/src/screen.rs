//! Lines at the lower end of a terminal that are drawn over.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lines that stand below everything else that is written. Whoever writes to the terminal does so in [`Screen::above`], so that neither garbles the other.
pub(crate) struct Screen(Mutex<Drawn>);

struct Drawn {
    writer: Box<dyn Write + Send>,
    lines: Vec<String>,
    /// How many of them stand on the terminal now.
    shown: usize,
}

impl Screen {
    /// A screen on standard error.
    pub(crate) fn error() -> Self {
        Self::to(io::stderr())
    }

    fn to(writer: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(Drawn { writer: Box::new(writer), lines: Vec::new(), shown: 0 }))
    }

    /// Shows these lines in place of those before; none takes them away. A line must fit the terminal: one that is broken cannot be drawn over.
    pub(crate) fn show(&self, lines: Vec<String>) {
        let mut drawn = self.drawn();
        drawn.erase();
        drawn.lines = lines;
        drawn.draw();
    }

    /// Writes something above the lines.
    pub(crate) fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut drawn = self.drawn();
        drawn.erase();
        let result = write();
        drawn.draw();
        result
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawn {
    fn erase(&mut self) {
        if self.shown > 0 {
            // Up to the first of them, and all from there away. That a terminal which went away cannot be written to is no failure of the run.
            let _ = write!(self.writer, "\x1b[{}A\r\x1b[J", self.shown).and_then(|()| self.writer.flush());
            self.shown = 0;
        }
    }

    fn draw(&mut self) {
        if !self.lines.is_empty() {
            let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
            let _ = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
            self.shown = self.lines.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);
    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_written_goes_above() {
        let paper = Paper::default();
        let (screen, mut other) = (Screen::to(paper.clone()), paper.clone());
        screen.show(vec!["one".to_owned(), "two".to_owned()]);
        screen.above(|| other.write_all(b"text\n")).expect("paper takes everything");
        screen.show(Vec::new());
        screen.above(|| other.write_all(b"end\n")).expect("paper takes everything");
        let bytes = paper.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(String::from_utf8_lossy(&bytes), "one\ntwo\n\x1b[2A\r\x1b[Jtext\none\ntwo\n\x1b[2A\r\x1b[Jend\n");
    }
}
