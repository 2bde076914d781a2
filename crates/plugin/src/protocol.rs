//! The messages and calls of the protocol, made from `proto/`.
#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]

/// Version 6, and the messages that version 5 shares with it.
pub mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// Version 5.
pub mod tfplugin5 {
    tonic::include_proto!("tfplugin5");
}

/// What every plugin process serves.
pub mod plugin {
    tonic::include_proto!("plugin");
}
