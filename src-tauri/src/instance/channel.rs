//! A stream between two programs of one user on one computer.

#[cfg(unix)]
pub(super) use unix::{Listener, Stream, address};
#[cfg(windows)]
pub(super) use windows::{Listener, Stream, address};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::path::{Path, PathBuf};

    use sha2::{Digest as _, Sha256};
    use tokio::net::UnixListener;

    /// Longest path of a socket in bytes; some systems take no more (`sun_path`, less its end).
    const MAX_PATH: usize = 100;

    pub(in super::super) type Stream = tokio::net::UnixStream;

    #[derive(Debug)]
    pub(in super::super) struct Listener {
        listener: UnixListener,
        user: u32,
    }

    impl Listener {
        /// Listens; whoever calls this holds the folder's lock, so an old socket is nobody's.
        pub(in super::super) fn bind(address: &Path) -> io::Result<Self> {
            match std::fs::remove_file(address) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let listener = UnixListener::bind(address)?;
            use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
            std::fs::set_permissions(address, std::fs::Permissions::from_mode(0o600))?;
            let user = std::fs::metadata(address)?.uid();
            Ok(Self { listener, user })
        }

        pub(in super::super) async fn accept(&self) -> io::Result<Stream> {
            let (stream, _) = self.listener.accept().await?;
            if stream.peer_cred()?.uid() != self.user {
                return Err(io::Error::other("it is another user's program"));
            }
            Ok(stream)
        }
    }

    pub(in super::super) fn address(data_dir: &Path) -> PathBuf {
        let usual = data_dir.join("desktop.sock");
        if usual.as_os_str().len() <= MAX_PATH {
            return usual;
        }
        let hash = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
        let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        std::env::temp_dir().join(format!("sophon-{name}.sock"))
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    use std::path::{Path, PathBuf};

    use sha2::{Digest as _, Sha256};
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
    use tokio::net::windows::named_pipe::{
        ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
    };

    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// Either end of a named pipe, which only its owner and administrators can open.
    #[derive(Debug)]
    pub(in super::super) enum Stream {
        Server(NamedPipeServer),
        Client(NamedPipeClient),
    }

    impl Stream {
        pub(in super::super) async fn connect(address: &Path) -> io::Result<Self> {
            ClientOptions::new().open(address).map(Self::Client)
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

    pub(in super::super) fn address(data_dir: &Path) -> PathBuf {
        let hash = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
        let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        PathBuf::from(format!(r"\\.\pipe\sophon-{name}"))
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
