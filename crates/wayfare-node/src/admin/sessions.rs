//! `/v1/sessions`: lists sessions and ends one.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use wayfare_core::operator::{self, Report, SessionSummary};
use wayfare_protocol::PlayerId;

use super::Admin;
use super::failure::Failure;
use super::json::{Kicked, SessionList, SessionPage, SessionRow};

pub(super) async fn list(
    State(admin): State<Admin>,
    page: Result<Query<SessionPage>, QueryRejection>,
) -> Result<Json<SessionList>, Failure> {
    let Query(SessionPage { limit, named }) =
        page.map_err(|rejected| Failure::bad_request(&rejected))?;
    let answers = admin.ask(operator::Query::Sessions).await?;
    let mut sessions: Vec<SessionSummary> = answers
        .into_iter()
        .filter_map(|answer| match answer {
            Report::Sessions(sessions) => Some(sessions),
            _ => None,
        })
        .flatten()
        .filter(|session| {
            named
                .as_deref()
                .is_none_or(|named| is_named(session, named))
        })
        .collect();
    sessions.sort_by(|left, right| left.player.cmp(&right.player));
    let total = sessions.len();
    let sessions = sessions.iter().take(limit).map(row).collect();
    Ok(Json(SessionList { total, sessions }))
}

pub(super) async fn kick(
    State(admin): State<Admin>,
    player: Result<Path<String>, PathRejection>,
) -> Result<Json<Kicked>, Failure> {
    let Path(player) = player.map_err(|rejected| Failure::bad_request(&rejected))?;
    let player = PlayerId::new(&player).map_err(|rejected| Failure::bad_request(&rejected))?;
    if !admin.order(operator::Query::Kick(player.clone())).await? {
        return Err(Failure::session_not_found(player));
    }
    tracing::info!(%player, "an operator ended the session");
    Ok(Json(Kicked {
        kicked: player.to_string(),
    }))
}

fn is_named(session: &SessionSummary, named: &str) -> bool {
    session.player.as_str() == named || session.name == named
}

fn row(summary: &SessionSummary) -> SessionRow {
    SessionRow {
        player: summary.player.to_string(),
        name: summary.name.clone(),
        shard: summary.shard.0,
        guest: summary.guest,
        connected: summary.connected,
        rooms: summary.rooms.iter().map(ToString::to_string).collect(),
    }
}
