//! What a WebSocket needs of the byte stream under it.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::event::Source;
use mio::net::TcpStream;

/// A byte stream that never blocks and whose readiness a `mio::Poll` can tell.
///
/// Reads and writes that cannot go on fail with [`WouldBlock`](io::ErrorKind::WouldBlock); from
/// then on, and only then, the stream owes an event when they can.
pub trait Stream: Read + Write + Source {
    /// Ends the writing side: the peer reads what was written, then the end of the stream.
    ///
    /// # Errors
    /// If the stream has failed already.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
