//! A proxy between Weir and the emulator that makes trouble, or adds what the emulator lacks: for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The API says that there are too many requests; it has not done anything.
    Throttle,
    /// The API says that it failed, before it has done anything.
    FailBefore,
    /// The API says that it failed, after it has done what was asked.
    FailAfter,
    /// The connection is reset before the request reaches the API.
    ResetBefore,
    /// The connection is reset after the request took effect.
    ResetAfter,
    /// No answer ever comes, though the request took effect.
    Silence,
    /// A web page with status 200; the request does not reach the API.
    Page,
    /// Nothing, with status 200; the request does not reach the API.
    Nothing,
    /// The first half of the answer, with status 200.
    Half,
}

struct Rule {
    action: String,
    trouble: Trouble,
    left: usize,
}

/// What a test makes of a request.
pub(crate) enum Made {
    /// The emulator answers.
    Passed,
    /// This is the answer, with status 200.
    Answer(String),
    /// This is the code of the error, with status 400.
    Refused(&'static str),
    /// The emulator answers, and this is made of its answer's body.
    Edited(Box<dyn FnOnce(String) -> String + Send>),
}

/// Looks at the action and the body of a request.
type Maker = Box<dyn Fn(&str, &str) -> Made + Send + Sync>;

#[derive(Default)]
struct Shared {
    rules: Vec<Rule>,
    maker: Option<Maker>,
    /// Action and body of every request that came.
    requests: Vec<(String, String)>,
}

/// A running proxy; it ends with the runtime of its test.
pub(crate) struct Proxy {
    /// Its address.
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Proxy {
    /// Starts it before the server at that address.
    pub(crate) async fn start(upstream: &str) -> Self {
        let upstream = upstream.strip_prefix("http://").expect("a plain address").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let state = shared.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, state) = (upstream.clone(), state.clone());
                tokio::spawn(async move { serve(client, &upstream, &state).await });
            }
        });
        Self { url, shared }
    }

    /// Starts it before the server at that address, for operations that the server does not have: `maker` is asked first.
    pub(crate) async fn extending(upstream: &str, maker: impl Fn(&str, &str) -> Made + Send + Sync + 'static) -> Self {
        let proxy = Self::start(upstream).await;
        proxy.shared.lock().expect("lock").maker = Some(Box::new(maker));
        proxy
    }

    /// Makes that trouble for the next requests of an action: its name, `METHOD /path` for the REST services, or `*` for any.
    pub(crate) fn trouble(&self, action: &str, trouble: Trouble, times: usize) {
        self.shared.lock().expect("lock").rules.push(Rule { action: action.to_owned(), trouble, left: times });
    }

    /// How much of the trouble has not happened yet.
    pub(crate) fn left(&self) -> usize {
        self.shared.lock().expect("lock").rules.iter().map(|rule| rule.left).sum()
    }

    /// The actions of all requests so far, sorted.
    pub(crate) fn actions(&self) -> Vec<String> {
        let mut actions: Vec<String> = self.shared.lock().expect("lock").requests.iter().map(|(name, _)| name.clone()).collect();
        actions.sort();
        actions
    }

    /// The bodies of the requests of an action so far.
    pub(crate) fn bodies(&self, action: &str) -> Vec<String> {
        let shared = self.shared.lock().expect("lock");
        shared.requests.iter().filter(|(name, _)| name == action).map(|(_, body)| body.clone()).collect()
    }
}

struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut part = [0; 8192];
        loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
                let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
                let mut body = bytes.split_off(at + 4);
                while body.len() < length {
                    match stream.read(&mut part).await {
                        Ok(read) if read > 0 => body.extend(&part[..read]),
                        _ => return None,
                    }
                }
                return Some(Self { head, body });
            }
            match stream.read(&mut part).await {
                Ok(read) if read > 0 => bytes.extend(&part[..read]),
                _ => return None,
            }
        }
    }

    fn service(&self) -> &str {
        let scope = header(&self.head, "authorization").and_then(|text| text.split("Credential=").nth(1)).unwrap_or_default();
        scope.split('/').nth(3).unwrap_or_default()
    }

    fn is_json(&self) -> bool {
        header(&self.head, "x-amz-target").is_some()
    }

    fn action(&self) -> String {
        if let Some(target) = header(&self.head, "x-amz-target") {
            return target.rsplit('.').next().unwrap_or_default().to_owned();
        }
        let body = String::from_utf8_lossy(&self.body);
        if let Some(action) = body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
            return action.to_owned();
        }
        let mut words = self.head.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        format!("{method} {}", path.split('?').next().unwrap_or_default().trim_end_matches('/'))
    }

    /// What the API answers.
    async fn forward(&self, upstream: &str) -> std::io::Result<Vec<u8>> {
        let mut lines: Vec<&str> = self.head.split("\r\n").filter(|line| !line.to_lowercase().starts_with("connection:")).collect();
        lines.push("connection: close");
        let mut stream = TcpStream::connect(upstream).await?;
        stream.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
        stream.write_all(&self.body).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").skip(1).filter_map(|line| line.split_once(':')).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn answer(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nx-amzn-requestid: proxy-1\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

/// An error as the service words it.
fn refusal(request: &Request, status: &str, code: &str) -> Vec<u8> {
    if request.is_json() {
        return answer(status, "application/x-amz-json-1.1", &format!(r#"{{"__type":"{code}","message":"made up"}}"#));
    }
    let error = format!("<Error><Code>{code}</Code><Message>made up</Message></Error>");
    let body = match request.service() {
        "ec2" => format!("<Response><Errors>{error}</Errors><RequestID>proxy-1</RequestID></Response>"),
        "s3" => error,
        _ => format!("<ErrorResponse>{error}<RequestId>proxy-1</RequestId></ErrorResponse>"),
    };
    answer(status, "text/xml", &body)
}

fn throttling(request: &Request) -> Vec<u8> {
    match request.service() {
        "ec2" => refusal(request, "503 Service Unavailable", "RequestLimitExceeded"),
        "s3" => refusal(request, "503 Slow Down", "SlowDown"),
        _ if request.is_json() => refusal(request, "400 Bad Request", "ThrottlingException"),
        _ => refusal(request, "400 Bad Request", "Throttling"),
    }
}

/// The answer with half of its body.
fn half(whole: &[u8]) -> Vec<u8> {
    let at = whole.windows(4).position(|four| four == b"\r\n\r\n").map_or(whole.len(), |at| at + 4);
    let body = String::from_utf8_lossy(&whole[at..]);
    let cut = body.char_indices().nth(body.chars().count() / 2).map_or(0, |(at, _)| at);
    answer("200 OK", "text/xml", &body[..cut])
}

/// The answer with another body; errors stay as they are.
fn edited(whole: &[u8], kind: &str, edit: impl FnOnce(String) -> String) -> Vec<u8> {
    match whole.windows(4).position(|four| four == b"\r\n\r\n") {
        Some(at) if whole.starts_with(b"HTTP/1.1 200") => answer("200 OK", kind, &edit(String::from_utf8_lossy(&whole[at + 4..]).into_owned())),
        _ => whole.to_vec(),
    }
}

async fn serve(mut client: TcpStream, upstream: &str, state: &Mutex<Shared>) {
    let Some(request) = Request::read(&mut client).await else { return };
    let action = request.action();
    let (trouble, made) = {
        let mut state = state.lock().expect("lock");
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let made = state.maker.as_ref().map_or(Made::Passed, |maker| maker(&action, &body));
        state.requests.push((action.clone(), body));
        let rule = state.rules.iter_mut().find(|rule| rule.left > 0 && (rule.action == "*" || rule.action == action));
        let trouble = rule.map(|rule| {
            rule.left -= 1;
            rule.trouble
        });
        (trouble, made)
    };
    let kind = if request.is_json() { "application/x-amz-json-1.1" } else { "text/xml" };
    let written = match trouble {
        None => match made {
            Made::Passed => request.forward(upstream).await,
            Made::Answer(text) => Ok(answer("200 OK", kind, &text)),
            Made::Refused(code) => Ok(refusal(&request, "400 Bad Request", code)),
            Made::Edited(edit) => request.forward(upstream).await.map(|whole| edited(&whole, kind, edit)),
        },
        Some(Trouble::Throttle) => Ok(throttling(&request)),
        Some(Trouble::FailBefore) => Ok(refusal(&request, "500 Internal Server Error", "InternalError")),
        Some(Trouble::FailAfter) => request.forward(upstream).await.map(|_| refusal(&request, "500 Internal Server Error", "InternalError")),
        Some(Trouble::Page) => Ok(answer("200 OK", "text/html", "<html><body>Please log in</body></html>")),
        Some(Trouble::Nothing) => Ok(answer("200 OK", "text/xml", "")),
        Some(Trouble::Half) => request.forward(upstream).await.map(|whole| half(&whole)),
        Some(Trouble::ResetBefore) => return,
        Some(Trouble::ResetAfter) => {
            let _ = request.forward(upstream).await;
            return;
        }
        Some(Trouble::Silence) => {
            let _ = request.forward(upstream).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
    };
    if let Ok(written) = written {
        let _ = client.write_all(&written).await;
        let _ = client.shutdown().await;
    }
}
