//! Tests of the storage contract on a real server.

use wayfare_engine::contract;
use wayfare_postgres::{Config, Postgres};

use crate::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_the_contract() {
    let server = Server::start(&[]);
    let config: Config = server.url().parse().unwrap();
    let engine = Postgres::open(config).await.unwrap();
    let mut broken = Vec::new();
    for case in contract::storage() {
        if let Err(breach) = case.run(&engine, "contract/1").await {
            broken.push(format!("{}: {breach} {breach:?}", case.name));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}
