//! Tests that answers stay true through faults of the server and the network.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use wayfare_postgres::Postgres;

use crate::proxy::{Network, Proxy};
use crate::server::Server;
use crate::world::{Busy, World, open};

/// The time limit after the start of the server. A test that hangs fails.
const TIME_MAX: Duration = Duration::from_secs(30);

/// A server, and two engines whose owners take over entities from each other.
struct Scene {
    server: Server,
    proxies: [Proxy; 2],
    engines: [Arc<Postgres>; 2],
}

impl Scene {
    async fn set() -> Self {
        let server = Server::start(&[]);
        let proxies = [
            Proxy::start(server.socket()).await,
            Proxy::start(server.socket()).await,
        ];
        let engines = [
            Arc::new(open(&proxies[0].url()).await),
            Arc::new(open(&proxies[1].url()).await),
        ];
        Self {
            server,
            proxies,
            engines,
        }
    }

    async fn verify(&self, busy: Busy) {
        // Liveness: after the faults both engines make progress.
        busy.world.progress(100).await;
        let engine = open(&self.server.url()).await;
        busy.verify(&engine).await;
    }
}

async fn within(run: impl Future<Output = ()>) {
    let ended = tokio::time::timeout(TIME_MAX, run).await;
    ended.expect("it ends within its time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing() {
    let mut scene = Scene::set().await;
    within(async {
        let busy = World::start(&scene.engines);
        for _ in 0..3 {
            busy.world.progress(100).await;
            scene.server.kill();
            scene.server.restart();
        }
        scene.verify(busy).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_loses_nothing_acknowledged() {
    let mut primary = Server::start_primary();
    let standby = primary.start_standby();
    within(async {
        let url = primary.url_with(&standby);
        let engines = [Arc::new(open(&url).await), Arc::new(open(&url).await)];
        let busy = World::start(&engines);
        busy.world.progress(200).await;
        primary.kill();
        standby.promote();
        busy.world.progress(200).await;
        busy.verify(&open(&standby.url()).await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_with_killed_backends_are_reopened() {
    let scene = Scene::set().await;
    within(async {
        let busy = World::start(&scene.engines);
        // After a kill the server releases its memory and recovers.
        for signal in [Signal::TERM, Signal::TERM, Signal::KILL, Signal::KILL] {
            busy.world.progress(100).await;
            let serving = scene.server.serving();
            assert!(!serving.is_empty());
            for pid in serving.into_iter().step_by(2) {
                let _ = kill_process(pid, signal);
            }
        }
        scene.verify(busy).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_backend_causes_unknown_outcomes_only() {
    let scene = Scene::set().await;
    within(async {
        let busy = World::start(&scene.engines);
        for _ in 0..3 {
            busy.world.progress(100).await;
            let serving = scene.server.serving();
            for pid in &serving {
                let _ = kill_process(*pid, Signal::STOP);
            }
            busy.world.doubt(1).await;
            // They now execute the requests that were sent before the timeout.
            for pid in &serving {
                let _ = kill_process(*pid, Signal::CONT);
            }
        }
        scene.verify(busy).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_faults_cause_unknown_outcomes_only() {
    let scene = Scene::set().await;
    within(async {
        let busy = World::start(&scene.engines);
        for round in 0..10 {
            busy.world.progress(25).await;
            scene.proxies[round % 2].cut();
        }
        for network in [Network::Deaf, Network::Silent] {
            let proxy = &scene.proxies[0];
            busy.world.progress(100).await;
            proxy.set(network);
            busy.world.doubt(1).await;
            proxy.cut();
            proxy.set(Network::Passes);
        }
        // Both are delayed; otherwise the slower one would never write before the other takes over.
        for proxy in &scene.proxies {
            proxy.set(Network::Slow(Duration::from_millis(20)));
        }
        busy.world.progress(25).await;
        for proxy in &scene.proxies {
            proxy.set(Network::Passes);
        }
        scene.verify(busy).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unavailable_server_is_noticed_without_requests() {
    let mut server = Server::start(&[]);
    let engine = open(&server.url()).await;
    within(async {
        let until = async |is_away| {
            while engine.counters().is_away != is_away {
                tokio::task::yield_now().await;
            }
        };
        server.kill();
        until(true).await;
        server.restart();
        until(false).await;
    })
    .await;
}
