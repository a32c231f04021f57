//! Tests of the checks of a game before it runs.

use std::time::Duration;

use wayfare::{Kind, hz};

use crate::probe::Probe;

#[test]
fn a_good_game_has_its_kinds() {
    let kinds = wayfare::serve()
        .room::<Probe>("plaza", |kind| kind.tick(hz(20)).members_max(100))
        .room::<Probe>("duel", |kind| kind.grace(Duration::from_secs(5)))
        .kinds()
        .unwrap();
    assert_eq!(kinds[0].name, "plaza");
    assert_eq!(kinds[0].settings.tick, Some(Duration::from_millis(50)));
    assert_eq!(kinds[0].settings.members_max, 100);
    assert_eq!(kinds[1].settings.member_grace, Duration::from_secs(5));
}

#[test]
fn all_mistakes_are_reported_with_corrections() {
    let plain = |kind: Kind<Probe>| kind;
    let wrong = wayfare::serve()
        .room("Plaza", plain)
        .room("duel", plain)
        .room("duel", |kind: Kind<Probe>| kind.tick(hz(0)).members_max(0))
        .kinds()
        .unwrap_err();
    assert_eq!(wrong.problems().len(), 4);
    assert_eq!(
        wrong.to_string(),
        "the game cannot run as it is\n  \
         - kind \"Plaza\" has characters other than a-z, 0-9, - and _: a kind is the first part \
         of a room's id, such as \"plaza\" in plaza/main\n  \
         - there are two kinds \"duel\": give each `.room` and `.entity` a name \
         of its own\n  \
         - kind \"duel\" has no time between two ticks: say how often, such as `.tick(hz(20))`, \
         or leave `.tick` out\n  \
         - a room of kind \"duel\" has no place for anybody: set `.members_max` to 1 or more"
    );
}

#[test]
fn a_game_without_rooms_is_told_how_to_add_one() {
    let wrong = wayfare::serve().kinds().unwrap_err();
    assert!(
        wrong.to_string().contains(".room::<MyRoom>(\"my-room\""),
        "{wrong}"
    );
}
