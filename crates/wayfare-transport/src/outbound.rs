//! The queue of bytes for one peer. Pieces are shared, and many of them go into one write.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

use bytes::{Buf, Bytes};

/// The capacity that a drained queue keeps, so that a connection with little output per turn does
/// not allocate in each turn. It is the size of the first allocation, 128 bytes.
const PLACES_KEPT_MAX: usize = 4;

/// The largest number of pieces per write. The slices take a kibibyte of stack, and the cost of the
/// call is small compared to 64 pieces.
const PIECES_MAX: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Outbound {
    pieces: VecDeque<Bytes>,
    bytes: usize,
}

impl Outbound {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Appends a piece. Empty pieces are dropped: a write of nothing looks like a closed stream.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.bytes += piece.len();
            self.pieces.push_back(piece);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        let piece = self.pieces.pop_front()?;
        self.bytes -= piece.len();
        self.release();
        Some(piece)
    }

    /// Writes once and returns the number of bytes written. The queue must not be empty.
    pub(crate) fn write_to(&mut self, stream: &mut impl Write) -> io::Result<usize> {
        let written = if let [piece] = self.pieces.as_slices().0
            && self.pieces.len() == 1
        {
            stream.write(piece)?
        } else {
            let mut slices = [IoSlice::new(&[]); PIECES_MAX];
            let gathered = slices.iter_mut().zip(&self.pieces).map(|(slice, piece)| {
                *slice = IoSlice::new(piece);
            });
            let count = gathered.count();
            stream.write_vectored(&slices[..count])?
        };
        self.advance(written);
        Ok(written)
    }

    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
        self.bytes = 0;
        self.release();
    }

    fn advance(&mut self, written: usize) {
        self.bytes -= written;
        let mut left = written;
        while let Some(piece) = self.pieces.front_mut() {
            if left < piece.len() {
                piece.advance(left);
                break;
            }
            left -= piece.len();
            self.pieces.pop_front();
        }
        self.release();
    }

    fn release(&mut self) {
        if self.pieces.is_empty() && self.pieces.capacity() > PLACES_KEPT_MAX {
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts a limited number of bytes per write and records the number of offered pieces.
    struct StubWriter {
        written: Vec<u8>,
        pieces: Vec<usize>,
        bytes_per_write: usize,
    }

    impl Write for StubWriter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(bytes)])
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            self.pieces.push(slices.len());
            let mut room = self.bytes_per_write;
            for slice in slices {
                let taken = room.min(slice.len());
                self.written.extend_from_slice(&slice[..taken]);
                room -= taken;
            }
            Ok(self.bytes_per_write - room)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn drain(outbound: &mut Outbound, bytes_per_write: usize) -> StubWriter {
        let mut writer = StubWriter {
            written: Vec::new(),
            pieces: Vec::new(),
            bytes_per_write,
        };
        while !outbound.is_empty() {
            let before = outbound.bytes();
            let written = outbound.write_to(&mut writer).unwrap();
            assert_eq!(before - written, outbound.bytes());
        }
        writer
    }

    #[test]
    fn many_pieces_go_into_one_write() {
        let mut outbound = Outbound::default();
        (0..PIECES_MAX + 1).for_each(|piece| outbound.push(vec![piece as u8; 3].into()));
        let writer = drain(&mut outbound, usize::MAX);
        assert_eq!(writer.pieces, [PIECES_MAX, 1]);
    }

    #[test]
    fn a_short_write_continues_where_it_stopped() {
        for bytes_per_write in 1..20 {
            let mut outbound = Outbound::default();
            let pieces: Vec<Vec<u8>> = (0..30).map(|piece| vec![piece; piece.into()]).collect();
            pieces
                .iter()
                .for_each(|piece| outbound.push(piece.clone().into()));
            assert_eq!(
                drain(&mut outbound, bytes_per_write).written,
                pieces.concat()
            );
            assert_eq!(outbound.bytes(), 0);
        }
    }

    #[test]
    fn a_drained_queue_keeps_little_capacity() {
        let mut outbound = Outbound::default();
        outbound.push(Bytes::from_static(b"one"));
        drain(&mut outbound, usize::MAX);
        assert!((1..=PLACES_KEPT_MAX).contains(&outbound.pieces.capacity()));
        (0..100).for_each(|_| outbound.push(Bytes::from_static(b"many")));
        drain(&mut outbound, usize::MAX);
        assert_eq!(outbound.pieces.capacity(), 0);
        (0..100).for_each(|_| outbound.push(Bytes::from_static(b"many")));
        while outbound.pop().is_some() {}
        assert_eq!((outbound.pieces.capacity(), outbound.bytes()), (0, 0));
    }
}
