//! Logging in: one token for all requests, renewed when etcd no longer knows it.

use tokio::sync::Mutex;

use crate::config::Login;
use crate::connection::Connection;
use crate::rpc::{self, Token};
use crate::trouble::Trouble;
use crate::wire::AuthenticateRequest;

/// Who to be, and what proves it.
pub(crate) struct Credentials {
    login: Option<Login>,
    token: Mutex<Option<Token>>,
}

impl Credentials {
    pub(crate) fn new(login: Option<Login>) -> Self {
        Self {
            login,
            token: Mutex::new(None),
        }
    }

    /// What to show, if anything. Logs in over `connection` if need be; who else needs the token
    /// waits for the same answer, since etcd takes its time to check a password.
    pub(crate) async fn token(&self, connection: &Connection) -> Result<Option<Token>, Trouble> {
        let Some(login) = &self.login else {
            return Ok(None);
        };
        let mut token = self.token.lock().await;
        if token.is_none() {
            *token = Some(log_in(login, connection).await?);
        }
        Ok(token.clone())
    }

    /// This token is of no use any more. A newer one stays.
    pub(crate) async fn forget(&self, refused: Option<&Token>) {
        let mut token = self.token.lock().await;
        if token.as_ref() == refused {
            *token = None;
        }
    }

    /// The token may be of no use any more.
    pub(crate) async fn forget_any(&self) {
        *self.token.lock().await = None;
    }
}

async fn log_in(login: &Login, connection: &Connection) -> Result<Token, Trouble> {
    let question = AuthenticateRequest {
        name: login.user.clone(),
        password: login.password.clone(),
    };
    let answer = rpc::ask(connection, question, None).await;
    // Whatever became of it, the request that the token is for has not left.
    let answer = answer.map_err(|status| match Trouble::of(&status) {
        Trouble::Rejected(why) => Trouble::Rejected(format!("cannot log in: {why}")),
        other => Trouble::NotTaken(format!("cannot log in: {other:?}")),
    })?;
    let token = answer.token.parse();
    token.map_err(|_| Trouble::NotTaken("cannot log in: the token is unreadable".to_owned()))
}
