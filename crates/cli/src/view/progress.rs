//! What is told while an apply goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use weir_addr::{InstanceAddr, StageName};
use weir_apply::Event;
use weir_plan::{Action, Plan};

use crate::context::Context;
use crate::output::Output;
use crate::screen::Screen;
use crate::view::stream::Stream;

/// How often the live lines are drawn anew.
pub(crate) const BEAT: Duration = Duration::from_millis(120);

/// Where no lines are drawn: how often an operation that takes its time is told of again.
const REMINDER: Duration = Duration::from_secs(10);

/// Objects that are worked on at the same time and named; further ones are only counted.
const NAMED: usize = 10;

/// Columns of a bar.
const BAR: usize = 20;

/// The progress of one apply: a line for each event, and on a terminal below them a bar for each stage and a line for each object that is worked on; or messages for a program.
pub(crate) struct Progress {
    out: Arc<Output>,
    stream: Option<Arc<Stream>>,
    /// `None` where nothing can be drawn over.
    screen: Option<Arc<Screen>>,
    width: usize,
    work: Mutex<Work>,
}

struct Work {
    stages: Vec<Stage>,
    running: Vec<Running>,
}

struct Stage {
    name: Option<StageName>,
    done: usize,
    all: usize,
}

struct Running {
    addr: InstanceAddr,
    action: Action,
    since: Instant,
    /// How often it was told of since.
    reminders: u32,
}

impl Progress {
    /// The progress of what a plan can do now.
    pub(crate) fn new(context: &Context, plan: &Plan) -> Self {
        let mut stages: Vec<Stage> = plan.stages.iter().map(|stage| Stage { name: Some(stage.name.clone()), done: 0, all: 0 }).collect();
        stages.push(Stage { name: None, done: 0, all: 0 });
        for change in plan.executable() {
            let operations = match change.action {
                Action::NoOp | Action::Read => 0,
                action if action.is_replace() => 2,
                _ => 1,
            };
            let name = change.stage();
            if let Some(stage) = stages.iter_mut().find(|stage| stage.name == name) {
                stage.all += operations;
            }
        }
        stages.retain(|stage| stage.all > 0);
        let work = Mutex::new(Work { stages, running: Vec::new() });
        Self { out: Arc::clone(&context.out), stream: context.stream.clone(), screen: context.screen.clone(), width: context.terminal.width, work }
    }

    /// Tells of an event.
    pub(crate) fn event(&self, event: &Event) {
        self.work().note(event);
        if let Some(stream) = &self.stream {
            stream.event(event);
            return;
        }
        // What began stands in the live lines; what ended stays.
        if self.screen.is_none() || !matches!(event, Event::Started { .. }) {
            self.out.line(line(event));
        }
        self.beat();
    }

    /// Draws the live lines anew. Where there are none, tells of what takes long.
    pub(crate) fn beat(&self) {
        if let Some(screen) = &self.screen {
            let lines = self.work().lines(self.width);
            screen.show(lines);
            return;
        }
        for (addr, action, elapsed) in self.work().due() {
            match &self.stream {
                Some(stream) => stream.under_way(&addr, action, elapsed),
                None => self.out.line(under_way(&addr, action, elapsed)),
            }
        }
    }

    /// Takes the live lines away.
    pub(crate) fn end(&self) {
        if let Some(screen) = &self.screen {
            screen.show(Vec::new());
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Started { addr, action, .. } => self.running.push(Running { addr: addr.clone(), action: *action, since: Instant::now(), reminders: 0 }),
            Event::Finished { addr, action, .. } | Event::Failed { addr, action, .. } => {
                self.running.retain(|running| running.addr != *addr || running.action != *action);
                let name = addr.module().stage_name();
                if let Some(stage) = self.stages.iter_mut().find(|stage| stage.name == name) {
                    stage.done = (stage.done + 1).min(stage.all);
                }
            }
            // They only change the state and take no time to speak of.
            Event::Importing { .. } | Event::Imported { .. } => {}
            Event::Provisioning { .. } | Event::Output { .. } => {}
        }
    }

    /// The operations that are to be told of again, with the time that they have taken.
    fn due(&mut self) -> Vec<(InstanceAddr, Action, Duration)> {
        let mut due = Vec::new();
        for running in &mut self.running {
            let elapsed = running.since.elapsed();
            if elapsed >= REMINDER * (running.reminders + 1) {
                running.reminders = u32::try_from(elapsed.as_secs() / REMINDER.as_secs()).unwrap_or(u32::MAX - 1);
                due.push((running.addr.clone(), running.action, elapsed));
            }
        }
        due
    }

