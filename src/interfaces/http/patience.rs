//! How long the other side of a connection may take: to take what it asked for, and to send what it announced.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::HttpBody;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::DropGuard;

/// How long a client may take nothing of what is sent to it, or send nothing of what is long.
const STALL: Duration = Duration::from_secs(30);
/// How long a client may take to send the body of a request, all of it: at most 64 KiB.
const BODY: Duration = Duration::from_secs(15);

/// A connection whose other side has to take what is sent to it.
pub(super) struct Patient<S> {
    stream: S,
    stalled: Option<Pin<Box<Sleep>>>,
    /// Tells that the connection is over, whoever had it last.
    _over: DropGuard,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, over: DropGuard) -> Self {
        Self { stream, stalled: None, _over: over }
    }

    /// Passes on what writing gave, or gives up on a client that takes nothing.
    fn judge<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judge(cx, closed)
    }
}

/// The body of a request that has to arrive in time.
pub(super) struct Prompt<B> {
    body: B,
    /// Begins with the first byte that is waited for.
    late: Option<Pin<Box<Sleep>>>,
    until: Instant,
    /// What is long has so much time from one piece to the next, instead of for all of it.
    each: bool,
}

impl<B> Prompt<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body, late: None, until: Instant::now() + BODY, each: false }
    }

    /// One that may be long, and has to go on coming.
    pub(super) fn steady(body: B) -> Self {
        Self { body, late: None, until: Instant::now() + STALL, each: true }
    }
}

impl<B: HttpBody<Error = hyper::Error> + Unpin> HttpBody for Prompt<B> {
    type Data = B::Data;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            if self.each {
                self.late = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let until = if self.each && self.late.is_none() { Instant::now() + STALL } else { self.until };
        let late = self.late.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(late.as_mut().poll(cx));
        Poll::Ready(Some(Err("the body took too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up_and_who_takes_a_little_is_not() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let over = CancellationToken::new();
        let mut ours = Patient::new(ours, over.clone().drop_guard());
        let writing = ours.write_all(&[0; 64]);
        let slow = async {
            for _ in 0..4 {
                tokio::time::sleep(STALL - Duration::from_secs(1)).await;
                theirs.read_exact(&mut [0; 12]).await.expect("something came");
            }
        };
        let (written, ()) = tokio::join!(writing, slow);
        written.expect("they took it, slowly");
        let error = ours.write_all(&[0; 64]).await.expect_err("they take nothing any more");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(!over.is_cancelled());
        drop(ours);
        assert!(over.is_cancelled());
    }
}
