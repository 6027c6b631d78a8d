//! The data source and the ephemeral resource databricks_sql_statement: the rows of a statement that only reads.
//! API: <https://docs.databricks.com/api/workspace/statementexecution>

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use databricks::api::statements::{self, ExecuteStatement, Manifest, Statement};
use databricks::sql_text::is_read_only;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{
    Attr, COMPUTED, Call, DataSource, Diagnostic, Ephemeral, Error, OPTIONAL, OPTIONAL_COMPUTED, Opened, REQUIRED,
    Result,
};

use super::statement::{self, Order, Parameter};
use crate::clients::{AnyWorkspace, Workspace};
use crate::level::{self, ProviderConfig};

/// The most rows: more belong into a table, not into a configuration.
const MOST_ROWS: i64 = 1_000;
/// A stopped warehouse is started first.
const LIMIT: Duration = Duration::from_secs(60 * 60);
/// Words in the names of columns that secrets are in.
const SECRETS: [&str; 8] = ["secret", "token", "password", "passwd", "pwd", "credential", "credentials", "apikey"];

/// Rows of a SQL statement that only reads: SELECT, WITH … SELECT, SHOW, DESCRIBE or EXPLAIN. It runs in each plan and in each apply,
/// and starts the warehouse where that is stopped. There are 1,000 rows at most: more are an error.
///
/// The rows of the data source stand in the plan and in the state. Those of the ephemeral resource stand in neither: it is the one for
/// secrets, and may be used where Terraform takes ephemeral values.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SqlRows {
    /// Id of the SQL warehouse that it runs on.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub warehouse_id: Attr<String>,
    /// The statement. Values stand in it as `:name`, and in `parameters`.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED))]
    pub statement: Attr<String>,
    /// Values of the statement's `:name`.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    pub parameters: Attr<Vec<Parameter>>,
    /// Catalog of names that stand without one.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub catalog: Attr<String>,
    /// Schema of names that stand without one.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub schema: Attr<String>,
    /// The columns, in their order.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub columns: Attr<Vec<Column>>,
    /// The rows: of each, the values as text, by the names of the columns. NULL is null.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub rows: Attr<Vec<BTreeMap<String, Option<String>>>>,
    /// The workspace, where the provider is configured for an account.
    #[schemars(extend("x-tf" = OPTIONAL_COMPUTED.block()))]
    pub provider_config: Attr<ProviderConfig>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub name: Attr<String>,
    /// Its SQL type.
    #[schemars(extend("x-tf" = COMPUTED))]
    pub r#type: Attr<String>,
}

impl SqlRows {
    fn problems(&self) -> Vec<Diagnostic> {
        let text = self.statement.known().filter(|text| !is_read_only(text));
        let error = |_| {
            Error::new("the statement may change something, and would in each plan")
                .detail("It has to be a SELECT, WITH … SELECT, SHOW, DESCRIBE or EXPLAIN. For others there is the resource databricks_sql_statement.")
                .at("statement")
        };
        text.map(error).map(Diagnostic::from).into_iter().collect()
    }

    async fn run(self, cx: &Call<AnyWorkspace>) -> Result<Self> {
        let cx = &level::call(cx, &self.provider_config).await?;
        let order = Order {
            warehouse_id: &self.warehouse_id,
            catalog: &self.catalog,
            schema: &self.schema,
            parameters: &self.parameters,
        };
        let body = ExecuteStatement { row_limit: Some(MOST_ROWS), ..order.of(self.statement.text()) };
        let (columns, rows) = table(cx, statement::run(cx, &body, None).await?).await?;
        Ok(Self {
            columns: columns.into(),
            rows: rows.into(),
            provider_config: level::settled(self.provider_config),
            ..self
        })
    }
}

type Rows = Vec<BTreeMap<String, Option<String>>>;

/// The whole result of a statement.
async fn table(cx: &Call<Workspace>, statement: Statement) -> Result<(Vec<Column>, Rows)> {
    let Statement { statement_id, manifest, result, .. } = statement;
    let manifest = manifest.ok_or_else(|| Error::new("the result of the statement is gone").detail("Run it again."))?;
    if manifest.truncated == Some(true) {
        return Err(Error::new(format!("the statement has more than {MOST_ROWS} rows"))
            .detail("Let it answer fewer, with a WHERE or a LIMIT.")
            .at("statement"));
    }
    let columns = columns(&manifest)?;
    let mut values = result.map(|result| result.data_array).unwrap_or_default();
    for index in 1..manifest.total_chunk_count.unwrap_or_default() {
        values.extend(statements::chunk(cx.client(), &statement_id, index).await?.data_array);
    }
    let (told, wanted) = (values.len(), manifest.total_row_count);
    if wanted.is_some_and(|wanted| usize::try_from(wanted) != Ok(told)) {
        return Err(Error::new(format!(
            "the result has {} rows, and the service told {told}",
            wanted.unwrap_or_default()
        )));
    }
    let names = || columns.iter().map(|column| column.name.text().to_owned());
    let rows = values.into_iter().map(|row| names().zip(row).collect()).collect();
    Ok((columns, rows))
}

