//! Where one object is: the names that its id and its path are made of.

use databricks::segment;
use serde_json::{Map, Value as Json};
use tfplugin::{Error, Object, Result, reconcile};

use super::Rest;
use super::api::{Api, SEPARATORS};

const ACCOUNT: &str = "account_id";
const ID: &str = "id";

/// The names of an object, with their values: `account_id`, `network_id`. The last one is the object's own.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    api: Api,
    noun: &'static str,
    names: Vec<(&'static str, String)>,
    /// What stands in the query where the object is asked for.
    asked_by: Vec<(&'static str, String)>,
    /// What stands in the query where all are listed.
    listed_by: Vec<(&'static str, String)>,
    /// Whether a delete takes what is inside along.
    is_forced: bool,
}

impl Place {
    /// The place of an object that is planned. Its own id is empty where the service gives it.
    pub(super) fn of_plan<T: Rest>(plan: &T, client: &databricks::Client) -> Result<Self> {
        let tree = reconcile::tree(plan)?;
        let mut names = Vec::new();
        for name in parts(T::API.id) {
            let configured = text(tree.get(name));
            let value = match name {
                ACCOUNT => account(configured.as_deref(), client)?,
                _ => configured.unwrap_or_default(),
            };
            names.push((name, value));
        }
        Ok(Self { api: T::API, noun: T::NOUN, names, asked_by: Vec::new(), listed_by: Vec::new(), is_forced: false }
            .beside(&tree))
    }

    /// The place of an object that exists, by the id in its state.
    pub(super) fn of_state<T: Rest>(state: &T, client: &databricks::Client) -> Result<Self> {
        let tree = reconcile::tree(state)?;
        let id = text(tree.get(ID)).unwrap_or_default();
        if id.is_empty() {
            // The official provider's states of some kinds have no id of their own.
            let place = Self::of_plan(state, client)?;
            if place.names.iter().all(|(_, value)| !value.is_empty()) {
                return Ok(place);
            }
        }
        Ok(Self::of_id(T::API, T::NOUN, &id, client)?.beside(&tree))
    }

    /// With what stands in queries.
    fn beside(self, tree: &Json) -> Self {
        let values = |names: &[&'static str]| -> Vec<(&'static str, String)> {
            names.iter().filter_map(|name| Some((*name, text(tree.get(*name))?))).collect()
        };
        let forced = self.api.forced_by.and_then(|name| tree.get(name));
        Self {
            asked_by: values(self.api.asked_by),
            listed_by: values(self.api.listed_by),
            is_forced: forced == Some(&Json::Bool(true)),
            ..self
        }
    }

    /// The place of the object that Terraform knows by this id.
    pub(crate) fn of_id(api: Api, noun: &'static str, id: &str, client: &databricks::Client) -> Result<Self> {
        let wrong = || Error::new(format!("{id:?} is no id of a {noun}")).detail(format!("It is written {}.", api.id));
        let mut names = Vec::new();
        let (mut rest, mut form) = (id, api.id);
        for name in parts(api.id) {
            form = form.strip_prefix(name).unwrap_or_default();
            let value = match form.chars().next() {
                Some(separator) => {
                    let (value, behind) = rest.split_once(separator).ok_or_else(wrong)?;
                    (form, rest) = (form.trim_start_matches(separator), behind);
                    value
                }
                None => rest,
            };
            if value.is_empty() {
                return Err(wrong());
            }
            names.push((name, value.to_owned()));
        }
        let place = Self { api, noun, names, asked_by: Vec::new(), listed_by: Vec::new(), is_forced: false };
        match place.get(ACCOUNT) {
            Some(account) if account != client.account_id()? => Err(Error::new(format!(
                "The {noun} {} belongs to account {account}",
                place.own()
            ))
            .detail(format!(
                "The provider is configured for account {}: set account_id, or DATABRICKS_ACCOUNT_ID, to {account}.",
                client.account_id()?
            ))),
            _ => Ok(place),
        }
    }

    /// The place with the object's own id, out of an answer, and with what else of its names only the service knows.
    pub(super) fn with_own(mut self, answer: &Json) -> Result<Self> {
        let own = self.api.own();
        for (name, value) in self.names.iter_mut().filter(|(_, value)| value.is_empty()) {
            *value = text(answer.get(*name)).unwrap_or_default();
        }
        let told = text(answer.get(own));
        if let (Some((_, value)), Some(told)) = (self.names.last_mut(), told) {
            *value = told;
        }
        if self.own().is_empty() {
            return Err(Error::new(format!("The service answered no {own}")).detail(format!(
                "It may have made the {} all the same: apply again, and it is looked for.",
                self.noun
            )));
        }
        Ok(self)
    }

    /// The object's own id.
    pub(crate) fn own(&self) -> &str {
        self.names.last().map_or("", |(_, value)| value)
    }

    /// What stands in the query where the object is asked for.
    pub(super) fn asked_by(&self) -> &[(&'static str, String)] {
        &self.asked_by
    }

    /// What stands in the query where all are listed.
    pub(super) fn listed_by(&self) -> &[(&'static str, String)] {
        &self.listed_by
    }

    /// Whether a delete takes what is inside along.
    pub(super) fn is_forced(&self) -> bool {
        self.is_forced
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// A path with the values in place of their names.
    pub(super) fn fill(&self, path: &str) -> String {
        self.names
            .iter()
            .fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), &segment(value)))
    }

    /// A body without what stands in the path.
    pub(super) fn body(&self, mut body: Map<String, Json>) -> Map<String, Json> {
        let own = self.api.own();
        for (name, _) in &self.names {
            if *name != own || self.api.create_puts {
                body.shift_remove(*name);
            }
        }
        for name in self.api.unsent {
            body.shift_remove(*name);
        }
        body
    }

    /// `object` with its id, and with those of its names that no answer tells.
    pub(super) fn named<T: Object>(&self, object: T) -> Result<T> {
        let mut tree = reconcile::tree(&object)?;
        if let Json::Object(members) = &mut tree {
            let mut id = self.api.id.to_owned();
            for (name, value) in &self.names {
                id = id.replacen(name, value, 1);
                if let Some(member) = members.get_mut(*name).filter(|member| member.is_null()) {
                    *member = reconcile::typed::<T>(name, value);
                }
            }
            members.insert(ID.to_owned(), Json::from(id));
        }
        reconcile::object(tree)
    }
}

/// The names in the form of an id.
fn parts(form: &'static str) -> impl Iterator<Item = &'static str> {
    form.split(SEPARATORS)
}

fn text(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The client's account, which a configured one must be.
pub(crate) fn account(configured: Option<&str>, client: &databricks::Client) -> Result<String> {
    let account = client.account_id()?;
    match configured {
        Some(configured) if configured != account => Err(Error::new("account_id differs from the provider's")
            .detail(format!("The provider is configured for account {account}: remove the attribute."))
            .at(ACCOUNT)),
        _ => Ok(account.to_owned()),
    }
}
