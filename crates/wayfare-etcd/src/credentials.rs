//! Logins: one token for all requests, renewed when etcd no longer accepts it.

use tokio::sync::Mutex;

use crate::config::Login;
use crate::connection::Connection;
use crate::rpc::{self, Token};
use crate::trouble::Trouble;
use crate::wire::AuthenticateRequest;

/// The login, and its present token.
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

    /// Returns the token, if a login is configured. Logs in over `connection` if necessary.
    /// Concurrent callers wait for the same login, because etcd takes long to check a password.
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

    /// Discards this token. A newer one stays.
    pub(crate) async fn forget(&self, refused: Option<&Token>) {
        let mut token = self.token.lock().await;
        if token.as_ref() == refused {
            *token = None;
        }
    }

    /// Discards the token, which may be invalid.
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
    // Whatever the outcome of the login, the request that needs the token has not been sent.
    let answer = answer.map_err(|status| match Trouble::of(&status) {
        Trouble::Rejected(why) => Trouble::Rejected(format!("cannot log in: {why}")),
        other => Trouble::NotTaken(format!("cannot log in: {other:?}")),
    })?;
    let token = answer.token.parse();
    token.map_err(|_| Trouble::NotTaken("cannot log in: the token is unreadable".to_owned()))
}
