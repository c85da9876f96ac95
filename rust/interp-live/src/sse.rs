//! Server-sent events, read from bytes as they come, in bounded memory.
//!
//! Lines end at LF, CR or CRLF and nowhere else: U+2028 inside JSON is text.
//! Source: the "Server-sent events" chapter of the HTML standard, section "Interpreting an event stream".

use flowai_core::fault::{Fault, FaultKind};
use memchr::memchr2;

use crate::trouble::final_fault;

/// The longest event that is read, in bytes.
pub const EVENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The name of its `event` field, empty when it has none.
    pub name: &'a str,
    /// Its `data` lines, joined by line feeds.
    pub data: &'a str,
}

/// Takes events as they are complete.
pub type Hear<'h> = dyn FnMut(&Event<'_>) -> Result<(), Fault> + 'h;

/// Reads events from the pieces of a body, wherever it was cut.
#[derive(Default)]
pub struct Reader {
    /// The line that has begun.
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// Whether the last byte was a CR, whose LF may still come.
    after_cr: bool,
    has_begun: bool,
}

impl Reader {
    /// Reads the next piece of the body.
    ///
    /// # Errors
    /// [`FaultKind::StreamMalformed`] for an event beyond [`EVENT_BYTES_MAX`], and whatever `hear` gives.
    pub fn feed(&mut self, mut bytes: &[u8], hear: &mut Hear<'_>) -> Result<(), Fault> {
        if std::mem::take(&mut self.after_cr) && bytes.first() == Some(&b'\n') {
            bytes = bytes.get(1..).unwrap_or_default();
        }
        while let Some(at) = memchr2(b'\n', b'\r', bytes) {
            let (line, tail) = bytes.split_at(at);
            self.end_line(line, hear)?;
            let is_cr = tail.first() == Some(&b'\r');
            bytes = tail.get(1..).unwrap_or_default();
            match (is_cr, bytes.first()) {
                (true, Some(b'\n')) => bytes = bytes.get(1..).unwrap_or_default(),
                (true, None) => self.after_cr = true,
                _ => {}
            }
        }
        self.line.extend_from_slice(bytes);
        self.check_size()
    }

    /// Reads what the body ended with, even where its last line ends are missing.
    ///
    /// # Errors
    /// Whatever `hear` gives.
    pub fn end(&mut self, hear: &mut Hear<'_>) -> Result<(), Fault> {
        if !self.line.is_empty() {
            self.end_line(&[], hear)?;
        }
        self.dispatch(hear)
    }

    fn end_line(&mut self, rest: &[u8], hear: &mut Hear<'_>) -> Result<(), Fault> {
        if self.line.is_empty() {
            return self.take_line(rest, hear);
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(rest);
        let taken = match line.strip_prefix(b"data: ").map(<[u8]>::len) {
            // The line becomes the data, so that a long one is never in memory twice.
            Some(length) if self.has_begun && !self.has_data => {
                line.drain(..line.len().saturating_sub(length));
                std::mem::swap(&mut self.data, &mut line);
                self.has_data = true;
                Ok(())
            }
            _ => self.take_line(&line, hear),
        };
        line.clear();
        self.line = line;
        taken.and_then(|()| self.check_size())
    }

    fn take_line(&mut self, line: &[u8], hear: &mut Hear<'_>) -> Result<(), Fault> {
        let line = if self.has_begun { line } else { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) };
        self.has_begun = true;
        if line.is_empty() {
            return self.dispatch(hear);
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.add_data(value),
            b"event" => value.clone_into(&mut self.name),
            // Comments, ids, retry times and fields of the future.
            _ => {}
        }
        self.check_size()
    }

    fn add_data(&mut self, value: &[u8]) {
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        self.data.extend_from_slice(value);
    }

    fn dispatch(&mut self, hear: &mut Hear<'_>) -> Result<(), Fault> {
        let has_data = std::mem::take(&mut self.has_data);
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        if has_data {
            hear(&Event { name: &String::from_utf8_lossy(&name), data: &String::from_utf8_lossy(&data) })?;
        }
        (self.name, self.data) = (name, data);
        self.name.clear();
        self.data.clear();
        Ok(())
    }

    fn check_size(&self) -> Result<(), Fault> {
        if self.line.len().saturating_add(self.data.len()) <= EVENT_BYTES_MAX {
            return Ok(());
        }
        Err(final_fault(FaultKind::StreamMalformed, "an event of the stream is too large"))
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    fn read(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let (mut reader, mut heard) = (Reader::default(), Vec::new());
        for piece in pieces {
            reader
                .feed(piece, &mut |event| {
                    heard.push((event.name.to_owned(), event.data.to_owned()));
                    Ok(())
                })
                .unwrap();
        }
        reader
            .end(&mut |event| {
                heard.push((event.name.to_owned(), event.data.to_owned()));
                Ok(())
            })
            .unwrap();
        heard
    }

    #[test]
    fn every_line_end_every_cut_and_every_field_of_the_standard() {
        let body = "\u{feff}: hello\r\nevent: a\r\ndata: one\r\ndata:two\r\n\r\ndata\r\rid: 7\ndata:  x\u{2028}y é\n\n";
        let whole = read(&[body.as_bytes()]);
        let expected = [("a", "one\ntwo"), ("", ""), ("", " x\u{2028}y é")];
        assert_eq!(whole, expected.map(|(name, data)| (name.to_owned(), data.to_owned())));
        for at in 0..=body.len() {
            let (head, tail) = body.as_bytes().split_at(at);
            assert_eq!(read(&[head, tail]), whole, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes), whole);
    }

    #[test]
    fn a_last_event_without_its_empty_line_is_heard() {
        assert_eq!(read(&[b"data: [DONE]"]), [(String::new(), "[DONE]".to_owned())]);
    }

    #[test]
    fn an_endless_event_is_refused_before_it_fills_the_memory() {
        let mut reader = Reader::default();
        let piece = vec![b'x'; 1 << 20];
        let fed = (0..64).map(|_| reader.feed(&piece, &mut |_| Ok(()))).take_while(Result::is_ok).count();
        assert_eq!(fed, 8);
    }
}
