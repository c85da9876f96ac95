//! A relay between a store and its server, which loses what a test wants lost.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Passes everything on until it is told to lose answers. Its threads end with the process.
pub struct Relay {
    pub address: SocketAddr,
    is_losing: Arc<AtomicBool>,
}

impl Relay {
    pub fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self { address: listener.local_addr().unwrap(), is_losing: Arc::default() };
        let is_losing = Arc::clone(&relay.is_losing);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let is_losing = Arc::clone(&is_losing);
                thread::spawn(move || pass(&client, &server, &is_losing));
            }
        });
        relay
    }

    /// From now on no commit is acknowledged, and a new connection breaks once its first question is answered.
    pub fn lose_answers(&self) {
        self.is_losing.store(true, Ordering::SeqCst);
    }
}

fn pass(mut client: &TcpStream, server: &TcpStream, is_losing: &AtomicBool) {
    let ready_max = if is_losing.load(Ordering::SeqCst) { 2 } else { usize::MAX };
    let (mut asked, mut passed) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || io::copy(&mut asked, &mut passed));
    let mut ready = 0;
    while let Ok(message) = message(server) {
        let is_acknowledged = message.starts_with(b"C") && message.ends_with(b"COMMIT\0");
        if is_acknowledged && is_losing.load(Ordering::SeqCst) || client.write_all(&message).is_err() {
            break;
        }
        // The server is ready once when it has let somebody in, and once after each question.
        ready += usize::from(message.starts_with(b"Z"));
        if ready == ready_max {
            break;
        }
    }
    for stream in [client, server] {
        drop(stream.shutdown(Shutdown::Both));
    }
}

/// One message of the server: its kind, its length, and what it says.
fn message(mut server: &TcpStream) -> io::Result<Vec<u8>> {
    let (mut kind, mut length) = ([0; 1], [0; 4]);
    server.read_exact(&mut kind)?;
    server.read_exact(&mut length)?;
    let said = usize::try_from(u32::from_be_bytes(length)).unwrap() - length.len();
    let mut message = [kind.as_slice(), &length, &vec![0; said]].concat();
    server.read_exact(&mut message[5..])?;
    Ok(message)
}
