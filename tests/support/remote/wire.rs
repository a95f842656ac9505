//! HTTP and pkt-lines as the other server reads and writes them.

use std::io::{BufRead, Write};

/// Sends an answer without a body; each of `headers` ends its line.
pub(super) fn empty(out: &mut impl Write, status: u16, headers: &str) -> std::io::Result<()> {
    write!(
        out,
        "HTTP/1.1 {status} Status\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// Sends a good answer with this body.
pub(super) fn whole(out: &mut impl Write, content_type: &str, body: &[u8]) -> std::io::Result<()> {
    write!(
        out,
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    )?;
    out.write_all(body)
}

/// These lines as packets, and a flush.
pub(super) fn lines(lines: &[String]) -> Vec<u8> {
    let mut answer: Vec<u8> = lines
        .iter()
        .flat_map(|line| pkt_line(line.as_bytes()))
        .collect();
    answer.extend(b"0000");
    answer
}

fn pkt_line(data: &[u8]) -> Vec<u8> {
    let mut line = format!("{:04x}", data.len() + 4).into_bytes();
    line.extend(data);
    line
}

/// An answer of protocol 2 with this pack.
pub(super) fn pack_answer(pack: &[u8]) -> Vec<u8> {
    let mut answer = pkt_line(b"packfile\n");
    for piece in pack.chunks(8000) {
        let banded: Vec<u8> = [1].iter().chain(piece).copied().collect();
        answer.extend(pkt_line(&banded));
    }
    answer.extend(b"0000");
    answer
}

/// The headers up to the empty line, their names in small letters.
pub(super) fn headers(reader: &mut impl BufRead) -> std::io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Ok(headers);
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// A body in chunks.
pub(super) fn chunked(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        let mut chunk = vec![0; size];
        reader.read_exact(&mut chunk)?;
        body.extend_from_slice(&chunk);
        reader.read_line(&mut line)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// The header `Authorization` of `user:password`.
pub(super) fn basic(credentials: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(credentials);
    format!("Basic {text}")
}
