//! `/v1/rooms`: lists rooms, shows one in full, closes one.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use wayfare_core::operator::{self, Report, RoomDetail, RoomSummary};
use wayfare_protocol::EntityId;

use super::Admin;
use super::failure::Failure;
use super::json::{Closed, MemberRow, Page, RoomList, RoomRow, RoomShown};

type RoomPath = Result<Path<(String, String)>, PathRejection>;

pub(super) async fn list(
    State(admin): State<Admin>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<RoomList>, Failure> {
    let Query(Page { limit }) = page.map_err(|rejected| Failure::bad_request(&rejected))?;
    let answers = admin.ask(operator::Query::Rooms).await?;
    let mut rooms: Vec<RoomSummary> = answers
        .into_iter()
        .filter_map(|answer| match answer {
            Report::Rooms(rooms) => Some(rooms),
            _ => None,
        })
        .flatten()
        .collect();
    rooms.sort_by(|left, right| left.entity.cmp(&right.entity));
    let total = rooms.len();
    let rooms = rooms
        .iter()
        .take(limit)
        .map(|room| row(room, &admin))
        .collect();
    Ok(Json(RoomList { total, rooms }))
}

pub(super) async fn show(
    State(admin): State<Admin>,
    path: RoomPath,
) -> Result<Json<RoomShown>, Failure> {
    let room = room(path)?;
    let answers = admin.ask(operator::Query::Room(room.clone())).await?;
    let found = answers.into_iter().find_map(|answer| match answer {
        Report::Room(room) => room,
        _ => None,
    });
    let RoomDetail {
        summary,
        properties,
        members,
    } = found.ok_or_else(|| Failure::room_not_found(room))?;
    let present = members.into_iter().map(|(player, connected)| MemberRow {
        player: player.to_string(),
        connected,
    });
    Ok(Json(RoomShown {
        row: row(&summary, &admin),
        properties,
        present: present.collect(),
    }))
}

pub(super) async fn close(
    State(admin): State<Admin>,
    path: RoomPath,
) -> Result<Json<Closed>, Failure> {
    let room = room(path)?;
    if !admin
        .order(operator::Query::CloseRoom(room.clone()))
        .await?
    {
        return Err(Failure::room_not_found(room));
    }
    tracing::info!(%room, "an operator closed the room");
    Ok(Json(Closed {
        closed: room.to_string(),
    }))
}

fn room(path: RoomPath) -> Result<EntityId, Failure> {
    let Path((kind, key)) = path.map_err(|rejected| Failure::bad_request(&rejected))?;
    EntityId::new(&kind, &key).map_err(|rejected| Failure::bad_request(&rejected))
}

fn row(summary: &RoomSummary, admin: &Admin) -> RoomRow {
    let kept = admin.kept.get(summary.entity.kind());
    RoomRow {
        room: summary.entity.to_string(),
        shard: summary.shard.0,
        members: summary.members,
        locked: summary.locked,
        private: summary.private,
        sequence: summary.sequence,
        epoch: summary.epoch,
        kept: kept.copied().unwrap_or_default().to_owned(),
    }
}
