//! The page of an action.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{House, Nothing, files};
use crate::call::Call;
use crate::flags::{OPTIONAL, REQUIRED};
use crate::{Action, Attr, Progress, Result};

/// Rings a bell.
///
/// Whoever is in hears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Ring {
    /// The door.
    #[schemars(extend("x-tf" = REQUIRED))]
    door_id: Attr<String>,
    /// How often.
    #[schemars(extend("x-tf" = OPTIONAL.default("1")), range(min = 1))]
    times: Attr<i64>,
}

impl Action for Ring {
    const NAME: &str = "house_bell_ring";
    const EXAMPLE: &str = r#"action "house_bell_ring" "example" {
  config {
    door_id = "door-1"
  }
}

resource "terraform_data" "example" {
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.house_bell_ring.example]
    }
  }
}
"#;
    const LIMIT: Duration = Duration::from_secs(90);
    type Client = Nothing;

    async fn invoke(_: &Call<Nothing>, _: &Progress, _: Self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn an_action_page_says_how_it_is_invoked_and_by_which_terraform() {
    let expected = r#"---
page_title: "house_bell_ring Action - house"
subcategory: "Keys"
description: |-
  Rings a bell.
---

# house_bell_ring (Action)

Rings a bell.

Whoever is in hears it.

An action is something that Terraform does when it is told to, and that leaves nothing in the state. Terraform has actions from version 1.14 on: `before_create`, `after_create`, `before_update` and `after_update` of a resource invoke them, and so does the command below. `before_destroy`, `after_destroy` and `on_failure` came with Terraform 1.16. OpenTofu has no actions.

## Example Usage

```terraform
action "house_bell_ring" "example" {
  config {
    door_id = "door-1"
  }
}

resource "terraform_data" "example" {
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.house_bell_ring.example]
    }
  }
}
```

It is invoked when its resource is applied, or by itself:

```shell
terraform apply -invoke=action.house_bell_ring.example
```

What follows is configured in the action's block `config`.

## Schema

### Required

- `door_id` (String) The door.

### Optional

- `timeouts` (Block) How long operations may take. (see [below for nested schema](#nestedblock--timeouts))
- `times` (Number) How often. 1 or more. Default: `1`.

<a id="nestedblock--timeouts"></a>

### Nested Schema for `timeouts`

Optional:

- `invoke` (String) How long the action may take, `30m` or `1h30m` for example. Default: `1m30s`.
"#;
    let files = files::<House>();
    assert_eq!(files["docs/actions/bell_ring.md"], expected);
    assert_eq!(files["examples/actions/house_bell_ring/action.tf"], Ring::EXAMPLE);
}
