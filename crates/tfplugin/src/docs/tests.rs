mod actions;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use actions::Ring;

use super::*;
use crate::call::Call;
use crate::flags::{COMPUTED, ID, OPTIONAL, REQUIRED};
use crate::registry::{Registry, action, ephemeral, function, resource};
use crate::resource::{Client, Ephemeral, Function, FunctionError, Opened, Resource, Timeouts};
use crate::{Attr, Failed, Result, Secret, Set, group};

struct Nothing;

impl Client<()> for Nothing {
    const LEVEL: &'static str = "nowhere";

    async fn connect(_: &()) -> Result<Arc<Self>> {
        Ok(Arc::new(Self))
    }
}

/// A port range.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Range {
    /// The first port.
    #[schemars(extend("x-tf" = REQUIRED), range(min = 0, max = 65535))]
    from: Attr<i64>,
}

/// A rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Rule {
    /// The protocol.
    #[schemars(extend("x-tf" = OPTIONAL.default("\"tcp\"")))]
    protocol: Attr<String>,
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    range: Attr<Range>,
}

/// A door that opens
/// for those who knock.
///
/// More about doors.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Door {
    /// Its id.
    #[schemars(extend("x-tf" = ID))]
    id: Attr<String>,
    /// Its name.
    #[schemars(extend("x-tf" = REQUIRED.replaces()), length(min = 1, max = 20))]
    name: Attr<String>,
    /// The word.
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    word: Attr<Secret<String>>,
    /// The colour.
    #[schemars(extend("x-tf" = OPTIONAL.deprecated("Use `paint`.")), inner(length(min = 1)))]
    colours: Attr<Set<String>>,
    /// Where it leads.
    #[schemars(extend("x-tf" = COMPUTED))]
    ways: Attr<Vec<Range>>,
    /// Who may pass.
    #[schemars(extend("x-tf" = REQUIRED.block()), length(max = 3))]
    rule: Attr<Vec<Rule>>,
}

impl Resource for Door {
    const NAME: &str = "house_door";
    const EXAMPLE: &str = "resource \"house_door\" \"example\" {\n  name = \"front\"\n}\n";
    const IMPORT_ID: Option<&str> = Some("door-1");
    const TIMEOUTS: Timeouts = Timeouts::minutes(90);
    type Client = Nothing;

    async fn create(_: &Call<Nothing>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        Ok(plan)
    }

    async fn read(_: &Call<Nothing>, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn delete(_: &Call<Nothing>, _: Self) -> Result<()> {
        Ok(())
    }
}

/// A key for a while.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Key {
    /// Its teeth.
    #[schemars(extend("x-tf" = COMPUTED))]
    teeth: Attr<Secret<String>>,
}

impl Ephemeral for Key {
    const NAME: &str = "house_key";
    const EXAMPLE: &str = "ephemeral \"house_key\" \"example\" {}";
    type Client = Nothing;

    async fn open(_: &Call<Nothing>, config: Self) -> Result<Opened<Self>> {
        Ok(Opened { result: config, private: Vec::new(), renew_at: None })
    }

    async fn close(_: &Call<Nothing>, _: Vec<u8>) -> Result<()> {
        Ok(())
    }
}

/// Longer words about it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Knock {
    /// The door.
    #[schemars(extend("x-tf" = REQUIRED))]
    door: Attr<String>,
    /// How often.
    #[schemars(extend("x-tf" = OPTIONAL))]
    times: Attr<i64>,
    /// Who knocks.
    #[schemars(extend("x-tf" = OPTIONAL))]
    names: Vec<String>,
}

impl Function for Knock {
    const NAME: &str = "knock";
    const SUMMARY: &str = "Knocks at a door.";
    const EXAMPLE: &str = "output \"example\" {\n  value = provider::house::knock(\"front\", null)\n}";
    type Output = Vec<bool>;

    fn call(self) -> std::result::Result<Vec<bool>, FunctionError> {
        Ok(Vec::new())
    }
}

/// Builds houses.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Config {
    /// Where.
    #[schemars(extend("x-tf" = OPTIONAL))]
    street: Attr<String>,
}

struct House;

impl Provider for House {
    const NAME: &str = "house";
    const VERSION: &str = "1.0.0";
    const ADDRESS: &str = "registry.terraform.io/tests/house";
    const EXAMPLE: &str = "provider \"house\" {}";
    type Config = Config;
    type Context = ();

    async fn configure(_: Config, _: &str) -> Result<()> {
        Ok(())
    }

