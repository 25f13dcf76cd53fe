//! What the system lets this process have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What every system allows.
const LEAST: usize = 1_024;

/// Lets this process have as many files and connections open as the system allows, and says how many: most systems begin with
/// 1 024 and allow far more.
pub(super) fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok(hard)
    });
    match limit {
        Ok(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        Err(error) => {
            tracing::warn!(%error, "the number of open files stays as it is");
            LEAST
        }
    }
}
