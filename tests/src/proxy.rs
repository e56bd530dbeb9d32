//! A connection that breaks: a proxy that cuts each connection after some bytes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

/// A proxy on a free loopback port. How many bytes a connection may carry, and in which direction they count, follows
/// from the seed; dropping the proxy cuts what is open.
#[derive(Debug)]
pub struct CuttingProxy {
    address: SocketAddr,
    cuts: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

impl CuttingProxy {
    /// Starts a proxy in front of `target`; each connection carries between 150 and 150 + `most_bytes`.
    pub async fn start(target: SocketAddr, seed: u64, most_bytes: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port can be used");
        let address = listener.local_addr().expect("the listener is bound");
        let cuts = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&cuts);
        let accepting = tokio::spawn(async move {
            let mut state = seed;
            while let Ok((client, _)) = listener.accept().await {
                let drawn = next(&mut state);
                let bytes = 150 + (drawn >> 1) % most_bytes;
                // One connection at a time: its successor comes when it is cut.
                if let Ok(server) = TcpStream::connect(target).await {
                    carry(client, server, bytes, drawn & 1 == 0).await;
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self { address, cuts, accepting }
    }

    /// `http://` and its address.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were cut.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries both directions until one of them has carried its bytes, or either end closes.
async fn carry(client: TcpStream, server: TcpStream, bytes: u64, upwards_counts: bool) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (upwards, downwards) = if upwards_counts { (bytes, u64::MAX) } else { (u64::MAX, bytes) };
    tokio::select! {
        () = copy(from_client, to_server, upwards) => {}
        () = copy(from_server, to_client, downwards) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, bytes: u64) {
    let mut from = (&mut from).take(bytes);
    let mut buffer = [0; 4096];
    loop {
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => {
                if to.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
