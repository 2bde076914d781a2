//! Child processes that do not outlive this one, even when it is killed.
//!
//! A keeper is a small shell that is told the id of each child over a pipe. When the pipe closes, because this process
//! ended in whatever way, it kills the children that are left. A child begins as a shell too, that waits for a word
//! before it becomes the real program, so there is no moment at which a child runs that the keeper does not know of.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt;

use crate::Error;

const KEEPER: &str = r#"
trap '' INT TERM HUP
pids=
while read -r word pid; do
  case $word in
    +) pids="$pids $pid" ;;
    -) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
for p in $pids; do kill -KILL "$p"; done
"#;

const CHILD: &str = r#"read -r word && exec "$0" "$@" </dev/null"#;

/// The watcher over all children of one sandbox.
pub(crate) struct Keeper {
    shell: Mutex<Child>,
    wire: Mutex<Option<ChildStdin>>,
}

/// What to run.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// The whole environment: nothing is inherited.
    pub(crate) env: Vec<(&'static str, OsString)>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
    /// Takes both output streams, appended.
    pub(crate) log: PathBuf,
}

/// A running child; killed when dropped.
pub(crate) struct Guarded {
    child: tokio::process::Child,
    pid: u32,
    keeper: Arc<Keeper>,
    over: bool,
}

impl Keeper {
    pub(crate) fn start() -> Result<Arc<Keeper>, Error> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", KEEPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(Error::io("start /bin/sh"))?;
        let wire = shell.stdin.take();
        Ok(Arc::new(Keeper { shell: Mutex::new(shell), wire: Mutex::new(wire) }))
    }

    fn tell(&self, word: char, pid: u32) -> std::io::Result<()> {
        match self.wire.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(wire) => wire.write_all(format!("{word} {pid}\n").as_bytes()),
            None => Ok(()),
        }
    }

    /// Starts a program in a process group of its own.
    pub(crate) async fn spawn(self: &Arc<Self>, program: &Program) -> Result<Guarded, Error> {
        let what = || format!("start {}", program.path.display());
        let log = File::options().create(true).append(true).open(&program.log).map_err(Error::io(format!("write {}", program.log.display())))?;
        let err = log.try_clone().map_err(Error::io(what()))?;
        let mut child = tokio::process::Command::new("/bin/sh")
            .args(["-c", CHILD])
            .arg(&program.path)
            .args(&program.args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.folder)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(err)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io(what()))?;
        let pid = child.id().ok_or_else(|| std::io::Error::other("it ended at once")).map_err(Error::io(what()))?;
        let stdin = child.stdin.take();
        let guarded = Guarded { child, pid, keeper: Arc::clone(self), over: false };
        self.tell('+', pid).map_err(Error::io(what()))?;
        if let Some(mut stdin) = stdin {
            stdin.write_all(b"go\n").await.map_err(Error::io(what()))?;
        }
        Ok(guarded)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.wire.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        // It ends as soon as its input does.
        let _ = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

impl Guarded {
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the end; may be called again.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.forget();
        Ok(status)
    }

    /// The exit status when it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten()?;
        self.forget();
        Some(status)
    }

    /// Kills and waits for the end; nothing when it has ended already.
    pub(crate) async fn kill(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(pid = self.pid, %error, "kill");
        }
        self.forget();
    }

    fn forget(&mut self) {
        if !self.over {
            self.over = true;
            let _ = self.keeper.tell('-', self.pid);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.child.start_kill();
            self.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Whether the process runs (a zombie does not).
    fn alive(pid: u32) -> bool {
        let state = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().expect("ps");
        let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
        !state.is_empty() && !state.starts_with('Z')
    }

    async fn sleeper(keeper: &Arc<Keeper>, dir: &std::path::Path) -> Guarded {
        let program = Program { path: "/bin/sleep".into(), args: vec!["600".into()], env: vec![], folder: dir.into(), log: dir.join("log") };
        keeper.spawn(&program).await.expect("spawn")
    }

    #[tokio::test]
    async fn a_child_dies_with_its_guard() {
        let dir = tempfile::tempdir().expect("tempdir");
        let keeper = Keeper::start().expect("keeper");
        let mut one = sleeper(&keeper, dir.path()).await;
        let two = sleeper(&keeper, dir.path()).await;
        let (first, second) = (one.pid(), two.pid());
        assert!(alive(first) && alive(second));
        one.kill().await;
        drop(two);
        for _ in 0..100 {
            if !alive(second) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!alive(first) && !alive(second));
    }

    /// What the kernel does to our end of the pipe when this process is killed: it closes it, and nothing else.
    #[tokio::test]
    async fn children_die_when_the_pipe_closes() {
        let dir = tempfile::tempdir().expect("tempdir");
        let keeper = Keeper::start().expect("keeper");
        let mut one = sleeper(&keeper, dir.path()).await;
        let mut two = sleeper(&keeper, dir.path()).await;
        two.kill().await;
        drop(keeper.wire.lock().expect("lock").take());
        let status = tokio::time::timeout(Duration::from_secs(5), one.wait()).await.expect("in time").expect("status");
        assert!(!status.success());
        let keeper_status = keeper.shell.lock().expect("lock").wait().expect("wait");
        assert!(keeper_status.success(), "only the live child was killed: {keeper_status}");
    }
}
