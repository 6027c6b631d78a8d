//! What a schema says of an attribute beyond its type: the `x-tf` extension of a field's JSON schema.
//!
//! ```ignore
//! /// Subnet that the gateway stands in.
//! #[schemars(extend("x-tf" = REQUIRED.replaces()))]
//! pub subnet_id: Attr<String>,
//! ```

use serde::{Deserialize, Serialize};

/// The flags of one attribute. Start from [`REQUIRED`], [`OPTIONAL`], [`COMPUTED`] or [`OPTIONAL_COMPUTED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Flags {
    /// The configuration must set it.
    pub required: bool,
    /// The configuration may set it.
    pub optional: bool,
    /// The provider may set it.
    pub computed: bool,
    /// A changed value replaces the object.
    pub replaces: bool,
    /// Hidden in Terraform's output. A `Secret<T>` is sensitive without this flag, unless it is write-only.
    pub sensitive: bool,
    /// Taken from the configuration, kept in no plan and no state.
    pub write_only: bool,
    /// A nested block instead of a nested attribute.
    pub block: bool,
    /// A computed value, or blocks of the object itself, that an update does not change: known while planning one.
    pub keeps_state: bool,
    /// JSON text: two documents that mean the same are the same value.
    pub json: bool,
    /// Letter case does not matter when values are compared.
    pub ignores_case: bool,
    /// A slash at the end does not matter when values are compared.
    pub ignores_final_slash: bool,
    /// A blank means an underscore when values are compared.
    pub ignores_blanks: bool,
    /// Sent, and never answered: the state keeps what was configured.
    pub untold: bool,
    /// Terraform's own: neither sent nor read.
    pub unsent: bool,
    /// Not configured means that the service decides, which is no drift.
    pub service_default: bool,
    /// Spellings that mean the same, in pairs.
    pub same_as: &'static [(&'static str, &'static str)],
    /// Where it stands on the wire, if not under its name: a JSON pointer from the object that it is an attribute of.
    pub wire: Option<&'static str>,
    /// The default, as JSON text (`"\"gp3\""`, `"true"`, `"10"`).
    pub default: Option<&'static str>,
    /// Deprecated, with what to use instead.
    pub deprecated: Option<&'static str>,
}

const NONE: Flags = Flags {
    required: false,
    optional: false,
    computed: false,
    replaces: false,
    sensitive: false,
    write_only: false,
    block: false,
    keeps_state: false,
    json: false,
    ignores_case: false,
    ignores_final_slash: false,
    ignores_blanks: false,
    untold: false,
    unsent: false,
    service_default: false,
    same_as: &[],
    wire: None,
    default: None,
    deprecated: None,
};

/// Must be configured.
pub const REQUIRED: Flags = Flags { required: true, ..NONE };
/// May be configured.
pub const OPTIONAL: Flags = Flags { optional: true, ..NONE };
/// Set by the provider alone. A change of any other attribute makes it unknown, unless it `keeps_state()`.
pub const COMPUTED: Flags = Flags { computed: true, ..NONE };
/// May be configured; the provider decides where it is not.
pub const OPTIONAL_COMPUTED: Flags = Flags { optional: true, computed: true, ..NONE };
/// The `id` of an object: computed, and the same for the object's whole life.
pub const ID: Flags = Flags { computed: true, keeps_state: true, ..NONE };

impl Flags {
    /// A changed value replaces the object.
    pub const fn replaces(self) -> Self {
        Self { replaces: true, ..self }
    }

    /// Hidden in Terraform's output.
    pub const fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// Taken from the configuration, kept in no plan and no state.
    pub const fn write_only(self) -> Self {
        Self { write_only: true, ..self }
    }

    /// A nested block: `Vec` is a list of blocks, `Set` a set, a map a labelled block, a struct at most one block, which is a
    /// list of one in the state and in expressions, as both official providers have it.
    pub const fn block(self) -> Self {
        Self { block: true, ..self }
    }

    /// Stays known while an update is planned.
    pub const fn keeps_state(self) -> Self {
        Self { keeps_state: true, ..self }
    }

    /// Compared as JSON documents, not as text.
    pub const fn json(self) -> Self {
        Self { json: true, ..self }
    }

    /// Compared without regard to letter case.
    pub const fn ignores_case(self) -> Self {
        Self { ignores_case: true, ..self }
    }

    /// Compared without a slash at the end: an address of a folder.
    pub const fn ignores_final_slash(self) -> Self {
        Self { ignores_final_slash: true, ..self }
    }

    /// Compared with underscores in the place of blanks: a privilege.
    pub const fn ignores_blanks(self) -> Self {
        Self { ignores_blanks: true, ..self }
    }

    /// Sent, and never answered (a password, say): the state keeps what was configured, and an import cannot read it.
    pub const fn untold(self) -> Self {
        Self { untold: true, ..self }
    }

