//! The far end of a measured connection: gives bytes, takes bytes, or gives back what it takes.

use std::io::{Read, Write};
use std::net::TcpListener;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Down,
    Up,
    Echo,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::Echo => "echo",
        }
    }

    pub fn parse(name: &str) -> Self {
        [Self::Down, Self::Up, Self::Echo].into_iter().find(|kind| kind.name() == name).unwrap()
    }
}

/// As a process whose stdin and stdout are the connection. It says as sshd does that someone is logged in: nobody else may
/// have one of 200 places.
pub fn stdio(kind: Kind, bytes: u64) {
    eprintln!("Accepted none for bench");
    let _ = run(kind, bytes, std::io::stdin().lock(), std::io::stdout().lock());
}

/// As a TCP server for one connection after the other; its port is the first line on stdout.
pub fn tcp(kind: Kind, bytes: u64) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    for stream in listener.incoming().flatten() {
        let _ = stream.set_nodelay(true);
        std::thread::spawn(move || run(kind, bytes, stream.try_clone()?, stream));
    }
}

fn run(kind: Kind, bytes: u64, mut input: impl Read, mut output: impl Write) -> std::io::Result<()> {
    let mut block = vec![0; 256 * 1024];
    match kind {
        Kind::Down => {
            // The client says that it is there.
            input.read_exact(&mut [0])?;
            let mut left = bytes;
            while left > 0 {
                let part = left.min(block.len() as u64) as usize;
                output.write_all(&block[..part])?;
                left -= part as u64;
            }
            output.flush()?;
            while input.read(&mut block)? > 0 {}
        }
        Kind::Up => {
            output.write_all(b"!")?;
            output.flush()?;
            let mut left = bytes;
            while left > 0 {
                match input.read(&mut block)? {
                    0 => return Ok(()),
                    read => left = left.saturating_sub(read as u64),
                }
            }
            output.write_all(b"!")?;
            output.flush()?;
            while input.read(&mut block)? > 0 {}
        }
        Kind::Echo => loop {
            match input.read(&mut block)? {
                0 => return Ok(()),
                read => output.write_all(&block[..read])?,
            }
            output.flush()?;
        },
    }
    Ok(())
}
