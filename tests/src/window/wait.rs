//! Waits, each with an end.

use std::time::{Duration, Instant};

/// How long anything on the screen may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// Looks until there is something, and returns it. Panics with `what` when there is nothing within the limit.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited {} s in vain: {what}", limit.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
}
