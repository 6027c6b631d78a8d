//! The SQL form of a connection, for what the REST API does not take: references to secrets as options, and a type that it does not
//! know. <https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-connection>
//!
//! A statement stays in the history of queries: a secret stands in none, but as a reference.

use databricks::api::statements::ExecuteStatement;
use tfplugin::{Attr, Call, Error, Result};

use super::connection::Connection;
use crate::clients::AnyWorkspace;
use crate::level;
use crate::sql::statement::{self, Order};

/// The scope and the key of `{{secrets/scope/key}}`, which the attribute `config_reference` of a `databricks_secret` is.
fn reference(value: &str) -> Option<(&str, &str)> {
    value.strip_prefix("{{secrets/")?.strip_suffix("}}")?.split_once('/')
}

/// Whether an option is a reference.
pub(super) fn is_needed(plan: &Connection) -> bool {
    let maps = [plan.options.known(), plan.options_wo.known()];
    maps.into_iter().flatten().any(|options| options.values().any(|value| reference(value.expose()).is_some()))
}

/// Whether the REST API has refused a connection because of its type. It leaves only the text to tell: its message names the field.
pub(super) fn is_of_type(refusal: &Error) -> bool {
    let text = refusal.to_string().to_lowercase();
    text.contains("connection_type") || text.contains("connection type")
}

/// A string literal.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// An identifier.
fn name(value: &str) -> String {
    format!("`{}`", value.replace('`', "``"))
}

/// A word that stands in a statement as it is.
fn word(value: &str, attribute: &'static str) -> Result<String> {
    let is_plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let error = || Error::new(format!("{value:?} cannot stand in a statement")).at(attribute);
    is_plain.then(|| value.to_owned()).ok_or_else(error)
}

/// Whether the name of an option says that it holds a secret.
fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    ["password", "passphrase", "secret", "token", "private_key", "pvtkey", "keyjson"]
        .iter()
        .any(|word| key.contains(word))
}

fn options(plan: &Connection) -> Result<String> {
    let mut all = Vec::new();
    for (attribute, options) in [("options", plan.options.or_default()), ("options_wo", plan.options_wo.or_default())] {
        for (key, value) in options {
            let value = match reference(value.expose()) {
                Some((scope, key)) => format!("secret({}, {})", text(scope), text(key)),
                None if attribute == "options_wo" || is_secret(&key) => {
                    let reason = format!("The option {key} would stand in the history of queries, in clear text");
                    let way_out = "Put it into a databricks_secret, and set the option to its config_reference.";
                    return Err(Error::new(reason).detail(way_out).at(attribute));
                }
                None => text(value.expose()),
            };
            all.push(format!("{} {value}", word(&key, attribute)?));
        }
    }
    Ok(all.join(", "))
}

/// The statements that make the connection, or make of it what is planned.
fn statements(state: Option<&Connection>, plan: &Connection) -> Result<Vec<String>> {
    let options = options(plan)?;
    let Some(state) = state else {
        let kind = word(plan.connection_type.text(), "connection_type")?;
        let comment = plan.comment.known().map_or_else(String::new, |words| format!(" COMMENT {}", text(words)));
        let called = name(plan.name.text());
        return Ok(vec![format!("CREATE CONNECTION {called} TYPE {kind} OPTIONS ({options}){comment}")]);
    };
    let mut all = vec![format!("ALTER CONNECTION {} OPTIONS ({options})", name(state.name.text()))];
    let differs = |before: &Attr<String>, after: &Attr<String>| after.is_known() && before != after;
    if differs(&state.owner, &plan.owner) {
        all.push(format!("ALTER CONNECTION {} SET OWNER TO {}", name(state.name.text()), name(plan.owner.text())));
    }
    if differs(&state.name, &plan.name) {
        all.push(format!("ALTER CONNECTION {} RENAME TO {}", name(state.name.text()), name(plan.name.text())));
    }
    Ok(all)
}

/// Has them run on the warehouse that the connection names.
pub(super) async fn run(cx: &Call<AnyWorkspace>, state: Option<&Connection>, plan: &Connection) -> Result<()> {
    if plan.warehouse_id.text().is_empty() {
        return Err(Error::new("An option is a reference to a secret, which only SQL takes")
            .detail("Set warehouse_id to the id of a SQL warehouse.")
            .at("warehouse_id"));
    }
    let cx = level::call(cx, &plan.provider_config).await?;
    let none = Attr::Null;
    let order = Order { warehouse_id: &plan.warehouse_id, catalog: &none, schema: &none, parameters: &Attr::Null };
    for one in statements(state, plan)? {
        let body = ExecuteStatement { row_limit: Some(1), ..order.of(one) };
        statement::run(&cx, &body, None).await.map_err(|error| error.at("options"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::connection::Options;

    fn of(pairs: &[(&str, &str)]) -> Attr<Options> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect::<Options>().into()
    }

    fn connection() -> Connection {
        Connection {
            name: "sftp `x`".into(),
            connection_type: "SFTP".into(),
            options: of(&[("host", "it's \\ here"), ("user", "{{secrets/app/user}}")]),
            ..Connection::default()
        }
    }

    #[test]
    fn a_statement_has_references_and_no_secret() {
        let plan = Connection { comment: "words".into(), ..connection() };
        assert!(is_needed(&plan));
        assert_eq!(
            statements(None, &plan).unwrap(),
            [
                "CREATE CONNECTION `sftp ``x``` TYPE SFTP OPTIONS (host 'it\\'s \\\\ here', user secret('app', 'user')) COMMENT 'words'"
            ]
        );
        for (name, is_in_state) in [("user", false), ("password", false), ("password", true), ("pem_private_key", true)]
        {
            let secret = of(&[(name, "not-a-secret")]);
            let plain = match is_in_state {
                true => Connection { options: secret, ..connection() },
                false => Connection { options_wo: secret, ..connection() },
            };
            let error = statements(None, &plain).unwrap_err();
            assert!(error.to_string().contains(name) && !error.to_string().contains("not-a-secret"), "{error}");
        }
        let public = Connection { options: of(&[("key_fingerprint", "SHA256:x")]), ..connection() };
        assert!(statements(None, &public).unwrap()[0].contains("(key_fingerprint 'SHA256:x')"));
        let injected = Connection { options: of(&[("a' b", "c")]), ..connection() };
        assert!(statements(None, &injected).is_err());
        assert!(!is_needed(&Connection { options: of(&[("host", "{{x}}")]), ..Connection::default() }));
    }

    #[test]
    fn a_change_sends_options_and_what_else_differs() {
        let state = Connection { name: "old".into(), owner: "ada".into(), ..connection() };
        let plan =
            Connection { name: "new".into(), owner: "bob".into(), options: of(&[("host", "h")]), ..connection() };
        assert_eq!(
            statements(Some(&state), &plan).unwrap(),
            [
                "ALTER CONNECTION `old` OPTIONS (host 'h')",
                "ALTER CONNECTION `old` SET OWNER TO `bob`",
                "ALTER CONNECTION `old` RENAME TO `new`",
            ]
        );
    }
}
