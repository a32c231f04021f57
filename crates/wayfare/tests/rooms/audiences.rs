//! Tests of audiences.

use crate::probe::{Ask, Whom, id, text, three_players};

/// Makes ada send to this audience, and checks the recipients.
fn check(whom: &Whom, expect: &[&str]) {
    let mut table = three_players();
    table
        .command("ada", Ask::SayTo(whom.clone(), text("hi")))
        .unwrap();
    let mut heard = Vec::new();
    for player in ["ada", "bob", "cleo"] {
        let events = table.events(player);
        assert!(
            events.len() <= 1,
            "{player} heard it {} times",
            events.len()
        );
        if events == ["hi"] {
            heard.push(player);
        }
    }
    assert_eq!(heard, expect, "{whom:?}");
}

#[test]
fn audiences_reach_exactly_their_members() {
    check(&Whom::Me, &["ada"]);
    check(&Whom::Id(id("bob")), &["bob"]);
    check(&Whom::Ids(vec![id("cleo"), id("bob")]), &["bob", "cleo"]);
    check(&Whom::ButMe, &["bob", "cleo"]);
    check(&Whom::ButIds(vec![id("bob"), id("cleo")]), &["ada"]);
}

#[test]
fn non_members_and_empty_audiences_are_ignored() {
    check(&Whom::Id(id("zoe")), &[]);
    check(&Whom::Ids(vec![]), &[]);
    check(&Whom::Ids(vec![id("zoe"), id("ada"), id("ada")]), &["ada"]);
    check(&Whom::ButIds(vec![]), &["ada", "bob", "cleo"]);
}

#[test]
fn a_loop_over_the_members_can_send() {
    let mut table = three_players();
    table.command("bob", Ask::Greet).unwrap();
    assert_eq!(table.events("ada"), ["hello, ada"]);
    assert_eq!(table.events("cleo"), ["hello, cleo"]);
}

#[test]
fn the_members_are_counted() {
    let mut table = three_players();
    assert_eq!(table.command("ada", Ask::Count(id("bob"))), Ok(31));
    assert_eq!(table.command("ada", Ask::Count(id("zoe"))), Ok(30));
}
