//! The schema's versions: forward only, one set of files for both databases.

use refinery::Runner;

mod embedded {
    refinery::embed_migrations!("migrations");
}

pub(crate) fn runner() -> Runner {
    embedded::migrations::runner()
}

/// The version that this program writes.
pub(crate) fn newest() -> i32 {
    runner().get_migrations().iter().map(refinery::Migration::version).max().unwrap_or_default()
}
