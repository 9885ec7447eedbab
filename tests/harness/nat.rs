//! Address translation as homes, offices and carriers have it, made of network namespaces and the system's own tables.

use std::time::Duration;

use tokio::process::Command;

use crate::namespace::Namespace;
use crate::stage::Stage;

/// How ports are given out (RFC 4787 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// Inner ports keep one outer port, whoever they talk to (*cone*).
    Kept,
    /// Each peer sees another port (*symmetric*).
    Fresh,
}

/// A router with addresses of its own behind it. Nothing gets in that was not asked for.
#[derive(Debug)]
pub struct Nat {
    router: Namespace,
    /// The network behind it.
    pub inside: Namespace,
}

impl Nat {
    /// Whether the system lets us make one.
    pub async fn is_possible() -> bool {
        let mut command = Command::new("unshare");
        let tables = "iptables -t nat -A POSTROUTING -j MASQUERADE --random-fully && iptables -A FORWARD -m conntrack --ctstate NEW -j DROP";
        command.args(["--user", "--map-root-user", "--net", "sh", "-c", tables]);
        command.output().await.is_ok_and(|output| output.status.success())
    }

    /// Makes one that hangs at `outer` by a link of its own, `link`: the two addresses of it, there and here. Inside is the
    /// network of `inner`, the address of its one machine. `forgets`: after how long without a packet a mapping is gone.
    pub async fn make(stage: &Stage, outer: &Namespace, mapping: Mapping, link: Link<'_>, forgets: Duration) -> Self {
        let (router, inside) = (outer.beside(stage).await, outer.beside(stage).await);
        let Link { name, there, here, gateway, inner } = link;
        outer.connect((name, &format!("{there}/30")), &router, ("wan", &format!("{here}/30"))).await;
        router.connect(("lan", &format!("{gateway}/24")), &inside, ("lan", &format!("{inner}/24"))).await;
        router.ip(&format!("route add default via {there}")).await;
        inside.ip(&format!("route add default via {gateway}")).await;
        let ports = match mapping {
            Mapping::Kept => "",
            Mapping::Fresh => "--random-fully",
        };
        let seconds = forgets.as_secs();
        router
            .shell(&format!(
                "echo 1 > /proc/sys/net/ipv4/ip_forward && \
                 echo {seconds} > /proc/sys/net/netfilter/nf_conntrack_udp_timeout && \
                 echo {seconds} > /proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream && \
                 iptables -t nat -A POSTROUTING -o wan -j MASQUERADE {ports} && \
                 iptables -A FORWARD -i wan -m conntrack --ctstate NEW,INVALID -j DROP"
            ))
            .await;
        Self { router, inside }
    }

    /// The router itself.
    pub const fn router(&self) -> &Namespace {
        &self.router
    }
}

/// Where a router hangs, and what is behind it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The outer interface's name.
    pub name: &'a str,
    /// The outer network's address on the link.
    pub there: &'a str,
    /// The router's outer address.
    pub here: &'a str,
    /// The router's inner address.
    pub gateway: &'a str,
    /// The address of the one machine inside.
    pub inner: &'a str,
}
