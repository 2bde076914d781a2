//! The emulated AWS API: one process, its state in memory only.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Error;
use crate::api::Api;
use crate::install::{Tools, tail};
use crate::keeper::{Guarded, Keeper, Program};

const LAUNCHER: &str = include_str!("emulator/launcher.py");
const PATCHES: &str = include_str!("emulator/patches.py");

/// How long the first answer may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running emulator.
pub(crate) struct Emulator {
    pub(crate) process: Guarded,
    pub(crate) endpoint: String,
    pub(crate) request_log: PathBuf,
}

impl Emulator {
    /// Starts it on a free loopback port and waits until it listens.
    pub(crate) async fn start(keeper: &Arc<Keeper>, tools: &Tools, work: &Path, logs: &Path, nodes: bool) -> Result<Emulator, Error> {
        let folder = work.join("emulator");
        fs::create_dir_all(&folder).map_err(Error::io(format!("make {}", folder.display())))?;
        for (name, text) in [("launcher.py", LAUNCHER), ("patches.py", PATCHES)] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(Error::io(format!("write {}", path.display())))?;
        }
        let port_file = folder.join("port");
        let _ = fs::remove_file(&port_file);
        let (log, request_log) = (logs.join("emulator.log"), logs.join("requests.log"));
        let mut args = vec!["-I".into(), "-B".into(), folder.join("launcher.py").into_os_string()];
        args.extend(["--port-file".into(), port_file.clone().into_os_string()]);
        args.extend(["--request-log".into(), request_log.clone().into_os_string()]);
        if nodes {
            args.push("--await-nodes".into());
        }
        let env = vec![("HOME", folder.clone().into_os_string())];
        let program = Program { path: tools.python.clone(), args, env, folder, log: log.clone() };
        let mut process = keeper.spawn(&program).await?;
        let begin = Instant::now();
        let port: u16 = loop {
            // It is renamed into place, so what is there is whole.
            if let Some(port) = fs::read_to_string(&port_file).ok().and_then(|text| text.parse().ok()) {
                break port;
            }
            if process.ended().is_some() || begin.elapsed() > PATIENCE {
                let text = fs::read_to_string(&log).unwrap_or_default();
                return Err(Error::Emulator { message: tail(&text), log });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        Ok(Emulator { process, endpoint: format!("http://127.0.0.1:{port}"), request_log })
    }
}

/// Makes the first call to each service, which is slow as the emulator loads its code then.
pub(crate) async fn warm_up(api: Api) {
    for (service, version, action) in [
        ("ec2", "2016-11-15", "DescribeVpcs"),
        ("sts", "2011-06-15", "GetCallerIdentity"),
        ("iam", "2010-05-08", "ListRoles"),
        ("autoscaling", "2011-01-01", "DescribeAutoScalingGroups"),
        ("elasticloadbalancing", "2015-12-01", "DescribeLoadBalancers"),
    ] {
        note(api.query(service, version, action, &[]).await.map(drop));
    }
    let empty = serde_json::json!({});
    for (service, target) in [
        ("kms", "TrentService.ListKeys"),
        ("secretsmanager", "secretsmanager.ListSecrets"),
        ("logs", "Logs_20140328.DescribeLogGroups"),
        ("ssm", "AmazonSSM.DescribeParameters"),
    ] {
        note(api.json(service, target, &empty).await.map(drop));
    }
    for (service, path) in [("s3", "/"), ("route53", "/2013-04-01/hostedzone")] {
        note(api.get(service, path).await.map(drop));
    }
}

fn note(result: Result<(), Error>) {
    if let Err(error) = result {
        tracing::debug!(%error, "warming up");
    }
}
