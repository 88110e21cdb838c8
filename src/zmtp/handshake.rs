//! How two sockets meet.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::frames::{self, Frame, WireFault};
use crate::greeting::{self, Dialogue, HEAD_BYTES, Socket, TAIL_BYTES};

/// Why a conversation ended.
#[derive(Debug, Error)]
pub(super) enum Ended {
    /// The other made no sense.
    #[error(transparent)]
    Fault(#[from] WireFault),
    /// The connection broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
    /// The other took too long.
    #[error("it takes too long")]
    Slow,
}

/// What a peer sends, frame by frame.
pub(super) struct FrameReader<R> {
    half: R,
    buffer: BytesMut,
    bytes_max: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// The next frame; none when the peer has left. Nothing is lost when this is dropped in the
    /// middle.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, Ended> {
        loop {
            if let Some(frame) = frames::decode(&mut self.buffer, self.bytes_max)? {
                return Ok(Some(frame));
            }
            if self.half.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn expect(&mut self) -> Result<Frame, Ended> {
        let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
        self.next().await?.ok_or_else(|| gone().into())
    }

    async fn exactly<const N: usize>(&mut self) -> Result<[u8; N], Ended> {
        while self.buffer.len() < N {
            if self.half.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        let mut bytes = [0; N];
        self.buffer.copy_to_slice(&mut bytes);
        Ok(bytes)
    }
}

/// Does the handshake with a peer, and returns its further frames.
pub(super) async fn meet<R, W>(
    socket: Socket,
    reading: R,
    writing: &mut W,
    bytes_max: usize,
) -> Result<FrameReader<R>, Ended>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut reader = FrameReader {
        half: reading,
        buffer: BytesMut::with_capacity(512),
        bytes_max,
    };
    // Our version and no more: what follows depends on the other's.
    writing.write_all(&greeting::head()).await?;
    let head = reader.exactly::<HEAD_BYTES>().await?;
    match greeting::dialogue(&head)? {
        Dialogue::Ready => {
            writing.write_all(&greeting::tail()).await?;
            let tail = reader.exactly::<TAIL_BYTES>().await?;
            greeting::check_tail(&tail)?;
            writing.write_all(&frames::ready(socket.name())).await?;
            let Frame::Command { name, body } = reader.expect().await? else {
                return Err(WireFault::Malformed.into());
            };
            if name != Bytes::from_static(b"READY") {
                return Err(WireFault::Malformed.into());
            }
            if !socket.meets(&frames::socket_type(body)?) {
                return Err(WireFault::Socket.into());
            }
        }
        Dialogue::Identity => {
            let anonymous = [socket.number(), 0, 0];
            writing.write_all(&anonymous).await?;
            let [number] = reader.exactly::<1>().await?;
            if !socket.meets_number(number) {
                return Err(WireFault::Socket.into());
            }
            let Frame::Part { more: false, .. } = reader.expect().await? else {
                return Err(WireFault::Malformed.into());
            };
        }
    }
    Ok(reader)
}

/// The longest context of a PING that ZMTP knows, in bytes. libzmq, too, echoes no more of a longer
/// one.
const PING_CONTEXT_BYTES_MAX: usize = 16;

/// What to answer to a PING: its context, after two bytes about patience.
pub(super) fn pong(ping: &[u8]) -> Bytes {
    let context = ping.get(2..).unwrap_or_default();
    frames::command(
        "PONG",
        &context[..context.len().min(PING_CONTEXT_BYTES_MAX)],
    )
}
