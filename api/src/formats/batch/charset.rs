//! Which characters a CSV file is written in: UTF-8, or GBK as spreadsheets of the country save it.

use std::io::{self, Read, Seek};

use encoding_rs::{Decoder, DecoderResult, GB18030};

use super::Fault;

const CHUNK: usize = 64 << 10;

/// UTF-8 as it comes; what is none breaks it off.
pub(super) struct Checked<R> {
    inner: R,
    /// The bytes of a character of which the rest is still to come.
    begun: [u8; 4],
    held: usize,
    is_broken: bool,
}

impl<R: Read> Checked<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, begun: [0; 4], held: 0, is_broken: false }
    }

    /// Whether something came that is no UTF-8.
    pub(super) const fn is_broken(&self) -> bool {
        self.is_broken
    }

    fn is_good(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while self.held > 0 {
            let (Some((first, after)), Some(place)) = (rest.split_first(), self.begun.get_mut(self.held)) else {
                // Nothing came, or no character is as long as that.
                return rest.is_empty() && !bytes.is_empty();
            };
            *place = *first;
            self.held += 1;
            rest = after;
            match std::str::from_utf8(self.begun.get(..self.held).unwrap_or_default()) {
                Ok(_) => self.held = 0,
                Err(fault) if fault.error_len().is_none() => {}
                Err(_) => return false,
            }
        }
        match std::str::from_utf8(rest) {
            Ok(_) => true,
            Err(fault) if fault.error_len().is_none() => {
                let begun = rest.get(fault.valid_up_to()..).unwrap_or_default();
                self.held = begun.len();
                self.begun.iter_mut().zip(begun).for_each(|(to, from)| *to = *from);
                true
            }
            Err(_) => false,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let read = self.inner.read(out)?;
        if self.is_broken || !self.is_good(out.get(..read).unwrap_or_default()) {
            self.is_broken = true;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"));
        }
        Ok(read)
    }
}

/// Whether a file that is not UTF-8 is GBK, by reading all of it.
///
/// # Errors
/// What it is instead, and where.
pub(super) fn gbk<R: Read + Seek>(file: &mut R) -> Result<(), Fault> {
    file.rewind()?;
    let mut chunk = vec![0; CHUNK];
    let (mut line, mut carried) = (1_u64, 0_usize);
    let mut triples = 0_usize;
    let mut is_first = true;
    loop {
        let read = fill(file, &mut chunk, carried)?;
        let is_last = read < chunk.len();
        let bytes = chunk.get(..read).unwrap_or_default();
        if is_first {
            if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
                return Err(Fault::new(
                    "encoding",
                    "文件是 UTF-16 编码：请另存为“CSV UTF-8（逗号分隔）”",
                    "The file is UTF-16: save it as `CSV UTF-8 (comma delimited)`",
                )
                .with("UTF-8, GBK", "UTF-16"));
            }
            is_first = false;
        }
        let rest = match std::str::from_utf8(bytes) {
            Ok(_) => 0,
            Err(fault) if fault.error_len().is_none() && !is_last => bytes.len() - fault.valid_up_to(),
            Err(fault) => {
                let good = bytes.get(..fault.valid_up_to()).unwrap_or_default();
                line += newlines(good);
                return not_utf8(file, line, triples, bytes);
            }
        };
        let good = bytes.get(..bytes.len() - rest).unwrap_or_default();
        line += newlines(good);
        triples += good.iter().filter(|byte| **byte & 0xf0 == 0xe0).count();
        if is_last {
            return Ok(());
        }
        chunk.copy_within(read - rest.., 0);
        carried = rest;
    }
}

fn fill(file: &mut impl Read, chunk: &mut [u8], from: usize) -> io::Result<usize> {
    let mut at = from;
    while let Some(free) = chunk.get_mut(at..).filter(|free| !free.is_empty()) {
        match file.read(free)? {
            0 => break,
            read => at += read,
        }
    }
    Ok(at)
}

fn newlines(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0)
}

