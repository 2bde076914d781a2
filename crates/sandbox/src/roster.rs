//! All nodes that the sandbox plays, as its tasks see them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::Error;

/// What a node's health endpoint last said; better ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// It does not answer (yet).
    Unreachable,
    /// It is sealed.
    Sealed,
    /// It belongs to no initialised cluster.
    Uninitialized,
    /// It is unsealed and hands on to the active node.
    Standby,
    /// It is the active node.
    Active,
}

/// A node, for those who look from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The instance id.
    pub id: String,
    /// The node's own API, as a URL by address (its certificate has a name).
    pub api_address: String,
    /// The server's process, while it runs.
    pub pid: Option<u32>,
    /// What it last said of itself.
    pub health: Health,
}

/// What is asked of a node's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Have the server running.
    Run,
    /// Keep the server down, and its data.
    Down,
    /// Stop, wipe, end.
    Gone,
}

struct Seat {
    cluster: String,
    api: u16,
    raft: u16,
    pid: Option<u32>,
    health: Health,
    orders: watch::Sender<Order>,
}

/// The nodes, and which one the balancer holds on to.
pub(crate) struct Roster {
    seats: Mutex<BTreeMap<String, Seat>>,
    anchor: Mutex<Option<String>>,
    members: watch::Sender<()>,
}

impl Roster {
    pub(crate) fn new() -> Roster {
        Roster { seats: Mutex::default(), anchor: Mutex::default(), members: watch::Sender::new(()) }
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<String, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, id: &str, change: impl FnOnce(&mut Seat)) {
        if let Some(seat) = self.seats().get_mut(id) {
            change(seat);
        }
    }

    /// Gives a node its ports, so that the others can be told of it before it runs.
    pub(crate) fn admit(&self, id: &str, cluster: String) -> Result<watch::Receiver<Order>, Error> {
        let mut seats = self.seats();
        let mut taken: Vec<u16> = seats.values().flat_map(|seat| [seat.api, seat.raft]).collect();
        let api = free_port(&taken).map_err(Error::io("find a free port"))?;
        taken.push(api);
        let raft = free_port(&taken).map_err(Error::io("find a free port"))?;
        let (orders, receiver) = watch::channel(Order::Run);
        let seat = Seat { cluster, api, raft, pid: None, health: Health::Unreachable, orders };
        seats.insert(id.to_owned(), seat);
        drop(seats);
        self.members.send_replace(());
        Ok(receiver)
    }

    pub(crate) fn dismiss(&self, id: &str) {
        self.seats().remove(id);
        self.members.send_replace(());
    }

    pub(crate) fn order(&self, id: &str, order: Order) -> Result<(), Error> {
        let seats = self.seats();
        let seat = seats.get(id).ok_or_else(|| Error::NoNode(id.to_owned()))?;
        seat.orders.send_replace(order);
        Ok(())
    }

    pub(crate) fn set_pid(&self, id: &str, pid: Option<u32>) {
        self.with(id, |seat| {
            seat.pid = pid;
            seat.health = Health::Unreachable;
        });
    }

    pub(crate) fn set_health(&self, id: &str, health: Health) {
        self.with(id, |seat| seat.health = health);
    }

    pub(crate) fn health(&self, id: &str) -> Health {
        self.seats().get(id).map_or(Health::Unreachable, |seat| seat.health)
    }

    /// API and raft port of a node.
    pub(crate) fn ports(&self, id: &str) -> Option<(u16, u16)> {
        self.seats().get(id).map(|seat| (seat.api, seat.raft))
    }

    /// API ports of the other nodes of the same cluster.
    pub(crate) fn peers(&self, id: &str) -> Vec<u16> {
        let seats = self.seats();
        let Some(own) = seats.get(id) else { return Vec::new() };
        let others = seats.iter().filter(|(other, seat)| *other != id && seat.cluster == own.cluster);
        others.map(|(_, seat)| seat.api).collect()
    }

    /// Wakes when a node comes or goes.
    pub(crate) fn members(&self) -> watch::Receiver<()> {
        self.members.subscribe()
    }

    pub(crate) fn nodes(&self) -> Vec<Node> {
        let node = |(id, seat): (&String, &Seat)| Node { id: id.clone(), api_address: format!("https://127.0.0.1:{}", seat.api), pid: seat.pid, health: seat.health };
        self.seats().iter().map(node).collect()
    }

    /// Where a new connection may go, best first: the active node, else the one that got the last connection for as
    /// long as its process lives (so that an initialisation and what follows it reach one node), else those that answer.
    pub(crate) fn candidates(&self) -> Vec<(String, u16)> {
        let anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let seats = self.seats();
        let mut found: Vec<_> = seats
            .iter()
            .filter_map(|(id, seat)| {
                seat.pid?;
                let rank = match seat.health {
                    Health::Active => 3,
                    _ if anchor.as_ref() == Some(id) => 2,
                    Health::Standby | Health::Uninitialized => 1,
                    Health::Sealed => 0,
                    Health::Unreachable => return None,
                };
                Some((rank, id.clone(), seat.api))
            })
            .collect();
        found.sort_by(|one, two| two.0.cmp(&one.0).then_with(|| one.1.cmp(&two.1)));
        found.into_iter().map(|(_, id, port)| (id, port)).collect()
    }

    pub(crate) fn set_anchor(&self, id: &str) {
        *self.anchor.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.to_owned());
    }

    pub(crate) fn is_anchor(&self, id: &str) -> bool {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == Some(id)
    }
}

/// A free loopback port below the range from which the system gives ports to outgoing connections: a server must get
/// the same port again after a restart.
fn free_port(taken: &[u16]) -> std::io::Result<u16> {
    const FIRST: u16 = 15_000;
    const COUNT: u16 = 15_000;
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    let mut seed = nanos ^ std::process::id().rotate_left(16);
    for _ in 0..500 {
        // A linear congruential step: any spread will do.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let port = FIRST + u16::try_from((seed >> 16) % u32::from(COUNT)).unwrap_or(0);
        if !taken.contains(&port) && std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::AddrInUse))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(roster: &Roster) -> Vec<String> {
        roster.candidates().into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn the_balancer_prefers_the_active_node_then_the_last_one() {
        let roster = Roster::new();
        for id in ["a", "b", "c"] {
            roster.admit(id, "k=v".to_owned()).expect("ports");
        }
        assert!(ids(&roster).is_empty(), "nothing runs");
        for (pid, id) in (1..).zip(["a", "b", "c"]) {
            roster.set_pid(id, Some(pid));
            roster.set_health(id, Health::Uninitialized);
        }
        assert_eq!(ids(&roster), ["a", "b", "c"]);
        roster.set_anchor("b");
        assert_eq!(ids(&roster), ["b", "a", "c"]);
        roster.set_health("b", Health::Unreachable);
        assert_eq!(ids(&roster), ["b", "a", "c"], "busy, but alive");
        roster.set_health("c", Health::Active);
        assert_eq!(ids(&roster), ["c", "b", "a"]);
        roster.set_pid("b", None);
        assert_eq!(ids(&roster), ["c", "a"]);
    }

    #[test]
    fn peers_are_the_others_of_the_cluster() {
        let roster = Roster::new();
        for (id, cluster) in [("a", "k=1"), ("b", "k=1"), ("c", "k=2")] {
            roster.admit(id, cluster.to_owned()).expect("ports");
        }
        let (port, _) = roster.ports("b").expect("admitted");
        assert_eq!(roster.peers("a"), [port]);
        assert!(roster.peers("c").is_empty());
        assert!(roster.order("x", Order::Down).is_err());
    }
}
