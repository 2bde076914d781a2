//! The load balancer: one loopback port, handing connections to the nodes that answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::Error;
use crate::roster::Roster;

/// A bound port that nobody serves yet.
pub(crate) struct Balancer {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Balancer {
    pub(crate) async fn bind() -> Result<Balancer, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::io("listen on a loopback port"))?;
        let address = listener.local_addr().map_err(Error::io("listen on a loopback port"))?;
        Ok(Balancer { listener, address })
    }

    /// Serves until it is dropped, and with it all its connections.
    pub(crate) async fn serve(self, roster: Arc<Roster>) {
        let mut connections = JoinSet::new();
        loop {
            match self.listener.accept().await {
                Ok((client, _)) => {
                    connections.spawn(carry(client, Arc::clone(&roster)));
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// Joins one connection to the best node; closes it when there is none.
async fn carry(mut client: TcpStream, roster: Arc<Roster>) {
    for (id, port) in roster.candidates() {
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
        roster.set_anchor(&id);
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        // Ends by either side are the connection's own business.
        let _ = copy_bidirectional(&mut client, &mut server).await;
        return;
    }
    tracing::debug!("no node answers");
}
