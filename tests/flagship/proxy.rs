//! A proxy before the emulated API that lets requests through, spoils or loses their answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered by the emulator.
    Answered,
    /// The API has enough of requests.
    Throttled,
    /// A page of some middlebox comes instead, with this status.
    Nonsense(u16),
    /// Nothing comes, and the connection stays open.
    Silence,
    /// The emulator does it, and the connection breaks before the answer.
    Lost,
}

type Judge = Box<dyn Fn(&str, &str) -> Fate + Send>;

/// A proxy on loopback; it lives as long as the process.
pub(crate) struct Proxy {
    pub(crate) url: String,
    judge: Arc<Mutex<Judge>>,
}

impl Proxy {
    pub(crate) fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let judge: Arc<Mutex<Judge>> = Arc::new(Mutex::new(Box::new(|_, _| Fate::Answered)));
        let (shared, upstream) = (Arc::clone(&judge), upstream.trim_start_matches("http://").to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (judge, upstream) = (Arc::clone(&shared), upstream.clone());
                // A client that goes away is no fault of the test.
                thread::spawn(move || drop(serve(stream, &upstream, &judge)));
            }
        });
        Self { url, judge }
    }

    /// Decides by headers and body from now on.
    pub(crate) fn decide(&self, judge: impl Fn(&str, &str) -> Fate + Send + 'static) {
        *self.judge.lock().unwrap() = Box::new(judge);
    }
}

/// One request per connection.
fn serve(mut client: TcpStream, upstream: &str, judge: &Mutex<Judge>) -> std::io::Result<()> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse::<usize>().unwrap()));
    while bytes.len() < end + length.unwrap_or(0) {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    }
    let body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    let fate = judge.lock().unwrap()(&head, &body);
    let page = |status: u16, kind: &str, text: &str| {
        format!("HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
    };
    match fate {
        Fate::Throttled => {
            let text = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors><RequestID>r-1</RequestID></Response>";
            client.write_all(page(503, "text/xml", text).as_bytes())
        }
        Fate::Nonsense(status) => client.write_all(page(status, "text/html", "<html><body><h1>Please log in to the hotel's network</body>").as_bytes()),
        Fate::Silence => {
            // Longer than any client waits.
            thread::sleep(Duration::from_secs(300));
            Ok(())
        }
        Fate::Answered | Fate::Lost => {
            let mut server = TcpStream::connect(upstream)?;
            let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:") && !line.is_empty());
            let head: Vec<&str> = kept.chain(["Connection: close", "", ""]).collect();
            server.write_all(head.join("\r\n").as_bytes())?;
            server.write_all(&bytes[end..])?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer)?;
            if fate == Fate::Lost { Ok(()) } else { client.write_all(&answer) }
        }
    }
}
