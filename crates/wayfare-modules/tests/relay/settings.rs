//! Tests of the owner's commands: lock, privacy, password, capacity, kick, close.

use wayfare::{ErrorCode, LeaveReason};
use wayfare_modules::relay::{Command, Configure, Detail, Event, Open};

use crate::{id, join, join_knowing, lock, open, picture, refused, room_of};

fn kick(member: &str, message: &str) -> Command {
    Command::Kick {
        member: id(member),
        message: message.to_owned(),
    }
}

#[test]
fn a_locked_room_lets_nobody_in() {
    let mut table = room_of(Open::default(), &["ada"]);
    table.command("ada", lock(true)).unwrap();
    let refusal = join(&mut table, "bob").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::RoomLocked);
    assert_eq!(refusal.detail, Detail::Locked.number());
    table.command("ada", lock(false)).unwrap();
    join(&mut table, "bob").unwrap();
}

#[test]
fn the_creator_of_a_locked_room_joins_it() {
    let locked = Open {
        locked: true,
        ..Open::default()
    };
    let mut table = room_of(locked, &["ada"]);
    assert_eq!(refused(join(&mut table, "bob")), Detail::Locked);
    table.leave("ada");
    assert_eq!(
        refused(join(&mut table, "ada")),
        Detail::Locked,
        "it is made"
    );
}

#[test]
fn a_full_room_lets_nobody_in_until_there_is_more_room() {
    let one = Open {
        members_max: 1,
        ..Open::default()
    };
    let mut table = room_of(one, &["ada"]);
    let refusal = join(&mut table, "bob").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::RoomFull);
    assert_eq!(refusal.detail, Detail::Full.number());
    let more = |members_max: u32| {
        Command::Configure(Configure {
            members_max: Some(members_max),
            ..Configure::default()
        })
    };
    table.command("ada", more(2)).unwrap();
    join(&mut table, "bob").unwrap();
    assert_eq!(refused(table.command("ada", more(1))), Detail::NoPlace);
    assert_eq!(refused(table.command("ada", more(0))), Detail::OutOfRange);
    assert_eq!(refused(table.command("ada", more(251))), Detail::OutOfRange);
}

#[test]
fn a_password_is_required_and_never_shown() {
    let open_with = Open {
        password: "sesame".into(),
        ..Open::default()
    };
    let mut table = open(open_with);
    assert_eq!(refused(join(&mut table, "ada")), Detail::PasswordWrong);
    let seen = join_knowing(&mut table, "ada", "sesame").unwrap();
    assert!(seen.settings.password && !format!("{seen:?}").contains("sesame"));
    let no = join_knowing(&mut table, "bob", "sesam");
    assert_eq!(refused(no), Detail::PasswordWrong);

    let password = |word: &str| {
        Command::Configure(Configure {
            password: Some(word.into()),
            ..Configure::default()
        })
    };
    let no = table.command("ada", password(&"x".repeat(65)));
    assert_eq!(refused(no), Detail::TooLarge);
    table.command("ada", password("other")).unwrap();
    join_knowing(&mut table, "bob", "other").unwrap();
    table.command("ada", password("")).unwrap();
    join(&mut table, "cleo").unwrap();
    assert!(!picture(&mut table).settings.password);
}

#[test]
fn a_private_room_is_not_listed() {
    let private = Open {
        private: true,
        ..Open::default()
    };
    let mut table = room_of(private, &["ada"]);
    assert!(table.room().unwrap().summary.private);
    let public = Command::Configure(Configure {
        private: Some(false),
        ..Configure::default()
    });
    table.command("ada", public).unwrap();
    assert!(!table.room().unwrap().summary.private);
}

#[test]
fn settings_change_atomically_and_all_see_it() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    let before = picture(&mut table).settings;
    let bad = Command::Configure(Configure {
        locked: Some(true),
        password: Some("x".into()),
        members_max: Some(1),
        ..Configure::default()
    });
    assert_eq!(refused(table.command("ada", bad)), Detail::NoPlace);
    assert_eq!(picture(&mut table).settings, before);
    join(&mut table, "cleo").unwrap();
    table.events("bob");

    assert_eq!(refused(table.command("bob", lock(true))), Detail::OwnerOnly);
    table.command("ada", lock(true)).unwrap();
    let mut settings = before;
    settings.locked = true;
    assert_eq!(table.events("bob"), [Event::Settings { settings }]);
}

#[test]
fn the_owner_sends_members_away() {
    let mut table = room_of(Open::default(), &["ada", "bob", "cleo"]);
    assert_eq!(
        refused(table.command("bob", kick("cleo", ""))),
        Detail::OwnerOnly
    );
    assert_eq!(
        refused(table.command("ada", kick("ada", ""))),
        Detail::Oneself
    );
    assert_eq!(
        refused(table.command("ada", kick("dan", ""))),
        Detail::NoSuchMember
    );
    let no = table.command("ada", kick("bob", &"x".repeat(257)));
    assert_eq!(refused(no), Detail::TooLarge);
    table.command("ada", kick("bob", "too loud")).unwrap();
    let left = table.left("bob").unwrap();
    assert_eq!(
        (left.reason, &*left.message),
        (LeaveReason::Kicked, "too loud")
    );
    assert_eq!(table.events("cleo"), [Event::Left { member: id("bob") }]);
    join(&mut table, "bob").unwrap();
}

#[test]
fn the_owner_ends_the_room() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    assert_eq!(
        refused(table.command("bob", Command::Close)),
        Detail::OwnerOnly
    );
    let gone = table.command("ada", Command::Close).unwrap_err();
    assert!(
        gone.message.contains("Closed"),
        "the end comes before the answer"
    );
    assert_eq!(table.left("bob").unwrap().reason, LeaveReason::Closed);
    assert!(table.room().is_none());
}

#[test]
fn a_refused_creator_leaves_the_room_to_the_next() {
    let open_with = Open {
        locked: true,
        password: "sesame".into(),
        ..Open::default()
    };
    let mut table = open(open_with);
    assert_eq!(refused(join(&mut table, "ada")), Detail::PasswordWrong);
    let seen = join_knowing(&mut table, "bob", "sesame").unwrap();
    assert_eq!(seen.owner, Some(id("bob")));
    let no = join_knowing(&mut table, "ada", "sesame");
    assert_eq!(refused(no), Detail::Locked);
}
