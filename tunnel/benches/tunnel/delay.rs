//! A relay that holds everything back for a while, in both directions, and as much of it as a long line would.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// Starts the relay to a port, on a thread that lasts as long as this process; answers its own port.
pub fn start(to: u16, delay: Duration) -> u16 {
    let (port, ports) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            port.send(listener.local_addr().unwrap().port()).unwrap();
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(near_in, far_out, delay));
                tokio::spawn(carry(far_in, near_out, delay));
            }
        });
    });
    ports.recv().unwrap()
}

async fn carry(mut input: OwnedReadHalf, mut output: OwnedWriteHalf, delay: Duration) {
    let (line, mut arriving) = tokio::sync::mpsc::channel::<(Instant, Vec<u8>)>(4096);
    let sending = async move {
        let mut block = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = input.read(&mut block).await {
            if line.send((Instant::now() + delay, block[..read].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let receiving = async move {
        while let Some((at, bytes)) = arriving.recv().await {
            sleep_until(at).await;
            if output.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(sending, receiving);
}
