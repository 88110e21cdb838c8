//! A closed-loop load of HTTP/1.1 requests over loopback, lean enough to share two cores with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest time that is distinguished, in microseconds.
const MICROSECONDS_MAX: u64 = 60_000_000;

/// What a load found.
pub struct Load {
    /// Requests that were answered 2xx, in a second.
    pub rate: f64,
    /// Requests that were answered otherwise.
    pub refused: u64,
    /// Times from the first byte sent to the last byte read, in microseconds.
    pub times: Histogram<u64>,
}

impl Load {
    /// A quantile of the times, in milliseconds.
    #[must_use]
    pub fn milliseconds(&self, quantile: f64) -> f64 {
        self.times.value_at_quantile(quantile) as f64 / 1000.0
    }
}

/// Sends requests over so many connections for so long, each connection one at a time. `request` writes the
/// n-th request.
///
/// # Errors
/// When a connection cannot be opened or breaks, or an answer is no HTTP.
pub async fn load(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    request: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
) -> anyhow::Result<Load> {
    let request = Arc::new(request);
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let until = begun + duration;
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            tokio::spawn(connection(
                address,
                until,
                Arc::clone(&request),
                Arc::clone(&next),
            ))
        })
        .collect();
    let mut times = Histogram::new_with_max(MICROSECONDS_MAX, 3)?;
    let mut refused = 0;
    for task in tasks {
        let (one, no) = task.await??;
        times.add(one)?;
        refused += no;
    }
    let rate = (times.len() - refused) as f64 / begun.elapsed().as_secs_f64();
    Ok(Load {
        rate,
        refused,
        times,
    })
}

async fn connection(
    address: SocketAddr,
    until: Instant,
    request: Arc<impl Fn(u64) -> Vec<u8>>,
    next: Arc<AtomicU64>,
) -> anyhow::Result<(Histogram<u64>, u64)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut times = Histogram::new_with_max(MICROSECONDS_MAX, 3)?;
    let mut refused = 0;
    let mut buffer = Vec::with_capacity(4096);
    while Instant::now() < until {
        let request = request(next.fetch_add(1, Ordering::Relaxed));
        let begun = Instant::now();
        stream.write_all(&request).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        let took = begun.elapsed().as_micros() as u64;
        times.record(took.clamp(1, MICROSECONDS_MAX))?;
        if !(200..300).contains(&status) {
            refused += 1;
        }
    }
    Ok((times, refused))
}

/// Reads one answer with a `Content-Length` and returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            anyhow::bail!("the server closed the connection");
        }
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&buffer[..head])?;
        let status = text.get(9..12).unwrap_or_default().parse()?;
        let length: usize = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(Ok(0), |(_, value)| value.trim().parse())?;
        while buffer.len() < head + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                anyhow::bail!("the server closed the connection");
            }
        }
        return Ok(status);
    }
}
