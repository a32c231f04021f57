//! Benchmarks of coordination on real etcd servers. Each figure is beside that of a bare client in
//! the same run: `cargo bench -p wayfare-etcd [-- latency|outage|beats]`.

mod bare;
mod beats;
#[allow(dead_code, reason = "not all that tests need")]
#[path = "../../tests/etcd/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "not all that tests need")]
#[path = "../../tests/etcd/etcd_process.rs"]
mod etcd_process;
mod latency;
mod outage;

use tokio::runtime::Builder;

fn main() {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    // Cargo itself passes `--bench`.
    let wanted: Vec<_> = std::env::args()
        .skip(1)
        .filter(|it| it != "--bench")
        .collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    runtime.block_on(async {
        if is_wanted("latency") {
            latency::run().await;
        }
        if is_wanted("outage") {
            outage::run().await;
        }
        if is_wanted("beats") {
            beats::run().await;
        }
    });
}
