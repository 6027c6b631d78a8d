//! What an action's schema may not have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::action_schema;
use crate::flags::{COMPUTED, OPTIONAL};
use crate::{Action, Attr, Call, Progress};

macro_rules! action {
    ($of:ty) => {
        impl Action for $of {
            const NAME: &'static str = "x_act";
            const EXAMPLE: &'static str = "";
            type Client = ();

            async fn invoke(_: &Call<()>, _: &Progress, _: Self) -> crate::Result<()> {
                Ok(())
            }
        }
    };
}

/// A part of an action.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Outcome {
    /// What came of it.
    #[schemars(extend("x-tf" = COMPUTED))]
    text: Attr<String>,
}

/// An action that would have a result.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Answering {
    /// Its result.
    #[schemars(extend("x-tf" = OPTIONAL.block()))]
    outcome: Attr<Vec<Outcome>>,
}

/// An action that would limit itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Limited {
    /// Its limits.
    #[schemars(extend("x-tf" = OPTIONAL))]
    timeouts: Attr<String>,
}

action!(Answering);
action!(Limited);

#[test]
#[should_panic(expected = "Answering.outcome.text: an action computes nothing")]
fn an_action_has_no_result() {
    action_schema::<Answering>();
}

#[test]
#[should_panic(expected = "Limited.timeouts: the framework adds this block")]
fn an_action_has_no_timeouts_of_its_own() {
    action_schema::<Limited>();
}
