//! A file that is read while it is still coming in, and kept on the way for a reader who must go back.

use std::{
    fs::File,
    io::{self, Cursor, Read, SeekFrom, Write},
};

use tokio::sync::mpsc;

/// How many pieces may lie between who fetches and who reads.
pub(super) const AHEAD: usize = 2;

/// The pieces of a file, in their order. Read it where blocking is allowed.
#[derive(Debug)]
pub(super) struct Arriving {
    pieces: mpsc::Receiver<Vec<u8>>,
    piece: Cursor<Vec<u8>>,
    /// Everything that has come so far.
    kept: File,
    /// Whether nothing was read yet.
    is_fresh: bool,
}

impl Arriving {
    /// A file that comes in by a channel; its end is the end of the channel.
    pub(super) fn new(pieces: mpsc::Receiver<Vec<u8>>) -> io::Result<Self> {
        Ok(Self { pieces, piece: Cursor::default(), kept: tempfile::tempfile()?, is_fresh: true })
    }

    fn next(&mut self) -> io::Result<bool> {
        self.is_fresh = false;
        let Some(piece) = self.pieces.blocking_recv() else { return Ok(false) };
        self.kept.write_all(&piece)?;
        self.piece = Cursor::new(piece);
        Ok(true)
    }

    /// Nothing where a reader who goes to this place may read on as it is; otherwise the whole file, once all of it
    /// is there.
    pub(super) fn whole(&mut self, to: SeekFrom) -> io::Result<Option<File>> {
        if self.is_fresh && to == SeekFrom::Start(0) {
            return Ok(None);
        }
        while self.next()? {}
        self.kept.try_clone().map(Some)
    }
}

impl Read for Arriving {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(out)?;
            if read > 0 || out.is_empty() || !self.next()? {
                return Ok(read);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use super::{super::gather::Source, *};

    fn arriving(pieces: &[&[u8]]) -> Source {
        let (send, come) = mpsc::channel(pieces.len().max(1));
        for piece in pieces {
            send.try_send(piece.to_vec()).unwrap();
        }
        Source::Arriving(Arriving::new(come).unwrap())
    }

    #[test]
    fn it_is_read_once_as_it_comes_and_again_from_its_beginning() {
        let mut source = arriving(&[b"school,", b"", b"dataset\n", b"1"]);
        source.rewind().unwrap();
        assert!(matches!(source, Source::Arriving(_)));
        for _ in 0..2 {
            let mut text = String::new();
            source.read_to_string(&mut text).unwrap();
            assert_eq!(text, "school,dataset\n1");
            source.rewind().unwrap();
            assert!(matches!(source, Source::File(_)));
        }
    }

    #[test]
    fn whoever_looks_at_its_end_first_waits_for_all_of_it() {
        let mut source = arriving(&[b"PK", b"..", b"end"]);
        assert_eq!(source.seek(SeekFrom::End(-3)).unwrap(), 4);
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        assert_eq!(text, "end");
    }

    #[test]
    fn an_empty_file_ends_at_once() {
        let mut text = String::new();
        arriving(&[]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "");
    }
}
