//! A test of two players on two shards, while one player's connection is cut a hundred times.

use crate::proxy::Proxy;
use crate::server::Server;
use crate::terminal::Terminal;

const CUTS: usize = 100;
/// The number of bots that `dev` starts by default.
const BOTS: usize = 8;

#[test]
fn a_hundred_cuts_lose_nothing_and_repeat_nothing() {
    let server = Server::start(&["dev", "--shards", "2"]);
    // Once the bots have joined, new sessions are placed on the shards in turn.
    while sessions(&server).len() < BOTS {}
    let proxy = Proxy::start(server.address(), CUTS, 6_000, 7);
    let mut steady = Terminal::join(&server.url, "steady", "plaza/main");
    let mut cut = Terminal::join(&format!("ws://{}", proxy.address), "cut", "plaza/main");
    let shards = [shard_of(&server, "steady"), shard_of(&server, "cut")];
    assert_ne!(shards[0], shards[1], "the two are on different shards");
    let mut rounds = 0;
    while proxy.cuts() < CUTS {
        rounds += 1;
        assert!(rounds < 5_000, "only {} cuts", proxy.cuts());
        cut.type_line(&format!("say cut {rounds}"));
        steady.type_line(&format!("say steady {rounds}"));
        // Each waits for the other's line: a conversation, not a burst.
        steady.wait_for(&format!("cut {rounds}\""));
        cut.wait_for(&format!("steady {rounds}\""));
    }
    let cut = cut.end();
    let steady = steady.end();
    for (account, name) in [(&cut, "cut"), (&steady, "steady")] {
        assert_eq!(account.sent().len(), rounds);
        let mut answered = account.answered();
        answered.sort_unstable();
        assert_eq!(
            answered,
            (1..=rounds as u64).collect::<Vec<_>>(),
            "{name}: answered once each"
        );
    }
    let of = |said: &[(String, String)], who: &str| -> Vec<String> {
        said.iter()
            .filter(|(name, _)| name == who)
            .map(|(_, text)| text.clone())
            .collect()
    };
    let (heard_by_cut, heard_by_steady) = (cut.said(), steady.said());
    for who in ["cut", "steady"] {
        let expected: Vec<String> = (1..=rounds).map(|round| format!("{who} {round}")).collect();
        assert_eq!(of(&heard_by_cut, who), expected, "{who} as heard by cut");
        assert_eq!(
            of(&heard_by_steady, who),
            expected,
            "{who} as heard by steady"
        );
    }
    // The bots' lines, too, from when both players were there to when the first one left.
    let first = |said: &[(String, String)]| said.iter().position(|(_, text)| text == "cut 1");
    let cut_from = &heard_by_cut[first(&heard_by_cut).unwrap()..];
    let steady_from = &heard_by_steady[first(&heard_by_steady).unwrap()..];
    let common = cut_from.len().min(steady_from.len());
    assert_eq!(
        cut_from[..common],
        steady_from[..common],
        "one order for everybody"
    );
    assert!(
        cut.interruptions() >= CUTS / 2,
        "{} interruptions noticed",
        cut.interruptions()
    );
}

/// Returns the shard that holds the session of the player with this name.
fn shard_of(server: &Server, name: &str) -> u64 {
    let sessions = sessions(server);
    let named = sessions.iter().find(|session| session["name"] == name);
    named.unwrap()["shard"].as_u64().unwrap()
}

fn sessions(server: &Server) -> Vec<serde_json::Value> {
    let answer = server.operate(&["session", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    listed["sessions"].as_array().unwrap().clone()
}
