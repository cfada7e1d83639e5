//! The two ends of the socket, as the system has them.

#[cfg(unix)]
pub(super) use unix::{Listener, Stream};
#[cfg(windows)]
pub(super) use windows::{Listener, Stream};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
    use tokio::net::{UnixListener, UnixStream};

    #[derive(Debug)]
    pub(in super::super) struct Stream(UnixStream);

    /// Listens until dropped, and then leaves nothing behind.
    #[derive(Debug)]
    pub(in super::super) struct Listener {
        listener: UnixListener,
        address: PathBuf,
    }

    impl Stream {
        pub(in super::super) async fn connect(address: &Path) -> io::Result<Self> {
            UnixStream::connect(address).await.map(Self)
        }

        /// Fails unless the other end is a program of this user.
        pub(in super::super) fn check_peer(&self) -> io::Result<()> {
            check(self.0.peer_cred()?.uid(), rustix::process::geteuid().as_raw())
        }
    }

    pub(super) fn check(peer: u32, user: u32) -> io::Result<()> {
        if peer == user {
            return Ok(());
        }
        let what = "the other end is another user's program";
        Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
    }

    impl Listener {
        pub(in super::super) fn bind(address: &Path) -> io::Result<Self> {
            match std::fs::remove_file(address) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let listener = UnixListener::bind(address)?;
            std::fs::set_permissions(address, std::fs::Permissions::from_mode(0o600))?;
            Ok(Self { listener, address: address.to_owned() })
        }

        pub(in super::super) async fn accept(&mut self) -> io::Result<Stream> {
            Ok(Stream(self.listener.accept().await?.0))
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            // Whoever listens next removes what is left.
            let _ = std::fs::remove_file(&self.address);
        }
    }

    impl AsyncRead for Stream {
        fn poll_read(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Stream {
        fn poll_write(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
        }

        fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.get_mut().0).poll_flush(context)
        }

        fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.get_mut().0).poll_shutdown(context)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn another_users_program_is_refused() {
            assert!(check(1000, 1000).is_ok());
            let refused = check(1001, 1000).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    use std::path::{Path, PathBuf};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
    use tokio::net::windows::named_pipe::{
        ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
    };

    /// All ends of the pipe are taken; the next one is being made.
    const PIPE_BUSY: i32 = 231;

    /// Either end of a named pipe, which only its owner and administrators can open for writing.
    #[derive(Debug)]
    pub(in super::super) enum Stream {
        Server(NamedPipeServer),
        Client(NamedPipeClient),
    }

    impl Stream {
        pub(in super::super) async fn connect(address: &Path) -> io::Result<Self> {
            loop {
                match ClientOptions::new().open(address) {
                    Err(error) if error.raw_os_error() == Some(PIPE_BUSY) => {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    opened => return opened.map(Self::Client),
                }
            }
        }

        pub(in super::super) fn check_peer(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[derive(Debug)]
    pub(in super::super) struct Listener {
        address: PathBuf,
        next: NamedPipeServer,
    }

    impl Listener {
        pub(in super::super) fn bind(address: &Path) -> io::Result<Self> {
            let next = ServerOptions::new()
                .first_pipe_instance(true)
                .reject_remote_clients(true)
                .create(address)?;
            Ok(Self { address: address.to_owned(), next })
        }

        pub(in super::super) async fn accept(&mut self) -> io::Result<Stream> {
            self.next.connect().await?;
            let next = ServerOptions::new().reject_remote_clients(true).create(&self.address)?;
            Ok(Stream::Server(std::mem::replace(&mut self.next, next)))
        }
    }

    impl AsyncRead for Stream {
        fn poll_read(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            match self.get_mut() {
                Self::Server(pipe) => Pin::new(pipe).poll_read(context, buffer),
                Self::Client(pipe) => Pin::new(pipe).poll_read(context, buffer),
            }
        }
    }

    impl AsyncWrite for Stream {
        fn poll_write(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            match self.get_mut() {
                Self::Server(pipe) => Pin::new(pipe).poll_write(context, bytes),
                Self::Client(pipe) => Pin::new(pipe).poll_write(context, bytes),
            }
        }

        fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            match self.get_mut() {
                Self::Server(pipe) => Pin::new(pipe).poll_flush(context),
                Self::Client(pipe) => Pin::new(pipe).poll_flush(context),
            }
        }

        fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            match self.get_mut() {
                Self::Server(pipe) => Pin::new(pipe).poll_shutdown(context),
                Self::Client(pipe) => Pin::new(pipe).poll_shutdown(context),
            }
        }
    }
}
