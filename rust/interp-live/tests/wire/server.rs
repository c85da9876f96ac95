//! A server on loopback that does what its script says, however rude.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One thing that the server does.
#[derive(Clone)]
pub enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Ends the connection in good order.
    Close,
    /// Breaks the connection.
    Reset,
    /// Says nothing until the client goes.
    Stall,
    /// Sends these bytes again and again until the client goes.
    Flood(Vec<u8>),
}

/// A server with its script: one list of acts for each request, the last one for all that follow.
pub struct Server {
    pub address: String,
    pub log: Arc<Mutex<Log>>,
}

/// What reached the server.
#[derive(Default)]
pub struct Log {
    /// Heads and bodies.
    pub requests: Vec<String>,
    pub connections: usize,
    /// Clients that went before the server had finished.
    pub gone: usize,
}

impl Server {
    pub async fn start(script: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let log = Arc::new(Mutex::new(Log::default()));
        let shared = Arc::clone(&log);
        // Long scripts are in memory once: tests measure what the client takes.
        let script = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&shared)));
            }
        });
        Self { address, log }
    }

    /// A server that says the same to everyone before it is asked.
    pub async fn blurt(bytes: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(bytes).await;
                let _ = stream.read(&mut [0; 4096]).await;
            }
        });
        address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().requests.clone()
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Vec<Vec<Act>>>, log: Arc<Mutex<Log>>) {
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut log = log.lock().unwrap();
            log.requests.push(request);
            log.requests.len() - 1
        };
        for act in script.get(number).or(script.last()).into_iter().flatten() {
            let sent = match act {
                Act::Send(bytes) => stream.write_all(bytes).await,
                Act::Close => return,
                Act::Reset => {
                    // What was sent has to arrive before the break.
                    stream.flush().await.unwrap();
                    tokio::task::yield_now().await;
                    let _ = stream.set_zero_linger();
                    return;
                }
                Act::Stall => {
                    let gone = stream.read(&mut [0; 16]).await;
                    log.lock().unwrap().gone += 1;
                    gone.map(drop)
                }
                Act::Flood(bytes) => loop {
                    if let Err(error) = stream.write_all(bytes).await {
                        log.lock().unwrap().gone += 1;
                        break Err(error);
                    }
                },
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

/// One request, head and body; none when the client has gone.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut piece = [0; 8192];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

/// A whole response.
pub fn response(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The answer to one request: a whole response.
pub fn says(status: u16, headers: &str, body: &str) -> Vec<Act> {
    vec![Act::Send(response(status, headers, body))]
}

/// The head of a stream that ends with its connection.
pub fn head() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req-7\r\n\r\n".to_vec()
}

/// A stream, whole and ended.
pub fn streams(body: &str) -> Vec<Act> {
    vec![Act::Send(head()), Act::Send(body.as_bytes().to_vec()), Act::Close]
}