    fn lines(&self, width: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let title = |stage: &Stage| stage.name.as_ref().map_or_else(String::new, |name| format!("stage {}", name.as_str()));
        let column = self.stages.iter().map(|stage| title(stage).chars().count()).max().unwrap_or(0);
        for stage in self.stages.iter().filter(|stage| stage.done < stage.all) {
            let full = stage.done * BAR / stage.all.max(1);
            let gap = if column > 0 { " " } else { "" };
            lines.push(format!("{:<column$}{gap}[{}{}] {}/{}", title(stage), "#".repeat(full), "-".repeat(BAR - full), stage.done, stage.all));
        }
        for running in self.running.iter().take(NAMED) {
            lines.push(format!("  {}: {}... {}", running.addr, doing(running.action).0, short(running.since.elapsed())));
        }
        if self.running.len() > NAMED {
            lines.push(format!("  and {} more", self.running.len() - NAMED));
        }
        // The last column stays free: a terminal may break a line that fills it.
        lines.into_iter().map(|line| if line.chars().count() < width { line } else { line.chars().take(width.saturating_sub(2)).chain(['…']).collect() }).collect()
    }
}

fn doing(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Create => ("Creating", "Creation"),
        Action::Update => ("Modifying", "Modifications"),
        _ => ("Destroying", "Destruction"),
    }
}

/// A line for an operation that takes its time.
pub(crate) fn under_way(addr: &InstanceAddr, action: Action, elapsed: Duration) -> String {
    format!("{addr}: Still {}... [{} elapsed]", doing(action).0.to_lowercase(), short(elapsed))
}

/// A line for an event.
pub(crate) fn line(event: &Event) -> String {
    match event {
        Event::Started { addr, action, id } => match id {
            Some(id) => format!("{addr}: {}... [id={id}]", doing(*action).0),
            None => format!("{addr}: {}...", doing(*action).0),
        },
        Event::Finished { addr, action, id, elapsed } => {
            let id = id.as_ref().filter(|_| *action != Action::Delete).map(|id| format!(" [id={id}]")).unwrap_or_default();
            format!("{addr}: {} complete after {}{id}", doing(*action).1, short(*elapsed))
        }
        Event::Importing { addr, id } => format!("{addr}: Importing... [id={id}]"),
        Event::Imported { addr, id } => format!("{addr}: Import complete [id={id}]"),
        Event::Provisioning { addr, kind } => format!("{addr}: Provisioning with '{kind}'..."),
        Event::Output { addr, kind, line } => format!("{addr} ({kind}): {}", shown(line)),
        Event::Failed { addr, action, elapsed } => format!("{addr}: {} failed after {}", doing(*action).1, short(*elapsed)),
    }
}

/// What others print may not steer the terminal, colours aside.
fn shown(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_control() || matches!(letter, '\t' | '\u{1b}')).collect()
}

/// `0s`, `12s`, `3m2s`
fn short(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m{}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use weir_addr::{ModulePath, ResourceAddr};

    use super::*;

    #[test]
    fn a_bar_for_each_unfinished_stage_and_a_line_for_each_object() {
        let addr = |name: &str| ResourceAddr::managed(ModulePath::stage("network", None), "aws_vpc", name).instance(None);
        let running = |name: &str| Running { addr: addr(name), action: Action::Create, since: Instant::now(), reminders: 0 };
        let stage = |name: &str, done, all| Stage { name: Some(StageName::new(name)), done, all };
        let mut work = Work { stages: vec![stage("network", 1, 4), stage("db", 2, 2)], running: vec![running("main")] };
        assert_eq!(work.lines(80), ["stage network [#####---------------] 1/4", "  stage.network.aws_vpc.main: Creating... 0s"]);
        assert_eq!(work.lines(20)[1], "  stage.network.aw…");
        assert!(work.due().is_empty());
        work.running[0].since = Instant::now() - Duration::from_secs(61);
        assert_eq!(
            work.due().iter().map(|(addr, action, elapsed)| under_way(addr, *action, *elapsed)).collect::<Vec<_>>(),
            ["stage.network.aws_vpc.main: Still creating... [1m1s elapsed]"]
        );
        assert!(work.due().is_empty(), "told once");
        work.running.extend((0..NAMED).map(|at| running(&format!("n{at}"))));
        assert_eq!(work.lines(80).last().map(String::as_str), Some("  and 1 more"));
    }
}
