//! As much of HTTP/1.1 as a health question needs.

/// Longest request that is read, in bytes.
pub const LONGEST: usize = 4096;

/// What to do with the bytes that came so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Question {
    /// Wait for more.
    Unfinished,
    /// Answer with health.
    Health,
    /// Answer that there is no such page.
    Unknown,
    /// Answer that this is no request that we read.
    Bad,
}

/// Reads a request up to the end of its headers.
#[must_use]
pub fn read(bytes: &[u8]) -> Question {
    let ended = bytes.windows(4).any(|four| four == b"\r\n\r\n");
    if !ended {
        return if bytes.len() >= LONGEST { Question::Bad } else { Question::Unfinished };
    }
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(b"GET"), Some(b"/healthz"), Some(version), None) if version.starts_with(b"HTTP/1.") => {
            Question::Health
        }
        (Some(_), Some(_), Some(version), None) if version.starts_with(b"HTTP/1.") => Question::Unknown,
        _ => Question::Bad,
    }
}

/// A whole answer; the connection is closed after it.
#[must_use]
pub fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart() {
        let cases: [(&[u8], Question); 7] = [
            (b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n", Question::Health),
            (b"GET /healthz HTTP/1.1\r\nhost: a\r\n", Question::Unfinished),
            (b"", Question::Unfinished),
            (b"GET / HTTP/1.1\r\n\r\n", Question::Unknown),
            (b"POST /healthz HTTP/1.1\r\n\r\n", Question::Unknown),
            (b"\x16\x03\x01\r\n\r\n", Question::Bad),
            (b"GET /healthz x HTTP/1.1\r\n\r\n", Question::Bad),
        ];
        for (bytes, want) in cases {
            assert_eq!(read(bytes), want, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(read(&[b'a'; LONGEST]), Question::Bad);
    }
}
