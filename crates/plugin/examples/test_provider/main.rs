//! A provider for tests: serves protocol 5 and 6 from one definition, with the faults that its arguments name.
//!
//! `test_provider VERSION [FAULT]`, started by a client of plugins. FAULT is one of `garbage`, `silent`, `deaf`, `old`, `dies`, or `strict`: then it
//! does nothing before it was asked for its schemas.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit, reason = "a program for tests")]

mod definition;
mod handler;
mod serve;

use std::sync::Arc;

use handler::Handler;
use weir_plugin::protocol::tfplugin5::provider_server::{Provider as Provider5, ProviderServer as Server5};
use weir_plugin::protocol::tfplugin6::provider_server::{Provider as Provider6, ProviderServer as Server6};
use weir_plugin::protocol::tfplugin6::*;

type Answer<T> = Result<tonic::Response<T>, tonic::Status>;

macro_rules! both {
    ($($five:ident, $six:ident: $message:ident, $does:ident;)*) => {
        #[tonic::async_trait]
        impl Provider5 for Handler {
            async fn get_schema(&self, _: tonic::Request<get_provider_schema::Request>) -> Answer<get_provider_schema::Response> {
                Ok(tonic::Response::new(self.describe(&definition::version_5)))
            }
            $(async fn $five(&self, request: tonic::Request<$message::Request>) -> Answer<$message::Response> {
                self.$does(request.into_inner()).await.map(tonic::Response::new)
            })*
        }
        #[tonic::async_trait]
        impl Provider6 for Handler {
            async fn get_provider_schema(&self, _: tonic::Request<get_provider_schema::Request>) -> Answer<get_provider_schema::Response> {
                Ok(tonic::Response::new(self.describe(&definition::version_6)))
            }
            $(async fn $six(&self, request: tonic::Request<$message::Request>) -> Answer<$message::Response> {
                self.$does(request.into_inner()).await.map(tonic::Response::new)
            })*
        }
    };
}

both! {
    prepare_provider_config, validate_provider_config: prepare_provider_config, prepare;
    validate_resource_type_config, validate_resource_config: validate_config, validate;
    validate_data_source_config, validate_data_resource_config: validate_config, accept;
    validate_ephemeral_resource_config, validate_ephemeral_resource_config: validate_config, accept;
    upgrade_resource_state, upgrade_resource_state: upgrade_resource_state, upgrade;
    configure, configure_provider: configure, configure;
    read_resource, read_resource: read_resource, read;
    plan_resource_change, plan_resource_change: plan_resource_change, plan;
    apply_resource_change, apply_resource_change: apply_resource_change, apply;
    import_resource_state, import_resource_state: import_resource_state, import;
    move_resource_state, move_resource_state: move_resource_state, take_over;
    get_resource_identity_schemas, get_resource_identity_schemas: get_resource_identity_schemas, identities;
    upgrade_resource_identity, upgrade_resource_identity: upgrade_resource_identity, upgrade_identity;
    read_data_source, read_data_source: read_data_source, read_data;
    open_ephemeral_resource, open_ephemeral_resource: open_ephemeral_resource, open;
    renew_ephemeral_resource, renew_ephemeral_resource: renew_ephemeral_resource, renew;
    close_ephemeral_resource, close_ephemeral_resource: close_ephemeral_resource, close;
    call_function, call_function: call_function, call;
    stop, stop_provider: stop, stop;
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let version: u8 = arguments[0].parse().unwrap();
    match arguments.get(1).map(String::as_str) {
        Some("garbage") => return println!("\u{1b}[31mI am a calculator.\u{1b}[0m 2 + 2 = 4"),
        Some("old") => return println!("1|4|unix|/nowhere|netrpc"),
        // Announces what nobody accepts connections at.
        Some("deaf") => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            println!("1|{version}|tcp|{}|grpc|", listener.local_addr().unwrap());
            return std::thread::sleep(std::time::Duration::from_secs(3600));
        }
        Some("silent") => {
            eprintln!("waiting for a licence server");
            return std::thread::sleep(std::time::Duration::from_secs(3600));
        }
        Some("dies") => {
            eprintln!("no licence was found");
            std::process::exit(3);
        }
        _ => {}
    }
    let handler = Arc::new(Handler::new(version, arguments.get(1).is_some_and(|fault| fault == "strict")));
    let incoming = serve::listen(version).await;
    let mut server = tonic::transport::Server::builder();
    if version == 5 {
        server.add_service(Server5::from_arc(handler)).serve_with_incoming(incoming).await.unwrap();
    } else {
        server.add_service(Server6::from_arc(handler)).serve_with_incoming(incoming).await.unwrap();
    }
}
