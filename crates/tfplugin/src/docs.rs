//! The documentation pages and examples of a provider, in the layout of the Terraform registry.
//!
//! Layout: <https://developer.hashicorp.com/terraform/registry/providers/docs>. Everything is made from the registry's
//! entries, so a page cannot say anything else than the schema; a test of the provider compares the files with the tree.

mod page;
mod reference;

use std::collections::BTreeMap;

use crate::provider::Provider;
use crate::registry::{ActionEntry, FunctionEntry, ResourceEntry};
use crate::schema::schema_of;
use page::{Front, Page};

/// Every page and example file, by its path from the repository's root:
///
/// - `docs/index.md`, `docs/{resources,data-sources,ephemeral-resources,actions,functions}/<name without the provider>.md`
/// - `examples/provider/provider.tf`, `examples/resources/<name>/{resource.tf,import.sh}`,
///   `examples/data-sources/<name>/data-source.tf`, `examples/ephemeral-resources/<name>/ephemeral-resource.tf`,
///   `examples/actions/<name>/action.tf`, `examples/functions/<name>/function.tf`
pub fn files<P: Provider>() -> BTreeMap<String, String> {
    let registry = P::registry();
    let mut files = Files { provider: P::NAME, texts: BTreeMap::new() };
    files.index::<P>();
    for group in registry.groups {
        for entry in group.resources {
            files.resource(group.heading, entry);
        }
        for entry in group.data_sources {
            files.object("data-sources", "Data Source", entry.name, group.heading, entry.example, &(entry.schema)());
        }
        for entry in group.ephemerals {
            let kind = "Ephemeral Resource";
            files.object("ephemeral-resources", kind, entry.name, group.heading, entry.example, &(entry.schema)());
        }
        for entry in group.actions {
            files.action(group.heading, entry);
        }
    }
    for entry in registry.functions {
        files.function(entry);
    }
    files.texts
}

/// What can invoke an action. Versions: the changelogs of Terraform 1.14 and 1.16.
const ACTIONS: &str = "\
An action is something that Terraform does when it is told to, and that leaves nothing in the state. Terraform has actions from version \
1.14 on: `before_create`, `after_create`, `before_update` and `after_update` of a resource invoke them, and so does the command below. \
`before_destroy`, `after_destroy` and `on_failure` came with Terraform 1.16. OpenTofu has no actions.";

struct Files {
    provider: &'static str,
    texts: BTreeMap<String, String>,
}

impl Files {
    fn add(&mut self, path: String, text: String) {
        self.texts.insert(path, text);
    }

    /// The name without the provider's, as the registry names its pages.
    fn short<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(self.provider).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name)
    }

    fn index<P: Provider>(&mut self) {
        let schema = schema_of::<P::Config>(0);
        let mut page = Page::new(&Front {
            title: &format!("{} Provider", P::NAME),
            subcategory: "",
            description: &schema.body.description,
        });
        page.heading(1, &format!("{} Provider", P::NAME));
        page.paragraph(&schema.body.description);
        if !P::EXAMPLE.is_empty() {
            page.example(P::EXAMPLE);
            self.add("examples/provider/provider.tf".to_owned(), with_newline(P::EXAMPLE));
        }
        reference::schema(&mut page, &schema.body, None);
        self.add("docs/index.md".to_owned(), page.finish());
    }

    fn resource<C>(&mut self, heading: &str, entry: &ResourceEntry<C>) {
        let schema = (entry.schema)();
        let mut page = self.opened("Resource", entry.name, heading, &schema.body.description);
        page.example(entry.example);
        let timeouts = entry.timeouts;
        let limit = |name: &str| match name {
            "create" => timeouts.create,
            "update" => timeouts.update,
            _ => timeouts.delete,
        };
        reference::schema(&mut page, &schema.body, Some(&limit));
        page.heading(2, "Import");
        match entry.import_id {
            Some(id) => {
                let command = format!("terraform import {}.example {id}", entry.name);
                page.paragraph("An existing object is taken over with an `import` block:");
                page.code("terraform", &format!("import {{\n  to = {}.example\n  id = {id:?}\n}}", entry.name));
                page.paragraph("or with the command:");
                page.code("shell", &command);
                let ignored = entry.import_ignores();
                if !ignored.is_empty() {
                    let names: Vec<String> = ignored.iter().map(|name| format!("`{name}`")).collect();
                    page.paragraph(&format!("An import cannot read these back: {}.", names.join(", ")));
                }
                self.add(format!("examples/resources/{}/import.sh", entry.name), with_newline(&command));
            }
            None => page.paragraph("This resource cannot be imported."),
        }
        self.add(format!("examples/resources/{}/resource.tf", entry.name), with_newline(entry.example));
        self.add(format!("docs/resources/{}.md", self.short(entry.name)), page.finish());
    }

    fn object(
        &mut self,
        folder: &str,
        kind: &str,
        name: &str,
        subcategory: &str,
        example: &str,
        schema: &crate::types::Schema,
    ) {
        let mut page = self.opened(kind, name, subcategory, &schema.body.description);
        page.example(example);
        reference::schema(&mut page, &schema.body, None);
        let file = folder.strip_suffix('s').unwrap_or(folder);
        self.add(format!("examples/{folder}/{name}/{file}.tf"), with_newline(example));
        self.add(format!("docs/{folder}/{}.md", self.short(name)), page.finish());
    }

    fn action<C>(&mut self, heading: &str, entry: &ActionEntry<C>) {
        let schema = (entry.schema)();
        let mut page = self.opened("Action", entry.name, heading, &schema.body.description);
        page.paragraph(ACTIONS);
        page.example(entry.example);
        page.paragraph("It is invoked when its resource is applied, or by itself:");
        page.code("shell", &format!("terraform apply -invoke=action.{}.example", entry.name));
        page.paragraph("What follows is configured in the action's block `config`.");
        reference::schema(&mut page, &schema.body, Some(&|_| entry.limit));
        self.add(format!("examples/actions/{}/action.tf", entry.name), with_newline(entry.example));
        self.add(format!("docs/actions/{}.md", self.short(entry.name)), page.finish());
    }

    fn function(&mut self, entry: &FunctionEntry) {
        let signature = (entry.signature)();
        let title = format!("{} function - {}", entry.name, self.provider);
        let mut page = Page::new(&Front { title: &title, subcategory: "", description: entry.summary });
        page.heading(1, &format!("function: {}", entry.name));
        page.paragraph(entry.summary);
        page.paragraph(&signature.description);
        page.example(entry.example);
        reference::function(&mut page, entry.name, &signature);
        self.add(format!("examples/functions/{}/function.tf", entry.name), with_newline(entry.example));
        self.add(format!("docs/functions/{}.md", entry.name), page.finish());
    }

    fn opened(&self, kind: &str, name: &str, subcategory: &str, description: &str) -> Page {
        let title = format!("{name} {kind} - {}", self.provider);
        let mut page = Page::new(&Front { title: &title, subcategory, description });
        page.heading(1, &format!("{name} ({kind})"));
        page.paragraph(description);
        page
    }
}

fn with_newline(text: &str) -> String {
    format!("{}\n", text.trim())
}

#[cfg(test)]
mod tests;
