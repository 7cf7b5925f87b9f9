//! HTTP on 127.0.0.1 for one client: as much of it as the SDKs use.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The region it was signed for.
    pub(crate) fn region(&self) -> &str {
        let scope = self.header("authorization").split("Credential=").nth(1);
        scope
            .and_then(|scope| scope.split('/').nth(2))
            .unwrap_or_default()
    }
}

/// A header that is not sent: seconds to stop in the middle of the body.
pub(crate) const STALL: &str = "x-test-stall";

/// Status, headers and body. A `content-length` of the answer's own is sent as it stands, so that a
/// body can break off.
pub(crate) type Reply = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// A server that ends with the test.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    ended: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

/// Answers every request with what `answer` says; `None` resets the connection.
pub(crate) fn serve(answer: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let ended = Arc::new(AtomicBool::new(false));
    let answer = Arc::new(answer);
    let stop = Arc::clone(&ended);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let (Ok(stream), answer) = (stream, Arc::clone(&answer)) else {
                continue;
            };
            std::thread::spawn(move || talk(stream, &*answer));
        }
    });
    Server { url, ended }
}

fn talk(stream: TcpStream, answer: &dyn Fn(&Request) -> Option<Reply>) {
    let Ok(mut to) = stream.try_clone() else {
        return;
    };
    let mut from = BufReader::new(stream);
    while let Some(request) = read(&mut from) {
        let Some((status, headers, body)) = answer(&request) else {
            return;
        };
        let mut head = format!("HTTP/1.1 {status} X\r\n");
        let stated = headers.iter().find(|(name, _)| *name == "content-length");
        let length: usize = stated.map_or(body.len(), |(_, value)| value.parse().unwrap());
        let stall = headers.iter().find(|(name, _)| *name == STALL);
        let ours = ["content-length", STALL];
        for (name, value) in headers.iter().filter(|(name, _)| !ours.contains(name)) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {length}\r\n\r\n"));
        let (early, late) = body.split_at(body.len() / 2);
        let mut sent = to
            .write_all(head.as_bytes())
            .and_then(|()| to.write_all(early));
        if let Some((_, seconds)) = stall {
            let _ = to.flush();
            std::thread::sleep(Duration::from_secs_f64(seconds.parse().unwrap()));
        }
        sent = sent.and_then(|()| to.write_all(late));
        if sent.is_err() || length != body.len() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

fn read(from: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let mut request = Request {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        request
            .headers
            .insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = request.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    request.body = body;
    Some(request)
}
