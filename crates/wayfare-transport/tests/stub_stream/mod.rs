//! A byte stream in memory with the rare behaviour of sockets: short reads and writes,
//! interruptions, and refusals at any time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use wayfare_transport::Stream;

/// A direction of the stream. The other end may be a stream or the test itself.
#[derive(Default)]
pub(crate) struct Half {
    pub(crate) bytes: VecDeque<u8>,
    pub(crate) room: usize,
    pub(crate) ended: bool,
    pub(crate) failure: Option<ErrorKind>,
}

pub(crate) type SharedHalf = Rc<RefCell<Half>>;

/// Creates a direction that holds at most `room` bytes.
pub(crate) fn half(room: usize) -> SharedHalf {
    Rc::new(RefCell::new(Half {
        room,
        ..Half::default()
    }))
}

pub(crate) struct StubStream {
    incoming: SharedHalf,
    outgoing: SharedHalf,
    adverse_seed: Option<u64>,
}

impl StubStream {
    /// Creates a stream. With a seed each call moves only a few bytes and sometimes refuses;
    /// without one it moves as much as possible.
    pub(crate) fn new(
        incoming: &SharedHalf,
        outgoing: &SharedHalf,
        adverse_seed: Option<u64>,
    ) -> Self {
        Self {
            incoming: incoming.clone(),
            outgoing: outgoing.clone(),
            adverse_seed,
        }
    }

    fn allowance(&mut self) -> io::Result<usize> {
        let Some(seed) = &mut self.adverse_seed else {
            return Ok(usize::MAX);
        };
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        match *seed >> 33 & 15 {
            0 => Err(ErrorKind::WouldBlock.into()),
            1 => Err(ErrorKind::Interrupted.into()),
            2..=5 => Ok(1),
            6..=9 => Ok(7),
            10..=13 => Ok(130),
            _ => Ok(5000),
        }
    }
}

impl Read for StubStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowance = self.allowance()?;
        let mut half = self.incoming.borrow_mut();
        if let Some(failure) = half.failure {
            return Err(failure.into());
        }
        if half.bytes.is_empty() {
            return if half.ended {
                Ok(0)
            } else {
                Err(ErrorKind::WouldBlock.into())
            };
        }
        let length = buffer.len().min(allowance);
        half.bytes.read(&mut buffer[..length])
    }
}

impl Write for StubStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let allowance = self.allowance()?;
        let mut half = self.outgoing.borrow_mut();
        if let Some(failure) = half.failure {
            return Err(failure.into());
        }
        assert!(!half.ended, "written after the end");
        let length = bytes.len().min(allowance).min(half.room - half.bytes.len());
        if length == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        half.bytes.write(&bytes[..length])
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let mut written = 0;
        for slice in slices {
            match self.write(slice) {
                Ok(length) if length == slice.len() => written += length,
                Ok(length) => return Ok(written + length),
                Err(_) if written > 0 => return Ok(written),
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for StubStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.outgoing.borrow_mut().ended = true;
        Ok(())
    }
}

impl Drop for StubStream {
    fn drop(&mut self) {
        self.outgoing.borrow_mut().ended = true;
        self.incoming.borrow_mut().failure = Some(ErrorKind::BrokenPipe);
    }
}

impl Source for StubStream {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        Ok(())
    }
}
