//! `weir vault`

mod init;
mod issue;
mod recipients;
mod status;

use std::path::PathBuf;

use weir_aws::operator::SecretPlace;
use weir_diag::Diagnostic;
use weir_provider::Fault;
use weir_vault::operator::Operator;
use weir_vault::{Connection, Secret};

use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::file;

/// Initialise a Vault or OpenBao server, see how it is, have certificates issued
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::Arguments),
    Issue(issue::Arguments),
    Status(status::Arguments),
}

impl Arguments {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self.command {
            Command::Init(arguments) => arguments.run(context),
            Command::Issue(arguments) => context.block_on(arguments.run(context))?,
            Command::Status(arguments) => context.block_on(arguments.run(context))?,
        }
    }
}

/// Where the server is. What is not given comes from `VAULT_ADDR`, `VAULT_CACERT`, `VAULT_TLS_SERVER_NAME` and `VAULT_NAMESPACE`.
#[derive(Debug, clap::Args)]
struct Server {
    /// URL of the server [default: VAULT_ADDR]
    #[arg(long, value_name = "URL")]
    address: Option<String>,
    /// Certificates of the CAs to trust, PEM; no others are trusted [default: VAULT_CACERT]
    #[arg(long, value_name = "FILE")]
    ca_cert: Option<PathBuf>,
    /// Name that the server's certificate has, when it is not the address's host [default: VAULT_TLS_SERVER_NAME]
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,
    /// Namespace [default: VAULT_NAMESPACE]
    #[arg(long, value_name = "PATH")]
    namespace: Option<String>,
}

impl Server {
    fn connection(&self) -> Connection {
        let connection = Connection {
            address: self.address.clone(),
            ca_cert_file: self.ca_cert.clone(),
            tls_server_name: self.tls_server_name.clone(),
            namespace: self.namespace.clone(),
            ..Connection::default()
        };
        connection.or_environment()
    }

    fn operator(&self) -> Result<(Operator, String), Failure> {
        let connection = self.connection();
        let operator = Operator::new(&connection).map_err(refused)?;
        Ok((operator, connection.address.unwrap_or_default()))
    }
}

/// Where the token comes from. Without an option it is `VAULT_TOKEN` or `~/.vault-token`.
#[derive(Debug, clap::Args)]
struct Token {
    /// Secret of AWS Secrets Manager that holds the token
    #[arg(long, value_name = "NAME|ARN")]
    token_secret: Option<String>,
    /// File whose first line is the token
    #[arg(long, value_name = "FILE", conflicts_with = "token_secret")]
    token_file: Option<PathBuf>,
}

impl Token {
    async fn give(&self, operator: Operator) -> Result<Operator, Failure> {
        let token = match (&self.token_secret, &self.token_file) {
            (Some(id), _) => Secret::new(SecretPlace::connect(id).await.map_err(faults)?.get().await.map_err(fault)?),
            (None, Some(path)) => Secret::new(file::read(path)?),
            (None, None) => return Ok(operator),
        };
        Ok(operator.with_token(Secret::new(token.expose().lines().next().unwrap_or_default())))
    }
}

fn refused(error: weir_vault::Error) -> Failure {
    fault(error.into())
}

fn fault(fault: Fault) -> Failure {
    Diagnostic::error(fault.summary, fault.detail).into()
}

fn faults(list: Vec<Fault>) -> Failure {
    list.into_iter().map(|fault| Diagnostic::error(fault.summary, fault.detail)).collect::<weir_diag::Diagnostics>().into()
}
