//! An API that a test makes up, over HTTP, for operations that the emulator does not have.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The fields of a request of the query protocol.
pub(crate) struct Call(Vec<(String, String)>);

impl Call {
    fn of(body: &str) -> Self {
        let decode = |text: &str| text.replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
        Self(body.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (decode(key), decode(value))).collect())
    }

    /// A field; empty when it is not there.
    pub(crate) fn get(&self, name: &str) -> String {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// All fields that begin so.
    pub(crate) fn list(&self, prefix: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(_, value)| value.clone()).collect()
    }
}

async fn body(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).await.unwrap_or(0);
        bytes.extend(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return body.to_owned();
            }
        }
        if read == 0 {
            return String::new();
        }
    }
}

/// Serves what `answer` says to each call; the address. It ends with the runtime of its test.
pub(crate) async fn serve(answer: impl Fn(&Call) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let text = answer(&Call::of(&body(&mut stream).await));
                let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
                // A caller that has gone needs no answer.
                let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
            });
        }
    });
    url
}