/// A file that is not UTF-8 is GBK if it reads as such from beginning to end; but a file of UTF-8
/// with a broken character often does, too, and would be stored as nonsense.
fn not_utf8<R: Read + Seek>(file: &mut R, line: u64, triples: usize, chunk: &[u8]) -> Result<(), Fault> {
    let mut rest = chunk;
    let (mut triples, mut others) = (triples, 0_usize);
    while !rest.is_empty() {
        let (good, bad) = match std::str::from_utf8(rest) {
            Ok(_) => (rest.len(), 0),
            Err(fault) => (fault.valid_up_to(), fault.error_len().unwrap_or(rest.len() - fault.valid_up_to())),
        };
        triples += rest.get(..good).unwrap_or_default().iter().filter(|byte| **byte & 0xf0 == 0xe0).count();
        others += bad;
        rest = rest.get(good + bad..).unwrap_or_default();
    }
    let broken = |what: &str, en: &str| {
        Fault::new(
            "encoding",
            format!("{what}：请另存为“CSV UTF-8（逗号分隔）”"),
            format!("{en}: save it as `CSV UTF-8`"),
        )
        .at(line)
        .with("UTF-8, GBK", "")
    };
    if triples > others {
        return Err(broken("此行有损坏的 UTF-8 字符", "There is a broken character of UTF-8 in this line"));
    }
    file.rewind()?;
    let mut decoded = Transcoded::new(&mut *file);
    match io::copy(&mut decoded, &mut io::sink()) {
        Ok(_) => Ok(()),
        Err(fault) if fault.kind() == io::ErrorKind::InvalidData => {
            Err(broken("文件既不是 UTF-8 也不是 GBK 编码", "The file is neither UTF-8 nor GBK"))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// GBK as UTF-8, chunk by chunk.
pub(super) struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_from: usize,
    raw_to: usize,
    text: Vec<u8>,
    text_from: usize,
    text_to: usize,
    is_done: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            decoder: GB18030.new_decoder_without_bom_handling(),
            raw: vec![0; CHUNK],
            raw_from: 0,
            raw_to: 0,
            text: vec![0; CHUNK * 2],
            text_from: 0,
            text_to: 0,
            is_done: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        while self.text_from == self.text_to && !self.is_done {
            let mut is_last = false;
            if self.raw_from == self.raw_to {
                self.raw_from = 0;
                self.raw_to = self.inner.read(&mut self.raw)?;
                is_last = self.raw_to == 0;
            }
            let input = self.raw.get(self.raw_from..self.raw_to).unwrap_or_default();
            let (ended, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, &mut self.text, is_last);
            self.raw_from += read;
            (self.text_from, self.text_to) = (0, written);
            match ended {
                DecoderResult::Malformed(..) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "not GBK"));
                }
                DecoderResult::InputEmpty => self.is_done = is_last,
                DecoderResult::OutputFull => {}
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.refill()?;
        let ready = self.text.get(self.text_from..self.text_to).unwrap_or_default();
        let count = ready.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.text_from += count;
        Ok(count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time.
    struct Pieces<'a>(&'a [u8], &'a [usize], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = self.1[self.2 % self.1.len()];
            self.2 += 1;
            let count = most.min(out.len()).min(self.0.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    proptest! {
        #[test]
        fn however_it_comes_it_is_utf8_or_not(
            text in "[a-zé甘肃😀]{0,40}",
            spoilt in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
            cut in any::<prop::sample::Index>(),
            sizes in proptest::collection::vec(1_usize..5, 1..6),
        ) {
            let mut bytes = text.into_bytes();
            if let (Some((at, byte)), false) = (spoilt, bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.index(bytes.len() + 1));
            let mut checked = Checked::new(Pieces(&bytes, &sizes, 0));
            let mut read = Vec::new();
            let ended = checked.read_to_end(&mut read);
            prop_assert_eq!(ended.is_ok(), std::str::from_utf8(&bytes).is_ok());
            prop_assert_eq!(checked.is_broken(), ended.is_err());
            if ended.is_ok() {
                prop_assert_eq!(read, bytes);
            }
        }
    }
}
