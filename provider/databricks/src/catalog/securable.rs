//! What privileges are granted on: one attribute of `databricks_grants` and `databricks_grant` names it.

use tfplugin::{Attr, Diagnostic, Error, Result, one_of};

/// The attributes, each with the word for it in the API's paths.
const WORDS: &[(&str, &str)] = &[
    ("catalog", "catalog"),
    ("credential", "credential"),
    ("external_location", "external_location"),
    ("foreign_connection", "connection"),
    ("function", "function"),
    ("mcp_service", "mcp_service"),
    ("metastore", "metastore"),
    // A registered model is a function to this API.
    ("model", "function"),
    ("model_provider_service", "model_provider_service"),
    ("model_service", "model_service"),
    ("pipeline", "pipeline"),
    ("recipient", "recipient"),
    ("schema", "schema"),
    ("secret", "secret"),
    ("share", "share"),
    ("storage_credential", "storage_credential"),
    ("table", "table"),
    ("volume", "volume"),
];

/// What privileges are granted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Securable {
    attribute: &'static str,
    /// Its word in the API's paths.
    pub(super) word: &'static str,
    /// Its full name.
    pub(super) name: String,
}

/// An object that names what it is about.
pub(super) trait OnSecurable {
    /// All attributes that may name it.
    fn names(&self) -> impl Iterator<Item = (&'static str, &Attr<String>)>;
    /// The attribute of this name.
    fn name_mut(&mut self, attribute: &str) -> Option<&mut Attr<String>>;
}

impl Securable {
    /// What an object is about.
    pub(super) fn of(object: &impl OnSecurable) -> Result<Self> {
        let named = object.names().find(|(_, name)| !name.text().is_empty());
        let (attribute, name) = named.ok_or_else(|| Error::new("It is not said on what the privileges are granted"))?;
        Self::new(attribute, name.text()).ok_or_else(|| Error::new(format!("{attribute} names nothing")))
    }

    fn new(attribute: &str, name: &str) -> Option<Self> {
        let (attribute, word) = WORDS.iter().find(|(known, _)| *known == attribute)?;
        (!name.is_empty()).then(|| Self { attribute, word, name: name.to_owned() })
    }

    /// What an id begins with, and the rest of it behind the next slash.
    pub(super) fn of_id(id: &str) -> Option<(Self, Option<&str>)> {
        let (attribute, rest) = id.split_once('/')?;
        let (name, rest) = rest.split_once('/').map_or((rest, None), |(name, rest)| (name, Some(rest)));
        Some((Self::new(attribute, name)?, rest))
    }

    /// Its part of an id: `catalog/sales`.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.attribute, self.name)
    }

    /// Names it in an object.
    pub(super) fn name_in(&self, object: &mut impl OnSecurable) {
        if let Some(slot) = object.name_mut(self.attribute) {
            *slot = self.name.clone().into();
        }
    }
}

/// That exactly one attribute names it.
pub(super) fn one(object: &impl OnSecurable) -> Vec<Diagnostic> {
    let set: Vec<&str> = object.names().filter(|(_, name)| name.is_known()).map(|(name, _)| name).collect();
    match one_of(object.names().map(|(_, name)| name.is_set())) {
        Ok(()) => Vec::new(),
        Err(0) => {
            let all: Vec<&str> = object.names().map(|(name, _)| name).collect();
            let way_out = format!("Set one of {}.", all.join(", "));
            vec![Error::new("It is not said on what the privileges are granted").detail(way_out).into()]
        }
        Err(_) => {
            let error = Error::new(format!("Privileges are granted on one thing, and {} are set", set.join(" and ")));
            let error = error.detail("Use one resource for each of them.");
            vec![error.at(set.last().copied().unwrap_or_default()).into()]
        }
    }
}

/// A struct with the attributes that name a securable, before its own.
macro_rules! on_securable {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $crate::catalog::securable::on_securable! { @with
            [
                catalog "Catalog.",
                credential "Credential for a service.",
                external_location "External location.",
                foreign_connection "Connection.",
                function "Function, by its full name: `catalog.schema.function`.",
                mcp_service "MCP service.",
                metastore "Metastore, by its id.",
                model "Registered model, by its full name: `catalog.schema.model`.",
                model_provider_service "Service of a provider of models.",
                model_service "Service of models.",
                pipeline "Pipeline, by its id.",
                recipient "Recipient of shares.",
                schema "Schema, by its full name: `catalog.schema`.",
                secret "Secret of Unity Catalog, by its full name: `catalog.schema.secret`.",
                share "Share.",
                storage_credential "Storage credential.",
                table "Table or view, by its full name: `catalog.schema.table`.",
                volume "Volume, by its full name: `catalog.schema.volume`.",
            ]
            $(#[$meta])* pub struct $name { $($own)* }
        }
    };
    (@with [$($attribute:ident $words:literal,)*] $(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        pub struct $name {
            $(
                #[doc = $words]
                #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
                pub $attribute: Attr<String>,
            )*
            $($own)*
        }

        impl $crate::catalog::securable::OnSecurable for $name {
            fn names(&self) -> impl Iterator<Item = (&'static str, &Attr<String>)> {
                [$((stringify!($attribute), &self.$attribute),)*].into_iter()
            }

            fn name_mut(&mut self, attribute: &str) -> Option<&mut Attr<String>> {
                match attribute {
                    $(stringify!($attribute) => Some(&mut self.$attribute),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use on_securable;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::grants::Grants;

    #[test]
    fn every_attribute_has_its_word() {
        let known: Vec<&str> = WORDS.iter().map(|(attribute, _)| *attribute).collect();
        let attributes: Vec<&str> = Grants::default().names().map(|(attribute, _)| attribute).collect();
        assert_eq!(attributes, known);
    }

    #[test]
    fn an_id_is_an_attribute_and_a_name() {
        let check = |id: &str, expected: Option<(&str, &str, Option<&str>)>| {
            let found = Securable::of_id(id);
            let found = found.as_ref().map(|(of, rest)| (of.word, of.name.as_str(), *rest));
            assert_eq!(found, expected, "{id}");
        };
        check("catalog/sales", Some(("catalog", "sales", None)));
        check("foreign_connection/pg", Some(("connection", "pg", None)));
        check("schema/sales.things/data eng/x", Some(("schema", "sales.things", Some("data eng/x"))));
        check("catalog/", None);
        check("sales", None);
        check("database/sales", None);
    }

    #[test]
    fn exactly_one_thing_is_named() {
        let count = |grants: &Grants| one(grants).len();
        assert_eq!(count(&Grants::default()), 1);
        assert_eq!(count(&Grants { catalog: "a".into(), ..Grants::default() }), 0);
        assert_eq!(count(&Grants { catalog: "a".into(), schema: "a.b".into(), ..Grants::default() }), 1);
        assert_eq!(count(&Grants { catalog: Attr::Unknown, ..Grants::default() }), 0);
    }
}