    fn registry() -> &'static Registry<()> {
        static REGISTRY: Registry<()> = Registry {
            groups: &[
                group("Walls").resources(&[resource::<(), Door>()]),
                group("Keys").ephemerals(&[ephemeral::<(), Key>()]).actions(&[action::<(), Ring>()]),
            ],
            functions: &[function::<Knock>()],
        };
        &REGISTRY
    }
}

#[test]
fn there_is_a_page_and_an_example_for_everything() {
    let files = files::<House>();
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "docs/actions/bell_ring.md",
            "docs/ephemeral-resources/key.md",
            "docs/functions/knock.md",
            "docs/index.md",
            "docs/resources/door.md",
            "examples/actions/house_bell_ring/action.tf",
            "examples/ephemeral-resources/house_key/ephemeral-resource.tf",
            "examples/functions/knock/function.tf",
            "examples/provider/provider.tf",
            "examples/resources/house_door/import.sh",
            "examples/resources/house_door/resource.tf",
        ]
    );
    assert_eq!(files["examples/resources/house_door/import.sh"], "terraform import house_door.example door-1\n");
    assert_eq!(files["examples/resources/house_door/resource.tf"], Door::EXAMPLE);
}

#[test]
fn a_resource_page_says_everything_of_the_schema() {
    let expected = r#"---
page_title: "house_door Resource - house"
subcategory: "Walls"
description: |-
  A door that opens for those who knock.
---

# house_door (Resource)

A door that opens
for those who knock.

More about doors.

## Example Usage

```terraform
resource "house_door" "example" {
  name = "front"
}
```

## Schema

### Required

- `name` (String) Its name. Length: from 1 to 20. Changing it replaces the object.
- `rule` (Block List, Min: 1, Max: 3) Who may pass. (see [below for nested schema](#nestedblock--rule))

### Optional

- `colours` (Set of String, Deprecated) The colour. Each element: Length: at least 1. Deprecated: Use `paint`.
- `timeouts` (Block) How long operations may take. (see [below for nested schema](#nestedblock--timeouts))
- `word` (String, [Write-only](https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only)) The word.

### Read-Only

- `id` (String) Its id.
- `ways` (Attributes List) Where it leads. (see [below for nested schema](#nestedatt--ways))

<a id="nestedatt--ways"></a>

### Nested Schema for `ways`

Required:

- `from` (Number) The first port. From 0 to 65535.

<a id="nestedblock--rule"></a>

### Nested Schema for `rule`

Optional:

- `protocol` (String) The protocol. Default: `tcp`.
- `range` (Block, at most one; `range[0]` in expressions) A port range. (see [below for nested schema](#nestedblock--rule--range))

<a id="nestedblock--rule--range"></a>

### Nested Schema for `rule.range`

Required:

- `from` (Number) The first port. From 0 to 65535.

<a id="nestedblock--timeouts"></a>

### Nested Schema for `timeouts`

Optional:

- `create` (String) How long the create may take, `30m` or `1h30m` for example. Default: `1h30m`.
- `delete` (String) How long the delete may take, `30m` or `1h30m` for example. Default: `1h30m`.
- `read` (String) How long the read may take, `30m` or `1h30m` for example. Default: `1h30m`.
- `update` (String) How long the update may take, `30m` or `1h30m` for example. Default: `1h30m`.

## Import

An existing object is taken over with an `import` block:

```terraform
import {
  to = house_door.example
  id = "door-1"
}
```

or with the command:

```shell
terraform import house_door.example door-1
```

An import cannot read these back: `word`.
"#;
    assert_eq!(files::<House>()["docs/resources/door.md"], expected);
}

#[test]
fn a_function_page_shows_its_signature() {
    let page = files::<House>().remove("docs/functions/knock.md").unwrap();
    assert!(page.contains("knock(door string, times number, names string...) list of bool"), "{page}");
    assert!(
        page.contains("- `times` (Nullable, Number) How often.\n- `names` (Variadic, String) Who knocks."),
        "{page}"
    );
    assert!(page.contains("Longer words about it."), "{page}");
}

#[test]
fn the_front_page_shows_the_provider_block() {
    let page = files::<House>().remove("docs/index.md").unwrap();
    assert!(
        page.contains(
            "# house Provider\n\nBuilds houses.\n\n## Example Usage\n\n```terraform\nprovider \"house\" {}\n```"
        ),
        "{page}"
    );
    assert!(page.contains("### Optional\n\n- `street` (String) Where.\n"), "{page}");
}
