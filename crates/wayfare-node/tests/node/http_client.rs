//! An HTTP request and its answer, over any stream.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use serde_json::Value;
use wayfare_node::Ready;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The code of an error answer.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        json["code"].as_str().expect("a code").to_owned()
    }
}

pub(crate) fn exchange(mut stream: impl Read + Write, line: &str, header: &str) -> Answer {
    let request = format!("{line} HTTP/1.1\r\nHost: test\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let status = head
        .split(' ')
        .nth(1)
        .expect("a status")
        .parse()
        .expect("a number");
    Answer {
        status,
        body: body.to_owned(),
    }
}

/// Sends a request through the operator's socket.
pub(crate) fn local(ready: &Ready, line: &str) -> Answer {
    let stream = UnixStream::connect(ready.data.join("admin.sock")).unwrap();
    exchange(stream, line, "")
}

/// Sends a request to the admin port.
pub(crate) fn remote(ready: &Ready, line: &str, header: &str) -> Answer {
    exchange(
        TcpStream::connect(ready.admin.unwrap()).unwrap(),
        line,
        header,
    )
}

/// Sends a request to the players' port.
pub(crate) fn door(ready: &Ready, line: &str, header: &str) -> Answer {
    exchange(TcpStream::connect(ready.listen).unwrap(), line, header)
}
