//! `weir vault init`

use std::path::PathBuf;
use std::time::Duration;

use weir_aws::operator::SecretPlace;
use weir_diag::Diagnostics;
use weir_vault::Secret;
use weir_vault::operator::{InitRequest, Operator};

use super::recipients::{self, Holders};
use super::{Server, fault, faults, refused};
use crate::command::gate;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::file::{self, SECRET};
use crate::stack::VariableFlags;
use crate::stored::ChangeFlags;

/// How long nodes have to come up, unseal and join.
const PATIENCE: Duration = Duration::from_secs(600);

/// Initialise a server that unseals itself, once
///
/// Each recovery key is encrypted to its holder as it arrives and written to the folder -out; the root token goes into AWS Secrets Manager or an age file. Neither is ever shown. A server that is
/// initialised already stays as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
    /// Number of recovery keys
    #[arg(long, default_value_t = 5, value_name = "N")]
    recovery_shares: u32,
    /// Number of recovery keys that are needed together
    #[arg(long, default_value_t = 3, value_name = "N")]
    recovery_threshold: u32,
    /// age recipient of a holder (age1...); once per key
    #[arg(long, value_name = "AGE", conflicts_with = "pgp_key")]
    recipient: Vec<String>,
    /// File with the PGP public key of a holder; once per key
    #[arg(long, value_name = "FILE", required_unless_present = "recipient")]
    pgp_key: Vec<PathBuf>,
    /// Folder for the encrypted recovery keys
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Secret of AWS Secrets Manager that gets the root token
    #[arg(long, value_name = "NAME|ARN", required_unless_present = "root_token_file")]
    root_token_secret: Option<String>,
    /// File that gets the root token, encrypted to every age recipient
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root_token_secret", "pgp_key"])]
    root_token_file: Option<PathBuf>,
    /// Wait for so many voters in the Raft cluster
    #[arg(long, default_value_t = 1, value_name = "N")]
    voters: usize,
    /// Gate of the stack in this folder to open afterwards
    #[arg(long, value_name = "NAME")]
    gate: Option<String>,
    #[command(flatten)]
    variables: VariableFlags,
    #[command(flatten)]
    state: ChangeFlags,
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        context.block_on(self.server_once(context))??;
        match &self.gate {
            Some(gate) => gate::open_named(context, &self.variables, &self.state, gate, Vec::new()),
            None => Ok(Exit::DONE),
        }
    }

    /// Initialises the server, unless it is already.
    async fn server_once(&self, context: &Context) -> Result<(), Failure> {
        let (operator, address) = self.server.operator()?;
        let health = operator.wait_reachable(Duration::from_secs(60)).await.map_err(refused)?;
        if health.initialized {
            context.out.line(format!("{address} is initialised already: nothing was changed."));
        } else {
            let token = self.initialise(context, &operator, &address).await?;
            self.watch(context, operator, token).await?;
        }
        Ok(())
    }

    /// Everything that can fail is tried before; afterwards nothing that came is lost.
    async fn initialise(&self, context: &Context, operator: &Operator, address: &str) -> Result<Secret, Failure> {
        let holders = self.holders()?;
        let files: Vec<PathBuf> = (0..holders.len()).map(|at| holders.file(&self.out, at)).chain(self.root_token_file.clone()).collect();
        recipients::prepare(&self.out, &files)?;
        let place = match &self.root_token_secret {
            Some(id) => Some(SecretPlace::connect(id).await.map_err(faults)?),
            None => None,
        };
        if let Some(place) = &place {
            place.check().await.map_err(fault)?;
        }
        let status = operator.seal_status().await.map_err(refused)?;
        if !status.unseals_itself() {
            let detail = format!("The seal of {address} is \"{}\". Give the server a seal that opens by itself, such as awskms; nothing was changed.", status.kind);
            return Err(Failure::error("The server does not unseal itself", detail));
        }
        context.out.line(format!("Initialising {address} ..."));
        let pgp_keys = if let Holders::Pgp(keys) = &holders { keys.clone() } else { Vec::new() };
        let request = InitRequest { shares: self.recovery_shares, threshold: self.recovery_threshold, pgp_keys, root_token_pgp_key: None };
        let keys = operator.init(&status, &request).await.map_err(refused)?;

        let mut lost = Diagnostics::new();
        for (at, share) in keys.shares.iter().enumerate() {
            let path = holders.file(&self.out, at);
            let written = holders.seal(at, share).and_then(|sealed| Ok(file::write_new(&path, sealed, SECRET)?));
            match written {
                Ok(()) => context.out.line(format!("Recovery key {} of {}: {}", at + 1, keys.shares.len(), path.display())),
                Err(failure) => lost.extend(failure.diagnostics),
            }
        }
        if let Err(failure) = self.keep_token(context, &holders, place.as_ref(), &keys.root_token).await {
            lost.extend(failure.diagnostics);
        }
        lost.into_result(keys.root_token).map_err(Failure::from)
    }

    fn holders(&self) -> Result<Holders, Failure> {
        let holders = Holders::new(&self.recipient, &self.pgp_key)?;
        if holders.len() != self.recovery_shares as usize {
            let detail = format!("There are {} recovery keys and {} holders: give one -recipient or -pgp-key per key.", self.recovery_shares, holders.len());
            return Err(Failure::error("Not one holder per recovery key", detail));
        }
        let fits = (1..=self.recovery_shares).contains(&self.recovery_threshold) && (self.recovery_shares == 1 || self.recovery_threshold > 1);
        if !fits {
            let detail =
                format!("{} of {} keys cannot be needed: it takes at least 2 of several, and no more than there are.", self.recovery_threshold, self.recovery_shares);
            return Err(Failure::error("Invalid recovery threshold", detail));
        }
        Ok(holders)
    }

    /// Puts the root token where it belongs; if that fails into an age file, so that it is not lost.
    async fn keep_token(&self, context: &Context, holders: &Holders, place: Option<&SecretPlace>, token: &Secret) -> Result<(), Failure> {
        let put = match place {
            Some(place) => place.put(token.expose()).await.map_err(fault),
            None => Ok(()),
        };
        if let (Ok(()), Some(id)) = (&put, &self.root_token_secret) {
            context.out.line(format!("Root token: in Secrets Manager, {id}"));
            return Ok(());
        }
        let path = self.root_token_file.clone().unwrap_or_else(|| self.out.join("root-token.age"));
        let kept = match holders {
            Holders::Age(recipients) => recipients::encrypt(recipients, token).and_then(|sealed| Ok(file::write_new(&path, sealed, SECRET)?)),
            Holders::Pgp(_) => Err(Failure::error(
                "The root token is lost",
                "The server is initialised, but the token could not be stored. The holders can make a new one together: bao operator generate-root.",
            )),
        };
        if kept.is_ok() {
            context.out.line(format!("Root token: {}, encrypted to the holders", path.display()));
        }
        let mut all = Diagnostics::new();
        for result in [put, kept] {
            if let Err(failure) = result {
                all.extend(failure.diagnostics);
            }
        }
        all.into_result(()).map_err(Failure::from)
    }

    async fn watch(&self, context: &Context, operator: Operator, token: Secret) -> Result<(), Failure> {
        context.out.line("Waiting for the cluster ...");
        let operator = operator.with_token(token);
        let health = operator.wait_unsealed(PATIENCE).await.map_err(refused)?;
        let raft = operator.wait_voters(self.voters, PATIENCE).await.map_err(refused)?;
        context.out.line(format!("Initialised and unsealed: version {}, {} voters, leader {}.", health.version, raft.voters.len(), raft.leader));
        Ok(())
    }
}
