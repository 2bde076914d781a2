//! What every command gets.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::runtime::Runtime;
use weir_diag::{Diagnostics, Sources};

use crate::environment::Environment;
use crate::exit::Failure;
use crate::output::Output;
use crate::screen::Screen;
use crate::terminal::Terminal;
use crate::view::Paint;
use crate::view::diagnostic;
use crate::view::stream::Stream;

/// The surroundings of a command.
pub(crate) struct Context {
    /// The environment.
    pub(crate) env: Environment,
    /// What the terminal can do.
    pub(crate) terminal: Terminal,
    /// Where results go.
    pub(crate) out: Arc<Output>,
    /// Where progress, questions and diagnostics go.
    pub(crate) err: Arc<Output>,
    /// Where live lines are drawn; `None` where they cannot be.
    pub(crate) screen: Option<Arc<Screen>>,
    /// Where a program is told everything instead; then `out` leads nowhere.
    pub(crate) stream: Option<Arc<Stream>>,
    runtime: OnceLock<Runtime>,
}

impl Context {
    /// A context over the standard streams, for a person.
    pub(crate) fn new(env: Environment, terminal: Terminal) -> Self {
        let screen = terminal.live.then(|| Arc::new(Screen::error()));
        let (out, err) = (Output::standard().above(screen.clone()), Output::error().above(screen.clone()));
        Self { env, terminal, out: Arc::new(out), err: Arc::new(err), screen, stream: None, runtime: OnceLock::new() }
    }

    /// A context in which a program is told on standard output, as JSON, and nobody is asked.
    pub(crate) fn streaming(env: Environment, terminal: Terminal) -> Self {
        let terminal = Terminal { live: false, input: false, color: false, ..terminal };
        let stream = Some(Arc::new(Stream::new(Output::standard())));
        Self { stream, out: Arc::new(Output::to(std::io::sink())), ..Self::new(env, terminal) }
    }

    /// Why something could not be written to standard output, if so.
    pub(crate) fn output_failure(&self) -> Option<std::io::Error> {
        self.stream.as_ref().map_or_else(|| self.out.failure(), |stream| stream.failure())
    }

    /// Runs asynchronous work to its end. The threads for it are made at the first call.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Failure> {
        if self.runtime.get().is_none() {
            let made = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            let made = made.map_err(|error| Failure::error("Threads cannot be started", format!("The operating system refuses: {error}.")))?;
            let _ = self.runtime.set(made);
        }
        let runtime = self.runtime.get().ok_or_else(|| Failure::error("Threads cannot be started", ""))?;
        Ok(runtime.block_on(future))
    }

    /// The folder for what Weir keeps beside a stack (`.terraform`, or `TF_DATA_DIR`).
    pub(crate) fn data_dir(&self) -> PathBuf {
        data_dir(&self.env)
    }

    /// Styles for standard output.
    pub(crate) fn paint(&self) -> Paint {
        Paint(self.terminal.color)
    }

    /// Tells the user, on standard error; or the program that reads the stream.
    pub(crate) fn report(&self, diagnostics: &Diagnostics, sources: &Sources) {
        if let Some(stream) = &self.stream {
            stream.diagnostics(diagnostics, sources);
            return;
        }
        let look = diagnostic::Look::of(&self.terminal);
        for item in diagnostics.iter() {
            self.err.text(look.render(item, sources));
        }
    }
}

/// The folder for what Weir keeps beside a stack, as an environment says.
pub(crate) fn data_dir(env: &Environment) -> PathBuf {
    env.setting("DATA_DIR").map_or_else(|| PathBuf::from(".terraform"), PathBuf::from)
}
