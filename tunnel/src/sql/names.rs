//! The names that a shell offers: catalogs, schemas, tables and columns, asked for once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use databricks::Client;
use databricks::api::statements::ExecuteStatement;
use databricks::api::warehouses::{self, Warehouse, WarehouseState};

use super::result::{Sink, columns, each_row};
use super::row::Row;
use super::statement::{self, ROWS, submit};
use crate::error::Result;

/// How long a person waits for names.
const PATIENCE: Duration = Duration::from_secs(4);
/// Names of one kind that are offered.
const MOST: usize = 2_000;

/// Names that have been asked for, by what was asked.
pub struct Names {
    client: Client,
    warehouse_id: String,
    known: Mutex<BTreeMap<String, Vec<String>>>,
}

/// A column of a result.
struct Collected {
    column: usize,
    names: Vec<String>,
}

impl Sink for Collected {
    fn row(&mut self, row: &Row) -> Result<()> {
        let name = row.values().nth(self.column).flatten().map(|name| String::from_utf8_lossy(name).into_owned());
        // DESCRIBE tells of more than columns below an empty line.
        if let Some(name) = name.filter(|name| self.names.len() < MOST && !name.is_empty() && !name.starts_with('#')) {
            self.names.push(name);
        }
        Ok(())
    }
}

impl Names {
    /// Nothing is asked for yet.
    pub fn new(client: Client, warehouse_id: String) -> Self {
        Self { client, warehouse_id, known: Mutex::default() }
    }

    /// Forgets all: what was just run may have made some.
    pub fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Catalogs.
    pub async fn catalogs(&self) -> Vec<String> {
        self.ask("SHOW CATALOGS".to_owned(), &["catalog"]).await
    }

    /// Schemas of a catalog.
    pub async fn schemas(&self, catalog: &str) -> Vec<String> {
        self.ask(format!("SHOW SCHEMAS IN {}", quoted(catalog)), &["databaseName", "namespace"]).await
    }

    /// Tables and views of a schema.
    pub async fn tables(&self, catalog: &str, schema: &str) -> Vec<String> {
        self.ask(format!("SHOW TABLES IN {}", path(&[catalog, schema])), &["tableName"]).await
    }

    /// Columns of a table.
    pub async fn columns(&self, table: &[&str]) -> Vec<String> {
        self.ask(format!("DESCRIBE TABLE {}", path(table)), &["col_name"]).await
    }

    async fn ask(&self, statement: String, column: &[&str]) -> Vec<String> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&statement) {
            return known.clone();
        }
        let asked = tokio::time::timeout(PATIENCE, self.asked(&statement, column)).await;
        let names = asked.unwrap_or_else(|_| Ok(None)).unwrap_or_else(|error| {
            tracing::debug!(%error, statement, "names are not known");
            Some(Vec::new())
        });
        if let Some(names) = names {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(statement, names.clone());
            return names;
        }
        Vec::new()
    }

    /// `None` while the warehouse does not run: names are not worth a start.
    async fn asked(&self, text: &str, column: &[&str]) -> Result<Option<Vec<String>>> {
        // Who may use one need not be allowed to look at it.
        if let Ok(Warehouse { state, .. }) = warehouses::get(&self.client, &self.warehouse_id).await
            && state != WarehouseState::Running
        {
            return Ok(None);
        }
        let body = ExecuteStatement {
            on_wait_timeout: "CANCEL".to_owned(),
            ..statement::request(&self.warehouse_id, text, ROWS)
        };
        let answer = statement::succeeded(submit(&self.client, body).await?, text)?;
        let column = columns(&answer).iter().position(|one| column.contains(&one.name.as_str())).unwrap_or_default();
        let mut collected = Collected { column, names: Vec::new() };
        each_row(&self.client, answer, &mut collected).await?;
        Ok(Some(collected.names))
    }
}

/// A name as SQL takes it: in backquotes, unless it is a plain one.
pub fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty() && name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}

/// Names with dots between; empty ones are left out.
fn path(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().filter(|name| !name.is_empty()).map(|name| quoted(name)).collect();
    names.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_plain_are_quoted() {
        for (name, expected) in [("a_1", "a_1"), ("a-b", "`a-b`"), ("1a", "`1a`"), ("a`b", "`a``b`"), ("", "``")] {
            assert_eq!(quoted(name), expected);
        }
        assert_eq!(path(&["", "s", "t-1"]), "s.`t-1`");
    }
}