    /// Terraform's own (`force_destroy`, `no_wait`): neither sent nor read.
    pub const fn unsent(self) -> Self {
        Self { unsent: true, ..self }
    }

    /// Where it is not configured the service decides: the state stays null, and nothing drifts. Not for what
    /// `replaces()`: that is [`OPTIONAL_COMPUTED`].
    pub const fn service_default(self) -> Self {
        Self { service_default: true, ..self }
    }

    /// Pairs of spellings that mean the same: `same_as(&[("DATA_SECURITY_MODE_DEDICATED", "SINGLE_USER")])`.
    pub const fn same_as(self, pairs: &'static [(&'static str, &'static str)]) -> Self {
        Self { same_as: pairs, ..self }
    }

    /// Where it stands on the wire, from the object that it is an attribute of: `wire("/root_bucket_info/bucket_name")`.
    pub const fn wire(self, pointer: &'static str) -> Self {
        Self { wire: Some(pointer), ..self }
    }

    /// The value where none is configured, as JSON text. The attribute becomes computed too, as Terraform demands.
    pub const fn default(self, json: &'static str) -> Self {
        Self { default: Some(json), computed: true, ..self }
    }

    /// Deprecated; `instead` says what to use.
    pub const fn deprecated(self, instead: &'static str) -> Self {
        Self { deprecated: Some(instead), ..self }
    }
}

impl OwnedFlags {
    /// Whether a configuration cannot set it.
    pub(crate) fn is_read_only(&self) -> bool {
        self.computed && !self.optional && !self.required
    }

    /// Whether different texts may mean the same.
    pub(crate) fn has_spellings(&self) -> bool {
        let plain = self.ignores_case || self.ignores_final_slash || self.ignores_blanks;
        self.json || plain || !self.same_as.is_empty()
    }

    /// The one spelling of all that mean the same as `text`, documents aside.
    pub(crate) fn spelled(&self, text: &str) -> String {
        let text = if self.ignores_final_slash { text.trim_end_matches('/') } else { text };
        let text = if self.ignores_blanks { text.replace(' ', "_") } else { text.to_owned() };
        let text = if self.ignores_case { text.to_lowercase() } else { text };
        let other = self.same_as.iter().find(|(_, other)| *other == text);
        other.map_or(text, |(one, _)| one.clone())
    }
}

/// The flags as they are read back from a JSON schema.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct OwnedFlags {
    /// The configuration must set it.
    pub required: bool,
    /// The configuration may set it.
    pub optional: bool,
    /// The provider may set it.
    pub computed: bool,
    /// A changed value replaces the object.
    pub replaces: bool,
    /// Hidden in Terraform's output. A `Secret<T>` is sensitive without this flag.
    pub sensitive: bool,
    /// Taken from the configuration, kept in no plan and no state.
    pub write_only: bool,
    /// A nested block instead of a nested attribute.
    pub block: bool,
    /// A computed value, or blocks of the object itself, that an update does not change: known while planning one.
    pub keeps_state: bool,
    /// JSON text: two documents that mean the same are the same value.
    pub json: bool,
    /// Letter case does not matter when values are compared.
    pub ignores_case: bool,
    /// A slash at the end does not matter when values are compared.
    pub ignores_final_slash: bool,
    /// A blank means an underscore when values are compared.
    pub ignores_blanks: bool,
    /// Sent, and never answered: the state keeps what was configured.
    pub untold: bool,
    /// Terraform's own: neither sent nor read.
    pub unsent: bool,
    /// Not configured means that the service decides, which is no drift.
    pub service_default: bool,
    /// Spellings that mean the same, in pairs.
    pub same_as: Vec<(String, String)>,
    /// Where it stands on the wire, if not under its name: a JSON pointer from the object that it is an attribute of.
    pub wire: Option<String>,
    /// The default, as JSON text (`"\"gp3\""`, `"true"`, `"10"`).
    pub default: Option<String>,
    /// Deprecated, with what to use instead.
    pub deprecated: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_has_one_spelling() {
        let check =
            |flags: &OwnedFlags, text: &str, expected: &str| assert_eq!(flags.spelled(text), expected, "{text}");
        let address = OwnedFlags { ignores_final_slash: true, ..OwnedFlags::default() };
        check(&address, "s3://data/a/", "s3://data/a");
        check(&address, "s3://data/A", "s3://data/A");
        let privilege = OwnedFlags { ignores_blanks: true, ignores_case: true, ..OwnedFlags::default() };
        check(&privilege, "Create Table", "create_table");
        check(&privilege, "CREATE_TABLE", "create_table");
        let mode = OwnedFlags { same_as: vec![("STONE".into(), "ROCK".into())], ..OwnedFlags::default() };
        check(&mode, "ROCK", "STONE");
        assert!(address.has_spellings() && privilege.has_spellings() && !OwnedFlags::default().has_spellings());
    }
}
