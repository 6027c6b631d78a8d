//! Route tables that were seen a moment ago. A table, its routes and its associations are resources of their own, and each is
//! read in the same refresh out of the same answer of `DescribeRouteTables`: it is asked for once.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::RouteTable;
use tokio::time::Instant;

use super::errors::Fault;

/// An answer is good for as long as a refresh may take to come to the parts of a table. Whatever this process changes makes
/// it void at once.
const FRESH: Duration = Duration::from_secs(5);

/// Route tables by their ids, with the time of the answer.
#[derive(Debug, Default)]
pub(crate) struct Tables(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    tables: HashMap<String, (Instant, Arc<RouteTable>)>,
    /// How often this process changed a table.
    changes: u64,
}

impl Tables {
    /// A table as it was seen a moment ago, or as `ask` finds it now; `None` if it is gone.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(crate) async fn get<F>(&self, id: &str, ask: impl FnOnce() -> F) -> Result<Option<Arc<RouteTable>>, Fault>
    where
        F: Future<Output = Result<Option<RouteTable>, Fault>>,
    {
        let changes = {
            let seen = self.seen();
            if let Some((when, table)) = seen.tables.get(id)
                && when.elapsed() < FRESH
            {
                return Ok(Some(Arc::clone(table)));
            }
            seen.changes
        };
        let when = Instant::now();
        let Some(table) = ask().await?.map(Arc::new) else { return Ok(None) };
        let mut seen = self.seen();
        // What was changed while the answer was on its way may not be in it.
        if seen.changes == changes {
            seen.tables.insert(id.to_owned(), (when, Arc::clone(&table)));
        }
        Ok(Some(table))
    }

    /// A table was changed, or must be seen as it is now: nothing that was seen before counts.
    pub(crate) fn changed(&self) {
        let mut seen = self.seen();
        seen.changes += 1;
        seen.tables.clear();
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_table_is_asked_for_again_after_a_change_and_after_a_while() {
        let tables = Tables::default();
        let asked = Cell::new(0);
        let ask = || async {
            asked.set(asked.get() + 1);
            Ok(Some(RouteTable::builder().route_table_id("rtb-1").build()))
        };
        tables.get("rtb-1", ask).await.unwrap().unwrap();
        tables.get("rtb-1", ask).await.unwrap().unwrap();
        assert_eq!(asked.get(), 1);
        tables.changed();
        tables.get("rtb-1", ask).await.unwrap().unwrap();
        assert_eq!(asked.get(), 2);
        tokio::time::sleep(FRESH).await;
        tables.get("rtb-1", ask).await.unwrap().unwrap();
        assert_eq!(asked.get(), 3);
        // An answer that a change overtook is not kept.
        let overtaken = || async {
            tables.changed();
            ask().await
        };
        tables.changed();
        tables.get("rtb-1", overtaken).await.unwrap().unwrap();
        tables.get("rtb-1", ask).await.unwrap().unwrap();
        assert_eq!(asked.get(), 5);
    }
}