fn columns(manifest: &Manifest) -> Result<Vec<Column>> {
    let schema = manifest.schema.as_ref();
    let mut names = BTreeSet::new();
    let told = schema.map(|schema| schema.columns.as_slice()).unwrap_or_default().iter();
    told.map(|column| match names.insert(column.name.as_str()) {
        true => Ok(Column { name: column.name.as_str().into(), r#type: column.type_text.as_str().into() }),
        false => Err(Error::new(format!("the statement has two columns of the name {:?}", column.name))
            .detail("Give one of them another name, with AS.")
            .at("statement")),
    })
    .collect()
}

/// Whether a column of this name looks like one of secrets.
fn looks_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let has_word = name.split(|letter: char| !letter.is_alphanumeric()).any(|word| SECRETS.contains(&word));
    has_word || name.replace(['_', '-', ' '], "").ends_with("apikey") || name.ends_with("private_key")
}

impl DataSource for SqlRows {
    const NAME: &'static str = "databricks_sql_statement";
    const EXAMPLE: &'static str = r#"resource "databricks_sql_endpoint" "example" {
  name           = "example rows"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10
}

data "databricks_sql_statement" "example" {
  warehouse_id = databricks_sql_endpoint.example.id
  statement    = "SELECT id, id * :factor AS product FROM range(3)"

  parameters {
    name  = "factor"
    value = "2"
    type  = "INT"
  }
}

output "products" {
  value = data.databricks_sql_statement.example.rows[*].product
}
"#;
    const LIMIT: Duration = LIMIT;

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        config.problems()
    }

    async fn read(cx: &Call<AnyWorkspace>, config: Self) -> Result<Self> {
        config.run(cx).await
    }

    fn warnings(read: &Self) -> Vec<Diagnostic> {
        let columns = read.columns.or_default();
        let names: Vec<&str> =
            columns.iter().map(|column| column.name.text()).filter(|name| looks_secret(name)).collect();
        let warning = Diagnostic::warning(
            format!("The state has what looks like a secret: {}", names.join(", ")),
            "What a data source reads stands in the plan and in the state. The ephemeral resource databricks_sql_statement reads the same, and leaves nothing there.",
        );
        if names.is_empty() { Vec::new() } else { vec![warning] }
    }
}

impl Ephemeral for SqlRows {
    const NAME: &'static str = "databricks_sql_statement";
    const EXAMPLE: &'static str = r#"ephemeral "databricks_sql_statement" "example" {
  warehouse_id = databricks_sql_endpoint.example.id
  statement    = "SELECT 'not a real one' AS password"
}

resource "databricks_sql_endpoint" "example" {
  name           = "example secrets"
  cluster_size   = "2X-Small"
  auto_stop_mins = 10
}
"#;
    const LIMIT: Duration = LIMIT;

    type Client = AnyWorkspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        config.problems()
    }

    async fn open(cx: &Call<AnyWorkspace>, config: Self) -> Result<Opened<Self>> {
        Ok(Opened { result: config.run(cx).await?, private: Vec::new(), renew_at: None })
    }

    async fn close(_: &Call<AnyWorkspace>, _: Vec<u8>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use databricks::api::statements::ResultData;

    use super::*;
    use crate::testing::Cloud;

    #[tokio::test]
    async fn a_result_that_is_not_whole_is_an_error() {
        let cx = &Cloud::start().await.workspace().await;
        let answer = |rows: u64, told: usize| Statement {
            manifest: Some(Manifest { total_row_count: Some(rows), total_chunk_count: Some(1), ..Manifest::default() }),
            result: Some(ResultData { data_array: vec![Vec::new(); told], ..ResultData::default() }),
            ..Statement::default()
        };
        assert_eq!(table(cx, answer(2, 2)).await.unwrap().1.len(), 2);
        let error = table(cx, answer(3, 2)).await.unwrap_err();
        assert!(error.to_string().contains("has 3 rows, and the service told 2"), "{error}");
        let gone = Statement { manifest: None, ..answer(0, 0) };
        assert!(table(cx, gone).await.unwrap_err().to_string().contains("is gone"));
    }

    #[test]
    fn columns_of_secrets_are_told_from_others() {
        for name in ["password", "API_TOKEN", "client-secret", "apiKey", "api_key", "ssh_private_key", "db.pwd"] {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["tokens_used", "secretary", "key", "primary_key", "", "id"] {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
