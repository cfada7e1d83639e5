use std::fmt::Display;
use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep, timeout_at};

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// Pause between two looks.
const POLL: Duration = Duration::from_millis(20);

/// Looks until something is there, for [`PATIENCE`] at most.
///
/// # Errors
/// When it does not come, naming it as `what`, and when `look` fails.
pub async fn eventually<T>(
    what: impl Display,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match timeout_at(deadline, look()).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) if Instant::now() < deadline => sleep(POLL).await,
            Ok(Err(error)) => return Err(error),
            Ok(Ok(None)) | Err(_) => bail!("waited {PATIENCE:?} in vain for {what}"),
        }
    }
}
