//! A peer that does as the official tool does: one message for each read of at most 4 KiB, through a general websocket library.

use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Carries connections to a program's stdin and stdout, a program for each; its own port is the first line on stdout.
pub fn program(words: &[&str]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        while let Ok((stream, _)) = listener.accept().await {
            let mut child = tokio::process::Command::new(words[0])
                .args(&words[1..])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            tokio::spawn(async move {
                carry(stream, Role::Server, child.stdout.take().unwrap(), child.stdin.take().unwrap()).await;
                child.wait().await
            });
        }
    });
}

/// Carries connections to a TCP port; its own port is the first line on stdout.
pub fn server(to: u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let target = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                target.set_nodelay(true).unwrap();
                let (input, output) = target.into_split();
                carry(stream, Role::Server, input, output).await;
            });
        }
    });
}

/// Carries stdin and stdout to a server.
pub fn client(to: u16) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
        let (input, output) = (tunnel::stdio::reader().unwrap(), tunnel::stdio::writer().unwrap());
        carry(stream, Role::Client, input, output).await;
    });
    runtime.shutdown_background();
}

async fn carry(stream: TcpStream, role: Role, mut input: impl AsyncRead + Unpin, mut output: impl AsyncWrite + Unpin) {
    stream.set_nodelay(true).unwrap();
    let (mut sink, mut stream) = WebSocketStream::from_raw_socket(stream, role, None).await.split();
    let sending = async {
        let mut block = vec![0; 4096];
        while let Ok(read @ 1..) = input.read(&mut block).await {
            if sink.send(Message::binary(block[..read].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let receiving = async {
        while let Some(Ok(message)) = stream.next().await {
            if output.write_all(&message.into_data()).await.is_err() || output.flush().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = receiving => {}
    }
}
