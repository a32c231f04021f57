//! The byte stream under a WebSocket.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::event::Source;
use mio::net::TcpStream;

/// A byte stream that never blocks and whose readiness a `mio::Poll` can report.
///
/// Reads and writes that would block fail with [`WouldBlock`](io::ErrorKind::WouldBlock). After
/// such a failure, and only then, an event must report when the operation can continue.
pub trait Stream: Read + Write + Source {
    /// Ends the writing side. The peer reads all written data, then the end of the stream.
    ///
    /// # Errors
    /// If the stream has already failed.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
