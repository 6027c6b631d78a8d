//! Tokens that expire: a plan says so ahead, and one that configures a provider is renewed without a standstill.

use serde_json::Value;

use crate::Test;
use crate::bench::Bench;
use crate::cloud::Cloud;

pub const TESTS: &[Test] = &[
    ("a_plan_says_when_a_token_expires", a_plan_says_when_a_token_expires),
    ("a_token_that_configures_a_provider_is_rotated", a_token_that_configures_a_provider_is_rotated),
];

fn a_plan_says_when_a_token_expires(cloud: &Cloud) {
    let bench = Bench::new(cloud.workspace());
    bench.write(
        "resource \"databricks_token\" \"t\" {\n  comment          = \"nightly\"\n  lifetime_seconds = 7776000\n}\n",
    );
    bench.apply();
    let plan = |bench: &Bench| bench.run(&["plan", "-no-color", "-input=false", "-refresh=false"]).succeeded().stdout;
    assert!(!plan(&bench).contains("expires"));
    // As 80 days later.
    let file = bench.dir.path().join("terraform.tfstate");
    let mut state: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    for time in ["creation_time", "expiry_time"] {
        let attribute = &mut state["resources"][0]["instances"][0]["attributes"][time];
        *attribute = (attribute.as_i64().unwrap() - 80 * 86_400_000).into();
    }
    std::fs::write(&file, state.to_string()).unwrap();
    let said = plan(&bench);
    assert!(said.contains("Warning: The personal access token \"nightly\" expires 20"), "{said}");
    assert!(said.contains("rotate_before_seconds") && said.contains("No changes"), "{said}");
    bench.destroy(&[]);
}

fn a_token_that_configures_a_provider_is_rotated(cloud: &Cloud) {
    let bench = Bench::new(cloud.workspace());
    let host = &cloud.workspace()["DATABRICKS_HOST"];
    let configuration = |rotate_before: u32| {
        format!(
            r#"resource "databricks_token" "t" {{
  comment               = "for the provider"
  lifetime_seconds      = 7776000
  rotate_before_seconds = {rotate_before}
}}

provider "databricks" {{
  alias = "by_token"
  host  = "{host}"
  token = databricks_token.t.token_value
}}

resource "databricks_service_principal" "p" {{
  provider     = databricks.by_token
  display_name = "made with a token"
}}
"#
        )
    };
    bench.write(&configuration(60));
    bench.apply();
    bench.plan_is_empty("after the first apply");
    let old = bench.attributes("databricks_token.t")["token_id"].clone();
    // Due from its first day on.
    bench.write(&configuration(7_776_000));
    let planned: Vec<_> = bench.plan(&[]).into_iter().map(|change| (change.address, change.actions)).collect();
    assert_eq!(planned, [("databricks_token.t".to_owned(), vec!["update".to_owned()])]);
    bench.apply();
    assert_ne!(bench.attributes("databricks_token.t")["token_id"], old);
    bench.write(&configuration(60));
    bench.apply();
    bench.plan_is_empty("after the rotation");
    bench.destroy(&[]);
}
