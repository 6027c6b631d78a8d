//! A relay that holds everything back for a while, in both directions, and as much of it as a long line would. It stands beside what
//! is measured on the same processors, so it costs little: bytes are read in few large pieces, and held where they were read to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

/// Bytes of a piece at most.
const PIECE: usize = 1 << 20;
/// Pieces that are held at most, in each direction.
const PIECES: usize = 4096;
/// Between two looks at what has come: what comes meanwhile is one piece.
const LOOK: Duration = Duration::from_micros(500);

/// Starts the relay to a port, on threads that last as long as this process; answers its own port.
pub fn start(to: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(("127.0.0.1", to)).unwrap());
            for (input, output) in [(&near, &far), (&far, &near)] {
                output.set_nodelay(true).unwrap();
                carry(input.try_clone().unwrap(), output.try_clone().unwrap(), delay);
            }
        }
    });
    port
}

fn carry(mut input: TcpStream, mut output: TcpStream, delay: Duration) {
    let (line, arriving) = mpsc::sync_channel::<(Instant, Vec<u8>, usize)>(PIECES);
    // The piece that was used last is used next: it is still in the processor's memory.
    let free = Arc::new(Mutex::new(Vec::<Vec<u8>>::new()));
    let used = Arc::clone(&free);
    spawn(move || {
        loop {
            let mut piece = free.lock().unwrap().pop().unwrap_or_else(|| vec![0; PIECE]);
            let Ok(read @ 1..) = input.read(&mut piece) else { return };
            if line.send((Instant::now() + delay, piece, read)).is_err() {
                return;
            }
            sleep(LOOK);
        }
    });
    spawn(move || {
        for (at, piece, length) in arriving {
            sleep(at.saturating_duration_since(Instant::now()));
            if output.write_all(&piece[..length]).is_err() {
                break;
            }
            used.lock().unwrap().push(piece);
        }
        let _ = output.shutdown(Shutdown::Write);
    });
}
